//! Ollama in its own language: only there can the length of the context be set, which is otherwise so short that a
//! conversation is cut in silence.

mod decode;
mod encode;

use holt_core::model::{ModelError, ModelRequest};
use reqwest::Url;
use serde_json::Value;

use crate::chat;
use crate::decoder::{Decode, Decoder};
use crate::endpoint::below;
use crate::errors::Failure;
use crate::options::{Offer, Options};
use crate::price::Tariff;
use crate::wire::Protocol;

pub const PROVIDER: &str = "ollama";
pub(crate) const BASE_URL: &str = "http://127.0.0.1:11434";

/// The language.
pub(crate) struct Native;

impl Protocol for Native {
    fn url(&self, base: &Url, _offer: &Offer) -> Url {
        below(base, "api/chat")
    }

    fn media_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn body(&self, request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
        encode::body(request, offer, options)
    }

    fn decoder(&self, _options: &Options, tariff: Option<Tariff>) -> Box<dyn Decode> {
        Box::new(Decoder::of_lines(decode::Answer::new(tariff)))
    }

    fn failure(&self, failure: Failure<'_>) -> ModelError {
        chat::from_answer(failure)
    }

    fn relax(&self, refusal: &str, body: &mut Value) -> bool {
        refusal.contains("think") && body.as_object_mut().is_some_and(|fields| fields.remove("think").is_some())
    }
}
