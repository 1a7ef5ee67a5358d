//! Sandboxes, and what Holt itself does with a session's files.

pub mod bwrap;
pub mod environment;
mod outcome;
