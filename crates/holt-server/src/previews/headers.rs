//! What is taken out of requests on their way in, and out of answers on their way out.
//!
//! Inside nothing is learned of Holt: not its cookie, its tickets, anybody's key, or where a request came from. What serves
//! there believes that it is asked as `localhost`, as it is by programs inside. And no answer reaches beyond its own origin.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::cookies::cookies;

/// The cookie by which a browser is known. The longer name is for TLS: browsers then keep it to this host themselves.
pub(super) const COOKIE: &str = "holt_preview";
pub(super) const SECURE_COOKIE: &str = "__Host-holt_preview";

/// What one hop says to the next.
const OF_ONE_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
];
const NOT_IN: [&str; 4] = ["authorization", "x-api-key", "forwarded", "via"];
/// These reach beyond the origin, or say who may frame it, which is said here.
const NOT_OUT: [&str; 5] = ["strict-transport-security", "alt-svc", "public-key-pins", "x-frame-options", "origin-agent-cluster"];

/// Makes a request's headers fit for what serves inside on this port. `upgrade` is kept for whoever asks for one.
pub(super) fn inward(headers: &mut HeaderMap, origin: &str, port: u16, upgrade: bool) {
    let wanted = headers.get(header::UPGRADE).cloned().filter(|_| upgrade);
    drop_hop(headers);
    for name in NOT_IN {
        headers.remove(name);
    }
    let forwarded = |name: &HeaderName| name.as_str().starts_with("x-forwarded-") || name.as_str() == "x-real-ip";
    let names: Vec<HeaderName> = headers.keys().filter(|name| forwarded(name)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
    without_our_cookie(headers);
    let here = format!("http://localhost:{port}");
    translate(headers, header::ORIGIN, origin, &here);
    translate(headers, header::REFERER, origin, &here);
    if let Ok(host) = HeaderValue::from_str(&format!("localhost:{port}")) {
        headers.insert(header::HOST, host);
    }
    if let Some(wanted) = wanted {
        headers.insert(header::UPGRADE, wanted);
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
}

/// Makes an answer's headers fit for the browser.
pub(super) fn outward(headers: &mut HeaderMap, frames: &str, port: u16) {
    drop_hop(headers);
    for name in NOT_OUT {
        headers.remove(name);
    }
    let cookies: Vec<_> = headers.get_all(header::SET_COOKIE).iter().filter_map(narrow).collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
    for name in [header::LOCATION, header::CONTENT_LOCATION] {
        let to = headers.get(&name).and_then(|to| to.to_str().ok()).and_then(|to| beneath(to, port)).map(HeaderValue::try_from);
        if let Some(Ok(to)) = to {
            headers.insert(name, to);
        }
    }
    // Beside the answer's own policy, which it can only narrow.
    if let Ok(policy) = HeaderValue::from_str(&format!("frame-ancestors {frames}")) {
        headers.append(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(HeaderName::from_static("origin-agent-cluster"), HeaderValue::from_static("?1"));
}

fn drop_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().filter(|name| **name != header::CONTENT_LENGTH && **name != header::HOST) {
        headers.remove(name);
    }
    for name in OF_ONE_HOP {
        headers.remove(name);
    }
    headers.remove(header::UPGRADE);
}

/// The value of our cookie, if the request has it.
pub(super) fn our_cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    cookies(headers).filter(|(name, _)| is_ours(name)).map(|(_, value)| value)
}

fn is_ours(name: &str) -> bool {
    let name = name.trim();
    name.eq_ignore_ascii_case(COOKIE) || name.eq_ignore_ascii_case(SECURE_COOKIE)
}

fn without_our_cookie(headers: &mut HeaderMap) {
    let all: Vec<_> = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
    headers.remove(header::COOKIE);
    let others = all.iter().flat_map(|value| value.split(';')).map(str::trim);
    let others: Vec<&str> =
        others.filter(|pair| !pair.is_empty() && !is_ours(pair.split('=').next().unwrap_or_default())).collect();
    if let Some(value) = HeaderValue::try_from(others.join("; ")).ok().filter(|_| !others.is_empty()) {
        headers.insert(header::COOKIE, value);
    }
}

/// A header that names the preview's origin names the one inside instead; one that names another is left out.
fn translate(headers: &mut HeaderMap, name: HeaderName, origin: &str, inside: &str) {
    let Some(value) = headers.remove(&name) else { return };
    let rest =
        value.to_str().ok().and_then(|value| value.strip_prefix(origin)).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let Some(Ok(value)) = rest.map(|rest| HeaderValue::try_from(format!("{inside}{rest}"))) {
        headers.insert(name, value);
    }
}

/// A cookie for this host alone, and none that could be taken for ours.
fn narrow(cookie: &HeaderValue) -> Option<HeaderValue> {
    let mut parts = cookie.to_str().ok()?.split(';');
    let first = parts.next()?;
    if is_ours(first.split('=').next().unwrap_or_default()) {
        return None;
    }
    let own = parts.filter(|part| !part.split('=').next().unwrap_or_default().trim().eq_ignore_ascii_case("domain"));
    let text: Vec<&str> = std::iter::once(first).chain(own).collect();
    HeaderValue::try_from(text.join(";")).ok()
}

/// Where an address that names the server inside leads on the preview's own origin.
fn beneath(address: &str, port: u16) -> Option<String> {
    let rest = address.strip_prefix("http://")?;
    let rest = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"].iter().find_map(|host| rest.strip_prefix(host))?;
    let rest = rest.strip_prefix(&format!(":{port}"))?;
    let fits = rest.is_empty() || rest.starts_with(['/', '?', '#']);
    fits.then(|| if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORIGIN: &str = "http://abc.localhost:9090";

    fn of(list: &[(&'static str, &str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn text(headers: &HeaderMap, name: &str) -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn nothing_of_holt_goes_in() {
        let mut headers = of(&[
            ("host", "abc.localhost:9090"),
            ("cookie", "a=1; holt_preview=secret; __Host-holt_preview=secret; b=2"),
            ("cookie", "HOLT_PREVIEW=secret"),
            ("authorization", "Bearer secret"),
            ("x-api-key", "secret"),
            ("x-forwarded-for", "secret"),
            ("x-forwarded-anything", "secret"),
            ("forwarded", "for=secret"),
            ("connection", "keep-alive, x-hop"),
            ("x-hop", "secret"),
            ("upgrade", "secret"),
            ("origin", ORIGIN),
            ("referer", "http://127.0.0.1:9090/app/secret"),
            ("accept", "text/html"),
        ]);
        inward(&mut headers, ORIGIN, 5173, false);
        assert!(!format!("{headers:?}").contains("secret"), "{headers:?}");
        let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "cookie", "host", "origin"]);
        assert_eq!(text(&headers, "cookie"), ["a=1; b=2"]);
        assert_eq!(
            (text(&headers, "host"), text(&headers, "origin")),
            (vec!["localhost:5173".into()], vec!["http://localhost:5173".into()])
        );
    }

    #[test]
    fn an_upgrade_is_asked_for_only_by_whoever_does() {
        let asked = || of(&[("connection", "Upgrade"), ("upgrade", "websocket"), ("sec-websocket-key", "x")]);
        let (mut with, mut without) = (asked(), asked());
        inward(&mut with, ORIGIN, 1, true);
        inward(&mut without, ORIGIN, 1, false);
        assert_eq!((text(&with, "upgrade"), text(&with, "connection")), (vec!["websocket".into()], vec!["upgrade".into()]));
        assert!(!without.contains_key("upgrade") && !without.contains_key("connection"));
    }

    #[test]
    fn no_answer_reaches_beyond_its_origin() {
        let mut headers = of(&[
            ("set-cookie", "a=1; Domain=localhost; Path=/"),
            ("set-cookie", "b=2; HttpOnly;DOMAIN=.example.com"),
            ("set-cookie", "holt_preview=x"),
            ("set-cookie", " Holt_Preview =x; Path=/"),
            ("alt-svc", "h2=\":1\""),
            ("strict-transport-security", "max-age=1"),
            ("x-frame-options", "DENY"),
            ("content-security-policy", "default-src 'self'"),
            ("location", "http://localhost:5173?x"),
            ("transfer-encoding", "chunked"),
        ]);
        outward(&mut headers, "'self' http://localhost:9090", 5173);
        assert_eq!(text(&headers, "set-cookie"), ["a=1; Path=/", "b=2; HttpOnly"]);
        assert_eq!(
            text(&headers, "content-security-policy"),
            ["default-src 'self'", "frame-ancestors 'self' http://localhost:9090"]
        );
        assert_eq!(text(&headers, "location"), ["/?x"]);
        for gone in ["alt-svc", "strict-transport-security", "x-frame-options", "transfer-encoding"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn only_addresses_of_the_server_inside_are_led_back() {
        for (from, to) in [
            ("http://localhost:5173/a", Some("/a")),
            ("http://127.0.0.1:5173", Some("/")),
            ("http://localhost:51734/", None),
            ("http://localhost:5173.evil.example/", None),
            ("https://localhost:5173/", None),
            ("/a", None),
            ("http://example.com/", None),
        ] {
            assert_eq!(beneath(from, 5173).as_deref(), to, "{from}");
        }
    }

    proptest! {
        #[test]
        fn no_cookie_names_a_domain(cookie in "[ -~]{0,60}") {
            if let Some(narrowed) = HeaderValue::try_from(cookie).ok().as_ref().and_then(narrow) {
                let text = narrowed.to_str().unwrap().to_ascii_lowercase();
                prop_assert!(!text.split(';').skip(1).any(|part| part.split('=').next().unwrap_or_default().trim() == "domain"), "{text}");
            }
        }
    }
}
