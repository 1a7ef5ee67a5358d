//! What is known of a session: a fold of its events, small enough to be stored beside them.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agent::Delta;
use crate::budget::{Day, Reach, Reached, Spent, Usage};
use crate::context::CompactionPlace;
use crate::event::{Seq, SessionCreated};
use crate::id::{CallId, MessageId, PromptId, RunId, SessionId};
use crate::network::{HostGrant, HostQuestion, Judgement, judge};
use crate::plan::PlanItem;
use crate::policy::{KeptGrant, Layers, Mode, Verdict};
use crate::session::{EndReason, SessionKind, SessionSpec, Status};
use crate::snapshot::{NOTHING, SnapshotId};
use crate::source::Fetched;
use crate::store::Head;
use crate::time::Timestamp;
use crate::view::{
    Artifact, CallStage, Control, Failure, ForkedFrom, Held, OpenCall, Page, QueuedPrompt, Recording, RunView, SandboxState,
    SessionSummary, Snapshot,
};

/// How many prompts may wait.
pub const MAX_QUEUE: usize = 20;
/// How many artifacts a session may hand out.
pub const MAX_ARTIFACTS: usize = 500;
/// How many compactions are remembered, so that they can be undone one after the other.
pub(super) const REMEMBERED_COMPACTIONS: usize = 32;
/// How many past prompts are remembered, so that one that is sent again is known.
const REMEMBERED_PROMPTS: usize = 256;

/// How many answers for the whole session are kept; further ones count once.
pub const MAX_GRANTS: usize = 200;
/// The longest answer in words.
pub const MAX_REPLY_BYTES: usize = 32 * 1024;
/// How many answers are remembered by who gave them.
pub(super) const REMEMBERED_ANSWERS: usize = 32;

/// A question that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    pub call: CallId,
    pub by: String,
    pub allowed: bool,
}

/// Where a session is in its life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Phase {
    Idle { asleep: bool },
    Running(Box<RunState>),
    Failed(Failure),
    Ending { reason: EndReason },
    Ended { reason: EndReason },
}

/// What an agent that was given a part of the work has used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartUsed {
    pub steps: u32,
    pub usage: Usage,
}

/// A run that is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunState {
    pub id: RunId,
    pub started_at: Timestamp,
    pub steps: u32,
    pub usage: Usage,
    pub cancelling: bool,
    /// The bound that stopped it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<Reached>,
    /// The budgets of which it was said that they are nearly used up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned_of: Vec<Reach>,
    /// The model that stands in for the one that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stood_in: Option<String>,
    /// Calls without a result, in the order in which they were proposed.
    pub calls: Vec<OpenCall>,
    /// What those used that were given parts of the work, by the calls that gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<CallId, PartUsed>,
    /// The message that was begun and not finished.
    pub writing: Option<MessageId>,
    /// Time that was spent waiting for people, or while the sandbox was held, which does not count as work.
    pub waited_millis: u64,
    pub waiting_since: Option<Timestamp>,
    /// How much of its work is among what the session has spent.
    #[serde(default)]
    pub counted_millis: u64,
    /// How many hosts people were asked about meanwhile.
    #[serde(default)]
    pub hosts_asked: u32,
    /// What stood in the workspace before anything of this run wrote there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<SnapshotId>,
    /// Something of it may have written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrote: bool,
}

/// What was spent on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    pub day: Day,
    pub spent: Spent,
}

