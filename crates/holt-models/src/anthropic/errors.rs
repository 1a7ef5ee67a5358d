//! Tells the provider's errors apart by what can be done about them.

use holt_core::model::ModelError;
use serde::Deserialize;

use crate::errors::{Failure, invalid, readable};

#[derive(Debug, Deserialize)]
struct ErrorBody {
    error: ErrorDetail,
}

/// The provider's own description of an error, also as an event in the middle of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ErrorDetail {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

/// An answer with an error status.
pub(super) fn from_answer(failure: Failure<'_>) -> ModelError {
    match serde_json::from_slice::<ErrorBody>(failure.body) {
        Ok(body) => from_detail(failure, &body.error),
        Err(_) => failure.by_status(failure.as_words()),
    }
}

/// An error that came as an event.
pub(super) fn from_event(detail: &ErrorDetail) -> ModelError {
    from_detail(Failure { status: None, retry_after_seconds: None, body: &[], model: "" }, detail)
}

fn from_detail(failure: Failure<'_>, detail: &ErrorDetail) -> ModelError {
    let message = readable(&detail.message);
    match detail.kind.as_str() {
        "authentication_error" | "permission_error" => ModelError::BadKey(message),
        "billing_error" => ModelError::NoQuota(message),
        "rate_limit_error" | "overloaded_error" | "api_error" | "timeout_error" => failure.overloaded(message),
        "request_too_large" => ModelError::ContextTooLong(message),
        "not_found_error" if !failure.model.is_empty() => ModelError::Unknown(failure.model.to_owned()),
        "invalid_request_error" => invalid(message),
        "" => failure.by_status(message),
        kind => failure.by_status(format!("an error of the kind `{}`: {message}", readable(kind))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn failure(status: u16, body: &[u8]) -> Failure<'_> {
        Failure { status: Some(status), retry_after_seconds: Some(17), body, model: "claude" }
    }

    fn code(status: u16, kind: &str, message: &str) -> &'static str {
        let body = json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string();
        from_answer(failure(status, body.as_bytes())).code()
    }

    #[test]
    fn errors_are_told_apart() {
        for (status, kind, message, expected) in [
            (401, "authentication_error", "invalid x-api-key", "model_bad_key"),
            (403, "permission_error", "", "model_bad_key"),
            (402, "billing_error", "", "model_no_quota"),
            (400, "invalid_request_error", "Your credit balance is too low to access the API.", "model_no_quota"),
            (400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum", "model_context_too_long"),
            (400, "invalid_request_error", "input length and `max_tokens` exceed context limit", "model_context_too_long"),
            (413, "request_too_large", "", "model_context_too_long"),
            (400, "invalid_request_error", "tools.0.name: bad", "model_refused"),
            (404, "not_found_error", "model: claude", "model_unknown"),
            (429, "rate_limit_error", "", "model_overloaded"),
            (529, "overloaded_error", "", "model_overloaded"),
            (500, "api_error", "", "model_overloaded"),
            (418, "teapot_error", "", "model_malformed"),
        ] {
            assert_eq!(code(status, kind, message), expected, "{status} {kind} {message}");
        }
    }

    #[test]
    fn a_proxy_that_speaks_no_json_is_understood_by_its_status() {
        let of = |status| from_answer(failure(status, b"<html>nope</html>")).code();
        assert_eq!(of(401), "model_bad_key");
        assert_eq!(of(404), "model_unreachable");
        assert_eq!(of(502), "model_overloaded");
        assert_eq!(of(302), "model_malformed");
    }

    #[test]
    fn the_time_to_wait_is_read_and_words_are_bounded() {
        let body = json!({ "error": { "type": "rate_limit_error", "message": format!("a\u{1b}[2J\n{}", "x".repeat(9000)) } });
        let error = from_answer(failure(429, body.to_string().as_bytes()));
        let ModelError::Overloaded { message, retry_after_seconds } = error else { panic!("{error:?}") };
        assert_eq!(retry_after_seconds, Some(17));
        assert!(message.len() <= crate::errors::MAX_MESSAGE_CHARS && !message.contains('\u{1b}'), "{message}");
    }
}
