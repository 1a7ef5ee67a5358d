//! Turns out of events, as they pass by.

use std::collections::HashMap;

use super::fit::{Placed, Size, content_size, put, turn_size};
use super::takeover::Takeovers;
use crate::agent::GivenPart;
use crate::budget::{Reached, amount};
use crate::event::{EventBody, PromptQueued, Seq, SessionForked, WorkspaceRestored};
use crate::id::{CallId, PromptId};
use crate::model::{CallResult, Turn};
use crate::snapshot::NOTHING;
use crate::time::Timestamp;
use crate::tool::{CallOutcome, CallStatus, ToolContent};

#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub turns: Vec<Placed>,
    /// How many turns there ever were.
    pub count: usize,
    /// The part of the work that it is about, and whether it has begun.
    part: Option<GivenPart>,
    begun: bool,
    /// What happened up to this event is told by a summary.
    told: Seq,
    now: Seq,
    waiting: HashMap<PromptId, (Seq, PromptQueued)>,
    /// The calls of the last assistant turn, in its order.
    expected: Vec<(CallId, String)>,
    results: HashMap<CallId, CallOutcome>,
    /// The last event of theirs.
    answered: Seq,
    takeovers: Takeovers,
    /// What budgets have little left, which is told behind the results of the calls that are open.
    warnings: Vec<String>,
    /// What was on the desktop when the agent got it back, until it has said something to that.
    seen: Option<ToolContent>,
}

/// Files are not what the model last saw of them.
fn restored_words(restored: &WorkspaceRestored) -> String {
    let what = restored.path.as_ref().map_or_else(|| "the files of the workspace".to_owned(), |path| format!("the file {path}"));
    format!("[{} put {what} back to an earlier state. Look at files again before you rely on what was in them.]", restored.by)
}

/// Nothing of what ran before runs in a copy.
fn forked_words(forked: &SessionForked) -> String {
    let files = match forked.kept_at {
        Some(_) => "with the files as they were last kept before this point, so what came after that is not in them",
        None if forked.snapshot == NOTHING => "and empty",
        None => "with the files as they were when the copy was made",
    };
    format!(
        "[{} made this session as a copy of another one, up to here. The workspace is /workspace, {files}. Of what was running or \
         installed outside of the workspace nothing is here. Look at files again before you rely on what was in them.]",
        forked.by
    )
}

/// The agent is to bring its work to an end that is of use.
fn warning_words(near: &Reached) -> String {
    let used = amount(near.bound, near.used);
    format!(
        "[Four fifths of {near} are used: {used}. The run stops when it is used up. Finish what is most worth it, and say what is \
         done and what is left.]"
    )
}

impl Conversation {
    /// The conversation of whoever was given a part of the work.
    pub fn of_part(part: &GivenPart) -> Self {
        Self { part: Some(part.clone()), ..Self::default() }
    }

    pub fn is_of_part(&self) -> bool {
        self.part.is_some()
    }

    /// Whether it is about an event. Those of others who work at the same run are not its own.
    fn concerns(&self, event: &EventBody) -> bool {
        let own = self.part.as_ref().map(|part| part.call);
        match event {
            EventBody::AgentMessage(message) => message.within == own,
            EventBody::CallProposed(proposed) => proposed.within == own,
            EventBody::PromptQueued(_) | EventBody::PromptSteered(_) | EventBody::RunStarted(_) => own.is_none(),
            _ => true,
        }
    }

    /// The task is what such a conversation begins with, where it was given.
    fn begin_part(&mut self, event: &EventBody) -> Size {
        let given =
            self.part.clone().filter(|part| matches!(event, EventBody::CallProposed(proposed) if proposed.call == part.call));
        let Some(part) = given else { return Size::default() };
        self.begun = true;
        self.tell(part.task)
    }

    /// Takes an event. Returns how much was added to the turns.
    pub fn take(&mut self, seq: Seq, at: Timestamp, event: EventBody) -> Size {
        self.now = seq;
        if seq <= self.told {
            self.take_told(at, event);
            return Size::default();
        }
        if self.is_of_part() && !self.begun {
            return self.begin_part(&event);
        }
        if !self.concerns(&event) {
            return Size::default();
        }
        match event {
            EventBody::PromptQueued(prompt) => {
                self.waiting.insert(prompt.prompt, (seq, prompt));
            }
            EventBody::PromptWithdrawn(withdrawn) => {
                self.waiting.remove(&withdrawn.prompt);
            }
            EventBody::RunStarted(started) => return self.say(started.run.into()),
            EventBody::PromptSteered(steered) => return self.say(steered.prompt),
            EventBody::AgentMessage(message) => {
                self.seen = None;
                let results = self.close_turn();
                if !message.parts.is_empty() {
                    return results.plus(self.push(Turn::Assistant { parts: message.parts }));
                }
                return results;
            }
            EventBody::CallProposed(proposed) => {
                self.answered = seq;
                self.expected.push((proposed.call, proposed.reference));
            }
            EventBody::CallFinished(finished) if self.expected.iter().any(|(call, _)| *call == finished.call) => {
                self.answered = seq;
                self.results.insert(finished.call, finished.outcome);
            }
            EventBody::RunFinished(_) => {
                self.seen = None;
                return self.close_turn();
            }
            EventBody::ControlTaken(_) => {
                self.seen = None;
                self.takeovers.begin(at);
            }
            EventBody::BudgetWarned(warned) => {
                self.warnings.push(warning_words(&warned.near));
                if self.expected.is_empty() {
                    return self.tell_warnings();
                }
            }
            EventBody::WorkspaceRestored(restored) => return self.tell(restored_words(&restored)),
            EventBody::SessionForked(forked) => {
                let results = self.close_turn();
                self.takeovers = Takeovers::default();
                return results.plus(self.tell(forked_words(&forked)));
            }
            EventBody::DesktopSeen(seen) => self.seen = Some(seen.picture),
            EventBody::ControlReturned(returned) => {
                self.takeovers.end(at, returned.why);
                // While calls are open, their results come first.
                if self.expected.is_empty() {
                    return self.tell_takeover();
                }
            }
            _ => {}
        }
        Size::default()
    }

