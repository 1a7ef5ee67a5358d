//! Where sessions may go, and the questions about it.

use axum::Json;
use axum::extract::State;
use holt_api::{HostAnswer, NetworkRequest, Scope, SessionId, Snapshot};
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::{QuestionParam, SessionParam};
use crate::router::Declared;
use crate::state::App;

/// Changes where a session may go.
///
/// It holds from now on, also for connections that are open. Questions that it has an answer to are answered by it.
#[utoipa::path(put, path = "/v2/sessions/{id}/network", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = NetworkRequest, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn set_network(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<NetworkRequest>,
) -> ApiResult<Json<Snapshot>> {
    Ok(Json(app.engine.set_network(&caller.principal, id, request.network, request.hosts).await?))
}

/// Answers a question about a host that something in the sandbox waits to reach.
#[utoipa::path(post, path = "/v2/sessions/{id}/hosts/{question}", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session."),
        ("question" = u64, Path, description = "The question's number; the snapshot's `host_questions` has it.")),
    request_body = HostAnswer, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn answer_host(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    QuestionParam(question): QuestionParam,
    JsonBody(answer): JsonBody<HostAnswer>,
) -> ApiResult<Json<Snapshot>> {
    Ok(Json(app.engine.answer_host(&caller.principal, id, question, answer.allow, answer.lasting).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::Approve, routes!(set_network)), Declared::needs(Scope::Approve, routes!(answer_host))]
}
