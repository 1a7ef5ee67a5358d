//! Tells the provider's errors apart by what can be done about them.

use holt_core::model::ModelError;
use serde::Deserialize;

/// How much of a provider's words is passed on.
const MAX_MESSAGE_CHARS: usize = 500;

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
pub(super) fn from_status(status: u16, retry_after: Option<&str>, body: &[u8], model: &str) -> ModelError {
    let detail = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(body) => body.error,
        Err(_) => ErrorDetail { kind: String::new(), message: format!("status {status}: {}", String::from_utf8_lossy(body)) },
    };
    let retry_after_seconds = retry_after.and_then(|text| text.trim().parse().ok());
    from_detail(Some(status), &detail, retry_after_seconds, model)
}

/// An error that came as an event.
pub(super) fn from_event(detail: &ErrorDetail) -> ModelError {
    from_detail(None, detail, None, "")
}

fn from_detail(status: Option<u16>, detail: &ErrorDetail, retry_after_seconds: Option<u64>, model: &str) -> ModelError {
    let message = readable(&detail.message);
    let overloaded = |message| ModelError::Overloaded { message, retry_after_seconds };
    match (detail.kind.as_str(), status) {
        ("authentication_error" | "permission_error", _) => ModelError::BadKey(message),
        ("billing_error", _) => ModelError::NoQuota(message),
        ("rate_limit_error" | "overloaded_error" | "api_error" | "timeout_error", _) => overloaded(message),
        ("request_too_large", _) => ModelError::ContextTooLong(message),
        ("not_found_error", _) if !model.is_empty() => ModelError::Unknown(model.to_owned()),
        ("invalid_request_error", _) => invalid(message),
        (_, Some(401 | 403)) => ModelError::BadKey(message),
        (_, Some(402)) => ModelError::NoQuota(message),
        (_, Some(404)) => ModelError::Unreachable(format!("nothing answers at this address ({message})")),
        (_, Some(413)) => ModelError::ContextTooLong(message),
        (_, Some(408 | 429 | 500..=599)) => overloaded(message),
        (_, Some(400 | 422)) => invalid(message),
        (_, Some(300..=399)) => ModelError::Malformed("a redirect, which is not followed so that the key stays here".into()),
        (kind, _) => ModelError::Malformed(format!("an error of the kind `{}`: {message}", readable(kind))),
    }
}

/// One kind stands for much; only the words tell it apart.
fn invalid(message: String) -> ModelError {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["credit balance", "billing", "usage limit"]) {
        ModelError::NoQuota(message)
    } else if says(&["prompt is too long", "context limit", "context window", "too many tokens", "maximum context"]) {
        ModelError::ContextTooLong(message)
    } else {
        ModelError::Refused(message)
    }
}

/// Words from outside, fit for people's eyes: one line, bounded, without control characters.
pub(super) fn readable(text: &str) -> String {
    let words: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_MESSAGE_CHARS).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() { "it gave no reason".into() } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(status: u16, kind: &str, message: &str) -> &'static str {
        let body = json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string();
        from_status(status, None, body.as_bytes(), "claude").code()
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
        let of = |status| from_status(status, None, b"<html>nope</html>", "claude").code();
        assert_eq!(of(401), "model_bad_key");
        assert_eq!(of(404), "model_unreachable");
        assert_eq!(of(502), "model_overloaded");
        assert_eq!(of(302), "model_malformed");
    }

    #[test]
    fn the_time_to_wait_is_read_and_words_are_bounded() {
        let body = json!({ "error": { "type": "rate_limit_error", "message": format!("a\u{1b}[2J\n{}", "x".repeat(9000)) } });
        let error = from_status(429, Some(" 17 "), body.to_string().as_bytes(), "claude");
        let ModelError::Overloaded { message, retry_after_seconds } = error else { panic!("{error:?}") };
        assert_eq!(retry_after_seconds, Some(17));
        assert!(message.len() <= MAX_MESSAGE_CHARS && !message.contains('\u{1b}'), "{message}");
    }
}
