//! Folding events into the state. Every event can be applied to every state: what makes no sense there changes nothing,
//! since a log is history and cannot be argued with.

use std::time::Duration;

use super::state::{Answered, MAX_GRANTS, PartUsed, Phase, REMEMBERED_ANSWERS, REMEMBERED_COMPACTIONS, RunState, State};
use crate::budget::Usage;
use crate::context::CompactionPlace;
use crate::event::{
    AgentMessage, ApprovalAnswered, ArtifactPublished, CallProposed, ContextCompacted, ControlTaken, EventBody, HostAnswered,
    HostAsked, PageChanged, PromptQueued, RunFinished, RunResult, SandboxEnd, SandboxHeld, Seq, SessionCreated, SessionForked,
    SessionSummarized, WhenBusy,
};
use crate::id::CallId;
use crate::network::{HOST_ANSWER_SECONDS, HostGrant, HostQuestion, HostRule, MAX_HOST_GRANTS, MAX_HOST_RULES};
use crate::policy::{KeptGrant, Verdict};
use crate::snapshot::SnapshotId;
use crate::time::Timestamp;
use crate::view::{
    Artifact, CallStage, Control, Failure, ForkedFrom, Held, OpenCall, Page, QueuedPrompt, Recording, SandboxState,
};

impl State {
    /// Folds one event in. A kind that this version does not know is `None` and only moves the place in the log.
    pub fn apply(&mut self, seq: Seq, at: Timestamp, body: Option<&EventBody>) {
        self.last_seq = seq;
        self.last_at = at;
        let Some(body) = body else { return };
        self.count_work(at);
        let before = self.used();
        self.fold(at, body);
        self.count(u64::from(matches!(body, EventBody::AgentMessage(_))), before);
    }