/// The folded state of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    pub id: SessionId,
    pub spec: SessionSpec,
    /// A person gave it its title.
    #[serde(default = "yes")]
    pub named: bool,
    /// What was done in it, in a line, as a model says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// How many runs were worth summing up, and how many there were when that was last done.
    #[serde(default)]
    pub runs: u32,
    #[serde(default)]
    pub summarized: u32,
    pub phase: Phase,
    pub sandbox: SandboxState,
    /// How freely the agent works.
    #[serde(default)]
    pub mode: Mode,
    /// What people allowed for as long as the session lives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<KeptGrant>,
    /// Questions that were answered last, so that whoever answers one again is told by whom.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub answered: VecDeque<Answered>,
    /// Why everything in the open sandbox stands still, when it does.
    #[serde(default)]
    pub held: Option<Held>,
    /// The person who drives the desktop, when one does.
    #[serde(default)]
    pub control: Option<Control>,
    /// The event with which a person last began or ceased to drive: what was decided without it was decided on another screen.
    #[serde(default)]
    pub driven_seq: Seq,
    /// What the browser shows, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// How the desktop is recorded, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// What the agent means to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<PlanItem>,
    /// Hosts that people are asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_questions: Vec<HostQuestion>,
    /// What people said of hosts for once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_grants: Vec<HostGrant>,
    /// What programs inside used of models since the last run.
    #[serde(default)]
    pub between_runs: Usage,
    /// The compactions that stand, the newest last.
    pub compactions: Vec<CompactionPlace>,
    /// The newest snapshot of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// What stood in the workspace before the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_run: Option<SnapshotId>,
    pub queue: Vec<QueuedPrompt>,
    pub recent: VecDeque<PromptId>,
    pub artifacts: Vec<Artifact>,
    pub usage: Usage,
    /// What was fetched from where the session's files come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Fetched>,
    /// Of which session it is a copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ForkedFrom>,
    /// What it has spent of its budget.
    #[serde(default)]
    pub spent: Spent,
    /// What it has spent on the day of its last event.
    #[serde(default)]
    pub today: Today,
    pub created_at: Timestamp,
    pub last_at: Timestamp,
    pub last_seq: Seq,
    /// Until when an idle session's sandbox is kept open although nobody uses it.
    pub idle_since: Timestamp,
    /// When it last had something to do: a prompt, the end of a run, its sandbox opened.
    #[serde(default)]
    pub used_at: Timestamp,
}

fn yes() -> bool {
    true
}

impl State {
    /// The state after the first event.
    pub fn new(id: SessionId, created: SessionCreated, at: Timestamp) -> Self {
        let recording = created.spec.record_desktop.then_some(Recording { since: at, while_driven: false });
        Self {
            id,
            recording,
            mode: created.spec.mode,
            grants: Vec::new(),
            answered: VecDeque::new(),
            named: !created.spec.title.is_empty(),
            summary: String::new(),
            runs: 0,
            summarized: 0,
            spec: created.spec,
            phase: Phase::Idle { asleep: false },
            sandbox: SandboxState::Closed,
            held: None,
            control: None,
            page: None,
            driven_seq: 0,
            plan: Vec::new(),
            host_questions: Vec::new(),
            host_grants: Vec::new(),
            between_runs: Usage::default(),
            compactions: Vec::new(),
            snapshot: None,
            before_run: None,
            queue: Vec::new(),
            recent: VecDeque::new(),
            artifacts: Vec::new(),
            usage: Usage::default(),
            fetched: None,
            forked_from: None,
            spent: Spent::default(),
            today: Today { day: at.day(), spent: Spent::default() },
            created_at: at,
            last_at: at,
            last_seq: 1,
            idle_since: at,
            used_at: at,
        }
    }

    /// The newest snapshot of the workspace, which has nothing in it at first.
    pub fn snapshot_id(&self) -> &str {
        self.snapshot.as_deref().unwrap_or(NOTHING)
    }

    /// Something keeps the agent from working: the sandbox is held, or a person drives.
    pub fn stands_still(&self) -> bool {
        self.held.is_some() || self.control.is_some()
    }

    /// Whether what happens on the desktop is to be kept now: nothing that a person does is, unless they said so.
    pub fn records(&self) -> bool {
        self.recording.is_some_and(|recording| recording.while_driven || self.control.is_none())
    }

