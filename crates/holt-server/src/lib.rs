//! The HTTP side of Holt: one port with the page, the interface, its documentation and its figures.
//!
//! [`Server::bind`] takes what the server serves ([`AppParts`]) and how it is set ([`Options`]) and gives a [`Bound`]
//! server, which [`Bound::run`] serves until it is told to end. Every route is declared once, with its documentation and
//! with who may use it; what is not declared is not there.
//!
//! Deliberately absent: decisions about sessions (the engine's), SQL, sandboxes, and any cookie on Holt's own origin.

mod auth;
mod clock;
mod desktops;
mod docs;
mod error;
mod first_key;
mod http;
mod listen;
mod mcp;
mod meters;
mod options;
mod page;
mod previews;
mod recorder;
mod router;
mod routes;
mod server;
mod state;
mod streams;
mod terminals;
mod vnc;
mod watching;

pub use auth::site::BadSetting;
pub use docs::openapi_json;
pub use first_key::{FIRST_KEY_FILE, FirstKeyError, ensure_first_key};
pub use listen::{Exposure, SocketError, TlsError, check_exposure};
pub use options::{About, AppParts, Archiver, Certificate, Limits, Listen, Options, Timing};
pub use router::{RouteInfo, route_list};
pub use server::{BindError, Bound, Server};
pub use vnc::{VncExposure, VncOptions, VncPorts};
