//! A session's desktop: watching it, who drives, and a port of its own for it.
//!
//! Whoever may see the session may watch. Input passes only from the place that holds control, and is refused here, whatever
//! the viewer believes.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use holt_api::{ClientId, ControlAction, ControlRequest, Flavour, OpenVnc, Scope, SessionId, Snapshot, VncAddress};
use holt_desktop::Desktop;
use holt_rfb::handshake::Security;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use crate::auth::site::{Authority, Host};
use crate::auth::{Caller, not_allowed};
use crate::error::{ApiError, ApiResult};
use crate::http::body::{JsonBody, JsonBodyOrDefault};
use crate::http::params::{Query, SessionParam};
use crate::router::Declared;
use crate::state::App;
use crate::streams::{Seat, Transport};
use crate::vnc;
use crate::vnc::upgrade::{Upgrade, Viewer};
use crate::watching::Watcher;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DesktopQuery {
    /// From where it is looked at: the id with which control is taken. Without it, this viewer only watches.
    client: Option<ClientId>,
}

/// Watches a session's desktop over a WebSocket that carries RFB, as noVNC speaks it.
///
/// The desktop is started when it does not run. A browser, which cannot send a key here, adds a ticket for this address.
#[utoipa::path(get, path = "/v2/sessions/{id}/desktop", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session."), DesktopQuery),
    responses((status = 101, description = "The socket; its binary frames are a stream of RFB.")))]
async fn watch_desktop(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    Query(query): Query<DesktopQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    // What is not there is not there, however it is asked for.
    app.engine.session(&caller.principal, id).await?;
    upgrade.wanted()?;
    let seat = app.streams.take(&caller.principal, Transport::Desktop)?;
    let desktop = app.desktops.open(&app.engine, &caller.principal, id).await?;
    let control = app.engine.watch_control(&caller.principal, id).await?;
    // A key that may only look drives nothing, wherever it says that it is.
    let client = query.client.filter(|_| caller.principal.may(Scope::Operate));
    let watcher = Watcher { engine: app.engine.clone(), session: id, client, control, by: caller.principal.name.clone() };
    upgrade.go_on(move |viewer| serve(app, caller, watcher, viewer, desktop, seat))
}

async fn serve(app: App, caller: Caller, watcher: Watcher, viewer: Viewer, desktop: Desktop, _seat: Seat) {
    let Ok(threads) = app.desktops.threads() else { return };
    let (mut from, mut to) = viewer.bytes();
    let Ok(rest) = holt_desktop::introduce(&mut from, &mut to, Security::None).await else { return };
    let (watching, _) = watcher.begin();
    let from = futures::stream::iter([rest]).chain(from);
    let ended = watching.serve(&threads, desktop, (from, to), caller.over(&app)).await;
    tracing::debug!(?ended, "a viewer has left");
}

/// The same, at the address where viewers of old look for it, beside the page `/vnc/{id}/vnc.html`.
#[utoipa::path(get, path = "/vnc/{id}/websockify", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session."), DesktopQuery),
    responses((status = 101, description = "The socket; its binary frames are a stream of RFB.")))]
async fn watch_desktop_as_vnc(
    app: State<App>,
    caller: Caller,
    session: SessionParam,
    query: Query<DesktopQuery>,
    upgrade: Upgrade,
) -> ApiResult<Response> {
    watch_desktop(app, caller, session, query, upgrade).await
}

/// A picture of a session's desktop, as its agent sees it.
///
/// The desktop is started when it does not run. While a person drives there is no picture.
#[utoipa::path(get, path = "/v2/sessions/{id}/screenshot", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session.")),
    responses((status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/jpeg")))]
async fn screenshot(State(app): State<App>, caller: Caller, SessionParam(id): SessionParam) -> ApiResult<Response> {
    let picture = app.engine.look(&caller.principal, id).await?;
    // Only a type that cannot be anything else: the bytes come from the sandbox.
    let media_type = if picture.media_type == "image/png" { "image/png" } else { "image/jpeg" };
    let headers = [(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, picture.bytes).into_response())
}

/// Takes the desktop, or gives it back.
///
/// While a person drives, the agent waits and its programs stand still, unless `programs` lets them run. Control belongs to
/// one `client`, an id that each tab or program makes up for itself; it stays through a reconnect, and ends when nothing
/// has been done from there for five minutes.
#[utoipa::path(post, path = "/v2/sessions/{id}/control", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session.")), request_body = ControlRequest,
    responses((status = 200, description = "The session; `control` says who drives.", body = Snapshot)))]
