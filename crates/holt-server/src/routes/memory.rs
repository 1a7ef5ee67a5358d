//! What agents remember from session to session.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{ChangeFact, Fact, FactList, RememberFact, Scope, SessionId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::{JsonBody, JsonBodyOrDefault};
use crate::http::params::{FactParam, Query};
use crate::router::Declared;
use crate::state::App;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct FactParams {
    /// Only what counts, or waits to count, in this session's workspace.
    session: Option<SessionId>,
}

/// Lists your facts, oldest first.
///
/// What does not wait is told to the agents that it is about at the beginning of each run.
#[utoipa::path(get, path = "/v2/memory", tag = "memory", params(FactParams),
    responses((status = 200, description = "The facts.", body = FactList)))]
async fn list_facts(State(app): State<App>, caller: Caller, Query(query): Query<FactParams>) -> ApiResult<Json<FactList>> {
    Ok(Json(FactList { items: app.engine.facts(&caller.principal, query.session).await? }))
}

/// Writes a fact down, for one session's workspace or for everywhere.
///
/// One that stands there already is answered as it is. What is to hold everywhere waits until somebody with the scope `approve`
/// has agreed.
#[utoipa::path(post, path = "/v2/memory", tag = "memory", request_body = RememberFact,
    responses((status = 201, description = "It is kept.", body = Fact)))]
async fn remember_fact(
    State(app): State<App>,
    caller: Caller,
    JsonBody(wanted): JsonBody<RememberFact>,
) -> ApiResult<(StatusCode, Json<Fact>)> {
    let RememberFact { text, session } = wanted;
    let fact = app.engine.remember(&caller.principal, holt_engine::Remember { text, session }).await?;
    Ok((StatusCode::CREATED, Json(fact)))
}

/// Says a fact in other words, or agrees to one that waits.
#[utoipa::path(patch, path = "/v2/memory/{fact}", tag = "memory", params(("fact" = u64, Path, description = "Its number.")),
    request_body = ChangeFact, responses((status = 200, description = "It is kept.", body = Fact)))]
async fn change_fact(
    State(app): State<App>,
    caller: Caller,
    FactParam(fact): FactParam,
    JsonBodyOrDefault(change): JsonBodyOrDefault<ChangeFact>,
) -> ApiResult<Json<Fact>> {
    let change = holt_engine::ChangeFact { text: change.text };
    Ok(Json(app.engine.change_fact(&caller.principal, fact, change).await?))
}

/// Forgets a fact.
#[utoipa::path(delete, path = "/v2/memory/{fact}", tag = "memory", params(("fact" = u64, Path, description = "Its number.")),
    responses((status = 204, description = "It is gone.")))]
async fn forget_fact(State(app): State<App>, caller: Caller, FactParam(fact): FactParam) -> ApiResult<StatusCode> {
    app.engine.forget_fact(&caller.principal, fact).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_facts)),
        Declared::needs(Scope::Operate, routes!(remember_fact)),
        Declared::needs(Scope::Operate, routes!(change_fact)),
        Declared::needs(Scope::Operate, routes!(forget_fact)),
    ]
}
