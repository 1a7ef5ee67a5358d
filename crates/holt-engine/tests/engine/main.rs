//! The engine on the real store, with scripted sandboxes and brains.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod budgets;
mod control;
mod den;
mod elsewhere;
mod faults;
mod feeds;
mod memory;
mod modes;
mod parts;
mod recovery;
mod reports;
mod runs;
mod sleeping;
mod summaries;
mod terminals;
mod watching;
