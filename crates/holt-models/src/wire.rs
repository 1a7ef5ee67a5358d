//! The languages that providers speak, and what each has to say for itself.

use holt_core::model::{ModelError, ModelRequest};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::decoder::Decode;
use crate::errors::Failure;
use crate::options::{Offer, Options};
use crate::price::Tariff;
use crate::{anthropic, chat, gemini, ollama, openai};

/// A language between Holt and a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's Chat Completions, and whoever does as it does.
    Chat,
    /// Gemini's `generateContent`.
    Gemini,
    /// Ollama's own, in which alone the length of the context can be set.
    Ollama,
}

impl Wire {
    pub fn word(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Responses => "responses",
            Self::Chat => "chat",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    pub(crate) fn protocol(self) -> &'static dyn Protocol {
        match self {
            Self::Anthropic => &anthropic::Messages,
            Self::Responses => &openai::Responses,
            Self::Chat => &chat::Chat,
            Self::Gemini => &gemini::GenerateContent,
            Self::Ollama => &ollama::Native,
        }
    }
}

/// One language: pure, but for nothing.
pub(crate) trait Protocol: Sync {
    /// Where requests for a model go.
    fn url(&self, base: &Url, offer: &Offer) -> Url;

    /// The header that carries the key, and what stands before the key in it.
    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    /// Further headers of every request.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// What an answer's type begins with.
    fn media_type(&self) -> &'static str {
        "text/event-stream"
    }

    fn body(&self, request: &ModelRequest, offer: &Offer, options: &Options) -> Value;

    fn decoder(&self, options: &Options, tariff: Option<Tariff>) -> Box<dyn Decode>;

    fn failure(&self, failure: Failure<'_>) -> ModelError;

    /// Takes out of a request what this provider says that it does not know. False when that is nothing that Holt can do without.
    fn relax(&self, _refusal: &str, _body: &mut Value) -> bool {
        false
    }
}
