//! The demo: a model without a language model, so that the first run needs no key and no network.
//!
//! It knows a handful of requests and really does them, through tool calls alone, like any other model. What it says next
//! is a pure function of the conversation: it replays its own plan against the results that are there and asks for the
//! first that is missing. So a run that another process takes up simply goes on. It never pretends to be more than it is.

mod chart;
mod conversation;
mod explain;
mod introduce;
mod page;
mod replay;
mod script;
mod tasks;
mod wish;
mod words;

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::budget::Usage;
use holt_core::model::{AssistantPart, Model, ModelError, ModelEvent, ModelInfo, ModelReply, ModelRequest, Price, StopReason};
use serde::Deserialize;

pub const PROVIDER: &str = "demo";
/// The id of the one model.
pub const MODEL: &str = "demo";

/// How the demo behaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// How long each few words take, so that people see an answer arrive as they would from a real model.
    pub pace_millis: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { pace_millis: 18 }
    }
}

/// The demo.
#[derive(Debug, Clone, Default)]
pub struct Demo {
    options: Options,
}

impl Demo {
    pub fn new(options: Options) -> Self {
        Self { options }
    }
}

impl Model for Demo {
    fn models(&self) -> Vec<ModelInfo> {
        vec![ModelInfo {
            id: MODEL.into(),
            label: "Demo (offline, scripted)".into(),
            provider: PROVIDER.into(),
            note: "No language model; knows a handful of requests and really does them with the real tools. Add a provider's \
                   key for a real model."
                .into(),
            // It has no window to fill; this only keeps its plan's results from being cut.
            context_tokens: 1_000_000,
            tools: true,
            pictures: false,
            price: Some(Price::default()),
        }]
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        if request.model != MODEL {
            return stream::iter([Err(ModelError::Unknown(request.model))]).boxed();
        }
        let reply = reply(&request);
        let mut events: VecDeque<ModelEvent> = pieces(&reply.parts).map(ModelEvent::Text).collect();
        events.push_back(ModelEvent::Done(reply));
        let pace = Duration::from_millis(self.options.pace_millis);
        let paced = stream::unfold(events, move |mut events| async move {
            let event = events.pop_front()?;
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            Some((Ok(event), events))
        });
        paced.boxed()
    }
}

/// What the demo says to a conversation.
fn reply(request: &ModelRequest) -> ModelReply {
    let said = tasks::next(request);
    let stop = if said.calls.is_empty() { StopReason::Finished } else { StopReason::Calls };
    let first = conversation::calls_so_far(&request.turns);
    let calls = said.calls.into_iter().enumerate().map(|(at, wanted)| AssistantPart::Call {
        reference: format!("demo-{}", first + at + 1),
        tool: wanted.tool.to_owned(),
        arguments: wanted.arguments,
    });
    let text = AssistantPart::Text { text: said.text };
    ModelReply { parts: [text].into_iter().chain(calls).collect(), stop, usage: Usage::default(), model: MODEL.into() }
}

/// The words of a reply, a few at a time.
fn pieces(parts: &[AssistantPart]) -> impl Iterator<Item = String> {
    let text = parts.iter().filter_map(|part| match part {
        AssistantPart::Text { text } => Some(text.as_str()),
        _ => None,
    });
    let text: String = text.collect();
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    words.chunks(2).map(<[&str]>::concat).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests;
