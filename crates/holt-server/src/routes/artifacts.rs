//! What a session hands out.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use holt_api::{ArtifactId, ArtifactList, Scope, SessionId};
use utoipa_axum::routes;

use super::transfer::Download;
use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::params::{ArtifactParam, SessionParam};
use crate::router::Declared;
use crate::state::App;

/// Lists what the session has handed out.
#[utoipa::path(get, path = "/v2/sessions/{id}/artifacts", tag = "files",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "What there is.", body = ArtifactList)))]
async fn list_artifacts(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<ArtifactList>> {
    let session = app.engine.session(&caller.principal, id).await?;
    Ok(Json(ArtifactList { items: session.artifacts }))
}

/// Downloads something that the session has handed out, as it was then.
#[utoipa::path(get, path = "/v2/sessions/{id}/artifacts/{artifact}", tag = "files",
    params(("id" = SessionId, Path, description = "The session."), ("artifact" = ArtifactId, Path, description = "The artifact.")),
    responses((status = 200, description = "The bytes.", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "The part that was asked for.", content_type = "application/octet-stream", body = Vec<u8>)))]
async fn download_artifact(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    ArtifactParam(artifact): ArtifactParam,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let (artifact, open) = app.engine.artifact(&caller.principal, id, artifact).await?;
    Download { open, name: artifact.name, inline: false }.answer(&headers, &caller)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(list_artifacts)), Declared::needs(Scope::View, routes!(download_artifact))]
}
