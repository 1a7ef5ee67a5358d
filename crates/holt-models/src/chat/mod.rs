//! OpenAI's Chat Completions, and what the many servers make of it that do as it does.
//!
//! They are taken as they come: what one leaves out, calls differently or sends twice is understood where it can be, and what
//! one does not know of a request is left out and asked again.

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

pub(crate) use errors::{from_answer, from_event};

/// The language.
pub(crate) struct Chat;

impl Protocol for Chat {
    fn url(&self, base: &Url, _offer: &Offer) -> Url {
        below(base, "chat/completions")
    }

    fn body(&self, request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
        encode::body(request, offer, options)
    }

    fn decoder(&self, options: &Options, tariff: Option<Tariff>) -> Box<dyn Decode> {
        Box::new(Decoder::of_events(decode::Answer::new(&options.name, tariff)))
    }

    fn failure(&self, failure: Failure<'_>) -> ModelError {
        from_answer(failure)
    }

    fn relax(&self, refusal: &str, body: &mut Value) -> bool {
        encode::relax(refusal, body)
    }
}
