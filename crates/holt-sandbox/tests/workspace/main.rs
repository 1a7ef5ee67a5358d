//! Files of a session, reached from outside its sandbox, while what is inside does its worst.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod archive;
mod changes;
mod directories;
mod hostile;
mod listing;
mod yard;
