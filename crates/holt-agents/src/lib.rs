//! Agents: the brains that work on runs.
//!
//! A brain keeps nothing that matters. It asks its desk for the events so far, finds out from them where the run stands, and
//! does the next thing; taken up by another process after any event, it goes on from there.

pub mod builtin;

pub use builtin::BuiltinAgent;
