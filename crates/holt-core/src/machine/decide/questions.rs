//! Questions to people about calls, and the mode in which the agent works.

use std::time::Duration;

use serde_json::Value;

use super::Draft;
use crate::event::{
    ApprovalAnswered, CallFinished, GrantRevoked, HumanAnswered, HumanAsked, ModeChanged, SandboxClosed, SandboxEnd, Seq,
};
use crate::id::{CallId, RunId};
use crate::machine::input::{Effect, NewAnswer, Refusal};
use crate::machine::state::{MAX_REPLY_BYTES, Phase};
use crate::policy::{Grant, Mode, Question, QuestionParts, Verdict};
use crate::tool::{CallOutcome, CallStatus, MAX_ARGUMENT_BYTES, Place, ToolSpec};
use crate::view::{CallStage, FreeQuestion, OpenCall, SandboxState};

/// How much of a person's reason is kept.
const MOST_REASON_CHARS: usize = 2000;

impl Draft {
    pub(super) fn question(&self, run: RunId, call: CallId, tool: &ToolSpec, arguments: &Value, why: String) -> Question {
        let spec = &self.state.spec;
        let parts = QuestionParts {
            session: self.state.id,
            run,
            call,
            tool: &tool.name,
            arguments,
            workspace: &spec.workspace,
            environment: &spec.environment,
            network: &spec.network,
            mode: self.state.mode,
        };
        Question { hash: parts.hash(), why, for_session: self.state.layers().grant_for(tool, arguments) }
    }

    pub(super) fn answer(&mut self, answer: NewAnswer) -> Result<(), Refusal> {
        let run = self.state.run().filter(|run| !run.is_stopping());
        let asked = |open: &&OpenCall| open.id == answer.call && open.stage == CallStage::Asked;
        let found = run.and_then(|run| Some((run.id, run.calls.iter().find(asked)?.clone())));
        let Some((run, open)) = found else { return Err(self.why_not_asked(answer.call)) };
        if open.asks.is_some() && answer.allow {
            return Err(Refusal::AsksForWords);
        }
        check_seen(&open, &answer)?;
        let NewAnswer { call, allow, for_session, arguments, reason, by, .. } = answer;
        if !allow {
            let reason = reason.map(|text| super::words::text(&text.chars().take(MOST_REASON_CHARS).collect::<String>()));
            let reason = reason.filter(|text| !text.trim().is_empty());
            let because = reason.as_ref().map(|text| format!(" They say: {text}")).unwrap_or_default();
            let denial = match open.asks {
                Some(_) => format!("{by} did not answer.{because}"),
                None => format!("{by} did not allow this call. Nothing was run.{because}"),
            };
            let answered = ApprovalAnswered { run, call, allowed: false, by: Some(by), reason, arguments: None, grant: None };
            self.settle_question(answered, &denial);
            return Ok(());
        }
        let arguments = arguments.filter(|changed| *changed != open.arguments);
        let grant = for_session.then(|| self.grant(&open, arguments.as_ref()));
        if let Some(changed) = &arguments {
            self.check_edit(&open.tool, changed)?;
        }
        let answered = ApprovalAnswered { run, call, allowed: true, by: Some(by), reason: None, arguments, grant };
        self.settle_question(answered, "");
        if for_session {
            self.allow_alike();
        }
        Ok(())
    }

    fn why_not_asked(&self, call: CallId) -> Refusal {
        let answered = self.state.answered.iter().rev().find(|answered| answered.call == call);
        answered.map_or(Refusal::NoQuestion, |answered| Refusal::AnsweredAlready {
            by: answered.by.clone(),
            allowed: answered.allowed,
        })
    }

    fn grant(&self, open: &OpenCall, changed: Option<&Value>) -> Grant {
        self.state.layers().grant_for(&named(&open.tool), changed.unwrap_or(&open.arguments))
    }

    /// What it has let run already runs on.
    pub(super) fn revoke_grant(&mut self, grant: Seq, by: String) -> Result<(), Refusal> {
        if !self.state.grants.iter().any(|kept| kept.id == grant) {
            return Err(Refusal::NoGrant);
        }
        self.unless_ended(GrantRevoked { grant, by })
    }

    pub(super) fn ask_in_words(&mut self, run: RunId, call: CallId, question: FreeQuestion) {
        let until = self.now.plus(Duration::from_secs(self.state.layers().answer_within_seconds()));
        self.emit(HumanAsked { run, call, question, until });
    }

