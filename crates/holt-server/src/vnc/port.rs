//! What stands at the port of a session: the page with its desktop, the socket that the page opens, and nothing else.
//!
//! The page's files are everybody's, as on the main port. The page itself and the socket need the capability: in the address,
//! which the page exchanges for a cookie at once, or as that cookie. Cookies ignore ports, so it is named after the session
//! and sent to these two addresses alone. Queries are not logged.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::StreamExt as _;
use holt_api::SessionId;
use holt_desktop::{Desktop, introduce};
use holt_rfb::handshake::Security;
use tokio::time::{Duration, timeout};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use super::ports::{Guest, Port};
use super::show::show;
use super::upgrade::{Upgrade, Viewer};
use super::usual;
use crate::auth::authority;
use crate::error::ApiError;
use crate::http::accept::wants_page;
use crate::http::cookies::cookies;
use crate::http::envelope::panicked;
use crate::http::headers::secure;
use crate::listen::Peer;
use crate::previews::{SMALL_PAGE_POLICY, SMALL_PAGE_STYLE, is_foreign, see_other, split};
use crate::state::App;
use crate::streams::{Seat, Transport};

/// The capability in an address.
pub(crate) const TOKEN: &str = "token";
pub(crate) const PAGE: &str = "/vnc.html";
const SOCKET: &str = "/websockify";
/// For a viewer to say which version it speaks.
const INTRODUCTION: Duration = Duration::from_secs(10);

type Here = (App, Arc<Port>);

pub(super) fn routes(app: &App, port: &Arc<Port>) -> Router {
    let here = (app.clone(), Arc::clone(port));
    Router::new().fallback(answer).layer(CatchPanicLayer::custom(panicked)).with_state(here)
}

async fn answer(State((app, port)): State<Here>, request: Request) -> Response {
    let asked = request.headers().clone();
    let mut response = serve(&app, &port, request).await.unwrap_or_else(|why| why.answer(&asked));
    secure(response.headers_mut());
    response
}

async fn serve(app: &App, port: &Port, request: Request) -> Result<Response, Why> {
    let origin = own_origin(app, port, &request).ok_or(Why::Misdirected)?;
    let (mut parts, _) = request.into_parts();
    if is_foreign(&parts, &origin) {
        return Err(Why::Foreign);
    }
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return Err(Why::Nothing);
    }
    match parts.uri.path() {
        PAGE => page(app, port, &parts),
        SOCKET => socket(app, port, &mut parts).await,
        "/index.html" => Err(Why::Nothing),
        path => app.page.file(path.trim_start_matches('/'), &parts.headers).ok_or(Why::Nothing),
    }
}

/// The origin by which it was asked, if that is this port's: `http://127.0.0.1:6080`.
fn own_origin(app: &App, port: &Port, request: &Request) -> Option<String> {
    let Some(Peer::Tcp { local, .. }) = request.extensions().get::<Peer>() else { return None };
    let name = authority(request).ok()?;
    let is_own = name.port == Some(port.port) && app.site.knows(&name, *local);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    host.filter(|_| is_own).map(|host| format!("http://{}", host.to_ascii_lowercase()))
}

/// The page, for whoever is known; whoever shows the capability is known from then on.
fn page(app: &App, port: &Port, parts: &Parts) -> Result<Response, Why> {
    let (token, rest) = split(parts.uri.query().unwrap_or_default(), TOKEN);
    let is_known = by_cookie(port, &parts.headers).is_some();
    match token.map(|token| port.exchange(token)) {
        // Programs that ask whether it is there do not follow.
        Some(Some(cookie)) if parts.method == Method::HEAD => {
            Ok(with_cookies(app.page.index(&parts.headers), port.session, &cookie))
        }
        Some(Some(cookie)) => Ok(with_cookies(see_other(&target(&rest)), port.session, &cookie)),
        // One that is over, in a browser that knows another.
        Some(None) if is_known => Ok(see_other(&target(&rest))),
        Some(None) => Err(Why::Wrong),
        None if is_known => Ok(app.page.index(&parts.headers)),
        None => Err(Why::Stranger),
    }
}

fn target(query: &str) -> String {
    if query.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?{query}") }
}

async fn socket(app: &App, port: &Port, parts: &mut Parts) -> Result<Response, Why> {
    let (token, _) = split(parts.uri.query().unwrap_or_default(), TOKEN);
    let guest = match token {
        Some(token) => port.by_token(token).ok_or(Why::Wrong)?,
        None => by_cookie(port, &parts.headers).ok_or(Why::Stranger)?,
    };
    let upgrade = Upgrade::of(parts);
    upgrade.wanted().map_err(|_| Why::NoSocket)?;
    let seat = app.streams.take(&guest.by.principal, Transport::Desktop)?;
    let opened = usual::open(app, &guest.by.principal, port.session).await?;
    let visit = Visit { app: app.clone(), guest, opened, over: port.over.clone(), _seat: seat };
    Ok(upgrade.go_on(move |viewer| visit.run(viewer))?)
}

