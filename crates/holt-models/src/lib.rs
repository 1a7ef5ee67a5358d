//! Models: the providers that Holt can ask, and the catalogue that finds the right one.
//!
//! Each provider is a pure encoder and stream decoder with thin HTTP around it. The demo is a model like the others, only
//! without a network and without a language model: it knows a handful of requests and really does them.

pub mod anthropic;
mod catalogue;
pub mod demo;
mod sse;

pub use anthropic::Anthropic;
pub use catalogue::{Config, Models};
pub use demo::Demo;

/// Settings that cannot be used, in words for the person who made them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    message: String,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}
