//! Which headers go on to the provider, and which come back.

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::Provider;

/// What a program may try out at Anthropic, by how the names begin: ways of thinking, caching and of calling tools that run in
/// the sandbox. What makes the provider fetch, run or keep something is not among them.
const BETAS: &[&str] = &[
    "advanced-tool-use-",
    "claude-code-",
    "computer-use-",
    "context-1m-",
    "context-management-",
    "effort-",
    "extended-cache-ttl-",
    "fine-grained-tool-streaming-",
    "interleaved-thinking-",
    "max-tokens-",
    "output-128k-",
    "prompt-caching-",
    "structured-outputs-",
    "token-counting-",
    "token-efficient-tools-",
    "tool-examples-",
    "tool-search-tool-",
];
const LONGEST: usize = 512;
/// What comes back, besides limits of rates.
const BACK: &[&str] = &["content-type", "retry-after", "request-id", "x-request-id", "openai-processing-ms", "x-should-retry"];
const LIMITS: &[&str] = &["anthropic-ratelimit-", "x-ratelimit-"];
const DEFAULT_VERSION: &str = "2023-06-01";

/// The token that a request shows, wherever its program puts it.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let own = ["x-api-key", "x-goog-api-key"].iter().find_map(|name| headers.get(*name));
    let bearer = || headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ");
    own.and_then(|value| value.to_str().ok()).or_else(bearer)
}

/// A body that can be read here.
pub fn is_json(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let media = text("content-type").map(|media| media.split(';').next().unwrap_or_default().trim());
    let plain = text("content-encoding").is_none_or(|encoding| encoding == "identity");
    plain && media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

/// What the provider gets: nothing that a program said but what is on a list, and the real key.
///
/// None when the key is none that can be sent.
pub fn onward(provider: Provider, from: &HeaderMap, key: &SecretString) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for name in ["accept", "user-agent"] {
        if let Some(value) = from.get(name).filter(|value| value.len() <= LONGEST) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let secret = key.expose_secret().trim();
    let (name, value) = match provider {
        Provider::Anthropic => {
            let version = from.get("anthropic-version").filter(|version| is_version(version)).cloned();
            headers.insert("anthropic-version", version.unwrap_or(HeaderValue::from_static(DEFAULT_VERSION)));
            if let Some(betas) = betas(from) {
                headers.insert("anthropic-beta", betas);
            }
            ("x-api-key", secret.to_owned())
        }
        Provider::OpenAi => ("authorization", format!("Bearer {secret}")),
        Provider::Gemini => ("x-goog-api-key", secret.to_owned()),
    };
    let mut value = HeaderValue::from_str(&value).ok()?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Some(headers)
}

fn is_version(value: &HeaderValue) -> bool {
    value.len() == 10 && value.as_bytes().iter().all(|byte| byte.is_ascii_digit() || *byte == b'-')
}

fn betas(from: &HeaderMap) -> Option<HeaderValue> {
    let wanted = from.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    let wanted = wanted.flat_map(|list| list.split(',')).map(str::trim);
    let kept: Vec<&str> = wanted.filter(|beta| BETAS.iter().any(|known| beta.starts_with(known))).take(20).collect();
    if kept.is_empty() { None } else { HeaderValue::from_str(&kept.join(",")).ok() }
}

/// What the program gets of what the provider said.
pub fn back(from: &HeaderMap) -> HeaderMap {
    let goes = |name: &str| BACK.contains(&name) || LIMITS.iter().any(|limit| name.starts_with(limit));
    from.iter().filter(|(name, _)| goes(name.as_str())).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        of.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_is_listed_goes_on_and_the_key_is_the_real_one() {
        let from = headers(&[
            ("x-api-key", "token"),
            ("authorization", "Bearer token"),
            ("anthropic-beta", "claude-code-20250219, files-api-2025-04-14,mcp-client-2025-04-04"),
            ("anthropic-version", "2023-06-01"),
            ("cookie", "a=b"),
            ("openai-organization", "org"),
            ("x-forwarded-for", "1.2.3.4"),
            ("accept", "text/event-stream"),
        ]);
        let key = SecretString::from("sk-real\n");
        let names = |provider| {
            let sent = onward(provider, &from, &key).unwrap();
            assert!(!sent.values().any(|value| value.as_bytes().windows(5).any(|part| part == b"token")));
            let mut names: Vec<_> = sent.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
            names.sort();
            names
        };
        let expected = [
            "accept: text/event-stream",
            "anthropic-beta: claude-code-20250219",
            "anthropic-version: 2023-06-01",
            "content-type: application/json",
            "x-api-key: sk-real",
        ];
        assert_eq!(names(Provider::Anthropic), expected);
        assert_eq!(names(Provider::OpenAi)[1], "authorization: Bearer sk-real");
        assert_eq!(names(Provider::Gemini)[2], "x-goog-api-key: sk-real");
        assert!(onward(Provider::OpenAi, &from, &SecretString::from("a\nb")).is_none());
    }

    #[test]
    fn cookies_and_accounts_do_not_come_back() {
        let from =
            headers(&[("set-cookie", "a"), ("content-type", "x/y"), ("openai-organization", "org"), ("x-ratelimit-limit", "1")]);
        let back = back(&from);
        assert_eq!(back.len(), 2);
        assert!(back.contains_key("content-type") && back.contains_key("x-ratelimit-limit"));
    }

    #[test]
    fn a_token_is_found_where_programs_put_it() {
        for (name, value) in [("x-api-key", "t"), ("x-goog-api-key", "t"), ("authorization", "Bearer t")] {
            assert_eq!(token(&headers(&[(name, value)])), Some("t"));
        }
        assert_eq!(token(&headers(&[("authorization", "Basic t")])), None);
        assert!(is_json(&headers(&[("content-type", "application/json; charset=utf-8")])));
        assert!(!is_json(&headers(&[("content-type", "application/json"), ("content-encoding", "gzip")])));
        assert!(!is_json(&headers(&[])));
    }
}
