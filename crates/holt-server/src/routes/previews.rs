//! Previews: opening what an agent serves, and closing it again.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use holt_api::{OpenPreview, Preview, PreviewList, Scope, SessionId};
use holt_core::machine::Refusal;
use holt_core::sandbox::SandboxError;
use holt_engine::EngineError;
use utoipa_axum::routes;

use crate::auth::site::Authority;
use crate::auth::{Caller, Client, authority};
use crate::error::{ApiError, ApiResult};
use crate::http::body::JsonBody;
use crate::http::params::{PreviewParam, SessionParam};
use crate::previews::{Place, Preview as Open, TICKET_PARAMETER};
use crate::router::Declared;
use crate::state::App;

/// From where previews are asked for: which origins can be had there, and whose page asks.
pub(crate) struct From {
    place: Place,
    page: Option<String>,
}

impl axum::extract::FromRequestParts<App> for From {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> ApiResult<Self> {
        let client = Client::of(parts);
        let request = Request::from_parts(parts.clone(), axum::body::Body::empty());
        // On the private socket there is no name: then it is that by which people find the page.
        let (name, tls) = match client.address {
            Some(_) => (authority(&request)?, client.tls),
            None => own_address(app).ok_or_else(no_address)?,
        };
        let place = Place::of(&name, tls, app.preview_domain.as_ref())?;
        let page = parts.headers.get("origin").and_then(|origin| origin.to_str().ok()).map(str::to_owned);
        Ok(Self { place, page: page.filter(|page| crate::auth::site::Origin::parse(page).is_some()) })
    }
}

fn own_address(app: &App) -> Option<(Authority, bool)> {
    let (scheme, rest) = app.address.get()?.split_once("://")?;
    Some((Authority::parse(rest)?, scheme == "https"))
}

fn no_address() -> ApiError {
    let message = "this server has no address at which a browser could open a preview";
    ApiError::new(StatusCode::CONFLICT, "preview_origin_missing", message, "Start it with `holt serve`.")
}

fn shown(preview: &Open) -> Preview {
    Preview {
        id: preview.label.clone(),
        session: preview.session,
        port: preview.port,
        origin: preview.origin(),
        opened_at: preview.opened_at,
        url: None,
        expires_at: None,
    }
}

/// Opens what serves on a port of the session's sandbox, on an origin of its own.
///
/// `url` lets one browser in, once and within a minute; that browser is known there from then on. Asked again for the same
/// port, the origin is the same. Nothing has to serve there yet. Where no such origin can be had the code is
/// `preview_origin_missing`: Holt has to be opened as localhost, or `preview_domain` to be set.
#[utoipa::path(post, path = "/v2/sessions/{id}/previews", tag = "previews",
    params(("id" = SessionId, Path, description = "The session.")), request_body = OpenPreview,
    responses((status = 201, description = "The preview.", body = Preview)))]
async fn open_preview(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    from: From,
    JsonBody(request): JsonBody<OpenPreview>,
) -> ApiResult<(StatusCode, Json<Preview>)> {
    app.engine.session(&caller.principal, id).await?;
    if request.port == 0 {
        return Err(ApiError::new(StatusCode::BAD_REQUEST, "bad_port", "0 is not a port", "Give one from 1 to 65535."));
    }
    let (preview, ticket, until) = app.previews.open(&app, caller.proved(), (id, request.port), from.place, from.page)?;
    let url = format!("{}/?{TICKET_PARAMETER}={ticket}", preview.origin());
    Ok((StatusCode::CREATED, Json(Preview { url: Some(url), expires_at: Some(until), ..shown(&preview) })))
}

/// Lists the open previews of a session, and the ports on which something serves in its sandbox.
#[utoipa::path(get, path = "/v2/sessions/{id}/previews", tag = "previews",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "Previews, and ports.", body = PreviewList)))]
async fn list_previews(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Json<PreviewList>> {
    let ports = match app.engine.ports(&caller.principal, id).await {
        Err(EngineError::Refused(Refusal::Closed) | EngineError::Sandbox(SandboxError::NotOpen)) => Vec::new(),
        found => found?,
    };
    let items = app.previews.of(&caller.proved(), id).iter().map(|preview| shown(preview)).collect();
    Ok(Json(PreviewList { ports, items }))
}

/// Closes a preview. What is under way through it ends, and every browser that was let in is not any more.
#[utoipa::path(delete, path = "/v2/sessions/{id}/previews/{preview}", tag = "previews",
    params(("id" = SessionId, Path, description = "The session."), ("preview" = String, Path, description = "The preview.")),
    responses((status = 204, description = "It is closed.")))]
async fn close_preview(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    PreviewParam(label): PreviewParam,
) -> ApiResult<StatusCode> {
    app.engine.session(&caller.principal, id).await?;
    let own = app.previews.of(&caller.proved(), id).into_iter().find(|preview| preview.label == label);
    let preview = own.ok_or_else(|| {
        let hint = "It may be closed already; list those that are open.";
        ApiError::new(StatusCode::NOT_FOUND, "preview_not_found", "there is no such preview", hint)
    })?;
    app.previews.close(&preview.label);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::Operate, routes!(open_preview)),
        Declared::needs(Scope::View, routes!(list_previews)),
        Declared::needs(Scope::Operate, routes!(close_preview)),
    ]
}
