//! What can happen to a session from outside, and what it answers.

use serde_json::Value;

use super::State;
use crate::agent::{FinishedTurn, SessionSummary};
use crate::budget::{Account, Allowance, Budget, Usage};
use crate::event::{ContextCompacted, ControlEnd, EventBody, Level, SandboxEnd, Seq, WhenBusy};
use crate::id::{ArtifactId, CallId, ClientId, MessageId, PromptId, RunId, TerminalId};
use crate::model::StoodIn;
use crate::network::{HostRule, NetworkDecision};
use crate::policy::Mode;
use crate::session::{EndReason, Network};
use crate::snapshot::{SnapshotId, SnapshotInfo};
use crate::source::Fetched;
use crate::terminal::TerminalExit;
use crate::time::Timestamp;
use crate::tool::{CallOutcome, ToolContent, ToolSpec};
use crate::view::{Failure, Page, Programs};

/// A prompt as somebody sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPrompt {
    pub id: PromptId,
    pub text: String,
    pub attachments: Vec<String>,
    pub when_busy: WhenBusy,
    pub by: String,
}

/// An answer as somebody gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAnswer {
    pub call: CallId,
    pub allow: bool,
    /// Of the question that was seen. Nothing is allowed without it.
    pub hash: Option<String>,
    /// Allowed until the session ends.
    pub for_session: bool,
    /// What is to run in place of what was asked about.
    pub arguments: Option<Value>,
    /// Why not.
    pub reason: Option<String>,
    pub by: String,
}

/// What can happen to a session.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    // From people.
    Prompt(NewPrompt),
    Withdraw {
        prompt: PromptId,
        by: String,
    },
    Cancel {
        by: String,
    },
    Answer(NewAnswer),
    /// What was allowed until the session ends is not any more.
    RevokeGrant {
        /// The number of the event that gave it.
        grant: Seq,
        by: String,
    },
    /// An answer in words to what the agent asked in words.
    Reply {
        call: CallId,
        text: String,
        by: String,
    },
    /// How freely the agent works from now on.
    SetMode {
        mode: Mode,
        by: String,
    },
    /// Answers a question about a host.
    AnswerHost {
        question: Seq,
        allow: bool,
        /// For as long as the session lives.
        lasting: bool,
        by: String,
    },
    /// The session may go elsewhere from now on.
    SetNetwork {
        network: Network,
        hosts: Vec<HostRule>,
        by: String,
    },
    /// The session may use so much from now on.
    SetBudget {
        budget: Budget,
        session_budget: Allowance,
        by: String,
    },
    Rename {
        title: String,
    },
    Stop {
        reason: EndReason,
        by: Option<String>,
    },
    Retry {
        by: String,
    },
    FileReceived {
        path: String,
        size: u64,
        by: String,
    },

    TerminalOpened {
        terminal: TerminalId,
        by: String,
        shared: bool,
    },
    TerminalClosed {
        terminal: TerminalId,
        by: String,
        exit: Option<TerminalExit>,
    },

    /// A person wants to drive the desktop.
    TakeControl {
        by: String,
        client: ClientId,
        programs: Programs,
        /// Also from somebody else.
        seize: bool,
    },
    ReturnControl {
        why: ControlEnd,
        by: Option<String>,
        /// Only if it is held from here.
        client: Option<ClientId>,
    },

    /// What is on the desktop now that the agent has it again.
    DesktopSeen {
        picture: ToolContent,
    },

    /// What happens on the desktop is to be recorded, or not any more.
    Record {
        by: String,
        on: bool,
        /// Also while a person drives.
        while_driven: bool,
    },

    /// Something that only a person can mend keeps the session from working.
    Fail(Failure),

    /// The conversation is to be compacted: at the next step of the run, or at once.
    Compact {
        by: String,
    },
    /// A part of the conversation was summed up: in this run, or between runs.
    Compacted(Box<ContextCompacted>),
    UndoCompaction {
        by: String,
    },
    /// A model said between runs what the session is about.
    Summarized(SessionSummary),
    /// Another model answers than the one that was asked.
    StoodIn {
        run: RunId,
        stood_in: StoodIn,
    },

    // From the brain of a run.
    BeginMessage {
        run: RunId,
        message: MessageId,
    },
    /// The brain wants to go on. Refused as `CallsOpen` until every call has its result.
    NextStep {
        run: RunId,
        /// The call by which it was given its part of the work; absent for the session's own agent.
        within: Option<CallId>,
    },
    /// A finished turn, with the tools that were offered for it, and the last event that its step knew of.
    Turn {
        run: RunId,
        turn: Box<FinishedTurn>,
        tools: Vec<ToolSpec>,
        seen: Seq,
        within: Option<CallId>,
    },
    BrainDone {
        run: RunId,
    },
    BrainFailed {
        run: RunId,
        failure: Failure,
    },

    // From the sandbox.
    CallReturned {
        call: CallId,
        outcome: CallOutcome,
    },
    Published(Published),
    /// What the session works on is in its workspace.
    SourceFetched(Fetched),
    /// What stood in the workspace was kept.
    SnapshotTaken(SnapshotInfo),
    /// The workspace was made what it was.
    Restored {
        snapshot: SnapshotId,
        path: Option<String>,
        files: u64,
        by: String,
    },
    SandboxOpened {
        driver: String,
        warnings: Vec<String>,
    },
    /// It is closed though nobody of this session asked: it died, or the server ends it.
    SandboxGone {
        why: SandboxEnd,
    },
    /// Everything in it stands still until it is released. Said again, it changes nothing.
    SandboxHeld {
        code: String,
        text: String,
    },
    SandboxReleased,
    /// The way out has decided about a host.
    NetworkDecided(NetworkDecision),
    /// Something inside wants to reach a host: a person is asked where the policy says so.
    WantHost {
        host: String,
        port: u16,
    },
    /// A program inside has asked a model through Holt.
    ModelUsed {
        provider: String,
        model: String,
        usage: Usage,
    },
    /// How the budgets stand that the session shares with others.
    Accounts(Vec<Account>),
    /// What the browser shows. Said again, it changes nothing.
    PageShown(Page),
    /// The sandbox was closed because the session slept.
    SandboxSlept {
        /// The names of the processes that ended with it.
        ended: Vec<String>,
    },
    /// It would have slept, but these processes run, or somebody watches the desktop or a terminal.
    StillBusy {
        processes: Vec<String>,
        watched: bool,
    },
    /// Everything of an ending session is closed.
    SandboxEnded,

    /// Time has passed: whatever was due is done now.
    Tick,
    /// Another process takes the session up; whoever worked on it before is gone.
    TakenUp,
    Note {
        level: Level,
        code: String,
        text: String,
    },
}

