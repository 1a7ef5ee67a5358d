//! Tells the provider's errors apart by what can be done about them.

use holt_core::model::ModelError;
use serde_json::Value;

use crate::errors::{Failure, invalid, readable};

/// An answer with an error status.
pub(super) fn from_answer(failure: Failure<'_>) -> ModelError {
    match serde_json::from_slice::<Value>(failure.body) {
        Ok(Value::Array(bodies)) if bodies.first().is_some_and(|body| body["error"].is_object()) => {
            from_value(failure, &bodies[0]["error"])
        }
        Ok(body) if body["error"].is_object() => from_value(failure, &body["error"]),
        _ => failure.by_status(failure.as_words()),
    }
}

/// An error that came in the middle of a stream.
pub(super) fn from_event(error: &Value) -> ModelError {
    let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    from_value(Failure { status, retry_after_seconds: None, body: &[], model: "" }, error)
}

fn from_value(failure: Failure<'_>, error: &Value) -> ModelError {
    let message = readable(error["message"].as_str().unwrap_or_default());
    let failure = Failure { retry_after_seconds: failure.retry_after_seconds.or_else(|| retry_delay(error)), ..failure };
    match error["status"].as_str().unwrap_or_default() {
        "UNAUTHENTICATED" | "PERMISSION_DENIED" => ModelError::BadKey(message),
        "INVALID_ARGUMENT" if has_reason(error, "API_KEY_INVALID") => ModelError::BadKey(message),
        "INVALID_ARGUMENT" | "FAILED_PRECONDITION" | "OUT_OF_RANGE" => invalid(message),
        "RESOURCE_EXHAUSTED" if is_for_the_day(error) || message.contains("limit: 0") => ModelError::NoQuota(message),
        "RESOURCE_EXHAUSTED" | "UNAVAILABLE" | "INTERNAL" | "DEADLINE_EXCEEDED" | "ABORTED" => failure.overloaded(message),
        "NOT_FOUND" if !failure.model.is_empty() => ModelError::Unknown(failure.model.to_owned()),
        _ => failure.by_status(message),
    }
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error["details"].as_array().into_iter().flatten()
}

fn has_reason(error: &Value, reason: &str) -> bool {
    details(error).any(|detail| detail["reason"] == reason)
}

/// What is used up for a day does not come back in a moment.
fn is_for_the_day(error: &Value) -> bool {
    let violations = details(error).flat_map(|detail| detail["violations"].as_array().into_iter().flatten());
    violations.filter_map(|violation| violation["quotaId"].as_str()).any(|quota| quota.contains("PerDay"))
}

/// `34s` or `0.8s`, which counts as a whole second.
fn retry_delay(error: &Value) -> Option<u64> {
    let text = details(error).find_map(|detail| detail["retryDelay"].as_str())?;
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded on both sides")]
    (0.0..=1e9).contains(&seconds).then(|| seconds.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn error(status: u16, name: &str, message: &str, details: &Value) -> ModelError {
        let body = json!([{ "error": { "code": status, "message": message, "status": name, "details": details } }]).to_string();
        from_answer(Failure { status: Some(status), retry_after_seconds: None, body: body.as_bytes(), model: "g" })
    }

    #[test]
    fn errors_are_told_apart() {
        let day = json!([{ "violations": [{ "quotaId": "GenerateRequestsPerDayPerProjectPerModel" }] }]);
        for (status, name, message, details, expected) in [
            (400, "INVALID_ARGUMENT", "API key not valid.", json!([{ "reason": "API_KEY_INVALID" }]), "model_bad_key"),
            (403, "PERMISSION_DENIED", "", json!([]), "model_bad_key"),
            (
                400,
                "INVALID_ARGUMENT",
                "The input token count (9) exceeds the maximum number of tokens allowed (8).",
                json!([]),
                "model_context_too_long",
            ),
            (400, "INVALID_ARGUMENT", "Invalid JSON payload", json!([]), "model_refused"),
            (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", day, "model_no_quota"),
            (429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", json!([]), "model_overloaded"),
            (503, "UNAVAILABLE", "The model is overloaded.", json!([]), "model_overloaded"),
            (404, "NOT_FOUND", "models/g is not found", json!([]), "model_unknown"),
            (418, "TEAPOT", "", json!([]), "model_malformed"),
        ] {
            assert_eq!(error(status, name, message, &details).code(), expected, "{name} {message}");
        }
    }

    #[test]
    fn the_time_to_wait_is_read() {
        let error = error(429, "RESOURCE_EXHAUSTED", "slow down", &json!([{ "retryDelay": "33.2s" }]));
        assert_eq!(error, ModelError::Overloaded { message: "slow down".into(), retry_after_seconds: Some(34) });
    }
}
