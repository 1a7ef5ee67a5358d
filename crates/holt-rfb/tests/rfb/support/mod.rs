//! What the tests use: streams made from a seed, a real desktop.

pub mod desktop;
pub mod stream;
