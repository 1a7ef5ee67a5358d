//! A provider: what it offers, where it is, and the key that goes nowhere else and is never printed.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{Model, ModelError, ModelEvent, ModelInfo, ModelRequest};
use reqwest::Url;

use crate::options::Options;
use crate::{ConfigError, asking, endpoint};

/// A provider. Clones are the same one.
#[derive(Clone)]
pub struct Provider {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub options: Options,
    pub base: Url,
    /// Made by the first request: reading the machine's certificates takes time and memory that an idle server saves.
    client: OnceLock<reqwest::Client>,
}

impl Provider {
    /// # Errors
    /// When the address cannot be used.
    pub fn new(options: Options) -> Result<Self, ConfigError> {
        let base = endpoint::base(&options)?;
        Ok(Self { shared: Arc::new(Shared { options, base, client: OnceLock::new() }) })
    }

    pub fn options(&self) -> &Options {
        &self.shared.options
    }
}

impl Model for Provider {
    fn models(&self) -> Vec<ModelInfo> {
        self.shared.options.infos()
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        match self.shared.options.offer(&request.model) {
            Some(offer) => asking::ask(Arc::clone(&self.shared), &request, offer),
            None => stream::iter([Err(ModelError::Unknown(request.model))]).boxed(),
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("options", &self.shared.options).finish_non_exhaustive()
    }
}

impl Shared {
    pub fn client(&self) -> Result<&reqwest::Client, ModelError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = endpoint::client(&self.options, &self.base)?;
        Ok(self.client.get_or_init(|| made))
    }

    /// Providers and proxies quote what they were sent. A key must not come back that way.
    pub fn without_key(&self, words: &str) -> String {
        self.options.key().map_or_else(|| words.to_owned(), |key| words.replace(key, "[key]"))
    }
}