async fn move_control(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    JsonBody(request): JsonBody<ControlRequest>,
) -> ApiResult<Json<Snapshot>> {
    let ControlRequest { action, client, programs, seize } = request;
    let session = match action {
        ControlAction::Take => app.engine.take_control(&caller.principal, id, client, programs, seize).await?,
        ControlAction::Give => app.engine.return_control(&caller.principal, id, client).await?,
    };
    Ok(Json(session))
}

/// Opens a port at which this desktop alone is, for viewers that have no key.
///
/// `vnc_url` opens it in a browser, and `/websockify` there takes the same `token`, for as long as the session, this key and
/// the server last. Asked again, the address is the same. It is a secret; with `drive` its holder takes control with their
/// first key or button. Off unless `vnc.session_ports` is set; else the code is `vnc_ports_off`.
#[utoipa::path(post, path = "/v2/sessions/{id}/vnc", tag = "desktop",
    params(("id" = SessionId, Path, description = "The session.")), request_body = OpenVnc,
    responses((status = 200, description = "Where it is.", body = VncAddress)))]
async fn open_vnc(
    State(app): State<App>,
    caller: Caller,
    SessionParam(id): SessionParam,
    headers: HeaderMap,
    JsonBodyOrDefault(OpenVnc { drive }): JsonBodyOrDefault<OpenVnc>,
) -> ApiResult<Json<VncAddress>> {
    let session = app.engine.session(&caller.principal, id).await?;
    if drive && !caller.principal.may(Scope::Operate) {
        return Err(not_allowed(Scope::Operate));
    }
    let ports = app.vnc_ports.as_ref().ok_or_else(ports_are_off)?;
    if session.ended.is_some() || session.desktop.flavour == Flavour::None {
        return Err(no_desktop());
    }
    let by = caller.principal.clone();
    let (port, token) = ports.open(&app, caller.proved(), id, drive).await?;
    if vnc::close_if_over(&app, ports, &by, id).await {
        return Err(no_desktop());
    }
    let host = shown_host(ports.options().addresses.first(), &headers);
    let vnc_url = format!("http://{host}:{}{}?{}={token}", port.port, vnc::PAGE, vnc::TOKEN);
    Ok(Json(VncAddress { vnc_url, port: port.port, drive }))
}

/// By which name whoever asks reaches what listens there.
fn shown_host(listens: Option<&IpAddr>, headers: &HeaderMap) -> String {
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(Authority::parse);
    match (listens, asked.map(|asked| asked.host)) {
        (Some(IpAddr::V6(address)), _) if !address.is_unspecified() => format!("[{address}]"),
        (Some(address), _) if !address.is_unspecified() => address.to_string(),
        (_, Some(Host::Address(IpAddr::V6(address)))) => format!("[{address}]"),
        (_, Some(Host::Address(address))) => address.to_string(),
        (_, Some(Host::Name(name))) => name,
        (_, None) => "127.0.0.1".into(),
    }
}

fn ports_are_off() -> ApiError {
    let hint =
        "Set `vnc.session_ports`, such as \"6080-6200\", and start the server again; Holt's page shows desktops without it.";
    ApiError::new(StatusCode::CONFLICT, "vnc_ports_off", "desktops have no ports of their own on this server", hint)
}

fn no_desktop() -> ApiError {
    let hint = "Use one that goes on and that was made with a desktop.";
    ApiError::new(StatusCode::CONFLICT, "no_desktop", "this session has no desktop, or has ended", hint)
}

pub(crate) fn routes() -> Vec<Declared> {
    vec![
        Declared::needs(Scope::View, routes!(watch_desktop)),
        Declared::needs(Scope::View, routes!(watch_desktop_as_vnc)),
        Declared::needs(Scope::View, routes!(open_vnc)),
        Declared::needs(Scope::View, routes!(screenshot)),
        Declared::needs(Scope::Operate, routes!(move_control)),
    ]
}
