//! What sessions may use, and what they have.

use axum::Json;
use axum::extract::State;
use holt_api::{BudgetList, Scope, SessionId, SetBudget, Snapshot};
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::SessionParam;
use crate::router::Declared;
use crate::state::App;

/// Lists the budgets that hold for a session, and what is spent of each.
///
/// The first that is reached stops its run: the run's own, the session's, and those that it shares with the other sessions of its key
/// and with everything on this server. A day begins at midnight UTC.
#[utoipa::path(get, path = "/v2/sessions/{id}/budgets", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The budgets.", body = BudgetList)))]
async fn list_budgets(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<BudgetList>> {
    Ok(Json(BudgetList { items: app.engine.budgets(&caller.principal, id).await? }))
}

/// Changes what a session may use from now on.
///
/// What its key gives it holds all the same. A run that has used more already stops.
#[utoipa::path(put, path = "/v2/sessions/{id}/budgets", tag = "sessions",
    params(("id" = SessionId, Path, description = "The session.")),
    request_body = SetBudget, responses((status = 200, description = "The session.", body = Snapshot)))]
async fn set_budgets(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<SetBudget>,
) -> ApiResult<Json<Snapshot>> {
    let SetBudget { budget, session_budget } = request;
    Ok(Json(app.engine.set_budget(&caller.principal, id, budget, session_budget).await?))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(list_budgets)), Declared::needs(Scope::Approve, routes!(set_budgets))]
}
