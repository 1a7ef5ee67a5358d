//! The front door: the page for people, an index for programs, and the documentation.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use holt_api::Index;
use utoipa_axum::routes;

use crate::docs;
use crate::http::accept::{JSON, wants_page};
use crate::router::Declared;
use crate::state::App;

/// The page for people; for programs, what is where.
#[utoipa::path(get, path = "/", tag = "server", responses((status = 200, description = "What is where.", body = Index)))]
async fn index(State(app): State<App>, headers: HeaderMap) -> Response {
    if wants_page(&headers) {
        return app.page.index(&headers);
    }
    let places = [
        ("sessions", "/v2/sessions"),
        ("feed", "/v2/feed"),
        ("status", "/v2/status"),
        ("health", "/health"),
        ("ready", "/ready"),
        ("metrics", "/metrics"),
        ("mcp", "/mcp"),
        ("documentation", "/docs"),
        ("openapi", "/openapi.json"),
    ];
    let endpoints: BTreeMap<String, String> = places.map(|(name, path)| (name.to_owned(), path.to_owned())).into();
    let mut response = Json(Index { name: "Holt".into(), version: app.about.version.clone(), endpoints }).into_response();
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// This interface, described as OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "server",
    responses((status = 200, description = "The description.", body = serde_json::Value)))]
async fn openapi(State(app): State<App>) -> Response {
    described(&app)
}

/// The same under another contract's name.
#[utoipa::path(get, path = "/docs/json", tag = "server",
    responses((status = 200, description = "The description.", body = serde_json::Value)))]
async fn docs_json(State(app): State<App>) -> Response {
    described(&app)
}

/// The same under another contract's name.
#[utoipa::path(get, path = "/swagger/json", tag = "server",
    responses((status = 200, description = "The description.", body = serde_json::Value)))]
async fn swagger_json(State(app): State<App>) -> Response {
    described(&app)
}

fn described(app: &App) -> Response {
    let mut response = docs::openapi_json(&app.about.version).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// This interface, described for people.
#[utoipa::path(get, path = "/docs", tag = "server",
    responses((status = 200, description = "The documentation.", content_type = "text/html", body = String)))]
async fn docs_page(State(app): State<App>) -> Response {
    docs::page(&app.about.version)
}

/// The same under another contract's name.
#[utoipa::path(get, path = "/swagger", tag = "server",
    responses((status = 200, description = "The documentation.", content_type = "text/html", body = String)))]
async fn swagger_page(State(app): State<App>) -> Response {
    docs::page(&app.about.version)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::open(routes!(index)),
        Declared::open(routes!(openapi)),
        Declared::open(routes!(docs_json)),
        Declared::open(routes!(swagger_json)),
        Declared::open(routes!(docs_page)),
        Declared::open(routes!(swagger_page)),
    ]
}
