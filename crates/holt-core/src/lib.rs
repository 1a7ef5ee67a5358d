//! Holt's domain, without any machinery around it.
//!
//! What a session is, what may happen to it and what follows is decided here by pure functions: `machine` takes a state
//! and an input and answers with events and effects. Time and ids come in as values. The outside is described by a few
//! ports (`store`, `vault`, `sandbox`, `workspace`, `model`, `agent`,
//! `elsewhere`), which adapters implement and the engine calls.
//!
//! Deliberately absent: I/O, a clock, randomness, an async runtime, and the words of any vendor.

pub mod access;
pub mod agent;
pub mod budget;
pub mod context;
pub mod definition;
pub mod diff;
pub mod elsewhere;
pub mod event;
pub mod id;
pub mod machine;
pub mod memory;
pub mod model;
pub mod network;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod provider;
pub mod recording;
pub mod sandbox;
pub mod search;
pub mod session;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod terminal;
pub mod time;
pub mod tool;
pub mod vault;
pub mod view;
pub mod workspace;