/// One viewer, as long as it is there.
struct Visit {
    app: App,
    guest: Guest,
    opened: (SessionId, Desktop),
    over: CancellationToken,
    _seat: Seat,
}

impl Visit {
    async fn run(self, viewer: Viewer) {
        let Self { app, guest, opened, over, _seat } = self;
        let lease = guest.by.lease;
        // The port is over when the server ends, too.
        let over = async move {
            tokio::select! {
                () = lease.ended() => {}
                () = over.cancelled() => {}
            }
        };
        let (mut from, mut to) = viewer.bytes();
        let mut over = Box::pin(over);
        let introduced = tokio::select! {
            introduced = timeout(INTRODUCTION, introduce(&mut from, &mut to, Security::None)) => introduced,
            () = &mut over => return,
        };
        let Ok(Ok(rest)) = introduced else { return };
        let from = futures::stream::iter([rest]).chain(from);
        if let Err(error) = show(&app, &guest.by.principal, opened, guest.drives, (from, to), over).await {
            tracing::debug!(code = %error.code, error = error.message, "a viewer finds no desktop");
        }
    }
}

fn cookie_name(session: SessionId) -> String {
    format!("holt_vnc_{session}")
}

fn by_cookie(port: &Port, headers: &HeaderMap) -> Option<Guest> {
    let name = cookie_name(port.session);
    cookies(headers).filter(|(known, _)| *known == name).find_map(|(_, cookie)| port.by_cookie(cookie))
}

fn with_cookies(mut response: Response, session: SessionId, cookie: &str) -> Response {
    let name = cookie_name(session);
    for path in [PAGE, SOCKET] {
        let text = format!("{name}={cookie}; Path={path}; HttpOnly; SameSite=Lax");
        if let Ok(value) = HeaderValue::try_from(text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

/// Why there is nothing to show.
enum Why {
    /// It was sent to a name that is not this port's.
    Misdirected,
    Foreign,
    Stranger,
    Wrong,
    NoSocket,
    Nothing,
    Failed(ApiError),
}

impl From<ApiError> for Why {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

impl Why {
    fn error(self) -> ApiError {
        let own = "Ask for this desktop's address: it stands in the details of its session in Holt's page, and \
                   `POST /v2/sessions/{id}/vnc` answers with it as `vnc_url`.";
        let say = |status, code, message, hint| ApiError::new(status, code, message, hint);
        match self {
            Self::Misdirected => {
                let message = "the request was sent to a name that is not this server's";
                let hint = "Use localhost or the address, or name the host in `allowed_hosts`.";
                say(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message, hint)
            }
            Self::Foreign => {
                let hint = "Open the desktop's own page.";
                say(StatusCode::FORBIDDEN, "foreign_origin", "a page from elsewhere may not use this desktop", hint)
            }
            Self::Stranger => say(StatusCode::UNAUTHORIZED, "no_credentials", "this desktop needs its own address", own),
            Self::Wrong => say(StatusCode::FORBIDDEN, "bad_credentials", "this address opens no desktop any more", own),
            Self::NoSocket => {
                let hint = "Open `/vnc.html` in a browser, or connect with a WebSocket.";
                say(StatusCode::UPGRADE_REQUIRED, "upgrade_required", "this address takes WebSocket connections only", hint)
            }
            Self::Nothing => {
                let hint = "The desktop is at `/vnc.html`.";
                say(StatusCode::NOT_FOUND, "route_not_found", "there is nothing at this address", hint)
            }
            Self::Failed(error) => error,
        }
    }

    /// A page for whoever wants one, else a line.
    fn answer(self, asked: &HeaderMap) -> Response {
        // What a session says may be in the words of what failed; that is never a page.
        let may_be_page = !matches!(self, Self::Failed(_));
        let ApiError { status, code, message, hint, .. } = self.error();
        let (kind, text) = if may_be_page && wants_page(asked) {
            let page = format!(
                "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
                 <title>Holt</title><style>{SMALL_PAGE_STYLE}</style><h1>{message}</h1><p>{hint}</p><code>{code}</code></html>"
            );
            ("text/html; charset=utf-8", page)
        } else {
            ("text/plain; charset=utf-8", format!("{message}. {hint} ({code})\n"))
        };
        let mut response = (status, [(header::CONTENT_TYPE, kind)], Body::from(text)).into_response();
        if let Ok(policy) = HeaderValue::try_from(format!("{SMALL_PAGE_POLICY}'none'")) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}
