//! A server at an address. The key goes to that address and nowhere else.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::redirect::Policy;

use super::local::reasons;
use super::{Answer, Body, Request, Upgraded};
use crate::error::ClientError;
use crate::transport::Transport;

const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Where a server is and how it knows us.
#[derive(Clone)]
pub struct Remote {
    pub url: String,
    pub key: Option<String>,
    /// A certificate authority to trust beside the system's, as PEM: for a server with a generated certificate.
    pub authority: Option<Vec<u8>>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Remote {
    pub(crate) fn connect(&self) -> Result<Transport, ClientError> {
        let bad = |why| ClientError::BadAddress { url: self.url.clone(), why };
        let base = Url::parse(&self.url).map_err(|_| bad("it is not a URL"))?;
        if !may_carry_a_key(&base) {
            return Err(bad("plain HTTP is readable on the way"));
        }
        let key = self.key.as_deref().map(|key| HeaderValue::try_from(format!("Bearer {key}"))).transpose();
        let mut key = key.map_err(|_| bad("the key has characters that no key has"))?;
        if let Some(key) = &mut key {
            key.set_sensitive(true);
        }
        let http = self.builder()?.build().map_err(|_| bad("this machine has no working TLS"))?;
        let upgradable = self.builder()?.http1_only().build().map_err(|_| bad("this machine has no working TLS"))?;
        Ok(Transport::Remote(RemoteServer { http, upgradable, base, key }))
    }

    fn builder(&self) -> Result<reqwest::ClientBuilder, ClientError> {
        let builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .user_agent(concat!("holt/", env!("CARGO_PKG_VERSION")));
        let Some(pem) = &self.authority else { return Ok(builder) };
        let why = "its certificate file is not PEM";
        let bad = |_| ClientError::BadAddress { url: self.url.clone(), why };
        Ok(builder.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem).map_err(bad)?))
    }
}

/// HTTPS anywhere, plain HTTP only where nobody listens in.
fn may_carry_a_key(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => true,
        "http" => loopback,
        _ => false,
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RemoteServer {
    http: reqwest::Client,
    /// Speaks HTTP/1.1 alone, which other protocols take over from.
    upgradable: reqwest::Client,
    base: Url,
    key: Option<HeaderValue>,
}

impl RemoteServer {
    pub fn place(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    pub async fn send(&self, request: Request) -> Result<Answer, ClientError> {
        Ok(into_answer(self.ask(&self.http, request).await?))
    }

    pub async fn upgrade(&self, request: Request) -> Result<Box<dyn Upgraded>, ClientError> {
        let answer = self.ask(&self.upgradable, request).await?;
        if answer.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS {
            return into_answer(answer).refusal().await;
        }
        let broke_off = |error: reqwest::Error| ClientError::BrokeOff(reasons(&error.without_url()));
        Ok(Box::new(answer.upgrade().await.map_err(broke_off)?))
    }

    async fn ask(&self, http: &reqwest::Client, request: Request) -> Result<reqwest::Response, ClientError> {
        let at = self.place();
        let url = format!("{at}{}{}", self.base.path().trim_end_matches('/'), request.path.as_str());
        let mut builder = http.request(request.method, url);
        if let Some(key) = &self.key {
            builder = builder.header(AUTHORIZATION, key.clone());
        }
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder = match request.body {
            Body::Empty => builder,
            Body::Json(json) => builder.header("content-type", "application/json").body(json),
            Body::Stream(stream, length) => {
                let builder = builder.body(reqwest::Body::wrap_stream(stream));
                length.into_iter().fold(builder, |builder, length| builder.header("content-length", length))
            }
        };
        builder.send().await.map_err(|error| ClientError::Unreachable { at, why: reasons(&error.without_url()) })
    }
}

fn into_answer(answer: reqwest::Response) -> Answer {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer.bytes_stream().map_err(|error| ClientError::BrokeOff(reasons(&error.without_url())));
    Answer { status, headers, body: body.boxed() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_never_travels_in_the_clear() {
        let good = ["https://holt.example", "http://127.0.0.1:9090", "http://localhost:9090/", "http://[::1]:9090"];
        let bad = ["http://holt.example", "http://192.168.1.4:9090", "http://localhost.evil.example", "ftp://localhost", "holt"];
        let remote = |url: &str| Remote { url: url.into(), key: Some("k".into()), authority: None };
        for url in good {
            assert!(remote(url).connect().is_ok(), "{url}");
        }
        for url in bad {
            assert_eq!(remote(url).connect().unwrap_err().code(), "bad_address", "{url}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let remote = Remote { url: "https://holt.example".into(), key: Some("holt_secret".into()), authority: None };
        assert!(!format!("{remote:?} {:?}", remote.connect().unwrap()).contains("holt_secret"));
    }
}
