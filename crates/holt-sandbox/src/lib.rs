//! Sandboxes, and what Holt itself does with a session's files.

pub mod blobs;
pub mod bwrap;
pub mod coming;
mod desktops;
pub mod environment;
mod outcome;
pub mod profiles;
pub mod recordings;
pub mod snapshots;
pub mod workspace;
