//! Which of several forms of an answer a client would rather have.

use axum::http::{HeaderMap, header};

/// How many alternatives of a client are looked at.
const MAX_ALTERNATIVES: usize = 32;

/// The offer that the client likes best; of equals the first, which is also for clients that do not say.
pub(crate) fn preferred(headers: &HeaderMap, offers: &[&'static str]) -> &'static str {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    choose(accept, offers)
}

pub(crate) const HTML: &str = "text/html";
pub(crate) const JSON: &str = "application/json";
pub(crate) const EVENTS: &str = "text/event-stream";
pub(crate) const TEXT: &str = "text/plain";

/// Whether a browser that goes to an address asks, rather than a program.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    preferred(headers, &[JSON, HTML]) == HTML
}

fn choose(accept: &str, offers: &[&'static str]) -> &'static str {
    let fallback = offers.first().copied().unwrap_or_default();
    let mut best = (0u16, fallback);
    for offer in offers {
        let quality = quality(accept, offer);
        if quality > best.0 {
            best = (quality, offer);
        }
    }
    best.1
}

/// From 0 to 1000, by the most specific alternative that covers the media type.
fn quality(accept: &str, media_type: &str) -> u16 {
    let mut best = (0u8, 0u16);
    for alternative in accept.split(',').take(MAX_ALTERNATIVES) {
        let mut parts = alternative.split(';');
        let range = parts.next().unwrap_or_default().trim();
        let Some(specific) = covers(range, media_type) else { continue };
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1000), weight);
        if specific > best.0 {
            best = (specific, quality.unwrap_or(0));
        }
    }
    best.1
}

fn covers(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(3);
    }
    let kind = media_type.split('/').next().unwrap_or_default();
    match range.split_once('/') {
        Some((own, "*")) if own.eq_ignore_ascii_case(kind) => Some(2),
        Some(("*", "*")) => Some(1),
        _ => None,
    }
}

/// `0.8` as 800, as RFC 9110 writes it.
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// Whether the client takes this encoding of a body.
pub(crate) fn takes_encoding(headers: &HeaderMap, encoding: &str) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else { return false };
    accepted.split(',').take(MAX_ALTERNATIVES).any(|alternative| {
        let mut parts = alternative.split(';');
        let named = parts.next().unwrap_or_default().trim().eq_ignore_ascii_case(encoding);
        named && parts.find_map(|part| part.trim().strip_prefix("q=")).is_none_or(|q| weight(q).is_some_and(|q| q > 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

    #[test]
    fn a_browser_gets_pages_and_a_program_gets_json() {
        let page = |accept| choose(accept, &[JSON, HTML]);
        assert_eq!(page(BROWSER), HTML);
        for program in
            ["*/*", "application/json", "", "application/json, text/html;q=0.9", "text/*;q=0.1, */*;q=0.2", "image/png"]
        {
            assert_eq!(page(program), JSON, "{program}");
        }
        assert_eq!(choose("text/event-stream", &[JSON, EVENTS]), EVENTS);
        assert_eq!(choose("text/html;q=0, */*", &[HTML, JSON]), JSON);
    }

    #[test]
    fn an_encoding_is_taken_when_it_is_named() {
        let takes = |value: &'static str, encoding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_encoding(&headers, encoding)
        };
        assert!(takes("gzip, deflate, br", "br"));
        assert!(takes("br;q=0.5", "br"));
        assert!(!takes("br;q=0, gzip", "br"));
        assert!(!takes("broken", "br"));
    }

    proptest! {
        #[test]
        fn any_header_leads_to_an_offer(accept in "[a-z*/;=,.0-9 ]{0,60}") {
            let chosen = choose(&accept, &[JSON, HTML, EVENTS]);
            prop_assert!([JSON, HTML, EVENTS].contains(&chosen));
        }
    }
}
