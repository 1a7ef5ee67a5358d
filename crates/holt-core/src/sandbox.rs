//! The port to sandboxes: where an agent's hands are.
//!
//! Requests name sessions and calls by id, can be written down and sent to another machine, and may be repeated: opening
//! an open sandbox finds it, calling with a known call id finds that call.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::Level;
use crate::id::{CallId, SessionId, TerminalId};
use crate::network::NetworkDecision;
use crate::profile::ProfileKey;
use crate::session::{DesktopSpec, Limits, WorkspaceSpec};
use crate::terminal::{TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use crate::tool::{CallOutcome, ToolSpec};
use crate::view::Page;

/// What a session's sandbox is to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SandboxSpec {
    pub session: SessionId,
    pub workspace: WorkspaceSpec,
    pub environment: String,
    pub limits: Limits,
    /// What its browser knows from before, under a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileKey>,
    /// The workspace can be looked at and not be changed. One that is open otherwise is opened anew.
    #[serde(default)]
    pub read_only: bool,
    /// Further variables for everything that runs inside. Never a secret.
    pub variables: BTreeMap<String, String>,
}

/// What opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxInfo {
    pub driver: String,
    /// Where the workspace is, as the agent sees it.
    pub workspace_path: String,
    /// True when it was open already.
    pub found: bool,
    /// What this machine could not enforce or did not have, in words for people.
    pub warnings: Vec<String>,
}

/// A tool call to run inside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub session: SessionId,
    /// Also the idempotency key.
    pub call: CallId,
    pub tool: String,
    pub arguments: Value,
}

/// A program that talks over its standard streams.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSpec {
    pub session: SessionId,
    pub argv: Vec<String>,
    /// Besides those that everything inside has. Whatever else runs in the same sandbox can read them.
    pub variables: BTreeMap<String, String>,
}

/// Neither its words nor its variables are for a log.
impl std::fmt::Debug for ProgramSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProgramSpec").field("session", &self.session).field("program", &self.argv.first()).finish_non_exhaustive()
    }
}

/// What comes of a call while it runs.
#[derive(Debug, Clone, PartialEq)]
pub enum CallUpdate {
    /// More output, from this byte of the call's output on. Live only.
    Output { offset: u64, text: String },
    /// The end; always the last.
    Finished(CallOutcome),
}

/// What a sandbox reports by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    pub session: SessionId,
    pub report: SandboxReport,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum SandboxReport {
    /// Everything inside stands still until it is released. Said again to a server that comes later.
    Held { code: String, text: String },
    /// It goes on.
    Released,
    /// Something that a person should know.
    Noted { level: Level, code: String, text: String },
    /// What was decided about a host that something inside wanted to reach.
    Network(NetworkDecision),
    /// What its browser shows now; hostile. Without tabs it is closed.
    Page(Page),
    /// It ended without being asked to.
    Gone { reason: String },
}

/// A picture of a desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub media_type: String,
    /// Hostile: it comes from the sandbox.
    pub bytes: Vec<u8>,
}

/// Bytes to and from something in a sandbox.
pub trait Link: futures::io::AsyncRead + futures::io::AsyncWrite + Send + Unpin {}

/// What lets Holt speak for other hosts inside one sandbox: a certificate that is trusted there and nowhere else, and its key,
/// which stays outside.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// As PEM.
    pub certificate: String,
    /// As PEM.
    pub key: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// By which of its ports inside a connection wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// To hosts, as the session's policy says.
    Network,
    /// To models, through Holt.
    Models,
}

/// A connection that wants to leave a sandbox.
pub struct Departure {
    pub session: SessionId,
    pub door: Door,
    /// The word by which programs of this sandbox, and of no other, prove to be such.
    pub token: String,
    /// What is trusted inside, where it was given something to trust.
    pub authority: Option<Arc<Authority>>,
    /// From inside; what comes over it is hostile.
    pub link: Box<dyn Link>,
    /// Takes what people should know of it.
    pub tell: Box<dyn Fn(SandboxReport) + Send + Sync>,
}

impl std::fmt::Debug for Departure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Departure").field("session", &self.session).field("door", &self.door).finish_non_exhaustive()
    }
}

