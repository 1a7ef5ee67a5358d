//! A typed client of Holt's own API, over TCP or over the private Unix socket of a data directory.
//!
//! What it promises: every answer is bounded before it is read; an error carries the server's stable code, message and
//! hint; a feed resumes by itself at the last number it saw, and neither skips nor repeats an event. A key is only ever
//! sent to the address that it was given for: redirects are not followed, and plain HTTP is refused beyond loopback.

mod client;
mod error;
mod feed;
mod files;
mod keys;
mod memory;
mod models;
mod path;
mod server;
mod sessions;
mod terminals;
mod tool_servers;
mod transport;

pub use client::{Client, Remote};
pub use error::{ClientError, Refusal};
pub use feed::{FeedItem, Follow};
pub use files::Download;
pub use sessions::Listing;
pub use terminals::{TerminalItem, TerminalReader, TerminalWriter};
