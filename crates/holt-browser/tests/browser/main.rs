//! The browser's tools against a real Chromium on a real X server, with pages served on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod faults;
mod files;
mod pages;
mod pictures;
mod server;
mod support;
