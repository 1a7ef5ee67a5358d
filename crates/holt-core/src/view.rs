//! What clients see of a session: the snapshot that a feed begins with, and what follows it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::KeyRules;
use crate::agent::{Delta, DeltaTarget};
use crate::budget::{Allowance, Budget, Spent, Usage};
use crate::context::CompactionPlace;
use crate::event::{Seq, WhenBusy};
use crate::id::{ArtifactId, CallId, ClientId, KeyId, OwnerId, PromptId, RunId, SessionId};
use crate::network::{HostQuestion, HostRule};
use crate::plan::PlanItem;
use crate::policy::{KeptGrant, Mode, Policy, Question};
use crate::session::{DesktopSpec, EndReason, Limits, Network, SessionKind, Status, WorkspaceSpec};
use crate::snapshot::SnapshotId;
use crate::source::{Fetched, Source};
use crate::store::{Head, StoredHead};
use crate::time::Timestamp;
use crate::tool::Place;

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    pub id: SessionId,
    pub owner: OwnerId,
    pub title: String,
    /// What was done in it, in a line, as a model says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    pub kind: SessionKind,
    pub status: Status,
    pub origin: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub last_seq: Seq,
    /// When it is removed with all that is left of it, where this server does not keep what has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
}

impl SessionSummary {
    /// The same, on a server that keeps what has ended for so long.
    #[must_use]
    pub fn kept(self, retention: Option<Duration>) -> Self {
        Self { removed_at: removed_at(self.status, self.updated_at, retention), ..self }
    }
}

fn removed_at(status: Status, updated_at: Timestamp, retention: Option<Duration>) -> Option<Timestamp> {
    retention.filter(|_| status == Status::Ended).map(|retention| updated_at.plus(retention))
}

impl From<StoredHead> for SessionSummary {
    fn from(stored: StoredHead) -> Self {
        /// All that a line of a list takes from the folded state.
        #[derive(Default, Deserialize)]
        struct Line {
            #[serde(default)]
            summary: String,
        }
        let Line { summary } = serde_json::from_str(&stored.head.state).unwrap_or_default();
        let Head { session: id, owner, title, kind, status, origin, created_at, updated_at, .. } = stored.head;
        let last_seq = stored.last_seq;
        Self { id, owner, title, summary, kind, status, origin, created_at, updated_at, last_seq, removed_at: None }
    }
}

/// Of which session another is a copy, and of how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkedFrom {
    pub session: SessionId,
    /// The last event that both have.
    pub at: Seq,
}

/// A session as it is now: everything but its history, which is read in pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Snapshot {
    pub id: SessionId,
    pub owner: OwnerId,
    pub title: String,
    /// What was done in it, in a line, as a model says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    pub kind: SessionKind,
    pub status: Status,
    pub origin: String,
    pub agent: String,
    pub model: String,
    pub environment: String,
    pub workspace: WorkspaceSpec,
    /// Where what stood in the workspace at first comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What was fetched from there, once it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Fetched>,
    pub policy: Policy,
    /// The policies that the session's own may not go beyond.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Policy>,
    /// How freely the agent works now.
    #[serde(default)]
    pub mode: Mode,
    /// The name of the agent's definition, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// What people allowed for as long as the session lives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<KeptGrant>,
    /// What each run may use.
    pub budget: Budget,
    /// What all runs may use together.
    #[serde(default)]
    pub session_budget: Allowance,
    /// The key that made it, when one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// What its key's sessions may not go beyond, when that key has rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
    pub limits: Limits,
    pub desktop: DesktopSpec,
    #[serde(default)]
    pub network: Network,
    /// What it says to hosts of its own, before what `network` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRule>,
    /// Hosts that something inside waits to reach, and that people are asked about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_questions: Vec<HostQuestion>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Of which session it is a copy, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<ForkedFrom>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub sandbox: SandboxState,
    /// Why everything in the sandbox stands still, when it does.
    pub held: Option<Held>,
    /// The person who drives the desktop, while one does. The agent waits meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<Control>,
    /// What the browser has open, while it runs. As pages say it: text, and nothing to rely on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Page>,
    /// How the desktop is recorded, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<Recording>,
    /// The newest part of the conversation for which a summary stands in what the model sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compaction: Option<CompactionPlace>,
    /// The run that is under way.
    pub run: Option<RunView>,
    /// Prompts that wait, in their order.
    pub queue: Vec<QueuedPrompt>,
    /// What the agent means to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<PlanItem>,
    /// The newest snapshot of the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    /// What stood in the workspace before the last run: whoever wants to undo it restores this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_run: Option<SnapshotId>,
    pub artifacts: Vec<Artifact>,
    /// What all runs used together.
    pub usage: Usage,
    /// What it has spent of its budget.
    #[serde(default)]
    pub spent: Spent,
    /// Why it failed, when it did.
    pub failure: Option<Failure>,
    pub ended: Option<EndReason>,
    /// When it is removed with all that is left of it, where this server does not keep what has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_at: Option<Timestamp>,
    /// Text of what is being written right now.
    pub partial: Vec<Delta>,
    /// The last event that this snapshot contains. A feed goes on with the next.
    pub last_seq: Seq,
}