    /// Takes an event whose words a summary tells. What began then may end later.
    fn take_told(&mut self, at: Timestamp, event: EventBody) {
        match event {
            EventBody::PromptQueued(prompt) => {
                self.waiting.insert(prompt.prompt, (self.now, prompt));
            }
            EventBody::PromptWithdrawn(withdrawn) => drop(self.waiting.remove(&withdrawn.prompt)),
            EventBody::RunStarted(started) => drop(self.waiting.remove(&started.run.into())),
            EventBody::PromptSteered(steered) => drop(self.waiting.remove(&steered.prompt)),
            EventBody::ControlTaken(_) => self.takeovers.begin(at),
            EventBody::ControlReturned(_) => self.takeovers = Takeovers::default(),
            _ => {}
        }
    }

    /// From now on a summary tells what happened up to this event.
    pub fn forget_until(&mut self, told: Seq) {
        self.told = told;
        let first = self.turns.iter().position(|placed| placed.from > told && !matches!(placed.turn, Turn::Results { .. }));
        self.turns.drain(..first.unwrap_or(self.turns.len()));
    }

    /// From where the log has to be read again by whoever begins behind this event.
    pub fn reads_from(&self, told: Seq) -> Seq {
        self.waiting.values().map(|(seq, _)| *seq).chain([told + 1]).min().unwrap_or(told + 1)
    }

    fn push(&mut self, turn: Turn) -> Size {
        let size = turn_size(&turn);
        let from = if matches!(turn, Turn::Results { .. }) { self.answered } else { self.now };
        self.turns.push(Placed { from, number: self.count, turn });
        self.count += 1;
        self.takeovers.go_on();
        size
    }

    fn say(&mut self, prompt: PromptId) -> Size {
        let results = self.close_turn();
        let Some((_, prompt)) = self.waiting.remove(&prompt) else { return results };
        let mut text = prompt.text;
        if !prompt.attachments.is_empty() {
            text.push_str("\n\nFiles that came with this, in the workspace: ");
            text.push_str(&prompt.attachments.join(", "));
        }
        results.plus(self.tell(text))
    }

    fn tell(&mut self, text: String) -> Size {
        let said = ToolContent::Text { text };
        let size = content_size(std::slice::from_ref(&said));
        let before = self.turns.len();
        put(&mut self.turns, Placed { from: self.now, number: self.count, turn: Turn::User { content: vec![said] } });
        self.count += self.turns.len() - before;
        self.takeovers.go_on();
        size
    }

    /// Tells of people who drove the desktop. One who follows another with nothing in between is told of with them, so that
    /// it takes no more however often people take over.
    fn tell_takeover(&mut self) -> Size {
        let Some(text) = self.takeovers.words() else { return Size::default() };
        let told = match self.turns.last_mut() {
            Some(Placed { turn: Turn::User { content }, .. }) if self.takeovers.is_told() => {
                content.pop();
                content.push(ToolContent::Text { text });
                Size::default()
            }
            _ => self.tell(text),
        };
        self.takeovers.tell();
        told
    }

    fn tell_warnings(&mut self) -> Size {
        let warnings = std::mem::take(&mut self.warnings);
        warnings.into_iter().map(|text| self.tell(text)).fold(Size::default(), Size::plus)
    }

    /// Puts the results of the last turn's calls behind it, and what people did meanwhile.
    fn close_turn(&mut self) -> Size {
        let results = self.open_results();
        self.expected.clear();
        self.results.clear();
        match results {
            Some(results) => self.push(results).plus(self.tell_takeover()).plus(self.tell_warnings()),
            None => Size::default(),
        }
    }

    /// What stands behind the turns as long as the last is not closed: its results, and what people did meanwhile.
    pub fn open_end(&self) -> Vec<Turn> {
        let Some(results) = self.open_results() else { return Vec::new() };
        let told = self.takeovers.words().into_iter().chain(self.warnings.iter().cloned());
        let told = told.map(|text| Turn::User { content: vec![ToolContent::Text { text }] });
        std::iter::once(results).chain(told).collect()
    }

    /// Puts what was on the desktop last, behind the words that a person has used it. It is shown for one step and is no part of the
    /// conversation.
    pub fn show_desktop(&self, turns: &mut Vec<Turn>) {
        let Some(picture) = self.seen.clone() else { return };
        match turns.last_mut() {
            Some(Turn::User { content }) => content.push(picture),
            _ => turns.push(Turn::User { content: vec![picture] }),
        }
    }

    /// The results of the last turn's calls, which is not closed. Models insist that every call has one.
    fn open_results(&self) -> Option<Turn> {
        let result = |(call, reference): &(CallId, String)| {
            let outcome = self.results.get(call).cloned();
            let outcome = outcome.unwrap_or_else(|| CallOutcome::text(CallStatus::Interrupted, "This call has no result."));
            CallResult { reference: reference.clone(), content: outcome.content, status: outcome.status }
        };
        (!self.expected.is_empty()).then(|| Turn::Results { results: self.expected.iter().map(result).collect() })
    }
}