/// What lets things out of sandboxes, or does not. A driver has one.
#[async_trait]
pub trait Outside: Send + Sync + std::fmt::Debug {
    /// What a new sandbox is to trust. None where nothing is ever said in the name of others.
    fn authority(&self) -> Option<Authority> {
        None
    }

    /// Serves a connection until it ends.
    async fn serve(&self, departure: Departure);
}

impl<T: futures::io::AsyncRead + futures::io::AsyncWrite + Send + Unpin> Link for T {}

/// The named groups of processes of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A command-line agent and what it starts.
    Agent,
    /// The toolbox and what tools start.
    Commands,
    Desktop,
    Browser,
    /// What people run in terminals.
    Terminals,
}

/// What a sandbox uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measurement {
    pub memory_bytes: u64,
    pub processes: u32,
    pub cpu_millis: u64,
    pub disk_bytes: u64,
}

/// What this machine can do, as `doctor`, `/ready` and the page show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// A stable name: `user_namespaces`, `bubblewrap`, `memory_limit`.
    pub name: String,
    pub state: FindingState,
    /// What was found, in a sentence.
    pub text: String,
    /// What to do about it, when there is something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A command that mends it, when one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FindingState {
    Good,
    /// Works, with less than it could.
    Weak,
    /// Sessions cannot run.
    Bad,
}

/// Why a sandbox does not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    /// This machine cannot open one; the text says why and what to do.
    #[error("{message}")]
    CannotOpen { code: String, message: String, hint: String },
    /// There is no open sandbox for the session.
    #[error("the session's sandbox is not open")]
    NotOpen,
    /// It was open and is gone.
    #[error("the session's sandbox is gone")]
    Gone,
    /// A newer server has taken it.
    #[error("another server has taken the sandbox over")]
    Fenced,
    #[error("there is no such terminal")]
    NoTerminal,
    #[error("nothing in the sandbox serves on port {0}")]
    NobodyServes(u16),
    #[error("the sandbox does not answer as it should: {0}")]
    Faulty(String),
}

/// The most names of running processes that are told.
pub const MAX_NAMES: usize = 20;

fn no_desktops() -> SandboxError {
    SandboxError::CannotOpen {
        code: "desktops_unknown".into(),
        message: "This kind of sandbox has no desktops.".into(),
        hint: "Use the files, the shell and the terminal of the session.".into(),
    }
}

fn no_programs() -> SandboxError {
    SandboxError::CannotOpen {
        code: "programs_unknown".into(),
        message: "This kind of sandbox runs no programs that talk over their standard streams.".into(),
        hint: "Use a server that is reached over HTTP.".into(),
    }
}

fn no_terminals() -> SandboxError {
    SandboxError::CannotOpen {
        code: "terminals_unknown".into(),
        message: "This kind of sandbox has no terminals.".into(),
        hint: "Ask the agent to run commands.".into(),
    }
}

fn no_network() -> SandboxError {
    SandboxError::CannotOpen {
        code: "ports_unknown".into(),
        message: "What serves in this kind of sandbox cannot be reached.".into(),
        hint: "Use the files, the shell and the terminal of the session.".into(),
    }
}

/// The sandboxes of one node.
#[async_trait]
pub trait Sandboxes: Send + Sync {
    /// The tools that every sandbox has, from Holt's own catalogue.
    fn tools(&self) -> Vec<ToolSpec>;

    /// Opens the sandbox, or finds it open.
    async fn open(&self, spec: SandboxSpec) -> Result<SandboxInfo, SandboxError>;

    /// The sessions whose sandboxes are open, also those that an earlier server left.
    async fn opened(&self) -> Result<Vec<SessionId>, SandboxError>;

    /// Runs a call, or takes up one that its keeper knows by its id: running, it is waited for; done, its outcome is
    /// taken. With `only_if_known`, a call that the keeper does not know is not started and ends as interrupted.
    async fn call(&self, call: ToolCall, only_if_known: bool) -> Result<BoxStream<'static, CallUpdate>, SandboxError>;

    /// The call's outcome is durable elsewhere; its keeper may forget it.
    async fn acknowledge(&self, session: SessionId, call: CallId) -> Result<(), SandboxError>;

    /// Stops a call; its stream ends with a cancelled outcome.
    async fn cancel(&self, session: SessionId, call: CallId) -> Result<(), SandboxError>;

