//! Models: the providers that Holt can ask, and the catalogue that finds the right one.
//!
//! Each language between Holt and a provider is a pure encoder and stream decoder; one thin way over HTTP serves them all.
//! The demo is a model like the others, only without a network and without a language model: it knows a handful of
//! requests and really does them.

mod anthropic;
mod asking;
mod catalogue;
mod chat;
mod decoder;
#[cfg(test)]
mod decoder_trial;
pub mod demo;
mod endpoint;
mod errors;
mod fallback;
mod gemini;
mod kind;
mod lines;
mod listing;
mod ollama;
mod openai;
mod options;
mod price;
mod provider;
mod registry;
mod sse;
mod thread;
mod wire;

pub use catalogue::{Config, Models};
pub use demo::Demo;
pub use kind::{Kind, Settings};
pub use options::{Effort, Offer, Options, Thinking};
pub use price::{Prices, Tariff};
pub use provider::Provider;
pub use registry::{Given, Registry, Setup};
pub use wire::Wire;

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
