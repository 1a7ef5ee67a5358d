//! Before anything else: was this request sent to us, and by a page that may send it.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use holt_api::bounds::shown;

use super::ShownTicket;
use super::site::{Authority, Page};
use super::ticket::split_query;
use crate::error::{ApiError, ApiResult};
use crate::listen::Peer;
use crate::state::App;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static("Content-Type, Authorization, X-API-Key, Last-Event-ID");

/// From where a request comes, proxies that are trusted looked through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// Absent on the private socket.
    pub address: Option<IpAddr>,
    /// The client's side of the connection is encrypted.
    pub tls: bool,
    /// A page elsewhere asks, whose origin was configured.
    pub guest: bool,
}

impl Client {
    /// What `gate` found. Without it, as for a stranger.
    pub fn of(parts: &Parts) -> Self {
        let stranger = Self { address: Some(IpAddr::from([0, 0, 0, 0])), tls: false, guest: false };
        parts.extensions.get::<Self>().copied().unwrap_or(stranger)
    }

    fn new(app: &App, peer: &Peer, headers: &HeaderMap) -> Self {
        let Peer::Tcp { address, tls, .. } = *peer else { return Self { address: None, tls: false, guest: false } };
        if !app.trusted_proxies.contains(&address.to_canonical()) {
            return Self { address: Some(address), tls, guest: false };
        }
        let text = |name: &str| headers.get_all(name).iter().next_back().and_then(|value| value.to_str().ok());
        let forwarded = text("x-forwarded-for").and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
        let secure = text("x-forwarded-proto").is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
        Self { address: Some(forwarded.unwrap_or(address)), tls: tls || secure, guest: false }
    }
}

pub(crate) async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().cloned().unwrap_or(Peer::NOBODY);
    let mut client = Client::new(&app, &peer, request.headers());
    let page = match &peer {
        Peer::Unix => Page::Own,
        Peer::Tcp { local, .. } => match look(&app, &request, *local, client.tls) {
            Ok(page) => page,
            Err(error) => return error.into_response(),
        },
    };
    client.guest = page == Page::Guest;
    let origin = client.guest.then(|| request.headers().get(header::ORIGIN).cloned()).flatten();
    if request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        return welcome(StatusCode::NO_CONTENT.into_response(), origin.as_ref());
    }
    take_ticket(&mut request);
    request.extensions_mut().insert(client);
    welcome(next.run(request).await, origin.as_ref())
}

/// Checks the name that the request was sent to and the page that sent it.
fn look(app: &App, request: &Request, local: IpAddr, tls: bool) -> ApiResult<Page> {
    let authority = authority(request)?;
    if !app.site.knows(&authority, local) {
        let message = "the request was sent to a name that is not this server's";
        let hint = "Use localhost or the address, or name the host in `public_url` or `allowed_hosts`.";
        return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "unknown_host", message, hint));
    }
    let Some(origin) = request.headers().get(header::ORIGIN) else { return Ok(Page::Own) };
    let page = app.site.page(origin.to_str().unwrap_or_default(), &authority, tls);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if page == Page::Foreign && (changes || is_upgrade(request.headers())) {
        let origin = shown(&String::from_utf8_lossy(origin.as_bytes()));
        let message = format!("a page from `{origin}` may not use this server");
        let hint = "Open Holt's own page, or name the origin in `cors_origins`.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message, hint));
    }
    Ok(page)
}

pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE) || headers.contains_key(header::SEC_WEBSOCKET_KEY)
}

/// The one name that the request was sent to. Two that differ are a trick.
pub(crate) fn authority(request: &Request) -> ApiResult<Authority> {
    let mut names = request.headers().get_all(header::HOST).iter();
    let (named, second) = (names.next().map(|value| value.to_str().unwrap_or_default()), names.next());
    let target = request.uri().authority().map(|authority| authority.as_str());
    let differ = matches!((named, target), (Some(one), Some(other)) if !one.eq_ignore_ascii_case(other));
    let name = target.or(named).filter(|_| second.is_none() && !differ);
    name.and_then(Authority::parse).ok_or_else(|| {
        let message = "the request does not say, or says in two ways, to whom it was sent";
        ApiError::new(StatusCode::BAD_REQUEST, "bad_host", message, "Send exactly one `Host` header.")
    })
}

/// Takes a ticket out of the query, so that nothing after this sees or logs it.
fn take_ticket(request: &mut Request) {
    let uri = request.uri();
    let Some(query) = uri.query() else { return };
    let (Some(ticket), rest) = split_query(query) else { return };
    let target = if rest.is_empty() { uri.path().to_owned() } else { format!("{}?{rest}", uri.path()) };
    let ticket = ShownTicket { ticket: ticket.to_owned(), target: target.clone() };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.parse::<PathAndQuery>().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(ticket);
}

/// Lets the page of a configured origin read the answer. Nobody else's page may.
fn welcome(mut response: Response, origin: Option<&HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let Some(origin) = origin else { return response };
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("X-Request-Id, Content-Disposition, Retry-After"),
    );
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
    response
}
