//! Searching what was said in all sessions.

use axum::Json;
use axum::extract::State;
use holt_api::bounds::{Invalid, MAX_SEARCH_CHARS};
use holt_api::{Scope, SearchResults};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::params::Query;
use crate::router::Declared;
use crate::state::App;

const DEFAULT_LIMIT: usize = 30;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SearchParams {
    /// Words that all have to be there, each from its beginning.
    q: String,
    /// 1 to 100.
    limit: Option<usize>,
}

/// Searches what people and agents have said in all sessions that the caller sees, newest first.
///
/// Prompts, the agents' words, titles and the names of what was handed out are searched; what came in the last moment may be
/// missing.
#[utoipa::path(get, path = "/v2/search", tag = "sessions", params(SearchParams),
    responses((status = 200, description = "What was found.", body = SearchResults)))]
async fn search(State(app): State<App>, caller: Caller, Query(query): Query<SearchParams>) -> ApiResult<Json<SearchResults>> {
    let SearchParams { q, limit } = query;
    if q.trim().is_empty() || q.chars().count() > MAX_SEARCH_CHARS {
        let message = format!("`q` has 1 to {MAX_SEARCH_CHARS} characters");
        return Err(Invalid::new("bad_query", message, "Say the words that you look for as `q`.").into());
    }
    let items = app.engine.search(&caller.principal, q, limit.unwrap_or(DEFAULT_LIMIT)).await?;
    Ok(Json(SearchResults { items }))
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(search))]
}
