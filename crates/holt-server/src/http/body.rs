//! Bodies of requests: bounded in size and in time, and refused with words that say which field is wrong.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use holt_api::bounds::{MAX_BODY_BYTES, shown};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;

use crate::error::{ApiError, ApiResult};
use crate::state::App;

const FIELDS: &str = "`/docs` shows the fields that this route takes.";

/// A body in JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        check_json(request.headers())?;
        let bytes = read(request.into_body(), MAX_BODY_BYTES, app.timing.body).await?;
        parse(&bytes).map(Self)
    }
}

/// A body in JSON that may be left out.
#[derive(Debug)]
pub(crate) struct JsonBodyOrDefault<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<App> for JsonBodyOrDefault<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> ApiResult<Self> {
        let is_json = check_json(request.headers());
        let bytes = read(request.into_body(), MAX_BODY_BYTES, app.timing.body).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        is_json?;
        parse(&bytes).map(Self)
    }
}

/// Reads a body whole, if it is not larger than this and arrives in time.
pub(crate) async fn read(body: Body, limit: usize, time: Duration) -> ApiResult<Bytes> {
    let collected = tokio::time::timeout(time, Limited::new(body, limit).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Ok(Err(_)) => Err(ApiError::new(StatusCode::BAD_REQUEST, "body_broken", "the body ended early", "Send it again.")),
        Err(_) => Err(too_slow(time)),
    }
}

fn too_slow(time: Duration) -> ApiError {
    let seconds = time.as_millis().div_ceil(1000);
    let s = if seconds == 1 { "" } else { "s" };
    let message = format!("the body did not arrive within {seconds} second{s}");
    let hint = "Send it again, all at once; long material goes into a file of the session.";
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", message, hint)
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the body is larger than {} KiB", limit / 1024);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message, "Put long material into a file of the session.")
}

/// A page elsewhere can make a browser send other types without asking; JSON it cannot.
fn check_json(headers: &HeaderMap) -> ApiResult<()> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    let message = if essence.is_empty() {
        "the body has no type".to_owned()
    } else {
        format!("the body is `{}` and not JSON", shown(&essence))
    };
    let hint = "Send JSON with the header `Content-Type: application/json`.";
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message, hint))
}

pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    // Fields by their place in a list are no interface; a type that is read from an object would take them.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let message = "the body is a list, and an object is expected";
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_field", message, FIELDS));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(&path, error.inner())
    })?;
    json.end().map_err(|error| refused(".", &error))?;
    Ok(value)
}

fn refused(path: &str, error: &serde_json::Error) -> ApiError {
    let text: String = error.to_string().chars().filter(|c| !c.is_control()).take(300).collect();
    if !error.is_data() {
        let message = format!("the body is not JSON: {text}");
        return ApiError::new(StatusCode::BAD_REQUEST, "bad_json", message, "Check quotes, commas and brackets.");
    }
    let code = if text.starts_with("unknown field") { "unknown_field" } else { "bad_field" };
    let message = if path == "." { text } else { format!("`{}`: {text}", shown(path)) };
    ApiError::new(StatusCode::BAD_REQUEST, code, message, FIELDS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_api::CreateSession;
    use proptest::prelude::*;

    fn refusal(text: &str) -> (String, String) {
        let error = parse::<CreateSession>(text.as_bytes()).unwrap_err();
        (error.code.into_owned(), error.message)
    }

    #[test]
    fn a_refusal_names_the_field() {
        let (code, message) = refusal(r#"{"policy":{"rules":[{"tool":"x","verdict":"maybe"}]}}"#);
        assert_eq!(code, "bad_field");
        assert!(message.starts_with("`policy.rules[0].verdict`: unknown variant `maybe`"), "{message}");
        let (code, message) = refusal(r#"{"titel":"x"}"#);
        assert_eq!(code, "unknown_field");
        assert!(message.contains("`titel`") && message.contains("`title`"), "{message}");
        assert_eq!(refusal(r#"{"title":"#).0, "bad_json");
        assert_eq!(refusal("{} {}").0, "bad_json");
        assert_eq!(refusal(&"[".repeat(100_000)).0, "bad_field");
        assert_eq!(refusal(&format!(r#"{{"prompt":{}"#, "[".repeat(1000))).0, "bad_field");
    }

    #[test]
    fn how_long_it_was_waited_for_is_said_in_whole_seconds() {
        assert!(too_slow(Duration::from_secs(15)).body("").message.ends_with("within 15 seconds"));
        assert!(too_slow(Duration::from_millis(300)).body("").message.ends_with("within 1 second"));
    }

    #[test]
    fn a_list_is_no_object() {
        for list in ["[]", " \n[]", r#"["01890000-0000-7000-8000-000000000000"]"#] {
            assert_eq!(refusal(list).0, "bad_field", "{list}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered_in_bounds(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Err(error) = parse::<CreateSession>(&bytes) {
                prop_assert!(error.message.len() < 2000);
            }
        }
    }
}
