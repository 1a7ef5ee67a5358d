//! Outside servers of tools (MCP), and what may be used of them.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use holt_api::{AgreeToolServer, KeepSecret, PutToolServer, Scope, SwitchToolServer, TestedServer, ToolServerList};
use holt_core::elsewhere::ToolServerError;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::router::Declared;
use crate::state::App;

impl From<ToolServerError> for ApiError {
    fn from(error: ToolServerError) -> Self {
        let (status, code, hint) = match &error {
            ToolServerError::Unknown(_) => (StatusCode::NOT_FOUND, "tool_server_not_found", "`holt mcp ls` lists them."),
            ToolServerError::Refused(_) => {
                (StatusCode::BAD_REQUEST, "bad_tool_server", "Give it as it would stand in an mcp.json.")
            }
            ToolServerError::Other(_) => {
                (StatusCode::CONFLICT, "tool_server_changed", "Test it again, and look at what it says now.")
            }
            ToolServerError::Unusable { .. } => {
                (StatusCode::BAD_GATEWAY, "tool_server_unusable", "Look at its command, its package and its secrets.")
            }
            ToolServerError::Storage(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "tool_servers_unavailable",
                "Look at the data directory's disk and permissions.",
            ),
        };
        Self::new(status, code, error.to_string(), hint)
    }
}

/// Lists the servers whose tools agents may be offered.
///
/// Those of the file `mcp.json` in the data directory. A server is offered once it is on and somebody has agreed to what it says
/// of itself.
#[utoipa::path(get, path = "/v2/mcp", tag = "tools", responses((status = 200, description = "The servers.", body = ToolServerList)))]
async fn list_tool_servers(State(app): State<App>) -> ApiResult<Json<ToolServerList>> {
    Ok(Json(app.tool_servers.list().await?))
}

/// Names a server, in place of one of that name.
#[utoipa::path(put, path = "/v2/mcp/{server}", tag = "tools", params(("server" = String, Path, description = "The server's name.")),
    request_body = PutToolServer, responses((status = 204, description = "It stands in the file.")))]
async fn put_tool_server(
    State(app): State<App>,
    Path(server): Path<String>,
    JsonBody(request): JsonBody<PutToolServer>,
) -> ApiResult<StatusCode> {
    app.tool_servers.put(&server, request.entry).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a server, what was agreed to, and its secrets.
#[utoipa::path(delete, path = "/v2/mcp/{server}", tag = "tools",
    params(("server" = String, Path, description = "The server's name.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove_tool_server(State(app): State<App>, Path(server): Path<String>) -> ApiResult<StatusCode> {
    app.tool_servers.remove(&server).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gets the package that a server's program is in, so that sessions without network can start it.
#[utoipa::path(post, path = "/v2/mcp/{server}/fetch", tag = "tools",
    params(("server" = String, Path, description = "The server's name.")),
    responses((status = 204, description = "It is here.")))]
async fn fetch_tool_server(State(app): State<App>, Path(server): Path<String>) -> ApiResult<StatusCode> {
    app.tool_servers.fetch(&server).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts a server in a sandbox of its own, and shows what it says that it can do.
#[utoipa::path(post, path = "/v2/mcp/{server}/test", tag = "tools",
    params(("server" = String, Path, description = "The server's name.")),
    responses((status = 200, description = "In its own words.", body = TestedServer)))]
async fn test_tool_server(State(app): State<App>, Path(server): Path<String>) -> ApiResult<Json<TestedServer>> {
    Ok(Json(app.tool_servers.test(&server).await?))
}

/// Agrees to what the last test has shown, and offers it to sessions.
///
/// A tool that its server later describes in other words is not called before somebody has agreed again.
#[utoipa::path(post, path = "/v2/mcp/{server}/agree", tag = "tools",
    params(("server" = String, Path, description = "The server's name.")), request_body = AgreeToolServer,
    responses((status = 204, description = "Its tools are offered from the next run on.")))]
async fn agree_tool_server(
    State(app): State<App>,
    Path(server): Path<String>,
    JsonBody(request): JsonBody<AgreeToolServer>,
) -> ApiResult<StatusCode> {
    app.tool_servers.agree(&server, &request.fingerprint).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers a server to sessions, or not any more.
#[utoipa::path(post, path = "/v2/mcp/{server}/switch", tag = "tools",
    params(("server" = String, Path, description = "The server's name.")), request_body = SwitchToolServer,
    responses((status = 204, description = "So it is.")))]
async fn switch_tool_server(
    State(app): State<App>,
    Path(server): Path<String>,
    JsonBody(request): JsonBody<SwitchToolServer>,
) -> ApiResult<StatusCode> {
    app.tool_servers.switch(&server, request.on).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a secret that a server needs. It is never shown again.
#[utoipa::path(put, path = "/v2/mcp/{server}/secrets/{secret}", tag = "tools",
    params(("server" = String, Path, description = "The server's name."),
        ("secret" = String, Path, description = "The secret's name, as the file has it.")),
    request_body = KeepSecret, responses((status = 204, description = "It is kept.")))]
async fn keep_tool_server_secret(
    State(app): State<App>,
    Path((server, secret)): Path<(String, String)>,
    JsonBody(request): JsonBody<KeepSecret>,
) -> ApiResult<StatusCode> {
    app.tool_servers.keep_secret(&server, &secret, request.secret).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Admin, routes!(list_tool_servers)),
        Declared::needs(Scope::Admin, routes!(put_tool_server)),
        Declared::needs(Scope::Admin, routes!(remove_tool_server)),
        Declared::needs(Scope::Admin, routes!(fetch_tool_server)).unhurried(),
        Declared::needs(Scope::Admin, routes!(test_tool_server)).unhurried(),
        Declared::needs(Scope::Admin, routes!(agree_tool_server)),
        Declared::needs(Scope::Admin, routes!(switch_tool_server)),
        Declared::needs(Scope::Admin, routes!(keep_tool_server_secret)),
    ]
}
