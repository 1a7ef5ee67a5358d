//! Sessions out of sessions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{ForkFiles, ForkSession, Scope, SessionId, Snapshot, bounds};
use holt_engine::{self as engine, ForkPlace};
use utoipa_axum::routes;

use super::prompts::to_engine_prompt;
use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBodyOrDefault;
use crate::http::params::SessionParam;
use crate::router::Declared;
use crate::state::App;

/// Makes a session out of this one: its conversation up to an event, with the files as they were there.
///
/// The files are those of the newest snapshot up to that event; the fork's event `session_forked` says which. What was installed, what
/// the browser knows, what was handed out and what people allowed for this session stays here. This session goes on as it was. To have
/// a run done again from one of its steps, name the step and let the fork `go_on`.
#[utoipa::path(post, path = "/v2/sessions/{id}/fork", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")), request_body = ForkSession,
    responses((status = 201, description = "The new session.", body = Snapshot)))]
async fn fork_session(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBodyOrDefault(request): JsonBodyOrDefault<ForkSession>,
) -> ApiResult<(StatusCode, Json<Snapshot>)> {
    bounds::check_fork(&request)?;
    let forked = app.engine.fork(&caller.principal, id, to_engine(request)).await?;
    Ok((StatusCode::CREATED, Json(forked)))
}

fn to_engine(request: ForkSession) -> engine::ForkSession {
    engine::ForkSession {
        id: request.id,
        place: match (request.at, request.before_step) {
            (Some(at), _) => ForkPlace::At(at),
            (None, Some(step)) => ForkPlace::Before { run: request.run, step },
            (None, None) => ForkPlace::End,
        },
        files: match request.files {
            ForkFiles::Then => engine::ForkFiles::Then,
            ForkFiles::Now => engine::ForkFiles::Now,
            ForkFiles::None => engine::ForkFiles::None,
        },
        title: request.title,
        go_on: request.go_on,
        prompt: request.prompt.map(to_engine_prompt),
    }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::Operate, routes!(fork_session))]
}
