//! What may be set about a provider, whichever it is.

use std::time::Duration;

use holt_core::model::ModelInfo;
use secrecy::{ExposeSecret as _, SecretString};

use crate::price::{Prices, Tariff};
use crate::wire::Wire;

/// How a provider is reached and what of it is offered.
#[derive(Debug, Clone)]
pub struct Options {
    /// What people call it: `openai`, `my-server`.
    pub name: String,
    /// The language that it speaks.
    pub wire: Wire,
    pub key: Option<SecretString>,
    pub base_url: String,
    /// Lets the key travel unencrypted to an address beyond this machine.
    pub allow_plain_http: bool,
    /// Lets a name lead to an address of this machine or of a private network.
    pub allow_private: bool,
    pub models: Vec<Offer>,
    /// How much models think before they answer, where they can be told.
    pub effort: Option<Effort>,
    pub connect_timeout_seconds: u64,
    /// How long the stream may be silent. Providers send a sign of life every few seconds; one that loads a model does not.
    pub idle_timeout_seconds: u64,
    /// How long one request may take in all.
    pub request_timeout_seconds: u64,
    /// How often a request is tried again after a passing error, while nothing of the answer was shown.
    pub retries: u32,
    /// How long to wait before the first of them; each further one waits twice as long.
    pub retry_delay_millis: u64,
}

impl Options {
    pub fn new(name: impl Into<String>, wire: Wire, base_url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            wire,
            key: None,
            base_url: base_url.into(),
            allow_plain_http: false,
            allow_private: true,
            models: Vec::new(),
            effort: Some(Effort::Medium),
            connect_timeout_seconds: 10,
            idle_timeout_seconds: if wire == Wire::Ollama { 300 } else { 120 },
            request_timeout_seconds: 30 * 60,
            retries: 3,
            retry_delay_millis: 500,
        }
    }

    /// The key; a blank one, as an empty variable gives it, is none.
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.expose_secret().trim()).filter(|key| !key.is_empty())
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds.max(1))
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_seconds.max(1))
    }

    pub(crate) fn offer(&self, id: &str) -> Option<&Offer> {
        self.models.iter().find(|offer| offer.id == id)
    }

    pub(crate) fn infos(&self) -> Vec<ModelInfo> {
        let info = |offer: &Offer| ModelInfo {
            id: offer.id.clone(),
            label: offer.label.clone(),
            provider: self.name.clone(),
            note: offer.note.clone(),
            context_tokens: offer.context_tokens,
            tools: offer.tools,
            pictures: offer.pictures,
            price: offer.tariff.map(|tariff| tariff.price),
        };
        self.models.iter().map(info).collect()
    }
}

/// How much a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Low,
    Medium,
    High,
}

impl Effort {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// For models that are given tokens to think with.
    pub(crate) fn tokens(self) -> u32 {
        match self {
            Self::Low => 2048,
            Self::Medium => 8192,
            Self::High => 24_576,
        }
    }
}

/// How a model can be told to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Thinking {
    #[default]
    Never,
    /// It is given so many tokens for it.
    Tokens,
    /// It is told how much, and decides itself.
    Effort,
}

/// A model of a provider that people can choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What sessions ask for.
    pub id: String,
    /// What the provider calls it.
    pub name: String,
    pub label: String,
    pub note: String,
    pub context_tokens: u64,
    pub tools: bool,
    pub pictures: bool,
    pub thinking: Thinking,
    /// Absent when nobody knows.
    pub tariff: Option<Tariff>,
}

impl Offer {
    /// A model of which no more than its name is known.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            id: name.clone(),
            label: name.clone(),
            name,
            note: String::new(),
            context_tokens: 128_000,
            tools: true,
            pictures: true,
            thinking: Thinking::Never,
            tariff: None,
        }
    }

    #[must_use]
    pub fn priced(mut self, prices: &Prices) -> Self {
        self.tariff = prices.of(&self.name);
        self
    }
}
