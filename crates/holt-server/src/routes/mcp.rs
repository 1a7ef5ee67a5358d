//! Holt as an MCP server, for other agents.

use axum::extract::{Request, State};
use axum::response::Response;
use holt_api::Scope;
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::router::Declared;
use crate::state::App;

/// Speaks the Model Context Protocol, as streamable HTTP without sessions of its own.
///
/// Its tools make sessions, send prompts and wait for them, read and write files, and take pictures of desktops. A key that
/// may only look is offered those that only look; none answers questions, makes keys or reaches the host.
#[utoipa::path(post, path = "/mcp", tag = "server",
    request_body(content = serde_json::Value, content_type = "application/json", description = "A message of the protocol."),
    responses((status = 200, description = "The answer, as JSON or as a stream of events.", body = serde_json::Value),
        (status = 202, description = "A notification was taken.")))]
async fn mcp(app: State<App>, caller: Caller, request: Request) -> ApiResult<Response> {
    crate::mcp::serve(app, caller, request).await
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![Declared::needs(Scope::View, routes!(mcp)).unhurried()]
}
