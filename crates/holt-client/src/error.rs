//! What can go wrong between here and a server, in words for people.

use serde::Deserialize;

/// Why a request did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("no Holt answers at {at}: {why}")]
    Unreachable { at: String, why: String },
    /// The server answered that it will not.
    #[error("{}", .0.message)]
    Refused(Box<Refusal>),
    #[error("{at} took longer than {seconds} seconds to answer")]
    TimedOut { at: String, seconds: u64 },
    #[error("{what} is larger than {limit} bytes")]
    TooLarge { what: String, limit: usize },
    /// What answers does not speak this API.
    #[error("{at} answered with something that is not Holt's: {why}")]
    Malformed { at: String, why: String },
    #[error("`{url}` is not an address that a key may be sent to: {why}")]
    BadAddress { url: String, why: &'static str },
    /// The connection broke in the middle of a file.
    #[error("the transfer broke off: {0}")]
    BrokeOff(String),
}

/// A server's refusal, from its error body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// Stable: programs may rely on it.
    pub code: String,
    pub message: String,
    /// What to do next. Empty when the server had nothing to say.
    pub hint: String,
    /// Finds the request in the server's log.
    pub request_id: Option<String>,
}

/// The error body as far as a client reads it. Everything is optional, so that a proxy's answer is still understood.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    error: String,
    message: String,
    code: String,
    hint: Option<String>,
    request_id: Option<String>,
}

impl ClientError {
    /// The stable code that programs can rely on.
    pub fn code(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "server_unreachable",
            Self::Refused(refusal) => &refusal.code,
            Self::TimedOut { .. } => "timed_out",
            Self::TooLarge { .. } => "too_large",
            Self::Malformed { .. } => "not_holt",
            Self::BadAddress { .. } => "bad_address",
            Self::BrokeOff(_) => "broke_off",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::Unreachable { .. } => "Start one with `holt serve`, or name another with `--server` and `--key`.",
            Self::Refused(refusal) => &refusal.hint,
            Self::TimedOut { .. } => "Try again; `/ready` says whether the server is well.",
            Self::TooLarge { .. } => "Ask for less at once.",
            Self::Malformed { .. } => "Check the address: something other than Holt may be listening there.",
            Self::BadAddress { .. } => "Use an https:// address, or http:// on this machine only.",
            Self::BrokeOff(_) => "Try again.",
        }
    }

    /// Whether the same request may do better in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::BrokeOff(_) => true,
            Self::Refused(refusal) => matches!(refusal.status, 429 | 500 | 502..=504),
            Self::TooLarge { .. } | Self::Malformed { .. } | Self::BadAddress { .. } => false,
        }
    }

    /// Whether the server said exactly this.
    pub fn is(&self, code: &str) -> bool {
        self.code() == code
    }

    /// Makes sense of a refusal's body, whoever wrote it.
    pub(crate) fn from_body(status: u16, body: &[u8]) -> Self {
        let Body { error, message, code, hint, request_id } = serde_json::from_slice(body).unwrap_or_default();
        let or = |text: String, other: String| if text.is_empty() { other } else { text };
        let message = or(message, or(error, format!("the server answered with status {status}")));
        let code = or(code, format!("http_{status}"));
        Self::Refused(Box::new(Refusal { status, code, message, hint: hint.unwrap_or_default(), request_id }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_what_the_server_said() {
        let body =
            br#"{"statusCode":409,"error":"Conflict","message":"a run is under way","code":"session_busy","hint":"Queue it."}"#;
        let error = ClientError::from_body(409, body);
        assert_eq!((error.code(), error.hint(), error.to_string().as_str()), ("session_busy", "Queue it.", "a run is under way"));
        assert!(!error.is_passing());
    }

    #[test]
    fn a_foreign_body_is_still_an_error_with_a_code() {
        let error = ClientError::from_body(502, b"<html>bad gateway");
        assert_eq!((error.code(), error.is_passing()), ("http_502", true));
        assert!(error.to_string().contains("502"));
    }
}
