//! What goes over the wire of Holt's own interface, `/v2`: bodies of requests and answers, frames of the feed, errors.
//!
//! The views and events of `holt-core` are wire types themselves and are passed on from here, so that whoever speaks to a
//! server needs this crate alone. Request bodies refuse fields that they do not know: a misspelled field is an error and
//! never a setting that is silently not made. Every size has its bound in `bounds`.
//!
//! Deliberately absent: HTTP, and any decision. The types of the other contracts come with their listeners.

pub mod bounds;
mod error;
mod event;
mod feed;
mod file;
mod fork;
mod key;
mod memory;
mod preview;
mod provider;
mod session;
mod status;
mod terminal;
mod tool_server;

pub use bounds::Invalid;
pub use error::ErrorBody;
pub use event::{Event, EventPage};
pub use feed::{AnswerFrame, AnswerHostFrame, ClientFrame, Follow, ReplyFrame, ServerFrame, Watched};
pub use file::{CreateDirectory, ReceivedFile};
pub use fork::{FileDiff, ForkFiles, ForkSession, NotShown};
pub use holt_core::access::{KeyRules, Scope};
pub use holt_core::agent::{Delta, DeltaTarget};
pub use holt_core::budget::{Account, Allowance, Bound, Budget, Reach, Reached, Spent, Usage};
pub use holt_core::definition::AgentDefinition;
pub use holt_core::diff::{DiffLine, Hunk, LineKind};
pub use holt_core::elsewhere::{NeededSecret, TestedServer, ToolBrief, ToolServer, ToolServerList, ToolServerNotice};
pub use holt_core::event::{EventBody, Level, RunResult, SandboxEnd, Seq, WhenBusy};
pub use holt_core::id::{
    ArtifactId, CallId, ClientId, InvalidId, KeyId, MessageId, OwnerId, PromptId, RunId, SessionId, TerminalId,
};
pub use holt_core::memory::{About, Fact};
pub use holt_core::model::{AssistantPart, ModelInfo, Price, StopReason};
pub use holt_core::policy::{Grant, KeptGrant, Mode, Policy, Question, Rule, Verdict};
pub use holt_core::profile::{Profile, ProfileName};
pub use holt_core::provider::{ProviderInfo, ProviderKind, ProviderList, ProviderOrigin, ProviderSettings, ProviderTest};
pub use holt_core::sandbox::{Finding, FindingState, Measurement};
pub use holt_core::session::{DesktopSpec, EndReason, Flavour, Limits, SessionKind, Status, WorkspaceSpec};
pub use holt_core::snapshot::{ChangeKind, Changes, FileChange, SnapshotInfo};
pub use holt_core::source::{Fetched, Source};
pub use holt_core::terminal::{Terminal, TerminalExit, TerminalSize};
pub use holt_core::time::Timestamp;
pub use holt_core::view::{
    Artifact, CallStage, Failure, Held, OpenCall, QueuedPrompt, Recording, RunView, SandboxState, SessionSummary, Snapshot,
};
pub use holt_core::workspace::{Entry, EntryKind, Listing};
pub use key::{CreateKey, CreateTicket, CreatedKey, Key, KeyList, Me, SignIn, SignInCode, Ticket};
pub use memory::{ChangeFact, FactList, RememberFact};
pub use preview::{OpenPreview, OpenVnc, Preview, PreviewList, VncAddress};
pub use provider::PutProvider;
pub use session::{
    AgentList, Answer, ArtifactList, BudgetList, ControlAction, ControlRequest, CreateSession, HostAnswer, HostSecret,
    HostSecretList, KeepHostSecret, ListedAgent, NetworkRequest, ProfileList, PromptReceipt, RecordAction, RecordRequest,
    RecordedSegment, RecordingList, RenameSession, Reply, RestoreRequest, SearchResults, SendPrompt, SessionList, SetBudget,
    SetMode, SnapshotList, TakenSnapshot,
};
pub use status::{
    AgentInfo, CheckState, Checks, EnvironmentInfo, Health, HealthState, Index, Listener, Readiness, Reason, ServerLimits,
    ServerMemory, ServerStatus, Services, StatusCount,
};
pub use terminal::{ChangeTerminal, OpenTerminal, TerminalClientFrame, TerminalList, TerminalServerFrame};
pub use tool_server::{AgreeToolServer, KeepSecret, PutToolServer, SwitchToolServer};
