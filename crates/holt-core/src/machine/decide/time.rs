//! What time brings, and a new process.

use super::Draft;
use crate::event::{ApprovalAnswered, MessageAborted};
use crate::machine::input::{Effect, Refusal};
use crate::machine::state::{Phase, RunState};
use crate::session::{EndReason, SessionKind};
use crate::view::{CallStage, OpenCall, Programs, SandboxState};

impl Draft {
    pub(super) fn tick(&mut self) -> Result<(), Refusal> {
        let expiry = if self.state.spec.kind == SessionKind::Project { None } else { self.state.spec.expires_at };
        if expiry.is_some_and(|at| at <= self.now) {
            return self.stop(EndReason::Expired, None);
        }
        self.refuse_overdue_questions();
        self.refuse_overdue_hosts();
        self.check_budget(&[]);
        let sleepy =
            matches!(self.state.phase, Phase::Idle { .. } | Phase::Failed(_)) && self.state.sandbox == SandboxState::Open;
        if sleepy && self.state.wake_at().is_some_and(|at| at <= self.now) {
            let even_if_busy = self.state.kept_awake_until() <= self.now;
            self.effects.push(Effect::SleepSandbox { even_if_busy });
        }
        Ok(())
    }

    pub(super) fn refuse_overdue_questions(&mut self) {
        let Some(run) = self.state.run() else { return };
        let id = run.id;
        let overdue = |call: &&OpenCall| call.answer_until.is_some_and(|until| until <= self.now);
        for call in run.calls.iter().filter(overdue).map(|call| call.id).collect::<Vec<_>>() {
            let answered =
                ApprovalAnswered { run: id, call, allowed: false, by: None, reason: None, arguments: None, grant: None };
            self.settle_question(answered, "Nobody answered in time, which counts as a no. Nothing was run.");
        }
    }

    pub(super) fn taken_up(&mut self) -> Result<(), Refusal> {
        match &self.state.control {
            Some(control) if control.programs == Programs::StandStill => self.effects.push(Effect::HoldPrograms),
            // Whoever was there before may not have come so far.
            _ if self.state.sandbox == SandboxState::Open => self.effects.push(Effect::LetProgramsGo),
            _ => {}
        }
        match &self.state.phase {
            Phase::Running(run) => {
                let run = (**run).clone();
                self.take_up_run(&run);
            }
            Phase::Ending { .. } => self.effects.push(Effect::EndSandbox),
            Phase::Idle { .. } => self.start_next_run(),
            Phase::Failed(_) | Phase::Ended { .. } => {}
        }
        Ok(())
    }

    pub(super) fn take_up_run(&mut self, run: &RunState) {
        if let Some(message) = run.writing {
            self.emit(MessageAborted { run: run.id, message });
        }
        let running = || run.calls.iter().filter(|call| call.stage == CallStage::Running);
        self.effects.push(Effect::OpenSandbox);
        self.effects.extend(running().map(|call| Effect::ExecuteCall { call: call.id, only_if_known: true }));
        if run.is_stopping() {
            self.effects.extend(running().map(|call| Effect::CancelCall { call: call.id }));
            self.finish_if_stopped();
        } else {
            self.start_calls();
            self.begin_work(run.id);
        }
    }
}