    fn fold(&mut self, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::ModeChanged(changed) => self.mode = changed.mode,
            EventBody::HumanAnswered(answered) => {
                self.remember_settled(answered.call, answered.by.clone(), true);
                let still = self.clock_stands();
                if let Some(run) = self.run_mut() {
                    run.settled(at, answered.call, still);
                }
            }
            EventBody::ApprovalAnswered(answered) => {
                self.remember_answer(at, answered);
                let still = self.clock_stands();
                if let Some(run) = self.run_mut() {
                    run.answered(at, answered, still);
                }
            }
            EventBody::GrantRevoked(revoked) => self.grants.retain(|kept| kept.id != revoked.grant),
            EventBody::SessionRenamed(renamed) => {
                self.spec.title.clone_from(&renamed.title);
                self.named = !renamed.from_prompt;
            }
            EventBody::SessionSummarized(summarized) => self.summarized(summarized),
            EventBody::PromptQueued(prompt) => {
                self.used_at = at;
                self.enqueue(prompt);
            }
            EventBody::PromptWithdrawn(withdrawn) => self.queue.retain(|prompt| prompt.id != withdrawn.prompt),
            EventBody::PromptSteered(steered) => self.queue.retain(|prompt| prompt.id != steered.prompt),
            EventBody::RunStarted(started) => {
                self.queue.retain(|prompt| prompt.id != started.run.into());
                let mut run = RunState::new(started.run, at);
                run.waiting_since = self.clock_stands().then_some(at);
                self.between_runs = Usage::default();
                run.before = Some(self.snapshot_id().to_owned());
                self.phase = Phase::Running(Box::new(run));
            }
            EventBody::RunFinished(finished) => self.leave_run(at, finished),
            EventBody::SandboxOpened(_) => self.sandbox_opened(at),
            EventBody::SandboxClosed(closed) => self.sandbox_closed(at, closed.why),
            EventBody::SandboxHeld(held) => self.held(at, held),
            EventBody::SandboxReleased(_) => self.released(at),
            EventBody::PageChanged(changed) => self.page = page(changed),
            EventBody::ControlTaken(taken) => self.control_taken(at, taken),
            EventBody::ControlReturned(_) => {
                self.control_returned(at);
                // What one person said of themselves is not said of the next.
                self.recording = self.recording.map(|recording| Recording { while_driven: false, ..recording });
            }
            EventBody::RecordingStarted(started) => {
                self.recording = Some(Recording { since: at, while_driven: started.while_driven });
            }
            EventBody::RecordingStopped(_) => self.recording = None,
            EventBody::TerminalOpened(_) | EventBody::TerminalClosed(_) => self.used_at = at,
            EventBody::SleepPostponed(postponed) => {
                if postponed.watched {
                    self.used_at = at;
                }
                let asleep_after = Duration::from_secs(self.spec.sleep_after_seconds);
                self.idle_since = Timestamp::from_millis(
                    postponed.until.as_millis().saturating_sub(i64::try_from(asleep_after.as_millis()).unwrap_or(i64::MAX)),
                );
            }
            EventBody::SnapshotTaken(taken) => self.snapshot_taken(&taken.snapshot.id),
            EventBody::WorkspaceRestored(restored) if restored.path.is_none() => {
                self.snapshot = Some(restored.snapshot.clone());
            }
            EventBody::SourceFetched(fetched) => self.fetched = Some(fetched.fetched.clone()),
            EventBody::SessionForked(forked) => self.forked(at, forked),
            EventBody::PlanChanged(changed) => self.plan.clone_from(&changed.items),
            EventBody::NetworkChanged(changed) => {
                self.spec.network = changed.network;
                self.spec.hosts.clone_from(&changed.hosts);
                self.host_grants.clear();
            }
            EventBody::BudgetChanged(changed) => {
                self.spec.budget = changed.budget;
                self.spec.session_budget = changed.session_budget;
            }
            EventBody::HostAsked(asked) => self.host_asked(at, asked),
            EventBody::HostAnswered(answered) => self.host_answered(at, answered),
            EventBody::ModelUsed(used) => match self.run_mut() {
                Some(run) => run.usage = run.usage.plus(used.usage),
                None => {
                    self.between_runs = self.between_runs.plus(used.usage);
                    self.usage = self.usage.plus(used.usage);
                }
            },
            EventBody::ContextCompacted(compacted) => self.compacted(compacted),
            EventBody::CompactionUndone(undone) => self.compactions.retain(|place| place.at != undone.compaction),
            EventBody::ArtifactPublished(published) => self.artifacts.push(artifact(published, at)),
            EventBody::SessionEnding(ending) => self.phase = Phase::Ending { reason: ending.reason },
            EventBody::SessionEnded(ended) => {
                self.phase = Phase::Ended { reason: ended.reason };
                self.sandbox = SandboxState::Closed;
                self.held = None;
                self.control = None;
                self.recording = None;
                self.host_questions.clear();
                self.queue.clear();
            }
            EventBody::SessionFailed(failed) => {
                self.phase = Phase::Failed(Failure {
                    code: failed.code.clone(),
                    message: failed.message.clone(),
                    hint: failed.hint.clone(),
                });
            }
            EventBody::SessionRetried(_) => self.phase = Phase::Idle { asleep: false },
            other => {
                if let Some(run) = self.run_mut() {
                    run.fold(at, other);
                }
            }
        }
    }

    /// What was the other session's own is not this one's: its sandbox, what people allowed there, what it handed out and used.
    fn forked(&mut self, at: Timestamp, forked: &SessionForked) {
        let SessionForked { from, at: place, title, hosts, snapshot, .. } = forked.clone();
        (self.spec.title, self.spec.hosts) = (title, hosts);
        let phase = match self.run() {
            Some(run) => Phase::Running(Box::new(RunState { before: Some(snapshot.clone()), ..RunState::new(run.id, at) })),
            None => Phase::Idle { asleep: false },
        };
        *self = Self {
            phase,
            mode: self.mode,
            plan: std::mem::take(&mut self.plan),
            compactions: std::mem::take(&mut self.compactions),
            recent: std::mem::take(&mut self.recent),
            queue: std::mem::take(&mut self.queue),
            snapshot: Some(snapshot),
            fetched: self.fetched.take(),
            forked_from: Some(ForkedFrom { session: from, at: place }),
            driven_seq: self.last_seq,
            last_seq: self.last_seq,
            ..Self::new(self.id, SessionCreated { spec: self.spec.clone() }, at)
        };
    }

    fn host_asked(&mut self, at: Timestamp, asked: &HostAsked) {
        let HostAsked { host, port, until } = asked.clone();
        self.host_questions.push(HostQuestion { question: self.last_seq, host, port, until });
        if let Some(run) = self.run_mut() {
            run.hosts_asked = run.hosts_asked.saturating_add(1);
        }
        if !self.clock_stands() {
            self.go_on(at);
        } else if let Some(run) = self.run_mut() {
            run.waiting_since.get_or_insert(at);
        }
    }

    /// For good it becomes a rule, the first of all; for once it is remembered for a while, so is that nobody answered.
    fn host_answered(&mut self, at: Timestamp, answered: &HostAnswered) {
        let HostAnswered { question, host, port, allowed, lasting, by } = answered.clone();
        self.host_questions.retain(|open| open.question != question);
        self.go_on(at);
        if lasting {
            let verdict = if allowed { Verdict::Allow } else { Verdict::Deny };
            self.spec.hosts.insert(0, HostRule { host: format!("{host}:{port}"), verdict });
            self.spec.hosts.truncate(MAX_HOST_RULES);
            return;
        }
        let until = at.plus(Duration::from_secs(HOST_ANSWER_SECONDS));
        self.host_grants.retain(|grant| grant.until > at && (grant.host != host || grant.port != port));
        if self.host_grants.len() >= MAX_HOST_GRANTS {
            self.host_grants.remove(0);
        }
        self.host_grants.push(HostGrant { host, port, allowed, by, until });
    }

    fn enqueue(&mut self, prompt: &PromptQueued) {
        self.remember(prompt.prompt);
        let queued =
            QueuedPrompt { id: prompt.prompt, text: prompt.text.clone(), when_busy: prompt.when_busy, by: prompt.by.clone() };
        // An interrupting prompt goes before those that wait, behind earlier interrupting ones.
        let place = match prompt.when_busy {
            WhenBusy::Interrupt => self.queue.iter().take_while(|other| other.when_busy == WhenBusy::Interrupt).count(),
            _ => self.queue.len(),
        };
        self.queue.insert(place, queued);
    }

    /// What the summary cost counts for the run that needed it, or for the session.
    fn compacted(&mut self, compacted: &ContextCompacted) {
        if self.compactions.len() == REMEMBERED_COMPACTIONS {
            self.compactions.remove(0);
        }
        let &ContextCompacted { through, reads_from, usage, run, .. } = compacted;
        self.compactions.push(CompactionPlace { at: self.last_seq, through, reads_from });
        match self.run_mut().filter(|current| Some(current.id) == run) {
            Some(current) => current.usage = current.usage.plus(usage),
            None => self.usage = self.usage.plus(usage),
        }
    }

    fn summarized(&mut self, summarized: &SessionSummarized) {
        let SessionSummarized { title, summary, usage, .. } = summarized;
        if let Some(title) = title {
            self.spec.title.clone_from(title);
        }
        self.summary.clone_from(summary);
        self.summarized = self.runs;
        self.usage = self.usage.plus(*usage);
    }

    /// What stands there before anything of a run wrote is what the run began with, whoever had put it there.
    fn snapshot_taken(&mut self, id: &SnapshotId) {
        self.snapshot = Some(id.clone());
        if let Some(run) = self.run_mut().filter(|run| !run.wrote) {
            run.before = Some(id.clone());
        }
    }

    fn remember_settled(&mut self, call: CallId, by: String, allowed: bool) {
        if self.answered.len() == REMEMBERED_ANSWERS {
            self.answered.pop_front();
        }
        self.answered.push_back(Answered { call, by, allowed });
    }

    fn remember_answer(&mut self, at: Timestamp, answer: &ApprovalAnswered) {
        if let Some(by) = answer.by.clone() {
            self.remember_settled(answer.call, by, answer.allowed);
        }
        if let Some(grant) = &answer.grant
            && self.grants.len() < MAX_GRANTS
            && !self.grants.iter().any(|kept| kept.grant == *grant)
        {
            let (grant, by) = (grant.clone(), answer.by.clone());
            self.grants.push(KeptGrant { id: self.last_seq, grant, by, at: Some(at) });
        }
    }

    fn leave_run(&mut self, at: Timestamp, finished: &RunFinished) {
        if let Some(run) = self.run_mut() {
            // One that wrote nothing has nothing that could be undone, whoever else put files there meanwhile.
            self.before_run = run.before.take().filter(|_| run.wrote);
        }
        self.usage = self.usage.plus(finished.usage);
        self.runs += u32::from(matches!(finished.result, RunResult::Completed | RunResult::BudgetReached { .. }));
        self.phase = Phase::Idle { asleep: false };
        (self.idle_since, self.used_at) = (at, at);
    }

    fn sandbox_opened(&mut self, at: Timestamp) {
        self.sandbox = SandboxState::Open;
        (self.idle_since, self.used_at) = (at, at);
        if let Phase::Idle { asleep } = &mut self.phase {
            *asleep = false;
        }
    }

    fn sandbox_closed(&mut self, at: Timestamp, why: SandboxEnd) {
        self.sandbox = SandboxState::Closed;
        self.control = None;
        self.page = None;
        self.host_questions.clear();
        self.released(at);
        if let Phase::Idle { asleep } = &mut self.phase {
            *asleep = why == SandboxEnd::Slept || why == SandboxEnd::Ended;
        }
    }

    /// Held for another reason, it has stood still since the first.
    fn held(&mut self, at: Timestamp, held: &SandboxHeld) {
        let since = self.held.as_ref().map_or(at, |before| before.since);
        self.held = Some(Held { code: held.code.clone(), text: held.text.clone(), since });
        if let Some(run) = self.run_mut() {
            run.waiting_since.get_or_insert(at);
        }
    }

    fn released(&mut self, at: Timestamp) {
        self.held = None;
        self.go_on(at);
    }

    fn control_taken(&mut self, at: Timestamp, taken: &ControlTaken) {
        let ControlTaken { by, client, programs } = taken.clone();
        self.control = Some(Control { by, client, programs, since: at });
        self.driven_seq = self.last_seq;
        if let Some(run) = self.run_mut() {
            run.waiting_since.get_or_insert(at);
        }
    }

    fn control_returned(&mut self, at: Timestamp) {
        self.control = None;
        self.driven_seq = self.last_seq;
        (self.idle_since, self.used_at) = (at, at);
        self.go_on(at);
    }

    fn go_on(&mut self, at: Timestamp) {
        let still = self.clock_stands();
        if let Some(run) = self.run_mut() {
            run.go_on(at, still);
        }
    }
}

