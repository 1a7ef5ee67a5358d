//! Sessions and prompts.

use holt_core::budget::{Account, Allowance, Budget};
use holt_core::definition::AgentDefinition;
use holt_core::event::WhenBusy;
use holt_core::id::{ClientId, PromptId, SessionId};
use holt_core::network::HostRule;
use holt_core::policy::{Mode, Policy};
use holt_core::profile::{Profile, ProfileName};
use holt_core::search::Found;
use holt_core::session::{DesktopSpec, Limits, Network, SessionKind, WorkspaceSpec};
use holt_core::snapshot::SnapshotInfo;
use holt_core::source::Source;
use holt_core::time::Timestamp;
use holt_core::view::{Artifact, Programs, SessionSummary, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Makes a session. What is absent gets the server's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CreateSession {
    /// The session's id when the client chooses it: asked twice, the session is made once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<SessionKind>,
    /// Made from the first prompt when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Which agent works: a definition, such as `coder` or `reviewer`, or a brain; `holt` is the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Which preset of programs and variables the sandbox has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// A directory of the user's needs the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<WorkspaceSpec>,
    /// A repository that is fetched into the workspace before anything else happens, inside of the sandbox. Its host is then let
    /// through; a secret that is kept for the host is added outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// When its agent is asked about, or kept from, what it wants to do; the server's default when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// How freely the agent works: `full` when neither this nor its definition says otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// What each run may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What all its runs may use together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_budget: Option<Allowance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// `light` at 1280 x 800 when absent. It is started when it is first needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<DesktopSpec>,
    /// Where what runs in the sandbox may go: `none`, `allow` for where packages and code come from (a person is asked about
    /// the rest), or `open` for every public host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What it says to hosts of its own; the first that names a host decides, before what `network` says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRule>,
    /// What happens on the desktop is recorded from the beginning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub record_desktop: bool,
    /// What its browser knows from before: the profile of this name, which begins empty when there is none yet. It is sealed again
    /// when the session's sandbox closes, and no other session can have it meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub browser_profile: Option<ProfileName>,
    /// When it ends by itself. Sessions do not expire unless asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How long it may sit idle before its sandbox is closed to give the memory back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sleep_after_seconds: Option<u64>,
    /// For how long after the last prompt, or the end of its run, a process that was left running keeps it from sleeping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_awake_seconds: Option<u64>,
    /// Sent as soon as the session is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<SendPrompt>,
}

/// Sends a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SendPrompt {
    /// The client's id for it: sent twice, it is taken once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PromptId>,
    pub text: String,
    /// Files that come with it, by their path in the workspace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
    #[serde(default)]
    pub when_busy: WhenBusy,
}

/// What became of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PromptReceipt {
    pub prompt: PromptId,
    /// How many prompts are before it; absent when it is being worked on or was taken before.
    pub waiting_behind: Option<usize>,
    pub session: Snapshot,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RenameSession {
    pub title: String,
}

/// Answers a question about a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub allow: bool,
    /// The `hash` of the question that was seen: nothing is allowed without it, and nothing is answered with another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Allow it until the session ends, as the question's `for_session` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub for_session: bool,
    /// What is to run in place of what was asked about. It is put on record, and the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub arguments: Option<serde_json::Value>,
    /// Why not, in words for the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Answers in words what the agent asked in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    pub text: String,
}

/// Changes how freely the agent works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMode {
    pub mode: Mode,
}

/// Changes what a session may use from now on. What is absent stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SetBudget {
    /// What each run may use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// What all its runs may use together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_budget: Option<Allowance>,
}

/// The budgets that hold for a session, and what is spent of each: its own, those that its key gives it, those that it shares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BudgetList {
    pub items: Vec<Account>,
}

/// A definition of an agent, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListedAgent {
    #[serde(flatten)]
    pub definition: AgentDefinition,
    /// It comes with Holt, and nobody has put another in its place.
    pub built_in: bool,
}

/// The definitions of agents, those that come with Holt first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentList {
    pub items: Vec<ListedAgent>,
}

/// Where a session may go from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkRequest {
    pub network: Network,
    #[serde(default)]
    pub hosts: Vec<HostRule>,
}

/// Answers a question about a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HostAnswer {
    pub allow: bool,
    /// For as long as the session lives; else for a minute.
    #[serde(default)]
    pub lasting: bool,
}

/// A host that a secret is kept for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostSecret {
    pub host: String,
    pub kept_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HostSecretList {
    pub items: Vec<HostSecret>,
}

/// Keeps a secret for a host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepHostSecret {
    /// A header, `Name: value`, or a token.
    pub secret: String,
}

impl std::fmt::Debug for KeepHostSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeepHostSecret")
    }
}

/// A page of sessions, the one with the newest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionList {
    pub items: Vec<SessionSummary>,
    /// Give this as `cursor` to get the next page; absent on the last.
    pub next: Option<String>,
}

/// Profiles of browsers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProfileList {
    pub items: Vec<Profile>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactList {
    pub items: Vec<Artifact>,
}

/// Takes a session's desktop, or gives it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlRequest {
    pub action: ControlAction,
    /// From where: an id that each tab or program makes up for itself.
    pub client: ClientId,
    /// What the agent's programs do meanwhile.
    #[serde(default)]
    pub programs: Programs,
    /// Take it also from somebody else.
    #[serde(default)]
    pub seize: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ControlAction {
    Take,
    Give,
}

/// Begins to record a session's desktop, or stops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordRequest {
    pub action: RecordAction,
    /// Also while a person drives. Otherwise nothing is kept meanwhile.
    #[serde(default)]
    pub while_driven: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordAction {
    Start,
    /// What was recorded stays.
    Stop,
}

/// A part of a recording that is shown from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordedSegment {
    pub number: u64,
    pub from: Timestamp,
    /// When something last changed in it.
    pub to: Timestamp,
    pub bytes: u64,
}

/// What was recorded of a session's desktop, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordingList {
    pub items: Vec<RecordedSegment>,
    /// How many older segments were removed to keep the recording within its bound.
    pub dropped: u64,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchResults {
    pub items: Vec<Found>,
}

/// A snapshot of a workspace, and where in the log it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TakenSnapshot {
    pub seq: u64,
    pub at: Timestamp,
    pub snapshot: SnapshotInfo,
}

/// Snapshots of a workspace, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SnapshotList {
    pub items: Vec<TakenSnapshot>,
    /// Where older ones are to be looked for, when there may be some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What the workspace is to be again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    pub snapshot: String,
    /// Only this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