    /// What decides about calls now.
    pub fn layers(&self) -> Layers<'_> {
        Layers {
            mode: self.mode,
            session: &self.spec.policy,
            above: &self.spec.bounds,
            grants: &self.grants,
            workspace: &self.spec.workspace,
        }
    }

    /// What the session works on has to be fetched before it can be worked on.
    pub fn lacks_source(&self) -> bool {
        self.spec.source.is_some() && self.fetched.is_none()
    }

    pub fn run(&self) -> Option<&RunState> {
        match &self.phase {
            Phase::Running(run) => Some(run),
            _ => None,
        }
    }

    pub(super) fn run_mut(&mut self) -> Option<&mut RunState> {
        match &mut self.phase {
            Phase::Running(run) => Some(run),
            _ => None,
        }
    }

    pub fn status(&self) -> Status {
        match &self.phase {
            Phase::Idle { asleep: true } => Status::Asleep,
            Phase::Idle { asleep: false } => Status::Idle,
            Phase::Running(run) if run.waits_for_human() || self.waits_for_host() => Status::Waiting,
            Phase::Running(_) => Status::Running,
            Phase::Failed(_) => Status::Failed,
            Phase::Ending { .. } => Status::Ending,
            Phase::Ended { .. } => Status::Ended,
        }
    }

    pub fn knows(&self, prompt: PromptId) -> bool {
        self.recent.contains(&prompt)
    }

    pub(super) fn remember(&mut self, prompt: PromptId) {
        if self.recent.len() == REMEMBERED_PROMPTS {
            self.recent.pop_front();
        }
        self.recent.push_back(prompt);
    }

    /// When the session next wants a `Tick`, though nothing else happens.
    pub fn wake_at(&self) -> Option<Timestamp> {
        let own = match &self.phase {
            Phase::Idle { .. } | Phase::Failed(_) if self.control.is_some() => None,
            Phase::Idle { .. } | Phase::Failed(_) if self.sandbox == SandboxState::Open => {
                Some(self.idle_since.plus(Duration::from_secs(self.spec.sleep_after_seconds)))
            }
            Phase::Running(run) => {
                let question = run.calls.iter().filter_map(|call| call.answer_until).min();
                // While a human is waited for, or the sandbox is held, the run's own clock stands still.
                let stands = run.waiting_since.is_some() || run.reached.is_some();
                question.into_iter().chain(self.time_is_up_at().filter(|_| !stands)).min()
            }
            Phase::Idle { .. } | Phase::Failed(_) | Phase::Ending { .. } | Phase::Ended { .. } => None,
        };
        let expiry = match self.phase {
            Phase::Ending { .. } | Phase::Ended { .. } => None,
            _ if self.spec.kind == SessionKind::Project => None,
            _ => self.spec.expires_at,
        };
        let question = self.host_questions.iter().map(|question| question.until).min();
        own.into_iter().chain(expiry).chain(question).min()
    }

    /// What is said to a host now: by an answer that still holds, else by the policy.
    pub fn judge_host(&self, host: &str, port: u16, now: Timestamp) -> Judgement {
        if matches!(self.phase, Phase::Ending { .. } | Phase::Ended { .. }) {
            return Judgement::new(Verdict::Deny, "ended");
        }
        if self.mode.reads_only() {
            return Judgement::new(Verdict::Deny, "plan mode");
        }
        let judged = judge(self.spec.network, &self.spec.hosts, host, port);
        let holds = |grant: &&HostGrant| grant.host == host && grant.port == port && grant.until > now;
        match self.host_grants.iter().rev().find(holds) {
            Some(grant) if judged.verdict == Verdict::Ask => {
                let verdict = if grant.allowed { Verdict::Allow } else { Verdict::Deny };
                Judgement::new(verdict, grant.by.as_ref().map_or("unanswered".to_owned(), |by| format!("asked: {by}")))
            }
            _ => judged,
        }
    }

    /// A run is under way, and something of it waits to be let out.
    fn waits_for_host(&self) -> bool {
        !self.host_questions.is_empty() && self.run().is_some_and(|run| !run.is_stopping())
    }

    /// Until when processes that were left running keep the session from sleeping.
    pub fn kept_awake_until(&self) -> Timestamp {
        self.used_at.plus(Duration::from_secs(self.spec.keep_awake_seconds))
    }

    pub fn head(&self) -> Head {
        #[expect(clippy::expect_used, reason = "the state has string keys and no fallible serialisers")]
        let state = serde_json::to_string(self).expect("a state is plain data");
        Head {
            session: self.id,
            owner: self.spec.owner.clone(),
            title: self.spec.title.clone(),
            kind: self.spec.kind,
            origin: self.spec.origin.clone(),
            status: self.status(),
            created_at: self.created_at,
            updated_at: self.last_at,
            // Whoever drives has to be waited for, whichever process does it.
            unfinished: self.status().is_unfinished() || !self.queue.is_empty() || self.control.is_some(),
            wake_at: self.wake_at(),
            state,
            state_seq: self.last_seq,
        }
    }

    /// The session as lists show it.
    pub fn summary(&self) -> SessionSummary {
        SessionSummary {
            id: self.id,
            owner: self.spec.owner.clone(),
            title: self.spec.title.clone(),
            summary: self.summary.clone(),
            kind: self.spec.kind,
            status: self.status(),
            origin: self.spec.origin.clone(),
            created_at: self.created_at,
            updated_at: self.last_at,
            last_seq: self.last_seq,
            removed_at: None,
        }
    }

    /// The session as clients see it, with the live text that the caller has collected.
    pub fn snapshot(&self, partial: Vec<Delta>) -> Snapshot {
        let spec = self.spec.clone();
        Snapshot {
            id: self.id,
            owner: spec.owner,
            title: spec.title,
            summary: self.summary.clone(),
            kind: spec.kind,
            status: self.status(),
            origin: spec.origin,
            agent: spec.agent,
            model: spec.model,
            environment: spec.environment,
            workspace: spec.workspace,
            source: spec.source,
            fetched: self.fetched.clone(),
            policy: spec.policy,
            bounds: spec.bounds,
            mode: self.mode,
            definition: spec.definition.map(|definition| definition.name),
            grants: self.grants.clone(),
            budget: spec.budget,
            session_budget: spec.session_budget,
            key: spec.key,
            rules: spec.rules,
            limits: spec.limits,
            desktop: spec.desktop,
            network: spec.network,
            hosts: spec.hosts,
            host_questions: self.host_questions.clone(),
            created_at: self.created_at,
            updated_at: self.last_at,
            forked_from: self.forked_from,
            expires_at: spec.expires_at,
            sandbox: self.sandbox,
            held: self.held.clone(),
            control: self.control.clone(),
            page: self.page.clone(),
            recording: self.recording,
            plan: self.plan.clone(),
            compaction: self.compactions.last().copied(),
            snapshot: self.snapshot.clone(),
            before_run: self.before_run.clone(),
            run: self.run().map(RunState::view),
            queue: self.queue.clone(),
            artifacts: self.artifacts.clone(),
            usage: self.usage,
            spent: self.spent,
            failure: match &self.phase {
                Phase::Failed(failure) => Some(failure.clone()),
                _ => None,
            },
            ended: match self.phase {
                Phase::Ended { reason } => Some(reason),
                _ => None,
            },
            removed_at: None,
            partial,
            last_seq: self.last_seq,
        }
    }
}