impl Snapshot {
    /// The same, on a server that keeps what has ended for so long.
    #[must_use]
    pub fn kept(self, retention: Option<Duration>) -> Self {
        Self { removed_at: removed_at(self.status, self.updated_at, retention), ..self }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SandboxState {
    #[default]
    Closed,
    Open,
}

/// Why an open sandbox stands still, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Held {
    pub code: String,
    pub text: String,
    pub since: Timestamp,
}

/// What a session's browser shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page {
    pub url: String,
    pub title: String,
    pub loading: bool,
    /// How many tabs are open.
    pub tabs: u32,
}

/// A person's control of a session's desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Control {
    /// Who has it, as people see them.
    pub by: String,
    /// Where they look at it: input from anywhere else is refused.
    pub client: ClientId,
    pub programs: Programs,
    pub since: Timestamp,
}

/// That a desktop is recorded. Nothing is written while nothing changes on it, or while it does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Recording {
    pub since: Timestamp,
    /// Also while a person drives.
    pub while_driven: bool,
}

/// What the agent's programs do while a person drives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Programs {
    /// They stand still: nothing but the person moves anything.
    #[default]
    StandStill,
    /// They go on, for a person who wants to use what the agent has started.
    Run,
}

/// A run, while it is under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    pub id: RunId,
    pub started_at: Timestamp,
    pub steps: u32,
    pub usage: Usage,
    pub cancelling: bool,
    /// Calls without a result yet.
    pub calls: Vec<OpenCall>,
}

/// What an agent asks a person in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FreeQuestion {
    pub text: String,
    /// Answers that can be picked; any other can be given too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// A call without a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenCall {
    pub id: CallId,
    pub tool: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub arguments: Value,
    pub stage: CallStage,
    /// Until when a question about it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_until: Option<Timestamp>,
    /// The question, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// What the agent asks in words, while that waits for an answer in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<FreeQuestion>,
    /// Who changed its arguments before allowing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_by: Option<String>,
    /// May run beside others of its kind.
    pub parallel: bool,
    /// Looks at the screen or acts on it.
    #[serde(default)]
    pub screen: bool,
    #[serde(default, skip_serializing_if = "Place::is_sandbox")]
    pub place: Place,
    /// The call by which whoever wants it was given its part of the work; absent for the session's own agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<CallId>,
}

impl OpenCall {
    /// It may change what stands in the workspace.
    pub fn may_write(&self) -> bool {
        self.place.is_sandbox() && !self.parallel
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallStage {
    /// Waits for a human's answer.
    Asked,
    /// May run, when its turn comes.
    Ready,
    Running,
}

/// A prompt that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct QueuedPrompt {
    pub id: PromptId,
    pub text: String,
    pub when_busy: WhenBusy,
    pub by: String,
}

/// Something that the session hands out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Artifact {
    pub id: ArtifactId,
    pub name: String,
    /// Where it was in the workspace when it was handed out.
    pub path: String,
    pub size: u64,
    pub media_type: String,
    pub sha256: String,
    pub at: Timestamp,
}

/// What is wrong, in words a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    pub code: String,
    pub message: String,
    pub hint: String,
}

/// Live text that was collected for those who join in the middle.
#[derive(Debug, Clone, Default)]
pub struct Partials {
    open: Vec<Delta>,
}

/// How much live text of one message or call is kept for latecomers.
const MAX_PARTIAL_BYTES: usize = 256 * 1024;

impl Partials {
    /// Adds live text. Text that does not follow on what is known starts anew at its own offset.
    pub fn add(&mut self, delta: &Delta) {
        match self.open.iter_mut().find(|known| known.target == delta.target) {
            Some(known) if known.offset + known.text.len() as u64 == delta.offset => {
                known.text.push_str(&delta.text);
                if known.text.len() > MAX_PARTIAL_BYTES {
                    let cut = known.text.ceil_char_boundary(known.text.len() - MAX_PARTIAL_BYTES / 2);
                    known.text.drain(..cut);
                    known.offset += cut as u64;
                }
            }
            Some(known) => *known = delta.clone(),
            None => self.open.push(delta.clone()),
        }
    }

    /// Forgets what is finished or withdrawn.
    pub fn close(&mut self, done: impl Fn(DeltaTarget) -> bool) {
        self.open.retain(|known| !done(known.target));
    }

    pub fn to_vec(&self) -> Vec<Delta> {
        self.open.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;
    use uuid::Uuid;

    #[test]
    fn a_latecomer_gets_the_text_so_far_within_a_bound() {
        let target = DeltaTarget::Message(MessageId::new(Uuid::from_u128(1)));
        let mut partials = Partials::default();
        let mut offset = 0;
        for _ in 0..100 {
            let text = "é".repeat(5000);
            partials.add(&Delta { target, offset, text: text.clone() });
            offset += text.len() as u64;
        }
        let kept = partials.to_vec();
        assert_eq!(kept.len(), 1);
        assert!(kept[0].text.len() <= MAX_PARTIAL_BYTES);
        assert_eq!(kept[0].offset + kept[0].text.len() as u64, offset);
        partials.close(|done| done == target);
        assert!(partials.to_vec().is_empty());
    }
}
