//! The hands of an agent: Holt's MCP server inside the sandbox, and the list of what it can do.
//!
//! [`catalogue`] is always there and pure: names, descriptions, argument types and flags of the tools. The world outside
//! of the sandbox reads the catalogue and never asks the toolbox, whose every word is as hostile as the sandbox it
//! runs in.
//!
//! The server (feature `server`) speaks MCP over one stream, and promises:
//! - one call that fails, hangs or is cancelled never ends the server or another call;
//! - every size, count and time is bounded, and an answer says what was left out and how to see it;
//! - a command that ends by its time limit, by cancellation or with the stream takes all of its processes with it;
//! - paths lead to the workspace, `/tmp` and the home directory only. That is a courtesy to the agent: the sandbox is
//!   the wall.

pub mod catalogue;

#[cfg(feature = "server")]
pub mod answer;
#[cfg(feature = "server")]
mod children;
#[cfg(feature = "server")]
pub mod clock;
#[cfg(feature = "server")]
pub mod descriptors;
#[cfg(feature = "server")]
mod files;
#[cfg(feature = "server")]
mod paths;
#[cfg(feature = "server")]
mod processes;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod spool;
#[cfg(feature = "server")]
mod text;
#[cfg(feature = "server")]
mod tools;
#[cfg(feature = "server")]
mod walk;

#[cfg(feature = "server")]
pub use server::{MAX_REQUEST_BYTES, Options, ServeError, converse, run, serve};
