//! What the model sees of a long conversation: the summary that stands for its older part.

use axum::Json;
use axum::extract::State;
use holt_api::{Scope, SessionId, Snapshot};
use holt_core::event::ContextCompacted;
use holt_core::machine::Refusal;
use holt_engine::EngineError;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::params::SessionParam;
use crate::router::Declared;
use crate::state::App;

/// Shows the summary that stands for the older part of a conversation, and what is kept beside it.
///
/// The conversation itself is whole, at `events`.
#[utoipa::path(get, path = "/v2/sessions/{id}/compaction", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "What stands for it.", body = ContextCompacted)))]
async fn get_compaction(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
) -> ApiResult<Json<ContextCompacted>> {
    let found = app.engine.compaction(&caller.principal, id).await?;
    Ok(Json(found.ok_or(EngineError::Refused(Refusal::NotCompacted))?))
}

/// Has the older part of the conversation summed up: at the next step of the run, or at once.
///
/// An event `context_compacted` says when it is done. What people said is kept in their own words.
#[utoipa::path(post, path = "/v2/sessions/{id}/compaction", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn compact(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<Snapshot>> {
    Ok(Json(app.engine.compact(&caller.principal, id).await?))
}

/// Undoes the newest compaction that stands: the model sees the conversation itself again, as far as it holds it.
#[utoipa::path(delete, path = "/v2/sessions/{id}/compaction", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The session.", body = Snapshot)))]
async fn undo_compaction(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<Snapshot>> {
    Ok(Json(app.engine.undo_compaction(&caller.principal, id).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(get_compaction)),
        Declared::needs(Scope::Operate, routes!(compact)),
        Declared::needs(Scope::Operate, routes!(undo_compaction)),
    ]
}