    /// An answer in words is what the call comes to.
    pub(super) fn reply(&mut self, call: CallId, text: String, by: String) -> Result<(), Refusal> {
        let run = self.state.run().filter(|run| !run.is_stopping());
        let asks = |open: &&OpenCall| open.id == call && open.stage == CallStage::Asked && open.asks.is_some();
        let found = run.and_then(|run| run.calls.iter().find(asks).map(|_| run.id));
        let Some(run) = found else { return Err(self.why_not_asked(call)) };
        if text.trim().is_empty() || text.len() > MAX_REPLY_BYTES {
            return Err(Refusal::BadReply);
        }
        let outcome = CallOutcome::text(CallStatus::Succeeded, format!("{by} answers: {text}"));
        self.emit(HumanAnswered { run, call, text, by });
        self.emit(CallFinished { run, call, outcome: outcome.bounded() });
        self.start_calls();
        Ok(())
    }

    /// A person may allow what is asked about, and not what is forbidden.
    fn check_edit(&self, tool: &str, changed: &Value) -> Result<(), Refusal> {
        if !changed.is_object() {
            return Err(Refusal::BadEdit("they are not a JSON object".into()));
        }
        if changed.to_string().len() > MAX_ARGUMENT_BYTES {
            return Err(Refusal::BadEdit(format!("they are larger than {MAX_ARGUMENT_BYTES} bytes")));
        }
        let judgement = self.state.layers().judge(&named(tool), changed);
        if judgement.verdict == Verdict::Deny { Err(Refusal::BadEdit(judgement.why)) } else { Ok(()) }
    }

    pub(super) fn settle_question(&mut self, answered: ApprovalAnswered, denial: &str) {
        let ApprovalAnswered { run, call, allowed, .. } = answered;
        self.emit(answered);
        if !allowed {
            self.emit(CallFinished { run, call, outcome: CallOutcome::text(CallStatus::Denied, denial) });
        }
        self.start_calls();
    }

    /// Questions that an answer for the whole session answers as well.
    fn allow_alike(&mut self) {
        let Some(run) = self.state.run() else { return };
        let id = run.id;
        let layers = self.state.layers();
        let is_allowed = |open: &&OpenCall| {
            open.stage == CallStage::Asked
                && open.asks.is_none()
                && layers.judge(&named(&open.tool), &open.arguments).verdict == Verdict::Allow
        };
        for call in run.calls.iter().filter(is_allowed).map(|open| open.id).collect::<Vec<_>>() {
            let by = self.state.answered.back().map(|answered| answered.by.clone());
            let answered = ApprovalAnswered { run: id, call, allowed: true, by, reason: None, arguments: None, grant: None };
            self.settle_question(answered, "");
        }
    }

    /// Whether the workspace can be written to is built into an open sandbox, so it is closed when that changes, and what runs in
    /// it ends.
    pub(super) fn set_mode(&mut self, mode: Mode, by: String) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. }) {
            return Err(Refusal::Ended);
        }
        let before = self.state.mode;
        if before == mode {
            return Ok(());
        }
        self.state.spec.check_mode(mode).map_err(Refusal::BeyondKey)?;
        self.emit(ModeChanged { mode, by });
        if before.reads_only() != mode.reads_only() {
            self.effects.push(Effect::CloseSandbox);
            self.end_running_calls();
            if self.state.sandbox == SandboxState::Open {
                self.end_control();
                self.emit(SandboxClosed { why: SandboxEnd::ModeChanged, ended: Vec::new() });
            }
            self.start_calls();
            self.finish_if_stopped();
        }
        Ok(())
    }

    fn end_running_calls(&mut self) {
        let Some(run) = self.state.run() else { return };
        let id = run.id;
        let running = run.calls.iter().filter(|open| open.stage == CallStage::Running && open.place == Place::Sandbox);
        for call in running.map(|open| open.id).collect::<Vec<_>>() {
            let text =
                "A person changed the session's mode, which ended what ran in the sandbox. This call may have done a part.";
            self.emit(CallFinished { run: id, call, outcome: CallOutcome::text(CallStatus::Cancelled, text) });
        }
    }
}

/// Nothing is allowed but what its allower has seen.
fn check_seen(open: &OpenCall, answer: &NewAnswer) -> Result<(), Refusal> {
    let Some(question) = &open.question else { return Ok(()) };
    match &answer.hash {
        Some(hash) if *hash == question.hash => Ok(()),
        Some(_) => Err(Refusal::OtherQuestion),
        None if answer.allow => Err(Refusal::UnseenQuestion),
        None => Ok(()),
    }
}

/// A tool of which only the name counts, and which may change things.
fn named(tool: &str) -> ToolSpec {
    ToolSpec {
        name: tool.into(),
        description: String::new(),
        parameters: Value::Null,
        reads_only: false,
        parallel: false,
        screen: false,
        place: Place::Sandbox,
    }
}
