//! Why something is not passed on, said as the provider itself would say it.

use holt_core::budget::Reached;
use serde_json::{Value, json};

use crate::Provider;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this token is not the one of this sandbox; use the one in ANTHROPIC_API_KEY, OPENAI_API_KEY or GEMINI_API_KEY")]
    Token,
    #[error(
        "Holt does not pass on {0}; it passes on requests for messages, responses, chat completions, content, token counts and models"
    )]
    Path(String),
    #[error("Holt does not pass on a body of this type; send application/json without an encoding")]
    MediaType,
    #[error("the body is not JSON that can be read in one way only: {0}")]
    Json(String),
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    #[error("Holt does not pass on {0}: it is not on the list of what programs in a sandbox may ask of a provider")]
    Content(String),
    #[error("this Holt has no key for {0}; whoever runs it can add one in the settings or with `holt models add`")]
    NoKey(&'static str),
    #[error("{0} is used up; a person can give it more")]
    Budget(Reached),
    #[error("too many requests of this sandbox are under way; wait for one to end")]
    TooMany,
    #[error("the session cannot be asked whether it may use models")]
    Unavailable,
    #[error("the provider could not be reached")]
    Unreachable,
    #[error("the provider did not answer in time")]
    Late,
    #[error("the request did not come in time")]
    Slow,
}

impl Refusal {
    pub fn status(&self) -> u16 {
        match self {
            Self::Token => 401,
            Self::Path(_) => 404,
            Self::MediaType => 415,
            Self::Json(_) | Self::Content(_) => 400,
            Self::TooLarge(_) => 413,
            Self::NoKey(_) | Self::Budget(_) => 403,
            Self::TooMany => 429,
            Self::Unavailable => 503,
            Self::Unreachable => 502,
            Self::Late => 504,
            Self::Slow => 408,
        }
    }

    /// The body of the answer, in the provider's own shape.
    pub fn body(&self, provider: Provider) -> Value {
        let message = format!("Holt: {self}.");
        match provider {
            Provider::Anthropic => json!({ "type": "error", "error": { "type": self.kind(), "message": message } }),
            Provider::OpenAi => {
                json!({ "error": { "message": message, "type": self.kind(), "param": null, "code": self.code() } })
            }
            Provider::Gemini => {
                json!({ "error": { "code": self.status(), "message": message, "status": self.canonical() } })
            }
        }
    }

    /// Stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Token => "holt_token",
            Self::Path(_) => "holt_path",
            Self::MediaType => "holt_media_type",
            Self::Json(_) => "holt_json",
            Self::TooLarge(_) => "holt_too_large",
            Self::Content(_) => "holt_not_allowed",
            Self::NoKey(_) => "holt_no_key",
            Self::Budget(_) => "holt_budget",
            Self::TooMany => "holt_too_many",
            Self::Unavailable => "holt_unavailable",
            Self::Unreachable => "holt_unreachable",
            Self::Late => "holt_late",
            Self::Slow => "holt_slow",
        }
    }

    fn kind(&self) -> &'static str {
        match self.status() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..500 => "invalid_request_error",
            _ => "api_error",
        }
    }

    fn canonical(&self) -> &'static str {
        match self.status() {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            400..500 => "INVALID_ARGUMENT",
            504 => "DEADLINE_EXCEEDED",
            _ => "UNAVAILABLE",
        }
    }
}
