//! The proxy as programs meet it: over real sockets, to servers on this machine that are named as exceptions.

#![expect(clippy::unwrap_used, reason = "the parts of tests that are not tests themselves")]

mod http;
mod programs;
mod socks;
mod support;
