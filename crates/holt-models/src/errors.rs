//! What is the same in every provider's errors: words are made fit for people, and what no provider says in a code is told
//! from the status and from words.

use holt_core::model::ModelError;

/// How much of a provider's words is passed on.
pub(crate) const MAX_MESSAGE_CHARS: usize = 500;

/// An answer that is no success, as far as every provider's is the same.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    /// Absent for an error in the middle of a stream.
    pub status: Option<u16>,
    pub retry_after_seconds: Option<u64>,
    pub body: &'a [u8],
    /// The model that was asked.
    pub model: &'a str,
}

impl Failure<'_> {
    pub fn overloaded(&self, message: String) -> ModelError {
        ModelError::Overloaded { message, retry_after_seconds: self.retry_after_seconds }
    }

    /// By the status and the words alone, when no code of the provider's says more.
    pub fn by_status(&self, message: String) -> ModelError {
        match self.status {
            Some(401 | 403) => ModelError::BadKey(message),
            Some(402) => ModelError::NoQuota(message),
            Some(404) => ModelError::Unreachable(format!("nothing answers at this address ({message})")),
            Some(413) => ModelError::ContextTooLong(message),
            Some(408 | 409 | 425 | 429 | 500..=599) => self.overloaded(message),
            Some(400 | 422) => invalid(message),
            Some(300..=399) => ModelError::Malformed("a redirect, which is not followed so that the key stays here".into()),
            Some(status) => ModelError::Malformed(format!("status {status}: {message}")),
            None => ModelError::Malformed(message),
        }
    }

    /// The body as words, for a server or a proxy that does not speak the provider's language.
    pub fn as_words(&self) -> String {
        let body = String::from_utf8_lossy(self.body);
        readable(&self.status.map_or_else(|| body.to_string(), |status| format!("status {status}: {body}")))
    }
}

/// One kind stands for much; only the words tell it apart.
pub(crate) fn invalid(message: String) -> ModelError {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["credit balance", "billing", "usage limit", "insufficient"]) {
        ModelError::NoQuota(message)
    } else if says(TOO_LONG) {
        ModelError::ContextTooLong(message)
    } else if says(&["api key not valid", "invalid api key", "incorrect api key"]) {
        ModelError::BadKey(message)
    } else {
        ModelError::Refused(message)
    }
}

const TOO_LONG: &[&str] = &[
    "prompt is too long",
    "context limit",
    "context window",
    "context length",
    "context size",
    "too many tokens",
    "maximum context",
    "input token count",
    "maximum number of tokens",
    "input is too long",
];

/// Words from outside, fit for people's eyes: one line, bounded, without control characters.
pub(crate) fn readable(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE_CHARS).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "it gave no reason".into() } else { words }
}
