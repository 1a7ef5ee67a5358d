//! The store, tried from outside.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod common;
mod contract;
mod crash;
mod damage;
mod data_dir;
mod disk;
mod ending;
mod model;
