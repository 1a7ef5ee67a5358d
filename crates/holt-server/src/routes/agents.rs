//! Agent definitions: listing, keeping and forgetting them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{AgentDefinition, AgentList, ListedAgent, Scope};
use holt_engine::KnownDefinition;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::AgentParam;
use crate::router::Declared;
use crate::state::App;

/// Lists the definitions of agents, those that come with Holt first.
#[utoipa::path(get, path = "/v2/agents", tag = "agents",
    responses((status = 200, description = "The definitions.", body = AgentList)))]
async fn list_agents(State(app): State<App>, caller: Caller) -> ApiResult<Json<AgentList>> {
    let known = app.engine.definitions(&caller.principal).await?;
    Ok(Json(AgentList { items: known.into_iter().map(listed).collect() }))
}

/// Defines an agent, for all sessions that are made from now on.
///
/// Sessions that are there keep the definition that they were made with.
#[utoipa::path(put, path = "/v2/agents/{name}", tag = "agents", params(("name" = String, Path, description = "The agent.")),
    request_body = AgentDefinition, responses((status = 200, description = "It is kept.", body = ListedAgent)))]
async fn keep_agent(
    State(app): State<App>,
    caller: Caller,
    AgentParam(name): AgentParam,
    JsonBody(definition): JsonBody<AgentDefinition>,
) -> ApiResult<Json<ListedAgent>> {
    let definition = AgentDefinition { name, ..definition };
    Ok(Json(listed(app.engine.keep_definition(&caller.principal, definition).await?)))
}

/// Forgets a definition that somebody kept. One of that name that comes with Holt is there again.
#[utoipa::path(delete, path = "/v2/agents/{name}", tag = "agents", params(("name" = String, Path, description = "The agent.")),
    responses((status = 204, description = "It is gone.")))]
async fn forget_agent(State(app): State<App>, caller: Caller, AgentParam(name): AgentParam) -> ApiResult<StatusCode> {
    app.engine.forget_definition(&caller.principal, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn listed(known: KnownDefinition) -> ListedAgent {
    ListedAgent { definition: known.definition, built_in: known.built_in }
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_agents)),
        Declared::needs(Scope::Admin, routes!(keep_agent)),
        Declared::needs(Scope::Admin, routes!(forget_agent)),
    ]
}
