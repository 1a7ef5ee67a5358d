//! How sessions and what happens in them look on a terminal. Everything that others wrote is filtered here.

pub mod transcript;
pub mod words;

pub use transcript::Transcript;
