//! What the brain of a run says.

use std::time::Duration;

use super::{Draft, words};
use crate::agent::FinishedTurn;
use crate::budget::{Account, Reach, Spent, Standing};
use crate::event::{
    AgentMessage, ApprovalRequested, BudgetReached, BudgetWarned, CallFinished, CallProposed, MessageAborted, MessageStarted,
    ModelStoodIn, PromptSteered, RunResult, Seq, WhenBusy,
};
use crate::id::{CallId, MessageId, RunId};
use crate::machine::input::{Effect, Refusal};
use crate::machine::own::delegate;
use crate::model::{AssistantPart, StoodIn};
use crate::policy::{Judgement, Verdict};
use crate::tool::{CallOutcome, CallStatus, MAX_ARGUMENT_BYTES, Place, ToolSpec};

impl Draft {
    pub(super) fn begin_message(&mut self, run: RunId, message: MessageId) -> Result<(), Refusal> {
        let current = self.run_if(run)?;
        if current.is_stopping() {
            return Err(Refusal::Stale);
        }
        if let Some(unfinished) = current.writing {
            self.emit(MessageAborted { run, message: unfinished });
        }
        self.emit(MessageStarted { run, message });
        Ok(())
    }

    /// Said once for each that stands in, and not at every step.
    pub(super) fn stood_in(&mut self, run: RunId, stood_in: StoodIn) -> Result<(), Refusal> {
        let current = self.run_if(run)?;
        let StoodIn { wanted, model, code, why } = stood_in;
        if current.stood_in.as_ref() != Some(&model) {
            let (code, why) = (words::code(&code), words::text(&why));
            self.emit(ModelStoodIn { run, wanted, model, code, why });
        }
        Ok(())
    }

    pub(super) fn next_step(&mut self, run: RunId, within: Option<CallId>) -> Result<(), Refusal> {
        let current = self.run_if(run)?;
        if current.is_stopping() {
            return Err(Refusal::Stale);
        }
        if within.is_some_and(|part| !current.is_working_at(part)) {
            return Err(Refusal::Stale);
        }
        if current.calls.iter().any(|call| call.within == within) {
            return Err(Refusal::CallsOpen);
        }
        if let Some(control) = &self.state.control {
            return Err(Refusal::Driven(control.by.clone()));
        }
        if self.check_budget(&[]) {
            return Ok(());
        }
        if let Some(part) = within {
            return self.next_step_of_part(run, part);
        }
        let steered = self.state.queue.iter().filter(|prompt| prompt.when_busy == WhenBusy::Steer);
        for prompt in steered.map(|prompt| prompt.id).collect::<Vec<_>>() {
            self.emit(PromptSteered { run, prompt });
        }
        self.effects.push(Effect::Proceed { run, within: None });
        Ok(())
    }

    /// One that was given a part of the work stops when its share is used; what it used counts for the run too.
    fn next_step_of_part(&mut self, run: RunId, part: CallId) -> Result<(), Refusal> {
        let used = self.run_if(run)?.parts.get(&part).copied().unwrap_or_default();
        let share = delegate::share(&self.state.spec.budget);
        let spent = Spent::new(u64::from(used.steps), used.usage, Duration::ZERO);
        if matches!(Account::new(Reach::Run, share, spent).standing(), Standing::Reached(_)) {
            return Err(Refusal::ShareUsed);
        }
        self.effects.push(Effect::Proceed { run, within: Some(part) });
        Ok(())
    }

    /// Warns or stops where a budget says so, the session's own or one that it shares; true when the run stops.
    pub(super) fn check_budget(&mut self, shared: &[Account]) -> bool {
        let Some(run) = self.state.run().filter(|run| !run.is_stopping()) else { return false };
        let (id, warned_of) = (run.id, run.warned_of.clone());
        let standings: Vec<Standing> = self.state.accounts(self.now).iter().chain(shared).map(Account::standing).collect();
        let reached = standings.iter().find_map(|standing| match standing {
            Standing::Reached(reached) => Some(*reached),
            _ => None,
        });
        if let Some(reached) = reached {
            self.emit(BudgetReached { run: id, reached });
            self.stop_working(id);
            return true;
        }
        for standing in standings {
            if let Standing::Near(near) = standing
                && !warned_of.contains(&near.of)
            {
                self.emit(BudgetWarned { run: id, near });
            }
        }
        false
    }

    pub(super) fn turn(
        &mut self,
        (run, within): (RunId, Option<CallId>),
        turn: FinishedTurn,
        tools: &[ToolSpec],
        seen: Seq,
    ) -> Result<(), Refusal> {
        let current = self.run_if(run)?;
        if current.is_stopping() || within.is_some_and(|part| !current.is_working_at(part)) {
            return Err(Refusal::Stale);
        }
        let FinishedTurn { message, parts, calls, usage, stop, model } = turn;
        self.emit(AgentMessage { run, message, parts: parts.clone(), usage, stop, model, within });
        for part in parts {
            if let AssistantPart::Call { reference, tool, arguments } = part
                && let Some(call) = calls.get(&reference)
            {
                self.propose((run, within), *call, reference, tool, arguments, tools);
            }
        }
        if seen < self.state.driven_seq {
            self.withdraw_screen_calls();
        }
        self.start_calls();
        Ok(())
    }

    pub(super) fn propose(
        &mut self,
        (run, within): (RunId, Option<CallId>),
        call: CallId,
        reference: String,
        tool: String,
        arguments: serde_json::Value,
        tools: &[ToolSpec],
    ) {
        let is_offered = within.is_none() || delegate::has(&tool);
        let spec = tools.iter().find(|known| known.name == tool && is_offered);
        let too_large = arguments.to_string().len() > MAX_ARGUMENT_BYTES;
        let deny = |why: String| Judgement { verdict: Verdict::Deny, why };
        let Judgement { verdict, why } = match spec {
            None => deny(format!("There is no tool `{}`.", tool.chars().take(100).collect::<String>())),
            Some(_) if too_large => deny(format!("The arguments are larger than {MAX_ARGUMENT_BYTES} bytes.")),
            Some(spec) => self.state.layers().judge(spec, &arguments),
        };
        let arguments = if too_large { serde_json::Value::Null } else { arguments };
        let question =
            spec.filter(|_| verdict == Verdict::Ask).map(|spec| self.question(run, call, spec, &arguments, why.clone()));
        let (parallel, screen) = spec.map_or((false, false), |spec| (spec.parallel, spec.screen));
        let place = spec.map_or_else(Place::default, |spec| spec.place);
        self.emit(CallProposed { run, call, reference, tool, arguments, verdict, parallel, screen, place, within });
        match verdict {
            Verdict::Allow => {}
            Verdict::Ask => {
                let until = self.now.plus(Duration::from_secs(self.state.layers().answer_within_seconds()));
                self.emit(ApprovalRequested { run, call, until, question });
            }
            Verdict::Deny => self.emit(CallFinished { run, call, outcome: CallOutcome::text(CallStatus::Denied, why) }),
        }
    }

    pub(super) fn brain_ended(&mut self, run: RunId, result: RunResult) -> Result<(), Refusal> {
        let current = self.run_if(run)?;
        if !current.is_stopping() {
            self.close_run(result, false);
            self.after_run();
        }
        Ok(())
    }
}