    /// The names of the processes that would end if the sandbox closed: what tools left running, and nothing of Holt's own.
    /// At most `MAX_NAMES` of them; empty when nothing runs. They are what the processes call themselves.
    async fn busy(&self, session: SessionId) -> Result<Vec<String>, SandboxError>;

    /// What sandboxes report by themselves, from now on. A reader that is far too slow misses the oldest.
    fn reports(&self) -> BoxStream<'static, Reported>;

    /// Starts the desktop of an open sandbox, or finds it running. When this returns, programs find its screen.
    async fn start_desktop(&self, _session: SessionId, _desktop: DesktopSpec) -> Result<(), SandboxError> {
        Err(no_desktops())
    }

    /// Reaches the screen of the desktop, which speaks RFB. It is started when it does not run, and may still be coming up.
    /// Several may reach it at a time.
    async fn reach_desktop(&self, _session: SessionId, _desktop: DesktopSpec) -> Result<Box<dyn Link>, SandboxError> {
        Err(no_desktops())
    }

    /// The ports on which something in the sandbox serves, the lowest first; not all when they are very many.
    async fn ports(&self, _session: SessionId) -> Result<Vec<u16>, SandboxError> {
        Err(no_network())
    }

    /// Reaches what serves on a port inside. Each way ends by itself.
    async fn connect(&self, _session: SessionId, _port: u16) -> Result<Box<dyn Link>, SandboxError> {
        Err(no_network())
    }

    /// Starts a program in an open sandbox and talks to it: what is written is its input, what is read its output. It ends with
    /// the link, and when the agent's programs stand still, it does.
    async fn run(&self, _program: ProgramSpec) -> Result<Box<dyn Link>, SandboxError> {
        Err(no_programs())
    }

    /// A picture of the running desktop as an agent sees it.
    async fn look(&self, _session: SessionId) -> Result<Picture, SandboxError> {
        Err(no_desktops())
    }

    /// Opens a terminal in an open sandbox, or finds the one with this id.
    async fn open_terminal(&self, _terminal: TerminalSpec) -> Result<(), SandboxError> {
        Err(no_terminals())
    }

    /// The terminals of an open sandbox, also those that an earlier server opened.
    async fn terminals(&self, _session: SessionId) -> Result<Vec<TerminalStatus>, SandboxError> {
        Ok(Vec::new())
    }

    /// What a terminal put out from a byte on, as soon as there is some; after a while without, nothing.
    async fn read_terminal(&self, _session: SessionId, _id: TerminalId, _from: u64) -> Result<TerminalOutput, SandboxError> {
        Err(no_terminals())
    }

    /// Types these bytes, at most `MAX_TYPED`; returns when the program's terminal has taken them.
    async fn write_terminal(&self, _session: SessionId, _id: TerminalId, _bytes: Vec<u8>) -> Result<(), SandboxError> {
        Err(no_terminals())
    }

    async fn resize_terminal(&self, _session: SessionId, _id: TerminalId, _size: TerminalSize) -> Result<(), SandboxError> {
        Err(no_terminals())
    }

    /// Changes the words that are kept with a terminal.
    async fn label_terminal(&self, _session: SessionId, _id: TerminalId, _label: String) -> Result<(), SandboxError> {
        Err(no_terminals())
    }

    /// Hangs a terminal up, ends what runs on it, and forgets it.
    async fn close_terminal(&self, _session: SessionId, _id: TerminalId) -> Result<(), SandboxError> {
        Err(no_terminals())
    }

    async fn freeze(&self, session: SessionId, group: Group) -> Result<(), SandboxError>;

    async fn thaw(&self, session: SessionId, group: Group) -> Result<(), SandboxError>;

    async fn measure(&self, session: SessionId) -> Result<Measurement, SandboxError>;

    /// Ends everything inside and returns when nothing is left of it. Files stay. Closing what is closed does nothing.
    async fn close(&self, session: SessionId) -> Result<(), SandboxError>;

    /// Removes what a closed sandbox left: the managed workspace and home. The user's own directory is never touched.
    async fn remove(&self, session: SessionId) -> Result<(), SandboxError>;

    /// What this machine can do.
    async fn examine(&self) -> Vec<Finding>;
}
