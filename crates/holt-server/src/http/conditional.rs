//! Answers that a client may have already.

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether the client says that it has what this tag names. Comparison is weak, as RFC 9110 wants it here.
pub(crate) fn has_already(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Ok(own) = etag.to_str() else { return false };
    let own = own.trim_start_matches("W/");
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == own)
}

/// The tag of a file that may change under us: weak, because what it is made of can stay while the bytes change.
pub(crate) fn weak_etag(parts: &[u64]) -> HeaderValue {
    let text: Vec<String> = parts.iter().map(|part| format!("{part:x}")).collect();
    HeaderValue::from_str(&format!("W/\"{}\"", text.join("-"))).unwrap_or(HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_recognised_in_a_list() {
        let etag = weak_etag(&[10, 255]);
        assert_eq!(etag, "W/\"a-ff\"");
        let has = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            has_already(&headers, &etag)
        };
        assert!(has("W/\"a-ff\""));
        assert!(has("\"x\", \"a-ff\""));
        assert!(has("*"));
        assert!(!has("\"a-f\""));
        assert!(!has_already(&HeaderMap::new(), &etag));
    }
}
