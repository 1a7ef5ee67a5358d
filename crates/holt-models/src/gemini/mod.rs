//! Gemini's `generateContent`, streamed.

mod decode;
mod encode;
mod errors;

use holt_core::model::{ModelError, ModelRequest};
use reqwest::Url;
use serde_json::Value;

use crate::decoder::{Decode, Decoder};
use crate::endpoint::below;
use crate::errors::Failure;
use crate::options::{Offer, Options};
use crate::price::Tariff;
use crate::wire::Protocol;

pub(crate) const BASE_URL: &str = "https://generativelanguage.googleapis.com";

/// The language.
pub(crate) struct GenerateContent;

impl Protocol for GenerateContent {
    fn url(&self, base: &Url, offer: &Offer) -> Url {
        let mut url = below(base, &format!("v1beta/models/{}:streamGenerateContent", offer.name));
        url.set_query(Some("alt=sse"));
        url
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-goog-api-key", "")
    }

    fn body(&self, request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
        encode::body(request, offer, options)
    }

    fn decoder(&self, options: &Options, tariff: Option<Tariff>) -> Box<dyn Decode> {
        Box::new(Decoder::of_events(decode::Answer::new(&options.name, tariff)))
    }

    fn failure(&self, failure: Failure<'_>) -> ModelError {
        errors::from_answer(failure)
    }

    fn relax(&self, refusal: &str, body: &mut Value) -> bool {
        encode::relax(refusal, body)
    }
}