impl RunState {
    pub(super) fn new(id: RunId, started_at: Timestamp) -> Self {
        Self {
            id,
            started_at,
            steps: 0,
            usage: Usage::default(),
            cancelling: false,
            reached: None,
            warned_of: Vec::new(),
            stood_in: None,
            calls: Vec::new(),
            parts: BTreeMap::new(),
            writing: None,
            waited_millis: 0,
            waiting_since: None,
            counted_millis: 0,
            hosts_asked: 0,
            before: None,
            wrote: false,
        }
    }

    pub fn waits_for_human(&self) -> bool {
        !self.is_stopping() && self.calls.iter().any(|call| call.stage == CallStage::Asked)
    }

    /// An agent works at the part that was given by this call.
    pub fn is_working_at(&self, part: CallId) -> bool {
        self.calls.iter().any(|call| call.id == part && call.stage == CallStage::Running)
    }

    /// It was told to stop and only waits for calls that are being stopped.
    pub fn is_stopping(&self) -> bool {
        self.cancelling || self.reached.is_some()
    }

    /// How long the run has worked, without the time that it waited for people or could not move.
    pub fn worked(&self, now: Timestamp) -> Duration {
        let waiting = self.waiting_since.map_or(Duration::ZERO, |since| now.since(since));
        now.since(self.started_at).saturating_sub(Duration::from_millis(self.waited_millis)).saturating_sub(waiting)
    }

    fn view(&self) -> RunView {
        RunView {
            id: self.id,
            started_at: self.started_at,
            steps: self.steps,
            usage: self.usage,
            cancelling: self.cancelling,
            calls: self.calls.clone(),
        }
    }
}
