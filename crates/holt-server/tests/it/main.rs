//! The server as clients meet it: real listeners, the real router, the real engine over the real store. What the sandbox
//! and the agent would do is played.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod access;
mod desktop;
mod documents;
mod edges;
mod files;
mod forks;
mod harness;
mod hosts;
mod lifecycle;
mod listeners;
mod logs;
mod mcp;
mod memory;
mod previews;
mod profiles;
mod recording;
mod sessions;
mod snapshots;
mod socket;
mod stream;
mod terminals;
mod tickets;
mod vnc;
mod vnc_ports;
