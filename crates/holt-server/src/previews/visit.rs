//! Requests to origins of previews, taken away before anything of Holt sees them: whether they may pass, and by what they
//! are let in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::headers::{COOKIE, SECURE_COOKIE, our_cookies};
use super::origin::Place;
use super::pages::Why;
use super::{Preview, is_label, pass};
use crate::auth::{authority, is_upgrade};
use crate::listen::Peer;
use crate::state::App;

/// The ticket in the address of a preview.
pub(crate) const TICKET: &str = "holt_ticket";
const NOBODY: &str = "'none'";

/// Serves what is asked of a preview's origin; everything else goes on to Holt.
pub(crate) async fn divert(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_tcp = matches!(request.extensions().get::<Peer>(), Some(Peer::Tcp { .. }));
    let name = authority(&request).ok().filter(|_| is_tcp);
    let label =
        name.as_ref().and_then(|name| Place::label(&name.host, app.preview_domain.as_ref())).filter(|label| is_label(label));
    match label {
        Some(label) => match app.previews.find(label) {
            Some(preview) => visit(&app, preview, request).await,
            None => Why::Closed.answer(request.headers(), NOBODY),
        },
        None => next.run(request).await,
    }
}

async fn visit(app: &App, preview: Arc<Preview>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let frames = preview.frames();
    if is_foreign(&parts, &preview.origin()) {
        return Why::Foreign.answer(&parts.headers, &frames);
    }
    let (ticket, rest) = split(parts.uri.query().unwrap_or_default(), TICKET);
    let target = if rest.is_empty() { parts.uri.path().to_owned() } else { format!("{}?{rest}", parts.uri.path()) };
    if let Some(ticket) = ticket.filter(|_| parts.method == Method::GET) {
        return match preview.exchange(ticket) {
            Some(cookie) => welcome(&preview, &parts.headers, &cookie, &target),
            // A ticket that was used, in a browser that knows the preview: by going back, for example.
            None if is_known(&preview, &parts.headers) => see_other(&target),
            None => Why::Stranger.answer(&parts.headers, &frames),
        };
    }
    if !is_known(&preview, &parts.headers) {
        return Why::Stranger.answer(&parts.headers, &frames);
    }
    match target.parse() {
        Ok(uri) => parts.uri = uri,
        Err(_) => return Why::Broken.answer(&parts.headers, &frames),
    }
    pass::pass(app, preview, Request::from_parts(parts, body)).await
}

fn is_known(preview: &Preview, headers: &HeaderMap) -> bool {
    our_cookies(headers).any(|cookie| preview.knows(cookie))
}

/// Whether another site's page asks. It may link to what stands at `origin`, and Holt's page may frame it; nothing else.
pub(crate) fn is_foreign(parts: &Parts, origin: &str) -> bool {
    let header = |name: &str| parts.headers.get(name).map(HeaderValue::as_bytes);
    let looks = matches!(parts.method, Method::GET | Method::HEAD) && !is_upgrade(&parts.headers);
    let is_elsewhere = header("origin").is_some_and(|from| from != origin.as_bytes());
    let is_cross = header("sec-fetch-site").is_some_and(|site| !matches!(site, b"same-origin" | b"none"));
    let is_navigation = header("sec-fetch-mode").is_none_or(|mode| mode == b"navigate");
    (is_elsewhere && !looks) || (is_cross && !(looks && is_navigation))
}

/// Takes every ticket, or what else has this name, out of a query.
pub(crate) fn split<'a>(query: &'a str, name: &str) -> (Option<&'a str>, String) {
    let mut ticket = None;
    let rest: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            Some(value) => {
                ticket = ticket.or(Some(value));
                false
            }
            None => !pair.is_empty(),
        })
        .collect();
    (ticket, rest.join("&"))
}

/// Lets a browser in, and sends it to the address without the ticket.
fn welcome(preview: &Preview, headers: &HeaderMap, cookie: &str, target: &str) -> Response {
    let in_frame = headers.get("sec-fetch-dest").is_some_and(|to| to == "iframe");
    let name = if preview.place.tls { SECURE_COOKIE } else { COOKIE };
    // In a frame of Holt's page, which is another site, only such a cookie is kept, and only for frames of that page.
    let reach = match (in_frame, preview.place.tls) {
        (true, _) => "SameSite=None; Secure; Partitioned",
        (false, true) => "SameSite=Lax; Secure",
        (false, false) => "SameSite=Lax",
    };
    let mut response = see_other(target);
    if let Ok(cookie) = HeaderValue::try_from(format!("{name}={cookie}; Path=/; HttpOnly; {reach}")) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

pub(crate) fn see_other(target: &str) -> Response {
    // A path that begins with two slashes would lead to another host.
    let target = format!("/{}", target.trim_start_matches(['/', '\\']));
    let to = HeaderValue::try_from(target).unwrap_or(HeaderValue::from_static("/"));
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")];
    let mut response = (StatusCode::SEE_OTHER, headers).into_response();
    response.headers_mut().insert(header::LOCATION, to);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_taken_out_of_addresses_and_nothing_else_is() {
        assert_eq!(split("holt_ticket=a", TICKET), (Some("a"), String::new()));
        assert_eq!(split("x=1&holt_ticket=a&y=%26&holt_ticket=b", TICKET), (Some("a"), "x=1&y=%26".into()));
        assert_eq!(split("holt_tickets=a", TICKET), (None, "holt_tickets=a".into()));
        assert_eq!(split("", TICKET), (None, String::new()));
    }

    #[test]
    fn nobody_is_sent_to_another_host() {
        for (target, expected) in
            [("/a?b", "/a?b"), ("//evil.example/", "/evil.example/"), ("/\\evil.example", "/evil.example"), ("", "/")]
        {
            assert_eq!(see_other(target).headers()[header::LOCATION], expected);
        }
    }

    #[test]
    fn pages_of_other_sites_may_link_and_no_more() {
        let own = "http://abc.localhost:9090";
        let foreign = |method: Method, headers: &[(&'static str, &'static str)]| {
            let mut request = Request::builder().method(method);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            is_foreign(&request.body(axum::body::Body::empty()).unwrap().into_parts().0, own)
        };
        assert!(!foreign(Method::GET, &[]));
        assert!(!foreign(Method::POST, &[("origin", own), ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
        assert!(!foreign(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(foreign(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(foreign(Method::GET, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")]));
        assert!(foreign(Method::POST, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(foreign(Method::POST, &[("origin", "http://evil.example")]));
        assert!(foreign(Method::GET, &[("origin", "http://evil.example"), ("upgrade", "websocket")]));
    }
}
