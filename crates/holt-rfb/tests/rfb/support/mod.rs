//! What the tests use: a simple viewer, streams made from a seed, a real desktop.

pub mod desktop;
pub mod display;
pub mod stream;