impl RunState {
    fn fold(&mut self, at: Timestamp, body: &EventBody) {
        match body {
            EventBody::MessageStarted(started) => self.writing = Some(started.message),
            EventBody::MessageAborted(_) => self.writing = None,
            EventBody::AgentMessage(AgentMessage { usage, within, .. }) => {
                self.steps += 1;
                self.usage = self.usage.plus(*usage);
                match within {
                    None => self.writing = None,
                    Some(call) => {
                        let part = self.parts.entry(*call).or_default();
                        *part = PartUsed { steps: part.steps + 1, usage: part.usage.plus(*usage) };
                    }
                }
            }
            EventBody::CallProposed(proposed) => self.calls.push(open_call(proposed)),
            EventBody::ApprovalRequested(asked) => {
                self.waiting_since.get_or_insert(at);
                self.with_call(asked.call, |call| {
                    call.answer_until = Some(asked.until);
                    call.question.clone_from(&asked.question);
                });
            }
            EventBody::HumanAsked(asked) => {
                self.waiting_since.get_or_insert(at);
                self.with_call(asked.call, |call| {
                    call.stage = CallStage::Asked;
                    call.answer_until = Some(asked.until);
                    call.asks = Some(asked.question.clone());
                });
            }
            EventBody::CallStarted(started) => self.with_call(started.call, |call| call.stage = CallStage::Running),
            EventBody::CallFinished(finished) => {
                self.wrote |= self.calls.iter().any(|call| call.id == finished.call && call.may_write());
                self.calls.retain(|call| call.id != finished.call);
                self.parts.remove(&finished.call);
            }
            EventBody::BudgetWarned(warned) => self.warned_of.push(warned.near.of),
            EventBody::BudgetReached(reached) => self.reached = Some(reached.reached),
            EventBody::ModelStoodIn(stood_in) => self.stood_in = Some(stood_in.model.clone()),
            EventBody::CancelRequested(_) => self.cancelling = true,
            _ => {}
        }
    }

