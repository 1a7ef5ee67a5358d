//! Tools from elsewhere: MCP servers that people name in an `mcp.json`.
//!
//! [`config`] reads that file; [`package`] says what a server's program is and where it is kept; [`tools`] is what is
//! believed of a server's own words, and the hash by which a change of them is noticed; [`conversation`] is one connection,
//! over any stream of bytes or over HTTP ([`remote`]). [`shelf`] is where it all is written down, [`fetch`] gets packages, and
//! [`servers`] is what sessions are offered, and how it runs.
//!
//! A server is hostile. Its names, descriptions, schemas and answers are bounded and cleaned before anybody sees them; it is
//! given no more time than was agreed; what it says of itself decides nothing.

pub mod config;
pub mod conversation;
pub mod fetch;
pub mod package;
pub mod remote;
pub mod servers;
pub mod shelf;
pub mod tools;
