//! The body of an answer on its way in: passed on as it comes, and read along. Whatever ends it, what was used is told once.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::stream::BoxStream;
use holt_core::budget::Usage;
use hyper::body::{Body, Frame};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use crate::usage::Meter;
use crate::{House, Provider};

/// Whose account it goes on.
pub struct Account {
    pub house: Arc<dyn House>,
    pub session: holt_core::id::SessionId,
    pub provider: Provider,
    pub model: String,
}

pub struct Metered {
    pub body: BoxStream<'static, Result<Bytes, std::io::Error>>,
    pub meter: Option<(Meter, Account)>,
    pub hiding: Option<Hiding>,
    pub idle: Pin<Box<Sleep>>,
    pub patience: Duration,
    /// Its place among the requests that are under way.
    pub _place: OwnedSemaphorePermit,
}

impl Metered {
    pub fn idle(patience: Duration) -> Pin<Box<Sleep>> {
        Box::pin(sleep(patience))
    }
}

impl Body for Metered {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        loop {
            let this = &mut *self;
            let polled = match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Pending => {
                    ready!(this.idle.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(std::io::ErrorKind::TimedOut.into())));
                }
                Poll::Ready(polled) => polled,
            };
            let until = Instant::now() + this.patience;
            this.idle.as_mut().reset(until);
            let bytes = match polled {
                None => this.hiding.take().map(Hiding::rest).filter(|rest| !rest.is_empty()),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(bytes)) => {
                    if let Some((meter, _)) = &mut this.meter {
                        meter.read(&bytes);
                    }
                    let bytes = match &mut this.hiding {
                        Some(hiding) => hiding.pass(&bytes),
                        None => bytes,
                    };
                    if bytes.is_empty() {
                        continue;
                    }
                    Some(bytes)
                }
            };
            return Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))));
        }
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let Some((mut meter, account)) = self.meter.take() else { return };
        let usage = meter.usage();
        if usage == Usage::default() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let Account { house, session, provider, model } = account;
            runtime.spawn(async move { house.used(session, provider, model, usage).await });
        }
    }
}

/// Takes the last word of a stream of chat completions out again, which its program had not asked for.
#[derive(Debug, Default)]
pub struct Hiding {
    event: Vec<u8>,
}

/// The longest event that is looked at; a longer one is passed on as it comes.
const LONGEST: usize = 1024 * 1024;

impl Hiding {
    /// The whole events among what has come by now.
    pub fn pass(&mut self, bytes: &[u8]) -> Bytes {
        self.event.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(end) = end_of_event(&self.event) {
            let event: Vec<u8> = self.event.drain(..end).collect();
            if !is_last_word(&event) {
                out.extend_from_slice(&event);
            }
        }
        if self.event.len() > LONGEST {
            out.append(&mut self.event);
        }
        out.into()
    }

    pub fn rest(self) -> Bytes {
        self.event.into()
    }
}

fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let plain = bytes.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2);
    let returned = bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    plain.into_iter().chain(returned).min()
}

/// Numbers and no choices.
fn is_last_word(event: &[u8]) -> bool {
    let data = event.strip_prefix(b"data:");
    let said = data.and_then(|data| serde_json::from_slice::<serde_json::Value>(data).ok());
    said.is_some_and(|said| said["usage"].is_object() && said["choices"].as_array().is_some_and(Vec::is_empty))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_is_taken_out_wherever_the_bytes_are_split() {
        let text = "data: {\"choices\":[{}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}\n\ndata: [DONE]\n\ntail";
        let expected = "data: {\"choices\":[{}],\"usage\":null}\n\ndata: [DONE]\n\ntail";
        for at in 0..=text.len() {
            let mut hiding = Hiding::default();
            let mut out = hiding.pass(&text.as_bytes()[..at]).to_vec();
            out.extend_from_slice(&hiding.pass(&text.as_bytes()[at..]));
            out.extend_from_slice(&hiding.rest());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "split at {at}");
        }
    }
}
