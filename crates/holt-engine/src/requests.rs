//! What can be asked of the engine. Requests are plain data: they name things by id, carry who asks and a key that makes
//! repeating them harmless, and could be written down and sent to another node.

use holt_core::budget::{Allowance, Budget};
use holt_core::event::{Seq, WhenBusy};
use holt_core::id::{PromptId, RunId, SessionId};
use holt_core::network::HostRule;
use holt_core::policy::{Mode, Policy};
use holt_core::profile::ProfileName;
use holt_core::session::{DesktopSpec, Limits, Network, SessionKind, Status, WorkspaceSpec};
use holt_core::source::Source;
use holt_core::store::HeadCursor;
use holt_core::terminal::TerminalSize;
use holt_core::time::Timestamp;
use holt_core::view::{SessionSummary, Snapshot};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Makes a session. What is absent gets the server's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateSession {
    /// The session's id when the client chooses it: asked twice, the session is made once.
    pub id: Option<SessionId>,
    pub kind: Option<SessionKind>,
    pub title: Option<String>,
    pub agent: Option<String>,
    pub model: Option<String>,
    pub environment: Option<String>,
    pub workspace: Option<WorkspaceSpec>,
    /// Where what stands in the workspace at first comes from.
    pub source: Option<Source>,
    pub policy: Option<Policy>,
    pub mode: Option<Mode>,
    pub budget: Option<Budget>,
    pub session_budget: Option<Allowance>,
    pub limits: Option<Limits>,
    pub desktop: Option<DesktopSpec>,
    pub network: Option<Network>,
    /// What it says to hosts of its own.
    pub hosts: Vec<HostRule>,
    /// What happens on the desktop is recorded from the beginning.
    pub record_desktop: bool,
    pub browser_profile: Option<ProfileName>,
    pub origin: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub sleep_after_seconds: Option<u64>,
    pub keep_awake_seconds: Option<u64>,
    /// Sent as soon as the session is there.
    pub prompt: Option<SendPrompt>,
}

/// Makes a session out of another one: its conversation up to a place, and its files as they were there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ForkSession {
    /// The new session's id when the client chooses it: asked twice, the session is made once.
    pub id: Option<SessionId>,
    pub place: ForkPlace,
    pub files: ForkFiles,
    pub title: Option<String>,
    /// The run that was under way there goes on.
    pub go_on: bool,
    /// Sent as soon as the session is there.
    pub prompt: Option<SendPrompt>,
}

/// Up to where the new session is what the other one was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForkPlace {
    /// All of it.
    #[default]
    End,
    /// With this event.
    At(Seq),
    /// Before a step of a run: of the last one, if none is named. The first step is 1.
    Before { run: Option<RunId>, step: u32 },
}

/// Which files the new session has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForkFiles {
    /// As they were there: of the newest snapshot up to it.
    #[default]
    Then,
    /// As they are.
    Now,
    None,
}

/// Sends a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SendPrompt {
    /// The client's id for it: sent twice, it is taken once.
    pub id: Option<PromptId>,
    pub text: String,
    /// Files in the workspace that came with it.
    pub attachments: Vec<String>,
    pub when_busy: WhenBusy,
}

/// Answers a question about a call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub allow: bool,
    /// Of the question that was seen; nothing is allowed without it.
    pub hash: Option<String>,
    /// Allowed until the session ends.
    pub for_session: bool,
    /// What is to run in place of what was asked about.
    pub arguments: Option<Value>,
    /// Why not.
    pub reason: Option<String>,
}

/// What became of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptReceipt {
    pub prompt: PromptId,
    /// How many prompts are before it; absent when it is being worked on or was taken before.
    pub waiting_behind: Option<usize>,
    pub session: Snapshot,
}

/// Opens a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTerminal {
    pub size: TerminalSize,
    /// A shell when empty.
    pub command: Vec<String>,
    pub shared: bool,
    pub title: Option<String>,
}

/// Changes what is said of a terminal. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeTerminal {
    pub title: Option<String>,
    pub shared: Option<bool>,
}

/// Writes a fact down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remember {
    pub text: String,
    /// About the workspace of this session; everywhere when absent.
    pub session: Option<SessionId>,
}

/// Says a fact in other words. Without them, it is agreed to as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFact {
    pub text: Option<String>,
}

/// Which sessions a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSessions {
    pub origin: Option<String>,
    pub status: Vec<Status>,
    pub text: Option<String>,
    pub cursor: Option<HeadCursor>,
    /// 1 to 200.
    pub limit: usize,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub items: Vec<SessionSummary>,
    /// Where the next page begins, when there is one.
    pub next: Option<HeadCursor>,
}
