//! Tells errors apart as OpenAI says them, and as servers do that say them almost so.

use holt_core::model::ModelError;
use serde_json::Value;

use crate::errors::{Failure, readable};

/// An answer with an error status.
pub(crate) fn from_answer(failure: Failure<'_>) -> ModelError {
    match serde_json::from_slice::<Value>(failure.body) {
        Ok(body) if body.is_object() => from_value(failure, &body),
        _ => failure.by_status(failure.as_words()),
    }
}

/// An error that came as an event.
pub(crate) fn from_event(event: &Value) -> ModelError {
    let status = detail(event)["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    from_value(Failure { status, retry_after_seconds: None, body: &[], model: "" }, event)
}

/// The error itself: most wrap it, some do not.
fn detail(body: &Value) -> &Value {
    if body["error"].is_object() { &body["error"] } else { body }
}

fn from_value(failure: Failure<'_>, body: &Value) -> ModelError {
    let detail = detail(body);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let message = text(&detail["message"]).or_else(|| text(&body["error"])).or_else(|| text(&body["detail"]));
    let message = readable(&message.unwrap_or_else(|| String::from_utf8_lossy(failure.body).into_owned()));
    let says = |word: &str| detail["code"] == word || detail["type"] == word;
    let any = |words: &[&str]| words.iter().any(|word| says(word));
    let lower = message.to_lowercase();
    if any(&["invalid_api_key", "authentication_error", "invalid_authentication"]) {
        ModelError::BadKey(message)
    } else if any(&["insufficient_quota", "billing_hard_limit_reached", "billing_not_active"]) {
        ModelError::NoQuota(message)
    } else if any(&["context_length_exceeded", "exceed_context_size_error", "string_above_max_length"])
        || (lower.contains("request too large") && failure.status == Some(429))
    {
        ModelError::ContextTooLong(message)
    } else if any(&["model_not_found"]) || (failure.status == Some(404) && lower.contains("model")) {
        ModelError::Unknown(if failure.model.is_empty() { message } else { failure.model.to_owned() })
    } else if any(&["content_filter", "content_policy_violation", "invalid_prompt"]) {
        ModelError::Refused(message)
    } else if any(&["rate_limit_exceeded", "server_error", "service_unavailable", "overloaded_error", "server_is_overloaded"]) {
        failure.overloaded(message)
    } else {
        failure.by_status(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code(status: u16, body: &Value) -> &'static str {
        let body = body.to_string();
        from_answer(Failure { status: Some(status), retry_after_seconds: None, body: body.as_bytes(), model: "m" }).code()
    }

    #[test]
    fn errors_are_told_apart_whoever_says_them() {
        let openai = |code: &str, message: &str| json!({ "error": { "message": message, "type": "x", "code": code } });
        for (status, body, expected) in [
            (401, openai("invalid_api_key", "Incorrect API key provided"), "model_bad_key"),
            (429, openai("insufficient_quota", "You exceeded your current quota"), "model_no_quota"),
            (429, openai("rate_limit_exceeded", "Rate limit reached"), "model_overloaded"),
            (429, openai("rate_limit_exceeded", "Request too large for m on tokens per min"), "model_context_too_long"),
            (400, openai("context_length_exceeded", "..."), "model_context_too_long"),
            (404, openai("model_not_found", "The model `m` does not exist"), "model_unknown"),
            (400, openai("", "Unknown parameter"), "model_refused"),
            (500, openai("", "The server had an error"), "model_overloaded"),
            (402, json!({ "error": { "code": 402, "message": "Insufficient credits" } }), "model_no_quota"),
            (
                400,
                json!({ "object": "error", "message": "This model's maximum context length is 10", "code": 400 }),
                "model_context_too_long",
            ),
            (400, json!({ "error": { "type": "exceed_context_size_error", "message": "x" } }), "model_context_too_long"),
            (404, json!({ "error": "model \"x\" not found" }), "model_unknown"),
            (404, json!({ "detail": "Not Found" }), "model_unreachable"),
            (418, json!({}), "model_malformed"),
        ] {
            assert_eq!(code(status, &body), expected, "{status} {body}");
        }
        assert_eq!(from_event(&json!({ "error": { "code": 502, "message": "upstream" } })).code(), "model_overloaded");
        assert_eq!(from_event(&json!({ "error": { "message": "?" } })).code(), "model_malformed");
    }
}
