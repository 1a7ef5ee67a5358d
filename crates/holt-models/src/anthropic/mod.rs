//! Anthropic's Messages interface.
//!
//! `encode` and `decode` are pure; `asking` moves bytes between them and the network. The key goes into one header of one
//! request to one address and is never printed; redirects are not followed, so that it stays there.

mod asking;
mod decode;
mod encode;
mod errors;
mod options;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

pub use options::{Offer, Options, Price};

use crate::ConfigError;

/// The version of the interface that is spoken here.
const INTERFACE_VERSION: &str = "2023-06-01";

/// The provider.
#[derive(Debug, Clone)]
pub struct Anthropic {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: Options,
    key: SecretString,
    endpoint: Url,
    /// Made by the first request: reading the machine's certificates takes time and memory that an idle server saves.
    client: OnceLock<reqwest::Client>,
}

impl Anthropic {
    /// # Errors
    /// When there is no key, or the address cannot be used.
    pub fn new(options: Options) -> Result<Self, ConfigError> {
        let key = options.key.clone().filter(|_| options.has_key());
        let key = key.ok_or_else(|| ConfigError::new("the provider `anthropic` needs a `key`"))?;
        let endpoint = options.endpoint()?;
        Ok(Self { shared: Arc::new(Shared { options, key, endpoint, client: OnceLock::new() }) })
    }
}

impl Model for Anthropic {
    fn models(&self) -> Vec<ModelInfo> {
        self.shared.options.infos()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        if !self.shared.options.models.iter().any(|offer| offer.id == request.model) {
            return stream::iter([Err(ModelError::Unknown(request.model))]).boxed();
        }
        asking::ask(Arc::clone(&self.shared), &request)
    }
}

impl Shared {
    fn client(&self) -> Result<&reqwest::Client, ModelError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = self.make_client()?;
        Ok(self.client.get_or_init(|| made))
    }

    fn make_client(&self) -> Result<reqwest::Client, ModelError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(self.options.connect_timeout_seconds.max(1)))
            .default_headers(self.headers()?);
        if options::is_loopback(&self.endpoint) {
            builder = builder.no_proxy();
        }
        builder.build().map_err(|error| ModelError::Unreachable(format!("this machine cannot make secure connections: {error}")))
    }

    fn headers(&self) -> Result<HeaderMap, ModelError> {
        let unusable = || ModelError::BadKey("it contains characters that no key has".into());
        let mut key = HeaderValue::from_str(self.key.expose_secret().trim()).map_err(|_| unusable())?;
        key.set_sensitive(true);
        Ok(HeaderMap::from_iter([
            (HeaderName::from_static("x-api-key"), key),
            (HeaderName::from_static("anthropic-version"), HeaderValue::from_static(INTERFACE_VERSION)),
            (HeaderName::from_static("content-type"), HeaderValue::from_static("application/json")),
            (HeaderName::from_static("accept"), HeaderValue::from_static("text/event-stream")),
            (HeaderName::from_static("user-agent"), HeaderValue::from_static(concat!("holt/", env!("CARGO_PKG_VERSION")))),
        ]))
    }
}
