//! What the server and a session's keeper share, and the keeper itself.
//!
//! A keeper is the process that owns one session's sandbox and outlives the server that started it. Without the feature
//! `executable` this crate is only what both sides must agree on: the description of a sandbox ([`spec`]), the protocol
//! ([`protocol`]), and how process groups are held together ([`cgroup`], [`tree`]).

pub mod cgroup;
pub mod protocol;
pub mod spec;
pub mod tree;

#[cfg(feature = "executable")]
pub mod arguments;
#[cfg(feature = "executable")]
pub mod inside;
#[cfg(feature = "executable")]
pub mod outside;
#[cfg(feature = "executable")]
mod system;
