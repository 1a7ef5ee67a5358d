//! The end of a browser that somebody is to find signed in again.
//!
//! Chromium writes its cookies now and then, and all of them when it is closed rather than killed. Those that would end with it
//! are given a month, as by browsers that go on where they were.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::browser::{Asked, Live};

const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
const MOST_COOKIES: usize = 4000;
/// What of a cookie is said again as it is.
const KEPT: [&str; 9] = ["name", "value", "path", "secure", "httpOnly", "sameSite", "priority", "sourceScheme", "partitionKey"];

#[derive(Deserialize)]
struct Cookies {
    cookies: Vec<Map<String, Value>>,
}

/// Closes the browser and returns when it is gone. The caller bounds the waiting.
pub async fn rest(live: &Live) {
    let _ = keep_cookies(live).await;
    let _ = live.ask_browser::<IgnoredAny>("Browser.close", json!({})).await;
    let _ = live.until(|_| false).await;
}

async fn keep_cookies(live: &Live) -> Asked<()> {
    let known: Cookies = live.ask_browser("Storage.getCookies", json!({})).await?;
    let expires = (SystemTime::now() + MONTH).duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let passing = known.cookies.into_iter().filter(|cookie| cookie.get("session") == Some(&Value::Bool(true)));
    let kept: Vec<Value> = passing.take(MOST_COOKIES).filter_map(|cookie| until(cookie, expires)).collect();
    if !kept.is_empty() {
        live.ask_browser::<IgnoredAny>("Storage.setCookies", json!({ "cookies": kept })).await?;
    }
    Ok(())
}

/// The same cookie with an end. One of a single host is named by an address, for a domain would mean others below it too.
fn until(mut cookie: Map<String, Value>, expires: u64) -> Option<Value> {
    let domain = cookie.get("domain")?.as_str()?.to_owned();
    let secure = cookie.get("secure")?.as_bool()?;
    let path = cookie.get("path")?.as_str()?.to_owned();
    cookie.retain(|name, _| KEPT.contains(&name.as_str()));
    let (name, value) = match domain.starts_with('.') {
        true => ("domain", domain),
        false => ("url", format!("{}://{domain}{path}", if secure { "https" } else { "http" })),
    };
    cookie.insert(name.into(), value.into());
    cookie.insert("expires".into(), expires.into());
    Some(Value::Object(cookie))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_of_one_host_stays_with_it() {
        let cookie = |domain: &str| json!({ "name": "a", "value": "b", "domain": domain, "path": "/x", "secure": true, "httpOnly": true, "session": true, "size": 2 });
        let made = |domain| match cookie(domain) {
            Value::Object(cookie) => until(cookie, 7).unwrap(),
            _ => unreachable!(),
        };
        let expected = json!({ "name": "a", "value": "b", "url": "https://a.example/x", "path": "/x", "secure": true, "httpOnly": true, "expires": 7 });
        assert_eq!(made("a.example"), expected);
        assert_eq!(made(".a.example")["domain"], ".a.example");
        assert!(until(Map::new(), 7).is_none());
    }
}
