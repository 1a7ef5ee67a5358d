//! One request and its answer, to whichever provider: thin, and without a task of its own, so that dropping the stream
//! drops the connection.
//!
//! What passes is tried again, as long as nothing of the answer was shown; what the provider says about when is respected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::model::{ModelError, ModelEvent, ModelRequest};
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, Url};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::decoder::{Decode, Item};
use crate::errors::{Failure, readable};
use crate::options::Offer;
use crate::provider::Shared;

/// The most bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The longest that a provider may make a request wait before it is tried again; beyond it people are told instead.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How often something may be taken out of a request that the provider does not know.
const MAX_RELAXATIONS: u32 = 4;

pub(crate) fn ask(shared: Arc<Shared>, request: &ModelRequest, offer: &Offer) -> BoxStream<'static, Item> {
    let protocol = shared.options.wire.protocol();
    let body = protocol.body(request, offer, &shared.options);
    let asking = Asking {
        url: protocol.url(&shared.base, offer),
        sent: body.to_string().into(),
        body,
        offer: offer.clone(),
        deadline: Instant::now() + shared.options.request_timeout(),
        answer: None,
        ready: VecDeque::new(),
        shown: false,
        over: false,
        retries: 0,
        relaxations: 0,
        shared,
    };
    stream::unfold(Box::new(asking), |mut asking| async { asking.next().await.map(|item| (item, asking)) }).boxed()
}

/// A request under way.
struct Asking {
    shared: Arc<Shared>,
    url: Url,
    body: Value,
    sent: Bytes,
    offer: Offer,
    /// When it has taken too long in all.
    deadline: Instant,
    answer: Option<(Response, Box<dyn Decode>)>,
    ready: VecDeque<Item>,
    /// Something of the answer was passed on, so that it cannot begin again.
    shown: bool,
    over: bool,
    retries: u32,
    relaxations: u32,
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
            if let Err(error) = &item {
                if self.may_do_without(error) {
                    continue;
                }
                if let Some(wait) = self.may_retry(error) {
                    tracing::info!(model = %self.offer.id, code = error.code(), ?wait, "the model's answer failed and is asked for again");
                    tokio::time::sleep(wait).await;
                    continue;
                }
            }
            self.shown = true;
            self.over = matches!(item, Err(_) | Ok(ModelEvent::Done(_)));
            return Some(item);
        }
        None
    }

    /// Receives what comes next, after sending the request if that is still to be done.
    async fn receive(&mut self) -> Result<(), ModelError> {
        let until = self.deadline.min(Instant::now() + self.shared.options.idle_timeout());
        let Some((response, decoder)) = &mut self.answer else {
            let response = timeout_at(until, self.send()).await.map_err(|_| self.late())??;
            let decoder = self.shared.options.wire.protocol().decoder(&self.shared.options, self.offer.tariff);
            self.answer = Some((response, decoder));
            return Ok(());
        };
        match timeout_at(until, response.chunk()).await {
            Ok(Ok(Some(bytes))) => self.ready.extend(decoder.push(&bytes)),
            Ok(Ok(None)) => self.ready.extend(decoder.end()),
            Ok(Err(error)) => return Err(unreachable(error, &self.url)),
            Err(_) => return Err(self.late()),
        }
        Ok(())
    }

    fn late(&self) -> ModelError {
        let options = &self.shared.options;
        let words = if Instant::now() >= self.deadline {
            format!("the answer was not whole after {} seconds", options.request_timeout().as_secs())
        } else {
            format!("it was silent for {} seconds", options.idle_timeout().as_secs())
        };
        ModelError::Unreachable(words)
    }

    async fn send(&self) -> Result<Response, ModelError> {
        let request = self.shared.client()?.post(self.url.clone()).body(self.sent.clone());
        let response = request.send().await.map_err(|error| unreachable(error, &self.url))?;
        if response.status() != 200 {
            return Err(self.failure(response).await);
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("nothing");
        let wanted = self.shared.options.wire.protocol().media_type();
        if !kind.starts_with(wanted) {
            return Err(ModelError::Malformed(format!("it sent {} instead of {wanted}", readable(kind))));
        }
        Ok(response)
    }

    async fn failure(&self, response: Response) -> ModelError {
        let status = response.status().as_u16();
        let retry_after_seconds = retry_after(response.headers());
        let body = self.shared.without_key(&bounded(response, MAX_ERROR_BYTES).await);
        let failure = Failure { status: Some(status), retry_after_seconds, body: body.as_bytes(), model: &self.offer.id };
        self.shared.options.wire.protocol().failure(failure)
    }

    /// Whether the provider refused something that can be left out, which then is.
    fn may_do_without(&mut self, error: &ModelError) -> bool {
        let ModelError::Refused(words) = error else { return false };
        if self.shown || self.relaxations >= MAX_RELAXATIONS {
            return false;
        }
        self.relaxations += 1;
        let relaxed = self.shared.options.wire.protocol().relax(words, &mut self.body);
        if relaxed {
            tracing::info!(model = %self.offer.id, refusal = %words, "the request is sent again without what was refused");
            self.sent = self.body.to_string().into();
            self.begin_again();
        }
        relaxed
    }

    fn begin_again(&mut self) {
        self.answer = None;
        self.ready.clear();
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
        let wait = jittered.max(asked);
        if asked > MAX_WAIT || Instant::now() + wait >= self.deadline {
            return None;
        }
        self.retries += 1;
        self.begin_again();
        Some(wait)
    }
}

/// What a body says, as far as it is read: whatever of it comes; the status alone tells much already.
pub(crate) async fn bounded(mut response: Response, limit: usize) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > limit {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

/// In how many seconds the provider wants to be asked again; parts of seconds count as whole ones.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let number =
        |name: &str| headers.get(name).and_then(|text| text.to_str().ok()).and_then(|text| text.trim().parse::<f64>().ok());
    let seconds = number(RETRY_AFTER.as_str()).or_else(|| number("retry-after-ms").map(|millis| millis / 1000.0))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is bounded on both sides")]
    (0.0..=1e9).contains(&seconds).then(|| seconds.ceil() as u64)
}

/// The network's error with its causes, which say more than it does.
pub(crate) fn unreachable(error: reqwest::Error, url: &Url) -> ModelError {
    let error = error.without_url();
    let mut words = format!("{}: {error}", url.host_str().unwrap_or_default());
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    ModelError::Unreachable(readable(&words))
}
