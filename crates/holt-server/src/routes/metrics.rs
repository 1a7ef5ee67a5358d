//! The figures: as Prometheus reads them, or as JSON.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use holt_api::{Scope, Status};
use metrics::gauge;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::error::ApiResult;
use crate::http::accept::{JSON, TEXT, preferred};
use crate::http::params::Query;
use crate::meters;
use crate::router::Declared;
use crate::state::App;

const PROMETHEUS: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FormatQuery {
    /// `json` for JSON whatever the client accepts.
    format: Option<String>,
}

/// The figures of the server, for Prometheus; as JSON when that is preferred.
#[utoipa::path(get, path = "/metrics", tag = "server", params(FormatQuery),
    responses((status = 200, description = "The figures.", content((String = "text/plain"), (Value = "application/json")))))]
async fn read_metrics(State(app): State<App>, Query(query): Query<FormatQuery>, headers: HeaderMap) -> ApiResult<Response> {
    refresh(&app).await;
    let text = app.meters.render();
    let as_json = query.format.as_deref() == Some("json") || preferred(&headers, &[TEXT, JSON]) == JSON;
    let mut response = if as_json { Json(to_json(&text)).into_response() } else { text.into_response() };
    if !as_json {
        response.headers_mut().insert(header::CONTENT_TYPE, PROMETHEUS);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept"));
    Ok(response)
}

/// The figures of the server as JSON, always.
#[utoipa::path(get, path = "/health/metrics", tag = "server",
    responses((status = 200, description = "The figures.", body = Value)))]
async fn read_metrics_json(State(app): State<App>) -> Json<Value> {
    refresh(&app).await;
    Json(to_json(&app.meters.render()))
}

/// Figures that are looked up rather than counted.
#[expect(clippy::cast_precision_loss, reason = "figures are shown, not calculated with")]
async fn refresh(app: &App) {
    let (engine, memory) = (app.engine.status().await, meters::memory());
    for status in Status::ALL {
        let count = engine.sessions.iter().find(|(known, _)| *known == status).map_or(0, |(_, count)| *count);
        gauge!("holt_sessions", "status" => status.as_str()).set(count as f64);
    }
    gauge!("holt_sessions_awake").set(engine.awake as f64);
    gauge!("holt_sandboxes_open").set(engine.open_sandboxes as f64);
    gauge!("holt_followers").set(engine.followers as f64);
    gauge!("process_resident_memory_bytes").set(memory.resident_bytes as f64);
    gauge!("process_open_fds").set(memory.open_files as f64);
    gauge!("process_start_time_seconds").set(app.started_at.as_millis() as f64 / 1000.0);
}

/// Every sample under its name: `{name: [{labels, value}]}`.
fn to_json(text: &str) -> Value {
    let mut figures = Map::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let Some((series, value)) = line.rsplit_once(' ') else { continue };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let value = value.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number);
        let sample = json!({ "labels": parse_labels(labels.trim_end_matches('}')), "value": value });
        if let Value::Array(samples) = figures.entry(name).or_insert_with(|| json!([])) {
            samples.push(sample);
        }
    }
    Value::Object(figures)
}

fn parse_labels(text: &str) -> Map<String, Value> {
    let pairs = text.split("\",").filter_map(|pair| pair.split_once("=\""));
    pairs.map(|(name, value)| (name.trim().to_owned(), Value::from(value.trim_end_matches('"')))).collect()
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(read_metrics)), Declared::needs(Scope::View, routes!(read_metrics_json))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_become_json() {
        let text = "# HELP x y\nholt_x{route=\"/v2/{id}\",method=\"GET\"} 3\nup 1\n\nbad\n";
        let expected = json!({
            "holt_x": [{ "labels": { "route": "/v2/{id}", "method": "GET" }, "value": 3.0 }],
            "up": [{ "labels": {}, "value": 1.0 }],
        });
        assert_eq!(to_json(text), expected);
    }
}
