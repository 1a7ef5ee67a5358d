//! What an owner does once events are durable.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use holt_core::agent::{Agent, AgentFailure, Brief, WorkError};
use holt_core::budget::Allowance;
use holt_core::context::Start;
use holt_core::event::{Level, SandboxEnd};
use holt_core::id::{CallId, RunId};
use holt_core::machine::{Effect, Input, Refusal};
use holt_core::profile::ProfileKey;
use holt_core::sandbox::{SandboxError, SandboxInfo, SandboxSpec};
use holt_core::session::WorkspaceSpec;
use holt_core::tool::{CallOutcome, CallStatus, Place};
use holt_core::view::{Failure, SandboxState};

use crate::call::{self, CallTask};
use crate::desk::EngineDesk;
use crate::error::EngineError;
use crate::instructions;
use crate::memory;
use crate::offered;
use crate::owner::{Door, Owner, Word};

/// How long closing a sandbox may take before it is left to the sweep at the next start.
const CLOSE_WITHIN: Duration = Duration::from_secs(30);
/// How long a model may take to say what a session is about.
const SUMMARIZE_WITHIN: Duration = Duration::from_secs(60);

impl Owner {
    pub(crate) async fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::OpenSandbox => self.open_sandbox(),
                Effect::Compact => self.compact(),
                Effect::Summarize => self.summarize(),
                Effect::FetchSource => self.fetch_source(),
                Effect::StartBrain { run } => self.start_brain(run),
                Effect::HaltBrain { run } => self.halt_brain(run),
                Effect::Proceed { run, within } => self.reply_to_step(run, within, Ok(self.state.last_seq)),
                Effect::ExecuteCall { call, only_if_known } => self.execute(call, only_if_known),
                Effect::CancelCall { call } => self.cancel_call(call),
                Effect::AcknowledgeCall { call } => self.acknowledge(call),
                Effect::HoldPrograms => self.move_programs(true),
                Effect::LetProgramsGo => self.move_programs(false),
                Effect::SleepSandbox { even_if_busy } => self.fall_asleep(even_if_busy).await,
                Effect::CloseSandbox => self.close_outdated().await,
                Effect::EndSandbox => self.end_sandbox().await,
            }
        }
    }

    /// What its browser knows from before.
    fn profile(&self) -> Option<ProfileKey> {
        let spec = &self.state.spec;
        spec.browser_profile.clone().map(|name| ProfileKey { owner: spec.owner.clone(), name })
    }

    /// Begins to open the sandbox unless it is open or opening.
    pub(crate) fn open_sandbox(&mut self) {
        if *self.door.borrow() != Door::Opening {
            self.door.send_replace(Door::Opening);
            self.open_as_it_is_to_be();
        }
    }

    fn open_as_it_is_to_be(&mut self) {
        let spec = SandboxSpec {
            session: self.session,
            workspace: self.state.spec.workspace.clone(),
            environment: self.state.spec.environment.clone(),
            limits: self.state.spec.limits,
            profile: self.profile(),
            read_only: self.state.mode.reads_only(),
            variables: self.node.options.variables.clone(),
        };
        let (sandboxes, words) = (self.node.parts.sandboxes.clone(), self.words.clone());
        let (session, close_first) = (self.session, std::mem::take(&mut self.outdated));
        self.helpers.spawn(async move {
            if close_first && let Err(error) = sandboxes.close(session).await {
                let _ = words.send(Word::SandboxAnswered(Err(error))).await;
                return;
            }
            let answer = sandboxes.open(spec).await;
            let _ = words.send(Word::SandboxAnswered(answer)).await;
        });
    }

    pub(crate) fn sandbox_answered(&mut self, answer: Result<SandboxInfo, SandboxError>) {
        if self.outdated {
            return self.open_as_it_is_to_be();
        }
        match answer {
            Ok(info) => {
                if !info.found && self.state.sandbox == SandboxState::Open {
                    self.follow_up.push_back(Input::SandboxGone { why: SandboxEnd::Lost });
                }
                self.follow_up.push_back(Input::SandboxOpened { driver: info.driver, warnings: info.warnings });
                // It may have been held before anybody knew that it is open.
                self.follow_up.push_back(self.node.reports.held(self.session));
                self.openings += 1;
                self.door.send_replace(Door::Open { opening: self.openings, found: info.found });
            }
            Err(error) => {
                self.door.send_replace(Door::Closed);
                let failure = failure_of(&error);
                for reply in self.waking.drain(..) {
                    let _ = reply.send(Err(EngineError::Sandbox(error.clone())));
                }
                self.follow_up.push_back(Input::Fail(failure));
            }
        }
    }

    fn start_brain(&mut self, run: RunId) {
        if let Some(summarizing) = self.summarizing.take() {
            summarizing.abort();
        }
        let spec = &self.state.spec;
        let Some(agent) = self.node.parts.agents.get(&spec.agent).cloned() else {
            let failure = Failure {
                code: "agent_unknown".into(),
                message: format!("This Holt has no agent `{}`.", spec.agent),
                hint: "Start a session with one of the agents that `holt status --json` lists.".into(),
            };
            self.follow_up.push_back(Input::BrainFailed { run, failure });
            return;
        };
        let (brief, place) = (self.brief(run), self.state.compactions.last().copied());
        let (node, spec, store) = (self.node.clone(), spec.clone(), self.node.store().clone());
        let words = self.words.clone();
        let brain = self.helpers.spawn(async move {
            let (session, tools) = (brief.session, offered::to(&node.parts, brief.session, &spec));
            let known = (instructions::read(&node, session, &spec), memory::told(&node, session, &spec));
            let (tools, instructions, memory) = tokio::join!(tools, known.0, known.1);
            let brief = Brief { tools, instructions, memory, ..brief };
            let desk = Arc::new(EngineDesk::new(brief, place.as_ref(), store, words.clone()));
            let result = work(agent, desk).await;
            let _ = words.send(Word::BrainEnded { run, result }).await;
        });
        self.brain = Some((run, brain));
    }

    pub(crate) fn brief(&self, run: RunId) -> Brief {
        let spec = &self.state.spec;
        Brief {
            session: self.session,
            run,
            model: spec.model.clone(),
            environment: spec.environment.clone(),
            workspace_path: match &spec.workspace {
                WorkspaceSpec::Managed => "/workspace".into(),
                WorkspaceSpec::Directory { path } => path.clone(),
            },
            purpose: spec.definition.as_ref().map(|definition| definition.instructions.clone()).unwrap_or_default(),
            mode: self.state.mode,
            allowance: Allowance::from(spec.budget).to_string(),
            tools: Vec::new(),
            start: Start::new(self.state.compactions.last(), self.state.last_seq),
            instructions: None,
            memory: Vec::new(),
            part: None,
        }
    }

    /// Has the agent sum up what can be, though no run is under way. Whatever comes meanwhile does not wait for it.
    fn compact(&mut self) {
        let Some(agent) = self.node.parts.agents.get(&self.state.spec.agent).cloned() else { return };
        let (brief, place) = (self.brief(RunId::new(uuid::Uuid::nil())), self.state.compactions.last().copied());
        let desk = Arc::new(EngineDesk::to_read(brief, place.as_ref(), self.node.store().clone(), self.words.clone()));
        let words = self.words.clone();
        self.compacting = Some(self.helpers.spawn(async move {
            let done = std::panic::AssertUnwindSafe(agent.compact(desk)).catch_unwind().await;
            let _ = words.send(Word::CompactionEnded { any: matches!(done, Ok(Ok(true))) }).await;
        }));
    }

    /// Has the agent say what the session is about. A run that begins stops it, and has it done when it is over.
    fn summarize(&mut self) {
        let Some(agent) = self.node.parts.agents.get(&self.state.spec.agent).cloned() else { return };
        let (brief, place) = (self.brief(RunId::new(uuid::Uuid::nil())), self.state.compactions.last().copied());
        let desk = Arc::new(EngineDesk::to_read(brief, place.as_ref(), self.node.store().clone(), self.words.clone()));
        let words = self.words.clone();
        self.summarizing = Some(self.helpers.spawn(async move {
            let said = std::panic::AssertUnwindSafe(agent.summarize(desk)).catch_unwind();
            let said = tokio::time::timeout(SUMMARIZE_WITHIN, said).await;
            let said = said.ok().and_then(Result::ok).and_then(Result::ok).flatten();
            let _ = words.send(Word::Summarized(said)).await;
        }));
    }

    pub(crate) fn compaction_ended(&mut self, any: bool) {
        self.compacting = None;
        if !any {
            let text = "There is nothing in the conversation that could be summed up yet.".into();
            self.follow_up.push_back(Input::Note { level: Level::Info, code: "nothing_to_compact".into(), text });
        }
    }

    fn halt_brain(&mut self, run: RunId) {
        if let Some((_, brain)) = self.brain.take_if(|(current, _)| *current == run) {
            brain.abort();
        }
        self.pending.clear();
    }

    pub(crate) fn brain_ended(&mut self, run: RunId, result: Result<(), WorkError>) {
        self.brain.take_if(|(current, _)| *current == run);
        match result {
            Ok(()) => self.follow_up.push_back(Input::BrainDone { run }),
            Err(WorkError::Halted(_)) => {
                let failure = Failure {
                    code: "agent_left".into(),
                    message: "The agent stopped although nobody had told it to.".into(),
                    hint: "Send the prompt again; if it happens again, the server's log says more.".into(),
                };
                self.follow_up.push_back(Input::BrainFailed { run, failure });
            }
            Err(WorkError::Failed(AgentFailure { code, message, hint })) => {
                self.follow_up.push_back(Input::BrainFailed { run, failure: Failure { code, message, hint } });
            }
        }
    }

    fn execute(&mut self, call: CallId, only_if_known: bool) {
        if self.calls.contains_key(&call) {
            return;
        }
        let Some(open) = self.state.run().and_then(|run| run.calls.iter().find(|open| open.id == call)).cloned() else { return };
        if open.place == Place::Sandbox && *self.door.borrow() == Door::Closed {
            self.open_sandbox();
        }
        let task = call::start(self, open, only_if_known);
        self.calls.insert(call, task);
    }

    fn cancel_call(&mut self, call: CallId) {
        match self.calls.get(&call) {
            Some(task) => task.cancel(),
            None => self.follow_up.push_back(Input::CallReturned {
                call,
                outcome: CallOutcome::text(CallStatus::Cancelled, "The call was cancelled."),
            }),
        }
    }

    pub(crate) fn acknowledge(&mut self, call: CallId) {
        if self.state.sandbox == SandboxState::Closed {
            return;
        }
        let (sandboxes, session) = (self.node.parts.sandboxes.clone(), self.session);
        self.helpers.spawn(async move {
            // A keeper that is gone has nothing left to forget.
            let _ = sandboxes.acknowledge(session, call).await;
        });
    }

    /// Sleep ends processes and desktops, so it waits while somebody looks at the desktop or a terminal, and while something that a tool
    /// left running is alive; but for that not for ever.
    async fn fall_asleep(&mut self, even_if_busy: bool) {
        let watched = self.hub.viewers() > 0;
        match self.node.parts.sandboxes.busy(self.session).await {
            Ok(processes) if !watched && (processes.is_empty() || even_if_busy) => self.close_for_sleep(processes).await,
            Ok(processes) => self.follow_up.push_back(Input::StillBusy { processes, watched }),
            Err(_) => self.sandbox_lost(),
        }
    }

    /// The sandbox is gone though nobody asked.
    pub(crate) fn sandbox_lost(&mut self) {
        self.door.send_replace(Door::Closed);
        self.node.reports.closed(self.session);
        self.follow_up.push_back(Input::SandboxGone { why: SandboxEnd::Lost });
    }

    /// Takes what the sandbox has reported by itself.
    pub(crate) async fn hear_reports(&mut self) {
        let news = self.node.reports.news(self.session);
        self.follow_up.extend(news.notes());
        self.follow_up.extend(news.network());
        self.follow_up.extend(news.page());
        if let Some(reason) = news.gone()
            && self.is_gone_for_sure().await
        {
            tracing::warn!(session = %self.session, reason, "a sandbox is gone");
            self.sandbox_lost();
        }
        self.follow_up.push_back(self.node.reports.held(self.session));
    }

    /// A report may come late: of a sandbox whose end is known, and behind which the next one is open already. One that is
    /// being opened says by itself whether it was there.
    async fn is_gone_for_sure(&self) -> bool {
        self.state.sandbox == SandboxState::Open
            && *self.door.borrow() != Door::Opening
            && matches!(self.node.parts.sandboxes.busy(self.session).await, Err(SandboxError::NotOpen | SandboxError::Gone))
    }

    /// Somebody wants the session to sleep now, whatever runs.
    pub(crate) async fn sleep_now(&mut self) -> Result<(), EngineError> {
        if self.state.run().is_some() {
            return Err(Refusal::Busy.into());
        }
        if self.state.sandbox == SandboxState::Open {
            let processes = self.node.parts.sandboxes.busy(self.session).await.unwrap_or_default();
            self.close_for_sleep(processes).await;
        }
        Ok(())
    }

    async fn close_for_sleep(&mut self, processes: Vec<String>) {
        if self.close().await {
            self.follow_up.push_back(Input::SandboxSlept { ended: processes });
        }
    }

    async fn close(&mut self) -> bool {
        self.door.send_replace(Door::Closed);
        match tokio::time::timeout(CLOSE_WITHIN, self.node.parts.sandboxes.close(self.session)).await {
            Ok(Ok(())) => {
                self.node.reports.closed(self.session);
                true
            }
            Ok(Err(error)) => {
                tracing::error!(session = %self.session, %error, "a sandbox could not be closed");
                false
            }
            Err(_) => {
                tracing::error!(session = %self.session, "a sandbox did not close in time");
                false
            }
        }
    }

    /// The sandbox is not as it is to be any more. What ran in it has its result already.
    async fn close_outdated(&mut self) {
        for (_, task) in self.calls.extract_if(|_, task| task.is_inside()) {
            task.abort();
        }
        if *self.door.borrow() == Door::Opening {
            self.outdated = true;
        } else {
            // One that does not close is closed before the next is opened.
            self.outdated = !self.close().await;
        }
    }

    async fn end_sandbox(&mut self) {
        for (_, task) in self.calls.drain() {
            task.abort();
        }
        // What could not be closed is found and ended by the sweep at the next start.
        self.close().await;
        self.follow_up.push_back(Input::SandboxEnded);
    }
}

/// Runs a brain; one that panics has failed, and takes nobody with it.
pub(crate) async fn work(agent: Arc<dyn Agent>, desk: Arc<EngineDesk>) -> Result<(), WorkError> {
    std::panic::AssertUnwindSafe(agent.work(desk)).catch_unwind().await.unwrap_or_else(|_| {
        Err(WorkError::Failed(AgentFailure {
            code: "agent_crashed".into(),
            message: "The agent crashed.".into(),
            hint: "Send the prompt again; the server's log says where it happened.".into(),
        }))
    })
}

fn failure_of(error: &SandboxError) -> Failure {
    match error {
        SandboxError::CannotOpen { code, message, hint } => {
            Failure { code: code.clone(), message: message.clone(), hint: hint.clone() }
        }
        other => Failure {
            code: "sandbox_unavailable".into(),
            message: format!("The sandbox did not open: {other}."),
            hint: "Run `holt doctor`: it tries a real sandbox and says what to mend.".into(),
        },
    }
}

impl CallTask {
    pub(crate) fn abort(&self) {
        self.handle.abort();
    }
}
