//! A session that begins as a copy of another.

use super::Draft;
use crate::event::{ApprovalAnswered, CallFinished, MessageAborted, PromptWithdrawn, RunResult, SessionForked};
use crate::id::{PromptId, RunId};
use crate::machine::input::{Decision, Effect};
use crate::machine::state::State;
use crate::time::Timestamp;
use crate::tool::{CallOutcome, CallStatus};
use crate::view::{CallStage, OpenCall};

/// What becomes of a copied state when it is to be a session of its own. If it goes on, the run that was under way takes its
/// next step anew, or the first prompt that waited is taken up; otherwise what was open is closed, and nothing happens until
/// somebody says something.
pub fn fork(copied: &State, forked: SessionForked, goes_on: bool, now: Timestamp) -> Decision {
    let mut draft = Draft { state: copied.clone(), now, events: Vec::new(), effects: Vec::new() };
    draft.fork(forked, goes_on);
    Decision { events: draft.events, effects: draft.effects, state: draft.state }
}

impl Draft {
    fn fork(&mut self, forked: SessionForked, goes_on: bool) {
        let by = forked.by.clone();
        match self.state.run().cloned() {
            Some(run) if goes_on => {
                run.calls.iter().for_each(|call| self.leave_behind(run.id, call));
                if let Some(message) = run.writing {
                    self.emit(MessageAborted { run: run.id, message });
                }
            }
            _ => self.close_run(RunResult::Cancelled, false),
        }
        self.emit(forked);
        // What a run of the other session had begun is nothing to this one's sandbox.
        self.effects.clear();
        let run = self.state.run().map(|run| run.id);
        let kept = usize::from(goes_on && run.is_none());
        for prompt in self.state.queue.iter().skip(kept).map(|prompt| prompt.id).collect::<Vec<PromptId>>() {
            self.emit(PromptWithdrawn { prompt, by: by.clone() });
        }
        match run {
            Some(run) => {
                self.effects.push(Effect::OpenSandbox);
                self.begin_work(run);
            }
            None => self.start_next_run(),
        }
    }

    fn leave_behind(&mut self, run: RunId, call: &OpenCall) {
        if call.stage == CallStage::Asked {
            let call = call.id;
            self.emit(ApprovalAnswered { run, call, allowed: false, by: None, reason: None, arguments: None, grant: None });
        }
        let text = "The session was forked before this call had a result. Nothing of it goes on here.";
        self.emit(CallFinished { run, call: call.id, outcome: CallOutcome::text(CallStatus::Interrupted, text) });
    }
}
