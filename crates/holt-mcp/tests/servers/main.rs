//! Outside servers in real sandboxes: those that others wrote, and one that lies, floods, hangs, dies and renames on request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod faults;
mod others;
mod outside;
mod suite;
mod support;
