//! The tools that a session answers by itself: what they do is a change of its state and nothing else, or is done by its owner
//! and touches nothing in the sandbox.

mod ask;
pub mod delegate;
pub mod memory;
mod plan;

use serde_json::Value;

use super::state::State;
use crate::event::EventBody;
use crate::tool::{CallOutcome, CallStatus, ToolSpec};
use crate::view::FreeQuestion;

/// What comes of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It is done, with these events before its result.
    Now { events: Vec<EventBody>, outcome: CallOutcome },
    /// It is done when a person has answered.
    Ask(FreeQuestion),
    /// It is done when the session's owner has done it. Done twice, it is as if done once.
    Later,
}

impl Answer {
    fn refused(text: impl Into<String>) -> Self {
        Self::Now { events: Vec::new(), outcome: CallOutcome::text(CallStatus::Failed, text) }
    }
}

/// What every session offers.
pub fn tools() -> Vec<ToolSpec> {
    let mut tools = vec![plan::tool(), ask::tool(), delegate::tool()];
    tools.extend(memory::tools());
    tools
}

/// Answers a call. The arguments are a model's: they may be anything.
pub fn answer(state: &State, tool: &str, arguments: &Value) -> Answer {
    match tool {
        ask::NAME => ask::answer(arguments),
        plan::NAME => plan::answer(arguments),
        delegate::NAME => delegate::answer(state, arguments),
        memory::REMEMBER | memory::FORGET => Answer::Later,
        _ => Answer::refused("This version of Holt has no such tool any more."),
    }
}
