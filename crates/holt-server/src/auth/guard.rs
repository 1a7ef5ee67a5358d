//! What stands before each route: who may use it, from which pages, and how long it may take.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holt_core::access::Scope;

use super::{Caller, Client, Who, not_allowed, prove};
use crate::error::{ApiError, ApiResult};
use crate::state::App;

/// Who may use a route. Every route has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody, and any page may link to it: it shows nothing that is not the same for everybody.
    Open,
    /// Anybody, but not from other sites' pages.
    Public,
    /// Whoever has this scope.
    Needs(Scope),
}

/// How long a route may take until its answer begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    Quick,
    /// As long as the client keeps sending.
    Unhurried,
}

#[derive(Debug, Clone)]
pub(crate) struct Guard {
    pub app: App,
    pub access: Access,
    pub pace: Pace,
}

pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let (who, request) = match enter(&guard, request).await {
        Ok(entered) => entered,
        Err(error) => return error.into_response(),
    };
    let answer = next.run(request);
    let mut response = match guard.pace {
        Pace::Unhurried => answer.await,
        Pace::Quick => match tokio::time::timeout(guard.app.timing.request, answer).await {
            Ok(response) => response,
            Err(_) => too_slow().into_response(),
        },
    };
    if let Some(who) = who {
        response.extensions_mut().insert(who);
    }
    response
}

async fn enter(guard: &Guard, request: Request) -> ApiResult<(Option<Who>, Request)> {
    let (mut parts, body) = request.into_parts();
    if guard.access != Access::Open {
        check_site(&parts.headers, Client::of(&parts))?;
    }
    let Access::Needs(scope) = guard.access else { return Ok((None, Request::from_parts(parts, body))) };
    let proved = prove(&guard.app, &parts).await?;
    if !proved.principal.may(scope) {
        return Err(not_allowed(scope));
    }
    let who = Who(proved.principal.name.clone());
    parts.extensions.insert(Caller { principal: proved.principal, lease: proved.lease });
    Ok((Some(who), Request::from_parts(parts, body)))
}

/// A browser says by itself whether a page of ours asks. Programs say nothing.
fn check_site(headers: &HeaderMap, client: Client) -> ApiResult<()> {
    let Some(site) = headers.get("sec-fetch-site") else { return Ok(()) };
    if client.address.is_none() || client.guest || matches!(site.as_bytes(), b"same-origin" | b"none") {
        return Ok(());
    }
    let message = "a page of another site may not use this server";
    let hint = "Open Holt's own page; what stands elsewhere can link to it but not act through it.";
    Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_site", message, hint))
}

fn too_slow() -> ApiError {
    let message = "the server did not manage it in time";
    let hint = "Try again; `/ready` says whether something is wrong.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_slow", message, hint).retry_after(5)
}
