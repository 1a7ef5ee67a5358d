//! Where a run stands, out of its events.

use holt_core::event::EventBody;
use holt_core::id::{CallId, RunId};
use holt_core::model::{AssistantPart, StopReason};
use serde_json::Value;

/// What there is to do for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The model is to be asked.
    Open {
        /// How many answers in a row wanted calls, but none that could be made.
        broken_answers: usize,
    },
    /// The last answer wants nothing more.
    Done,
    /// The last answer is the provider's refusal.
    Refused,
}

impl Default for Standing {
    fn default() -> Self {
        Self::Open { broken_answers: 0 }
    }
}

/// Whether a call can be made at all. One whose arguments were cut off cannot.
pub fn is_usable(arguments: &Value) -> bool {
    arguments.is_object()
}

fn wants_nothing(parts: &[AssistantPart]) -> bool {
    !parts.iter().any(|part| matches!(part, AssistantPart::Call { .. }))
}

/// Where a run stands after one more event.
pub fn following(before: Standing, event: &EventBody, run: RunId, part: Option<CallId>) -> Standing {
    match event {
        EventBody::RunStarted(started) if started.run == run => Standing::default(),
        EventBody::PromptSteered(steered) if steered.run == run && part.is_none() => Standing::default(),
        EventBody::AgentMessage(message) if message.run == run && message.within == part => {
            after(before, &message.parts, message.stop)
        }
        _ => before,
    }
}

/// Where a run stands after an answer.
pub fn after(before: Standing, parts: &[AssistantPart], stop: StopReason) -> Standing {
    let usable = |part: &AssistantPart| matches!(part, AssistantPart::Call { arguments, .. } if is_usable(arguments));
    match before {
        _ if parts.iter().any(usable) => Standing::default(),
        _ if wants_nothing(parts) && stop == StopReason::Refused => Standing::Refused,
        _ if wants_nothing(parts) => Standing::Done,
        Standing::Open { broken_answers } => Standing::Open { broken_answers: broken_answers + 1 },
        Standing::Done | Standing::Refused => Standing::Open { broken_answers: 1 },
    }
}
