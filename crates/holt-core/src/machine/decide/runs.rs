//! Runs beginning and ending.

use super::Draft;
use crate::event::{
    ApprovalAnswered, CallFinished, EventBody, MessageAborted, RunFinished, RunResult, RunStarted, SourceFetched,
};
use crate::id::RunId;
use crate::machine::input::{Effect, Fact, Refusal};
use crate::machine::state::Phase;
use crate::session::{EndReason, SessionKind};
use crate::source::Fetched;
use crate::tool::{CallOutcome, CallStatus};
use crate::view::{CallStage, OpenCall};

impl Draft {
    pub(super) fn start_next_run(&mut self) {
        if matches!(self.state.phase, Phase::Idle { .. })
            && let Some(next) = self.state.queue.first()
        {
            let run = RunId::from(next.id);
            self.emit(RunStarted { run });
            self.effects.push(Effect::OpenSandbox);
            self.begin_work(run);
        }
    }

    /// The brain begins when what it is to work on is there.
    pub(super) fn begin_work(&mut self, run: RunId) {
        self.effects.push(if self.state.lacks_source() { Effect::FetchSource } else { Effect::StartBrain { run } });
    }

    pub(super) fn source_fetched(&mut self, fetched: Fetched) -> Result<(), Refusal> {
        if let Some(source) = self.state.spec.source.clone().filter(|_| self.state.fetched.is_none()) {
            self.unless_ended(SourceFetched { source, fetched })?;
            if let Some(run) = self.state.run().filter(|run| !run.is_stopping()).map(|run| run.id) {
                self.begin_work(run);
            }
        }
        Ok(())
    }

    /// Stops the brain and the running calls; the run is closed as soon as none of them is left.
    pub(super) fn stop_working(&mut self, run: RunId) {
        self.effects.push(Effect::HaltBrain { run });
        let running = self.state.run().map(|run| run.calls.clone()).unwrap_or_default();
        for call in running.iter().filter(|call| call.stage == CallStage::Running) {
            self.effects.push(Effect::CancelCall { call: call.id });
        }
        self.finish_if_stopped();
    }

    pub(super) fn finish_if_stopped(&mut self) {
        let Some(run) = self.state.run().filter(|run| run.is_stopping()) else { return };
        if run.calls.iter().any(|call| call.stage == CallStage::Running) {
            return;
        }
        let result = match run.reached {
            Some(reached) if !run.cancelling => RunResult::BudgetReached(reached),
            _ => RunResult::Cancelled,
        };
        self.close_run(result, false);
        self.after_run();
    }

    /// Ends the run: every call that has no result gets one, and a message that was begun is withdrawn.
    pub(super) fn close_run(&mut self, result: RunResult, halt: bool) {
        let Some(run) = self.state.run().cloned() else { return };
        if halt {
            self.effects.push(Effect::HaltBrain { run: run.id });
        }
        for call in &run.calls {
            self.abandon(run.id, call);
        }
        if let Some(message) = run.writing {
            self.emit(MessageAborted { run: run.id, message });
        }
        self.emit(RunFinished { run: run.id, result, usage: run.usage, steps: run.steps });
    }

    pub(super) fn abandon(&mut self, run: RunId, call: &OpenCall) {
        if call.stage == CallStage::Asked {
            self.emit(ApprovalAnswered {
                run,
                call: call.id,
                allowed: false,
                by: None,
                reason: None,
                arguments: None,
                grant: None,
            });
        }
        let text = if call.stage == CallStage::Running {
            self.effects.push(Effect::CancelCall { call: call.id });
            "The run ended while this call was running; it may have done a part."
        } else {
            "The run ended before this call began. Nothing was run."
        };
        self.emit(CallFinished { run, call: call.id, outcome: CallOutcome::text(CallStatus::Cancelled, text) });
    }

    pub(super) fn after_run(&mut self) {
        if self.state.spec.kind == SessionKind::Task {
            let failed = matches!(self.events.last(), Some(Fact { body: EventBody::RunFinished(run), .. }) if matches!(run.result, RunResult::Failed { .. }));
            let cancelled = matches!(self.events.last(), Some(Fact { body: EventBody::RunFinished(run), .. }) if run.result == RunResult::Cancelled);
            let reason = match (failed, cancelled) {
                (true, _) => EndReason::Failed,
                (_, true) => EndReason::Stopped,
                _ => EndReason::Completed,
            };
            self.end(reason, None);
        } else {
            self.start_next_run();
        }
        self.summarize_if_due();
    }
}
