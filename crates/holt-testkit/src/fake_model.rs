//! A model in memory, for tests that are not about the wire.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::budget::Usage;
use holt_core::model::{AssistantPart, Model, ModelError, ModelEvent, ModelInfo, ModelReply, ModelRequest, Price, StopReason};
use serde_json::Value;

use crate::Gate;

type Item = Result<ModelEvent, ModelError>;
type Script = Box<dyn FnMut(&ModelRequest) -> Answer + Send>;

/// The id of the one model that is offered.
pub const FAKE_MODEL: &str = "fake";

/// One thing that happens while the model answers.
#[derive(Debug, Clone)]
pub enum Beat {
    Item(Item),
    /// Waits for the test.
    Wait(Gate),
}

/// What the model does with one request.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub beats: Vec<Beat>,
    parts: Vec<AssistantPart>,
    calls: usize,
}

impl Answer {
    pub fn new() -> Self {
        Self::default()
    }

    /// Says something, in one piece.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        self.beats.push(Beat::Item(Ok(ModelEvent::Text(text.into()))));
        match self.parts.last_mut() {
            Some(AssistantPart::Text { text: said }) => said.push_str(text),
            _ => self.parts.push(AssistantPart::Text { text: text.into() }),
        }
        self
    }

    /// Thinks aloud, in one piece.
    #[must_use]
    pub fn reasoning(mut self, text: &str) -> Self {
        self.beats.push(Beat::Item(Ok(ModelEvent::Reasoning(text.into()))));
        self.parts.push(AssistantPart::Reasoning { text: text.into() });
        self
    }

    /// Wants a call.
    #[must_use]
    pub fn call(mut self, reference: &str, tool: &str, arguments: Value) -> Self {
        self.parts.push(AssistantPart::Call { reference: reference.into(), tool: tool.into(), arguments });
        self.calls += 1;
        self
    }

    #[must_use]
    pub fn wait(mut self, gate: &Gate) -> Self {
        self.beats.push(Beat::Wait(gate.clone()));
        self
    }

    /// Ends as it should: with the calls, or finished.
    #[must_use]
    pub fn done(self) -> Self {
        let stop = if self.calls > 0 { StopReason::Calls } else { StopReason::Finished };
        self.stopped(stop)
    }

    #[must_use]
    pub fn stopped(mut self, stop: StopReason) -> Self {
        let usage = Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() };
        let reply = ModelReply { parts: self.parts.clone(), stop, usage, model: FAKE_MODEL.into() };
        self.beats.push(Beat::Item(Ok(ModelEvent::Done(reply))));
        self
    }

    /// Ends with an error.
    #[must_use]
    pub fn failed(mut self, error: ModelError) -> Self {
        self.beats.push(Beat::Item(Err(error)));
        self
    }
}

/// A model that answers as a test says, and remembers what it was asked.
#[derive(Clone)]
pub struct FakeModel {
    script: Arc<Mutex<Script>>,
    requests: Arc<Mutex<Vec<ModelRequest>>>,
    context_tokens: u64,
}

impl FakeModel {
    /// Answers by a rule.
    pub fn by(rule: impl FnMut(&ModelRequest) -> Answer + Send + 'static) -> Self {
        Self { script: Arc::new(Mutex::new(Box::new(rule))), requests: Arc::default(), context_tokens: 200_000 }
    }

    /// Answers from a list, one after the other.
    ///
    /// # Panics
    /// When it is asked more often than it has answers.
    pub fn answers(answers: impl IntoIterator<Item = Answer>) -> Self {
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        Self::by(move |request| match answers.pop_front() {
            Some(answer) => answer,
            None => panic!("the model was asked once more than it has answers: {:?}", request.turns.last()),
        })
    }

    #[must_use]
    pub fn holding(mut self, context_tokens: u64) -> Self {
        self.context_tokens = context_tokens;
        self
    }

    pub fn requests(&self) -> Vec<ModelRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for FakeModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeModel").finish_non_exhaustive()
    }
}

impl Model for FakeModel {
    fn models(&self) -> Vec<ModelInfo> {
        vec![ModelInfo {
            id: FAKE_MODEL.into(),
            label: "Fake".into(),
            provider: "test".into(),
            note: "Answers as a test says.".into(),
            context_tokens: self.context_tokens,
            tools: true,
            pictures: false,
            price: Some(Price::default()),
        }]
    }

    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Item> {
        let answer = self.script.lock().unwrap_or_else(PoisonError::into_inner)(&request);
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let beats = stream::iter(answer.beats).filter_map(|beat| async {
            match beat {
                Beat::Item(item) => Some(item),
                Beat::Wait(gate) => {
                    gate.pass().await;
                    None
                }
            }
        });
        beats.boxed()
    }
}
