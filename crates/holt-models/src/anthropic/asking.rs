//! One request and its answer: thin, and without a task of its own, so that dropping the stream drops the connection.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{ModelError, ModelEvent, ModelRequest};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, Url};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::decode::Decoder;
use super::errors::{self, readable};
use super::options::Price;
use super::{Shared, encode};

/// The most bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The longest that a provider may make a request wait before it is tried again; beyond it people are told instead.
const MAX_WAIT: Duration = Duration::from_secs(30);

type Item = Result<ModelEvent, ModelError>;

pub(super) fn ask(shared: Arc<Shared>, request: &ModelRequest) -> BoxStream<'static, Item> {
    let price = shared.options.models.iter().find(|offer| offer.id == request.model).and_then(|offer| offer.price);
    let asking = Asking {
        body: encode::body(request, shared.options.thinking_tokens).to_string().into(),
        model: request.model.clone(),
        price,
        answer: None,
        ready: VecDeque::new(),
        shown: false,
        over: false,
        retries: 0,
        shared,
    };
    stream::unfold(Box::new(asking), |mut asking| async { asking.next().await.map(|item| (item, asking)) }).boxed()
}

/// A request under way.
struct Asking {
    shared: Arc<Shared>,
    body: Bytes,
    model: String,
    price: Option<Price>,
    answer: Option<(Response, Decoder)>,
    ready: VecDeque<Item>,
    /// Something of the answer was passed on, so that it cannot begin again.
    shown: bool,
    over: bool,
    retries: u32,
}

impl Asking {
    async fn next(&mut self) -> Option<Item> {
        while !self.over {
            let item = match self.ready.pop_front() {
                Some(item) => item,
                None => match self.receive().await {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = &item
                && let Some(wait) = self.may_retry(error)
            {
                tracing::info!(model = %self.model, code = error.code(), ?wait, "the model's answer failed and is asked for again");
                tokio::time::sleep(wait).await;
                continue;
            }
            self.shown = true;
            self.over = matches!(item, Err(_) | Ok(ModelEvent::Done(_)));
            return Some(item);
        }
        None
    }

    /// Receives what comes next, after sending the request if that is still to be done.
    async fn receive(&mut self) -> Result<(), ModelError> {
        let idle = self.shared.options.idle_timeout();
        let silent = || ModelError::Unreachable(format!("it was silent for {} seconds", idle.as_secs()));
        let Some((response, decoder)) = &mut self.answer else {
            let response = timeout(idle, self.send()).await.map_err(|_| silent())??;
            self.answer = Some((response, Decoder::new(self.price)));
            return Ok(());
        };
        match timeout(idle, response.chunk()).await.map_err(|_| silent())? {
            Ok(Some(bytes)) => self.ready.extend(decoder.push(&bytes)),
            Ok(None) => self.ready.extend(decoder.end()),
            Err(error) => return Err(unreachable(error, &self.shared.endpoint)),
        }
        Ok(())
    }

    async fn send(&self) -> Result<Response, ModelError> {
        let request = self.shared.client()?.post(self.shared.endpoint.clone()).body(self.body.clone());
        let response = request.send().await.map_err(|error| unreachable(error, &self.shared.endpoint))?;
        if response.status() != 200 {
            return Err(self.failure(response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
        if !kind.starts_with("text/event-stream") {
            return Err(ModelError::Malformed(format!("it sent {} instead of a stream of events", readable(kind))));
        }
        Ok(response)
    }

    async fn failure(&self, mut response: Response) -> ModelError {
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        // Whatever of the body comes is read; the status alone tells much already.
        while let Ok(Some(bytes)) = response.chunk().await {
            body.extend_from_slice(&bytes);
            if body.len() > MAX_ERROR_BYTES {
                break;
            }
        }
        let body = self.without_key(&String::from_utf8_lossy(&body));
        errors::from_status(status, retry_after.as_deref(), body.as_bytes(), &self.model)
    }

    /// How long to wait before the request is sent again, if it is to be.
    fn may_retry(&mut self, error: &ModelError) -> Option<Duration> {
        let options = &self.shared.options;
        if self.shown || !error.is_passing() || self.retries >= options.retries {
            return None;
        }
        let doubled = Duration::from_millis(options.retry_delay_millis).saturating_mul(1 << self.retries.min(16));
        // Up to half less, so that many who failed together do not all come back together.
        let jittered = doubled.min(MAX_WAIT).mul_f64(rand::random_range(0.5..=1.0));
        let asked = match error {
            ModelError::Overloaded { retry_after_seconds: Some(seconds), .. } => Duration::from_secs(*seconds),
            _ => Duration::ZERO,
        };
        if asked > MAX_WAIT {
            return None;
        }
        self.retries += 1;
        self.answer = None;
        self.ready.clear();
        Some(jittered.max(asked))
    }

    /// Providers and proxies quote what they were sent. A key must not come back that way.
    fn without_key(&self, words: &str) -> String {
        words.replace(self.shared.key.expose_secret().trim(), "[key]")
    }
}

/// The network's error with its causes, which say more than it does.
fn unreachable(error: reqwest::Error, endpoint: &Url) -> ModelError {
    let error = error.without_url();
    let mut words = format!("{}: {error}", endpoint.host_str().unwrap_or_default());
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    ModelError::Unreachable(readable(&words))
}
