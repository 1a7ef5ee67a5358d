//! Plans as plain code over a conversation that may be anywhere in the middle of them.
//!
//! A plan asks for a call and goes on with its result. When the conversation holds that result already, the plan just goes
//! on; at the first that is missing it is left with what to ask for next. Nothing is kept between two turns.

use holt_core::tool::{CallStatus, ToolSpec};
use serde_json::Value;

use super::conversation::Step;
use super::words::excerpt;

/// More calls than any plan has: beyond it something goes in circles.
const MAX_STEPS: usize = 80;

/// A call that a plan wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub tool: &'static str,
    pub arguments: Value,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: CallStatus,
    pub text: String,
}

/// Why a plan is left before its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Leave {
    /// These calls are needed to go on.
    Ask { words: String, calls: Vec<Wanted> },
    /// It cannot go on; the text says why.
    GiveUp(String),
}

pub type Flow<T> = Result<T, Leave>;

/// The calls of the conversation, given to the plan as it asks for them.
#[derive(Debug)]
pub struct Replay<'a> {
    steps: &'a [Step],
    used: Vec<bool>,
    tools: &'a [ToolSpec],
}

impl Wanted {
    pub fn new(tool: &'static str, arguments: Value) -> Self {
        Self { tool, arguments }
    }
}

impl Reply {
    pub fn succeeded(&self) -> bool {
        self.status == CallStatus::Succeeded
    }

    fn was_interrupted(&self) -> bool {
        matches!(self.status, CallStatus::Interrupted | CallStatus::Cancelled)
    }

    /// What a command printed, without the words around it.
    pub fn output(&self) -> &str {
        let output = self.text.split_once("STDOUT:\n").map_or(self.text.as_str(), |(_, output)| output);
        output.split_once("\n\nSTDERR:\n").map_or(output, |(output, _)| output).trim_end()
    }

    /// What a command printed as errors, or all of its words when they cannot be told apart.
    pub fn errors(&self) -> &str {
        let errors = self.text.split_once("STDERR:\n").map_or(self.text.as_str(), |(_, errors)| errors).trim();
        if errors == "(empty)" { self.output() } else { errors }
    }
}

impl<'a> Replay<'a> {
    pub fn new(steps: &'a [Step], tools: &'a [ToolSpec]) -> Self {
        Self { steps, used: vec![false; steps.len()], tools }
    }

    /// The result of a call, good or bad. `words` are said when it is asked for.
    pub fn call(&mut self, words: &str, wanted: Wanted) -> Flow<Reply> {
        let mut replies = self.calls(words, &[wanted])?;
        replies.pop().ok_or_else(|| Leave::GiveUp("The demo lost its place; this is a fault in it.".into()))
    }

    /// The result of a call that must succeed. `what` says what it is for, as in "writing the page".
    pub fn must(&mut self, words: &str, what: &str, wanted: Wanted) -> Flow<Reply> {
        let reply = self.call(words, wanted)?;
        if reply.succeeded() { Ok(reply) } else { Err(Leave::GiveUp(reason(what, &reply))) }
    }

    /// The results of calls that may run side by side. What was interrupted is done once more: every call of a plan may be
    /// repeated without harm.
    pub fn calls(&mut self, words: &str, wanted: &[Wanted]) -> Flow<Vec<Reply>> {
        let mut replies = self.once(words, wanted)?;
        let broken: Vec<usize> = (0..replies.len()).filter(|at| replies[*at].was_interrupted()).collect();
        if !broken.is_empty() {
            let again: Vec<Wanted> = broken.iter().map(|at| wanted[*at].clone()).collect();
            let second = self.once("That was interrupted before it came to an end, so I do it once more.", &again)?;
            for (at, reply) in broken.into_iter().zip(second) {
                replies[at] = reply;
            }
        }
        Ok(replies)
    }

    fn once(&mut self, words: &str, wanted: &[Wanted]) -> Flow<Vec<Reply>> {
        let found: Vec<Option<Reply>> = wanted.iter().map(|wanted| self.find(wanted)).collect();
        let missing: Vec<Wanted> =
            wanted.iter().zip(&found).filter(|(_, reply)| reply.is_none()).map(|(wanted, _)| wanted.clone()).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().flatten().collect());
        }
        if self.steps.len() >= MAX_STEPS {
            return Err(Leave::GiveUp(format!("I made {MAX_STEPS} calls and am still not done, so I stop here.")));
        }
        Err(Leave::Ask { words: words.to_owned(), calls: missing })
    }

    /// The first result of this very call that was not used yet.
    fn find(&mut self, wanted: &Wanted) -> Option<Reply> {
        if !self.tools.iter().any(|tool| tool.name == wanted.tool) {
            return Some(Reply { status: CallStatus::Failed, text: format!("This session has no tool `{}`.", wanted.tool) });
        }
        let fits = |step: &Step| step.tool == wanted.tool && step.arguments == wanted.arguments;
        let at = (0..self.steps.len()).find(|at| !self.used[*at] && fits(&self.steps[*at]))?;
        self.used[at] = true;
        Some(Reply { status: self.steps[at].status, text: self.steps[at].text.clone() })
    }
}

/// Why a call that had to succeed did not, for people.
pub fn reason(what: &str, reply: &Reply) -> String {
    if reply.status == CallStatus::Denied {
        format!("I was not allowed to go on with {what}, so I stop here. What was done before stays as it is.")
    } else if reply.was_interrupted() {
        format!("I was interrupted twice while {what}, so I stop here. Say \"go on\" to let me try again.")
    } else {
        format!(
            "I did not get further than {what}:\n\n```\n{}\n```\n\nAs a demo I cannot find a way around it.",
            excerpt(reply.errors(), 12)
        )
    }
}
