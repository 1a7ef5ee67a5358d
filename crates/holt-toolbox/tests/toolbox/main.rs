//! Drives a real toolbox, in a process of its own, through the official client.

#![expect(clippy::unwrap_used, reason = "what helps a test may fail as the test itself may")]

mod commands;
mod files;
mod screen;
mod server;
mod support;
