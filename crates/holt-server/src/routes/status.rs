//! What the server is and how it does, for people.

use axum::Json;
use axum::extract::State;
use holt_api::bounds::{MAX_ATTACHMENTS, MAX_BODY_BYTES, MAX_FOLLOWS, MAX_PROMPT_BYTES};
use holt_api::{Scope, ServerLimits, ServerStatus, StatusCount};
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::meters;
use crate::router::Declared;
use crate::state::App;

/// Says what this server is, what it offers and how it does.
#[utoipa::path(get, path = "/v2/status", tag = "server", responses((status = 200, description = "The server.", body = ServerStatus)))]
async fn server_status(State(app): State<App>, caller: Caller) -> ApiResult<Json<ServerStatus>> {
    // How much others do is theirs to know.
    let engine = app.engine.status_for(&caller.principal).await?;
    Ok(Json(ServerStatus {
        version: app.about.version.clone(),
        started_at: app.started_at,
        uptime_seconds: app.started.elapsed().as_secs(),
        agents: app.about.agents.clone(),
        models: app.engine.models(),
        default_model: app.engine.default_model(),
        environments: app.about.environments.clone(),
        findings: app.findings().await.to_vec(),
        sessions: engine.sessions.into_iter().map(|(status, count)| StatusCount { status, count }).collect(),
        awake: engine.awake,
        sandboxes: engine.open_sandboxes,
        followers: engine.followers,
        limits: limits(&app),
        listeners: app.listeners.get().cloned().unwrap_or_default(),
        vnc_ports: app.vnc_ports.is_some(),
        memory: meters::memory(),
    }))
}

fn limits(app: &App) -> ServerLimits {
    ServerLimits {
        body_bytes: MAX_BODY_BYTES,
        prompt_bytes: MAX_PROMPT_BYTES,
        upload_bytes: app.limits.upload_bytes,
        attachments: MAX_ATTACHMENTS,
        follows_per_socket: MAX_FOLLOWS,
        sockets_per_key: app.limits.streams_per_key,
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(server_status))]
}
