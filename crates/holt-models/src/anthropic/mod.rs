//! Anthropic's Messages interface.

mod decode;
mod encode;
mod errors;
mod wire;

use holt_core::model::{ModelError, ModelRequest};
use reqwest::Url;
use serde_json::Value;

use crate::decoder::{Decode, Decoder};
use crate::endpoint::below;
use crate::errors::Failure;
use crate::options::{Offer, Options};
use crate::price::Tariff;
use crate::wire::Protocol;

pub(crate) const BASE_URL: &str = "https://api.anthropic.com";
/// The version of the interface that is spoken here.
const INTERFACE_VERSION: &str = "2023-06-01";

/// The language.
pub(crate) struct Messages;

impl Protocol for Messages {
    fn url(&self, base: &Url, _offer: &Offer) -> Url {
        below(base, "v1/messages")
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-api-key", "")
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", INTERFACE_VERSION)]
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
