//! The protocol, against itself, against noise and against the real programs.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod handshake;
mod parsing;
mod playing;
mod program;
mod sharing;
mod speed;
mod support;
mod viewing;
mod xvnc;
