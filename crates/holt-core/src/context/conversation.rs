//! Turns out of events, as they pass by.

use std::collections::HashMap;

use super::fit::{Size, content_size, turn_size};
use crate::event::{EventBody, PromptQueued};
use crate::id::{CallId, PromptId};
use crate::model::{CallResult, Turn};
use crate::tool::{CallOutcome, CallStatus, ToolContent};

#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub turns: Vec<Turn>,
    waiting: HashMap<PromptId, PromptQueued>,
    /// The calls of the last assistant turn, in its order.
    expected: Vec<(CallId, String)>,
    results: HashMap<CallId, CallOutcome>,
}

impl Conversation {
    /// Takes an event. Returns how much was added to the turns.
    pub fn take(&mut self, event: EventBody) -> Size {
        match event {
            EventBody::PromptQueued(prompt) => {
                self.waiting.insert(prompt.prompt, prompt);
            }
            EventBody::PromptWithdrawn(withdrawn) => {
                self.waiting.remove(&withdrawn.prompt);
            }
            EventBody::RunStarted(started) => return self.say(started.run.into()),
            EventBody::PromptSteered(steered) => return self.say(steered.prompt),
            EventBody::AgentMessage(message) => {
                let results = self.close_turn();
                if !message.parts.is_empty() {
                    return results.plus(self.push(Turn::Assistant { parts: message.parts }));
                }
                return results;
            }
            EventBody::CallProposed(proposed) => self.expected.push((proposed.call, proposed.reference)),
            EventBody::CallFinished(finished) if self.expected.iter().any(|(call, _)| *call == finished.call) => {
                self.results.insert(finished.call, finished.outcome);
            }
            EventBody::RunFinished(_) => return self.close_turn(),
            _ => {}
        }
        Size::default()
    }

    fn push(&mut self, turn: Turn) -> Size {
        let size = turn_size(&turn);
        self.turns.push(turn);
        size
    }

    fn say(&mut self, prompt: PromptId) -> Size {
        let results = self.close_turn();
        let Some(prompt) = self.waiting.remove(&prompt) else { return results };
        let mut text = prompt.text;
        if !prompt.attachments.is_empty() {
            text.push_str("\n\nFiles that came with this, in the workspace: ");
            text.push_str(&prompt.attachments.join(", "));
        }
        let said = ToolContent::Text { text };
        let size = content_size(std::slice::from_ref(&said));
        match self.turns.last_mut() {
            Some(Turn::User { content }) => content.push(said),
            _ => self.turns.push(Turn::User { content: vec![said] }),
        }
        results.plus(size)
    }

    /// Puts the results of the last turn's calls behind it.
    fn close_turn(&mut self) -> Size {
        let results = self.open_results();
        self.expected.clear();
        self.results.clear();
        results.map_or_else(Size::default, |results| self.push(results))
    }

    /// The results of the last turn's calls, which is not closed. Models insist that every call has one.
    pub fn open_results(&self) -> Option<Turn> {
        let result = |(call, reference): &(CallId, String)| {
            let outcome = self.results.get(call).cloned();
            let outcome = outcome.unwrap_or_else(|| CallOutcome::text(CallStatus::Interrupted, "This call has no result."));
            CallResult { reference: reference.clone(), content: outcome.content, status: outcome.status }
        };
        (!self.expected.is_empty()).then(|| Turn::Results { results: self.expected.iter().map(result).collect() })
    }
}
