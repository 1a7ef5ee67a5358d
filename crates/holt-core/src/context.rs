//! What a model sees of a session: a pure function of its events, within a budget.

use std::collections::HashMap;

use crate::event::{Event, EventBody, PromptQueued};
use crate::id::{CallId, PromptId};
use crate::model::{AssistantPart, CallResult, Turn};
use crate::tool::{CallOutcome, CallStatus, ToolContent, cut_in_the_middle};

/// How much of an older tool result is kept once the budget is short.
const SHORT_RESULT_BYTES: usize = 1024;

/// Turns for a model out of the events so far, oldest first, of about `budget_bytes` of text. What people said is always
/// whole; when space is short, pictures go first, then older results are cut, then the oldest turns of the agent go.
pub fn plan<'a>(events: impl IntoIterator<Item = &'a Event>, budget_bytes: usize) -> Vec<Turn> {
    let mut conversation = Conversation::default();
    for event in events {
        if let Some(body) = event.decode() {
            conversation.take(body);
        }
    }
    fit(conversation.finish(), budget_bytes)
}

/// Collects turns while the events pass by.
#[derive(Default)]
struct Conversation {
    waiting: HashMap<PromptId, PromptQueued>,
    turns: Vec<Turn>,
    /// The calls of the last assistant turn, in its order.
    expected: Vec<(CallId, String)>,
    results: HashMap<CallId, CallOutcome>,
}

impl Conversation {
    fn take(&mut self, body: EventBody) {
        match body {
            EventBody::PromptQueued(prompt) => {
                self.waiting.insert(prompt.prompt, prompt);
            }
            EventBody::RunStarted(started) => self.say(started.run.into()),
            EventBody::PromptSteered(steered) => self.say(steered.prompt),
            EventBody::AgentMessage(message) => {
                self.close_turn();
                if !message.parts.is_empty() {
                    self.turns.push(Turn::Assistant { parts: message.parts });
                }
            }
            EventBody::CallProposed(proposed) => self.expected.push((proposed.call, proposed.reference)),
            EventBody::CallFinished(finished) => {
                self.results.insert(finished.call, finished.outcome);
            }
            EventBody::RunFinished(_) => self.close_turn(),
            _ => {}
        }
    }

    fn say(&mut self, prompt: PromptId) {
        self.close_turn();
        let Some(prompt) = self.waiting.remove(&prompt) else { return };
        let mut text = prompt.text;
        if !prompt.attachments.is_empty() {
            text.push_str("\n\nFiles that came with this, in the workspace: ");
            text.push_str(&prompt.attachments.join(", "));
        }
        let said = ToolContent::Text { text };
        match self.turns.last_mut() {
            Some(Turn::User { content }) => content.push(said),
            _ => self.turns.push(Turn::User { content: vec![said] }),
        }
    }

    /// Puts the results of the last turn's calls behind it. Models insist that every call has one.
    fn close_turn(&mut self) {
        if self.expected.is_empty() {
            return;
        }
        let results = std::mem::take(&mut self.expected).into_iter().map(|(call, reference)| {
            let outcome = self
                .results
                .remove(&call)
                .unwrap_or_else(|| CallOutcome::text(CallStatus::Interrupted, "This call has no result."));
            CallResult { reference, is_error: outcome.status != CallStatus::Succeeded, content: outcome.content }
        });
        let results = results.collect();
        self.turns.push(Turn::Results { results });
    }

    fn finish(mut self) -> Vec<Turn> {
        self.close_turn();
        self.turns
    }
}

fn fit(mut turns: Vec<Turn>, budget: usize) -> Vec<Turn> {
    let recent = turns.len().saturating_sub(6);
    let old = |turns: &mut Vec<Turn>, change: fn(&mut [ToolContent])| {
        for turn in &mut turns[..recent] {
            if let Turn::Results { results } = turn {
                results.iter_mut().for_each(|result| change(&mut result.content));
            }
        }
    };
    if size(&turns) > budget {
        old(&mut turns, drop_pictures);
    }
    if size(&turns) > budget {
        old(&mut turns, shorten);
    }
    while size(&turns) > budget && drop_oldest_exchange(&mut turns) {}
    turns
}

fn drop_pictures(content: &mut [ToolContent]) {
    for part in content.iter_mut() {
        if matches!(part, ToolContent::Image { .. }) {
            *part = ToolContent::Text { text: "[a picture that is no longer shown]".into() };
        }
    }
}

fn shorten(content: &mut [ToolContent]) {
    for part in content.iter_mut() {
        if let ToolContent::Text { text } = part {
            *text = cut_in_the_middle(text, SHORT_RESULT_BYTES);
        }
    }
}

/// Drops the agent's oldest turn together with its results, so that no call stands without one. Keeps the last exchange.
fn drop_oldest_exchange(turns: &mut Vec<Turn>) -> bool {
    let last = turns.iter().rposition(|turn| matches!(turn, Turn::Assistant { .. }));
    let Some(first) = turns.iter().position(|turn| matches!(turn, Turn::Assistant { .. })) else { return false };
    if Some(first) == last {
        return false;
    }
    turns.remove(first);
    if matches!(turns.get(first), Some(Turn::Results { .. })) {
        turns.remove(first);
    }
    // Two turns of people that now stand side by side become one: providers want them to alternate.
    if first > 0
        && let (Some(Turn::User { .. }), Some(Turn::User { .. })) = (turns.get(first - 1), turns.get(first))
        && let Turn::User { content: more } = turns.remove(first)
        && let Some(Turn::User { content }) = turns.get_mut(first - 1)
    {
        content.extend(more);
    }
    true
}

fn size(turns: &[Turn]) -> usize {
    turns.iter().map(turn_size).sum()
}

fn turn_size(turn: &Turn) -> usize {
    let content_size = |content: &[ToolContent]| -> usize {
        content
            .iter()
            .map(|part| match part {
                ToolContent::Text { text } => text.len(),
                ToolContent::Image { data, .. } => data.len(),
            })
            .sum()
    };
    match turn {
        Turn::User { content } => content_size(content),
        Turn::Results { results } => results.iter().map(|result| content_size(&result.content) + 20).sum(),
        Turn::Assistant { parts } => parts
            .iter()
            .map(|part| match part {
                AssistantPart::Text { text } | AssistantPart::Reasoning { text } => text.len(),
                AssistantPart::Call { arguments, .. } => arguments.to_string().len() + 40,
                AssistantPart::Opaque { data, .. } => data.to_string().len(),
            })
            .sum(),
    }
}
