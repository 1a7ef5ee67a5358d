//! Calls beginning and coming back.

use super::Draft;
use crate::event::{ArtifactPublished, CallFinished, CallStarted, SnapshotTaken};
use crate::id::{CallId, RunId};
use crate::machine::calls::startable;
use crate::machine::input::{Effect, Published, Refusal};
use crate::machine::own;
use crate::machine::state::{MAX_ARTIFACTS, RunState};
use crate::snapshot::SnapshotInfo;
use crate::tool::{CallOutcome, Place, ToolContent, cut_in_the_middle};
use crate::view::{CallStage, OpenCall};

impl Draft {
    pub(super) fn start_calls(&mut self) {
        let Some(run) = self.state.run().filter(|run| !run.is_stopping()) else { return };
        if self.state.control.is_some() {
            return;
        }
        let (id, calls) = (run.id, run.calls.clone());
        let mut answered = false;
        for call in startable(&calls) {
            self.emit(CallStarted { run: id, call });
            match calls.iter().find(|open| open.id == call).filter(|open| open.place == Place::Session) {
                Some(open) => {
                    self.do_itself(id, open);
                    answered = true;
                }
                None => self.effects.push(Effect::ExecuteCall { call, only_if_known: false }),
            }
        }
        if answered {
            self.start_calls();
        }
    }

    /// What the session answers by itself begins and is done at once.
    fn do_itself(&mut self, run: RunId, call: &OpenCall) {
        match own::answer(&self.state, &call.tool, &call.arguments) {
            own::Answer::Now { events, outcome } => {
                events.into_iter().for_each(|event| self.emit(event));
                self.emit(CallFinished { run, call: call.id, outcome: told(call, outcome).bounded() });
            }
            own::Answer::Ask(question) => self.ask_in_words(run, call.id, question),
            own::Answer::Later => self.effects.push(Effect::ExecuteCall { call: call.id, only_if_known: false }),
        }
    }

    pub(super) fn call_returned(&mut self, call: CallId, outcome: CallOutcome) -> Result<(), Refusal> {
        let running = |open: &OpenCall| open.id == call && open.stage == CallStage::Running;
        let open = |run: &RunState| Some((run.id, run.calls.iter().find(|open| running(open))?.clone()));
        if let Some((run, open)) = self.state.run().and_then(open) {
            self.abandon_within(run, call);
            let outcome = told(&open, outcome);
            self.emit(CallFinished { run, call, outcome: outcome.bounded() });
            self.start_calls();
            self.finish_if_stopped();
        }
        self.effects.push(Effect::AcknowledgeCall { call });
        Ok(())
    }

    /// Whoever was given a part of the work is done, or stopped: nobody waits for what it has under way.
    fn abandon_within(&mut self, run: RunId, part: CallId) {
        let calls = self.state.run().map(|run| run.calls.clone()).unwrap_or_default();
        for open in calls.iter().filter(|open| open.within == Some(part)) {
            self.abandon(run, open);
        }
    }

    /// What is as it was is not said again.
    pub(super) fn snapshot_taken(&mut self, snapshot: SnapshotInfo) -> Result<(), Refusal> {
        if self.state.snapshot_id() == snapshot.id {
            return Ok(());
        }
        self.unless_ended(SnapshotTaken { snapshot })
    }

    pub(super) fn published(&mut self, published: Published) -> Result<(), Refusal> {
        if self.state.artifacts.len() >= MAX_ARTIFACTS {
            return Err(Refusal::TooManyArtifacts);
        }
        let Published { artifact, call, name, path, size, media_type, sha256 } = published;
        self.unless_ended(ArtifactPublished { artifact, call, name, path, size, media_type, sha256 })
    }
}

/// How much of changed arguments a model is told; it knows the rest from what it asked for.
const MOST_TOLD: usize = 8 * 1024;

/// The model has to know of a call that it is not the one it asked for.
fn told(call: &OpenCall, mut outcome: CallOutcome) -> CallOutcome {
    if let Some(by) = &call.edited_by {
        let arguments = cut_in_the_middle(&call.arguments.to_string(), MOST_TOLD);
        let text = format!("{by} changed the arguments of this call before allowing it. What ran: {arguments}\n\n");
        outcome.content.insert(0, ToolContent::Text { text });
    }
    outcome
}
