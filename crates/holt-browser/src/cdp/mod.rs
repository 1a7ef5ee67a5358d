//! Chromium's debugging protocol, as far as a browser for agents needs it: messages over a pipe, each ended by a zero byte.
//!
//! [`decoder`] takes bytes apart and [`message`] reads what they say; both are pure. [`connection`] matches answers to what was
//! asked. Whatever Chromium sends is taken as hostile: a page may have taken over the process that sends it.

pub mod connection;
pub mod decoder;
pub mod message;

pub use connection::{CdpError, Connection};
pub use message::{Event, Say};
