//! OpenAI's Responses interface. Nothing is stored there: the whole conversation goes along, with the model's own thoughts
//! sealed by the provider.

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

pub(crate) const BASE_URL: &str = "https://api.openai.com/v1";

/// The language.
pub(crate) struct Responses;

impl Protocol for Responses {
    fn url(&self, base: &Url, _offer: &Offer) -> Url {
        below(base, "responses")
    }

    fn body(&self, request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
        encode::body(request, offer, options)
    }

    fn decoder(&self, options: &Options, tariff: Option<Tariff>) -> Box<dyn Decode> {
        Box::new(Decoder::of_events(decode::Answer::new(&options.name, tariff)))
    }

    fn failure(&self, failure: Failure<'_>) -> ModelError {
        chat::from_answer(failure)
    }

    fn relax(&self, refusal: &str, body: &mut Value) -> bool {
        encode::relax(refusal, body)
    }
}
