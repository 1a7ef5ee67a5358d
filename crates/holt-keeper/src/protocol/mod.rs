//! How a server and a keeper talk over the keeper's socket.
//!
//! Frames of a JSON header and raw bytes, both bounded ([`frame`]); a handshake in which each side proves that it knows
//! the secret given at the keeper's birth and that the server is the newest ([`handshake`]); then requests with numbers,
//! their answers, and what the keeper reports by itself ([`message`]). A connection can also be for one stream of bytes to or
//! from the sandbox's own network: it has one request, and from its answer on it is those bytes. There is no request that runs, binds or opens
//! anything on the host.

pub mod frame;
pub mod handshake;
pub mod message;
pub mod terminal;

/// The version of everything in this module. A keeper of another version is ended, not talked to.
pub const PROTOCOL: u32 = 7;