    fn answered(&mut self, at: Timestamp, answered: &ApprovalAnswered, still: bool) {
        self.with_call(answered.call, |call| {
            if let Some(arguments) = &answered.arguments {
                call.arguments.clone_from(arguments);
                call.edited_by.clone_from(&answered.by);
            }
        });
        self.settled(at, answered.call, still);
    }

    fn settled(&mut self, at: Timestamp, call: CallId, still: bool) {
        self.with_call(call, |call| {
            call.stage = CallStage::Ready;
            call.answer_until = None;
            call.question = None;
            call.asks = None;
        });
        self.go_on(at, still);
    }

    /// The run's clock goes on, unless something else still keeps it from working.
    fn go_on(&mut self, at: Timestamp, still: bool) {
        if !still
            && !self.calls.iter().any(|call| call.stage == CallStage::Asked)
            && let Some(since) = self.waiting_since.take()
        {
            self.waited_millis =
                self.waited_millis.saturating_add(u64::try_from(at.since(since).as_millis()).unwrap_or(u64::MAX));
        }
    }

    fn with_call(&mut self, id: crate::id::CallId, change: impl FnOnce(&mut OpenCall)) {
        if let Some(call) = self.calls.iter_mut().find(|call| call.id == id) {
            change(call);
        }
    }
}

fn open_call(proposed: &CallProposed) -> OpenCall {
    OpenCall {
        id: proposed.call,
        tool: proposed.tool.clone(),
        arguments: proposed.arguments.clone(),
        stage: if proposed.verdict == Verdict::Ask { CallStage::Asked } else { CallStage::Ready },
        answer_until: None,
        question: None,
        asks: None,
        edited_by: None,
        parallel: proposed.parallel,
        screen: proposed.screen,
        place: proposed.place,
        within: proposed.within,
    }
}

fn artifact(published: &ArtifactPublished, at: Timestamp) -> Artifact {
    Artifact {
        id: published.artifact,
        name: published.name.clone(),
        path: published.path.clone(),
        size: published.size,
        media_type: published.media_type.clone(),
        sha256: published.sha256.clone(),
        at,
    }
}

fn page(changed: &PageChanged) -> Option<Page> {
    let PageChanged { url, title, loading, tabs } = changed.clone();
    (tabs > 0).then_some(Page { url, title, loading, tabs })
}