/// A file that was handed out and is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub artifact: ArtifactId,
    pub call: CallId,
    pub name: String,
    pub path: String,
    pub size: u64,
    pub media_type: String,
    pub sha256: String,
}

/// What follows from an input, once its events are durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Sum up what can be, though no run is under way.
    Compact,
    /// Say what the session is about, as long as no run begins.
    Summarize,
    /// Begin to open the sandbox, so that it is there when the first call comes.
    OpenSandbox,
    /// Fetch what the session works on, unless that is being done.
    FetchSource,
    /// Set the brain to work on the run; if one was at it before, from where the events end.
    StartBrain {
        run: RunId,
    },
    /// Stop the brain at once.
    HaltBrain {
        run: RunId,
    },
    /// The brain may take its next step.
    Proceed {
        run: RunId,
        within: Option<CallId>,
    },
    /// Run the call, or take it up where it is. A call that was started by an earlier process (`only_if_known`) is begun again
    /// only in the sandbox that stood open then, when that does not know it.
    ExecuteCall {
        call: CallId,
        only_if_known: bool,
    },
    CancelCall {
        call: CallId,
    },
    /// The outcome is durable: the keeper may forget the call.
    AcknowledgeCall {
        call: CallId,
    },
    /// The agent's programs stand still. What of them looks at the screen or acts on it gets a moment to finish.
    HoldPrograms,
    /// They go on.
    LetProgramsGo,
    /// Close the sandbox; unless something still runs in it, if that counts.
    SleepSandbox {
        even_if_busy: bool,
    },
    /// Close the sandbox whatever runs in it; it is opened otherwise when it is next needed.
    CloseSandbox,
    /// Close the sandbox whatever runs in it.
    EndSandbox,
}

/// Events to make durable, then effects to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    pub events: Vec<Fact>,
    pub effects: Vec<Effect>,
    /// The state with the events folded in, valid once they are durable.
    pub state: State,
}

/// An event with its place and time, before it gets its epoch from whoever writes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub seq: Seq,
    pub at: Timestamp,
    pub body: EventBody,
}

/// Why an input is not taken. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the session has ended")]
    Ended,
    #[error("the session has failed and must be retried first")]
    Failed,
    #[error("a run is under way")]
    Busy,
    #[error("{MAX_QUEUE} prompts are waiting already", MAX_QUEUE = super::MAX_QUEUE)]
    QueueFull,
    #[error("no run is under way")]
    NotRunning,
    #[error("there is no such question, or it was answered already")]
    NoQuestion,
    #[error("{MAX_HOST_QUESTIONS} hosts are asked about already", MAX_HOST_QUESTIONS = crate::network::MAX_HOST_QUESTIONS)]
    TooManyQuestions,
    #[error("{by} has {} it already", if *.allowed { "allowed" } else { "denied" })]
    AnsweredAlready { by: String, allowed: bool },
    #[error("nothing of the kind is allowed for the session")]
    NoGrant,
    #[error("it asks for an answer in words")]
    AsksForWords,
    #[error("the answer is empty, or longer than {MAX_REPLY_BYTES} bytes", MAX_REPLY_BYTES = super::MAX_REPLY_BYTES)]
    BadReply,
    #[error("what would run is not what was seen")]
    OtherQuestion,
    #[error("the answer does not say what was seen")]
    UnseenQuestion,
    #[error("the changed arguments cannot be used: {0}")]
    BadEdit(String),
    #[error("there is no such prompt waiting")]
    NoPrompt,
    #[error("the session has not failed")]
    NotFailed,
    #[error("the key that made the session does not allow it: {0}")]
    BeyondKey(String),
    #[error("the session has handed out {MAX_ARTIFACTS} artifacts already", MAX_ARTIFACTS = super::MAX_ARTIFACTS)]
    TooManyArtifacts,
    #[error("no compaction stands that could be undone")]
    NotCompacted,
    #[error("{0} drives the desktop")]
    Driven(String),
    #[error("the sandbox is closed")]
    Closed,
    /// Some calls of the last turn have no result yet.
    #[error("calls are still open")]
    CallsOpen,
    /// An agent that was given a part of the work has used what it may.
    #[error("its share of the budget is used up")]
    ShareUsed,
    /// An outdated voice: a brain or call of a run that is over. It is ignored and its speaker stopped.
    #[error("the run is over")]
    Stale,
}
