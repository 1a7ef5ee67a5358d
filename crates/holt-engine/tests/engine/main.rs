//! The engine on the real store, with scripted sandboxes and brains.

mod den;
mod faults;
mod feeds;
mod recovery;
mod runs;
mod sleeping;
