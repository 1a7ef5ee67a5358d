//! The agent's browser: a real Chromium on the session's screen, and the MCP server of the tools that drive it.
//!
//! It runs in a room of its own beside the sandbox, with the sandbox's network and screen and a directory for downloads, and
//! without the workspace. It is the parent of Chromium and talks to it over a pipe: there is no debugging port. A person may
//! watch and take over at any time, since the browser's window is an ordinary one on the screen.
//!
//! It promises:
//! - Chromium runs from the first call that needs it, and is started again after it has ended, which that call says;
//! - every wait is bounded and says what it waited for, every answer, list and file is bounded;
//! - what pages say is taken for text and nothing else;
//! - when the stream closes, Chromium ends.

mod browser;
mod cdp;
mod chromium;
mod elements;
mod files;
mod keys;
mod limit;
mod rest;
mod server;
mod snapshot;
mod text;
mod tools;
mod world;

pub use server::{Options, PAGE_NOTIFICATION, run, serve};
