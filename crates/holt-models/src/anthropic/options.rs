//! What may be set about the provider.

use std::time::Duration;

use holt_core::model::ModelInfo;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::ConfigError;

pub const PROVIDER: &str = "anthropic";

/// How the provider is reached and what of it is offered.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The key. Without one the provider offers nothing.
    pub key: Option<SecretString>,
    pub base_url: String,
    /// Lets the key travel unencrypted to an address beyond this machine.
    pub allow_plain_http: bool,
    pub models: Vec<Offer>,
    /// Tokens for thinking before the answer; at least 1024. Absent, the models do not think aloud.
    pub thinking_tokens: Option<u32>,
    pub connect_timeout_seconds: u64,
    /// How long the stream may be silent. The provider sends a sign of life every few seconds.
    pub idle_timeout_seconds: u64,
    /// How often a request is tried again after a passing error, while nothing of the answer was shown.
    pub retries: u32,
    /// How long to wait before the first of them; each further one waits twice as long.
    pub retry_delay_millis: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: None,
            base_url: "https://api.anthropic.com".into(),
            allow_plain_http: false,
            models: offered(),
            thinking_tokens: None,
            connect_timeout_seconds: 10,
            idle_timeout_seconds: 90,
            retries: 3,
            retry_delay_millis: 500,
        }
    }
}

/// A model of the provider that people can choose.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    pub id: String,
    pub label: String,
    #[serde(default)]
    pub note: String,
    #[serde(default = "usual_context")]
    pub context_tokens: u64,
    /// Absent, the cost is not counted.
    #[serde(default)]
    pub price: Option<Price>,
}

/// What a million tokens cost, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

impl Price {
    /// From whole dollars per million tokens, with the provider's usual factors for its cache.
    const fn of_dollars(input: u64, output: u64) -> Self {
        const MICROS: u64 = 1_000_000;
        Self {
            input: input * MICROS,
            output: output * MICROS,
            cache_read: input * MICROS / 10,
            cache_write: input * MICROS * 5 / 4,
        }
    }
}

fn usual_context() -> u64 {
    200_000
}

fn offered() -> Vec<Offer> {
    let offer = |id: &str, label: &str, note: &str, price| Offer {
        id: id.into(),
        label: label.into(),
        note: note.into(),
        context_tokens: usual_context(),
        price: Some(price),
    };
    vec![
        offer("claude-sonnet-4-5", "Claude Sonnet 4.5", "Strong at code and long tasks.", Price::of_dollars(3, 15)),
        offer("claude-opus-4-5", "Claude Opus 4.5", "The most able, and the dearest.", Price::of_dollars(5, 25)),
        offer("claude-haiku-4-5", "Claude Haiku 4.5", "Quick and cheap, for smaller tasks.", Price::of_dollars(1, 5)),
    ]
}

impl Options {
    /// Whether there is a key; a blank one, as an empty variable gives it, is none.
    pub fn has_key(&self) -> bool {
        self.key.as_ref().is_some_and(|key| !key.expose_secret().trim().is_empty())
    }

    pub(super) fn infos(&self) -> Vec<ModelInfo> {
        let info = |offer: &Offer| ModelInfo {
            id: offer.id.clone(),
            label: offer.label.clone(),
            provider: PROVIDER.into(),
            note: offer.note.clone(),
            context_tokens: offer.context_tokens,
        };
        self.models.iter().map(info).collect()
    }

    pub(super) fn endpoint(&self) -> Result<Url, ConfigError> {
        let text = format!("{}/v1/messages", self.base_url.trim_end_matches('/'));
        let url =
            Url::parse(&text).map_err(|error| ConfigError::new(format!("`{}` is not an address: {error}", self.base_url)))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::new("the provider's address must not contain a name or password; set `key`"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::new("the provider's address ends with its path: no `?` and no `#`"));
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) || self.allow_plain_http => Ok(url),
            "http" => Err(ConfigError::new(format!(
                "`{}` would carry the key unencrypted beyond this machine; use https, or set `allow_plain_http`",
                self.base_url
            ))),
            other => Err(ConfigError::new(format!("`{other}` is not a scheme that a provider can be reached by; use https"))),
        }
    }

    pub(super) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds.max(1))
    }
}

pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Result<String, String> {
        let options = Options { base_url: base_url.into(), ..Options::default() };
        options.endpoint().map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_does_not_travel_in_the_open() {
        assert_eq!(endpoint("https://gate.example/anthropic/").unwrap(), "https://gate.example/anthropic/v1/messages");
        assert!(endpoint("http://127.0.0.1:9000").is_ok());
        assert!(endpoint("http://[::1]:9000").is_ok());
        assert!(endpoint("http://localhost:9000").is_ok());
        assert!(endpoint("http://localhost.example").unwrap_err().contains("unencrypted"));
        assert!(endpoint("http://10.0.0.7").unwrap_err().contains("allow_plain_http"));
        assert!(endpoint("ftp://gate.example").is_err());
        assert!(endpoint("https://me:secret@gate.example").is_err());
        assert!(endpoint("https://gate.example/?key=secret").is_err());
        assert!(endpoint("not an address").is_err());
    }

    #[test]
    fn a_key_is_not_printed() {
        let options = Options { key: Some("sk-ant-canary".into()), ..Options::default() };
        assert!(!format!("{options:?}").contains("canary"));
    }
}
