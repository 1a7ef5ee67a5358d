//! Terminals in a session's sandbox: real ones, that people type in.

mod socket;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use holt_api::{ChangeTerminal, OpenTerminal, Scope, SessionId, Terminal, TerminalId, TerminalList, TerminalSize, bounds};
use utoipa_axum::routes;

use crate::auth::Caller;
use crate::error::ApiResult;
use crate::http::body::JsonBody;
use crate::http::params::{SessionParam, TerminalParam};
use crate::router::Declared;
use crate::state::App;

/// Lists a session's terminals: those that the caller opened, and those that are shared.
#[utoipa::path(get, path = "/v2/sessions/{id}/terminals", tag = "terminals",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The terminals, oldest first.", body = TerminalList)))]
async fn list_terminals(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<TerminalList>> {
    Ok(Json(TerminalList { items: app.engine.terminals(&caller.principal, id).await? }))
}

/// Opens a terminal. A session that sleeps is woken.
///
/// A session has at most eight. Private unless `shared`: only the key that opens it sees it. It stays when nobody looks at
/// it, and ends with its program, when it is closed, or with the sandbox. A terminal that somebody watches keeps the session
/// awake; one that nobody watches does so for `keep_awake_seconds`, like any program that was left running.
#[utoipa::path(post, path = "/v2/sessions/{id}/terminals", tag = "terminals",
    params(("id" = SessionId, Path, description = "The session.")), request_body = OpenTerminal,
    responses((status = 201, description = "The terminal.", body = Terminal)))]
async fn open_terminal(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<OpenTerminal>,
) -> ApiResult<(StatusCode, Json<Terminal>)> {
    bounds::check_open_terminal(&request)?;
    let OpenTerminal { rows, cols, command, shared, title } = request;
    let open = holt_engine::OpenTerminal { size: TerminalSize { rows, cols }, command, shared, title };
    Ok((StatusCode::CREATED, Json(app.engine.open_terminal(&caller.principal, id, open).await?)))
}

/// Renames a terminal, or shares it.
#[utoipa::path(patch, path = "/v2/sessions/{id}/terminals/{terminal}", tag = "terminals",
    params(("id" = SessionId, Path, description = "The session."), ("terminal" = TerminalId, Path, description = "The terminal.")),
    request_body = ChangeTerminal,
    responses((status = 200, description = "The terminal.", body = Terminal)))]
async fn change_terminal(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    TerminalParam(terminal): TerminalParam,
    JsonBody(request): JsonBody<ChangeTerminal>,
) -> ApiResult<Json<Terminal>> {
    bounds::check_change_terminal(&request)?;
    let ChangeTerminal { title, shared } = request;
    let change = holt_engine::ChangeTerminal { title, shared };
    let changed = app.engine.change_terminal(&caller.principal, id, terminal, change).await?;
    app.terminals.changed(&changed);
    Ok(Json(changed))
}

/// Closes a terminal: hangs it up, and ends what runs on it.
#[utoipa::path(delete, path = "/v2/sessions/{id}/terminals/{terminal}", tag = "terminals",
    params(("id" = SessionId, Path, description = "The session."), ("terminal" = TerminalId, Path, description = "The terminal.")),
    responses((status = 204, description = "It is closed.")))]
async fn close_terminal(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    TerminalParam(terminal): TerminalParam,
) -> ApiResult<StatusCode> {
    app.engine.close_terminal(&caller.principal, id, terminal).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(list_terminals)),
        Declared::needs(Scope::Operate, routes!(open_terminal)),
        Declared::needs(Scope::Operate, routes!(change_terminal)),
        Declared::needs(Scope::Operate, routes!(close_terminal)),
        Declared::needs(Scope::View, routes!(socket::watch_terminal)),
    ]
}
