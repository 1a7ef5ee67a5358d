//! What surrounds every request: its id, the line in the log, the figures, the body of errors, the headers of safety.

use std::any::Any;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use metrics::{counter, histogram};
use tracing::Instrument as _;
use uuid::Uuid;

use super::headers;
use crate::auth::Who;
use crate::error::ApiError;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID_BYTES: usize = 64;
/// How much of a path the log shows.
const MAX_LOGGED_PATH: usize = 300;

pub(crate) async fn envelope(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = request_id(request.headers());
    let line = Line::new(&request, &id);
    let span = tracing::info_span!("request", id = %id);
    let mut response = next.run(request).instrument(span).await;
    explain(&mut response, &id);
    headers::secure(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    line.done(&response, started);
    response
}

/// What a client gets when a handler panicked; the log has the rest.
pub(crate) fn panicked(_: Box<dyn Any + Send>) -> Response {
    ApiError::internal("the server met something it did not expect").into_response()
}

/// The client's id for the request when it is fit for a log, else one of ours.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        let fits = (1..=MAX_ID_BYTES).contains(&id.len());
        fits && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    let given = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(plain);
    given.map_or_else(|| Uuid::now_v7().to_string(), str::to_owned)
}

/// Gives an error its body. An error that says so itself is taken at its word; any other is one by its status, unless it
/// has a body for programs already, as `/ready` has.
fn explain(response: &mut Response, id: &str) {
    let said = response.extensions_mut().remove::<ApiError>();
    let status = response.status();
    let is_json =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if said.is_none() && is_json {
        return;
    }
    let Some(error) = said.or_else(|| (status.as_u16() >= 400).then(|| ApiError::of_status(status))) else { return };
    let body = serde_json::to_vec(&error.body(id)).unwrap_or_default();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(body);
}

/// What the log and the figures say of a request. Never its query, its headers or its body.
struct Line {
    id: String,
    method: Method,
    path: String,
    route: String,
}

impl Line {
    fn new(request: &Request, id: &str) -> Self {
        let route = request.extensions().get::<MatchedPath>().map_or("(other)", MatchedPath::as_str);
        let path = request.uri().path();
        let path = path.get(..MAX_LOGGED_PATH.min(path.len())).unwrap_or("(not text)");
        Self { id: id.into(), method: request.method().clone(), path: path.into(), route: route.into() }
    }

    fn done(self, response: &Response, started: Instant) {
        let (status, took) = (response.status(), started.elapsed());
        let method = known(&self.method);
        counter!("holt_http_requests_total", "route" => self.route.clone(), "method" => method, "status" => status.as_u16().to_string())
            .increment(1);
        histogram!("holt_http_request_seconds", "route" => self.route.clone(), "method" => method).record(took.as_secs_f64());
        let who = response.extensions().get::<Who>().map(|who| who.0.as_str()).unwrap_or_default();
        let (ms, status) = (took.as_secs_f64() * 1000.0, status.as_u16());
        let Self { id, path, route, .. } = self;
        if is_routine(&route) {
            tracing::debug!(target: "holt::access", id, method, path, status, ms, who);
        } else {
            tracing::info!(target: "holt::access", id, method, path, status, ms, who);
        }
    }
}

/// Asked for every few seconds by machines, and of the page's files: too many lines for too little.
fn is_routine(route: &str) -> bool {
    matches!(route, "/health" | "/ready" | "/metrics" | "/health/metrics" | "(other)")
}

/// Strangers invent methods; the figures do not grow with them.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    #[tokio::test]
    async fn a_panic_is_answered_like_every_error() {
        async fn fall() -> &'static str {
            panic!("on purpose")
        }
        let router = axum::Router::new().route("/", axum::routing::get(fall));
        let router = router.layer(CatchPanicLayer::custom(panicked)).layer(axum::middleware::from_fn(envelope));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: holt_api::ErrorBody = serde_json::from_slice(&body).unwrap();
        assert_eq!((body.code.as_str(), body.request_id.len()), ("internal", 36));
        assert!(!body.message.contains("on purpose"));
    }

    #[tokio::test]
    async fn an_answer_that_explains_itself_keeps_its_body() {
        let unready =
            || async { (axum::http::StatusCode::SERVICE_UNAVAILABLE, axum::Json(serde_json::json!({"reasons": ["full"]}))) };
        let router = axum::Router::new().route("/", axum::routing::get(unready)).layer(axum::middleware::from_fn(envelope));
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), 503);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(&*body, br#"{"reasons":["full"]}"#);
    }

    #[test]
    fn only_a_plain_id_is_taken_over() {
        let id = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_static(value));
            request_id(&headers)
        };
        assert_eq!(id("trace-1.a_B"), "trace-1.a_B");
        for bad in
            ["", "a b", "a\"b", "id=1;x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]
        {
            assert_ne!(id(bad), bad);
            assert_eq!(id(bad).len(), 36);
        }
    }
}
