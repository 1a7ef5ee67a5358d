//! The real program, from its command line to its exit code.

#![expect(clippy::unwrap_used, reason = "in a test everything is expected to work")]

mod alone;
mod gateway;
mod many;
mod models;
mod network;
mod packages;
mod run;
mod serve;
mod support;
mod terminal;
mod whole;
