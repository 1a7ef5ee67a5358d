//! What is said to an owner: requests by everybody, words by its own helpers.

use holt_core::agent::{Delta, FinishedTurn, Halted, SessionSummary, WorkError};
use holt_core::event::{ContextCompacted, Seq};
use holt_core::id::{CallId, ClientId, MessageId, RunId};
use holt_core::machine::{Input, Published, Refusal};
use holt_core::model::StoodIn;
use holt_core::sandbox::{SandboxError, SandboxInfo};
use holt_core::snapshot::SnapshotInfo;
use holt_core::tool::{CallOutcome, ToolContent, ToolSpec};
use holt_core::view::Snapshot;
use tokio::sync::oneshot;

use super::Leaving;
use crate::error::EngineError;

pub(crate) type Reply = oneshot::Sender<Result<Snapshot, EngineError>>;

/// What others ask of the owner.
pub(crate) enum Request {
    Input {
        input: Input,
        reply: Reply,
    },
    Sleep {
        reply: Reply,
    },
    Wake {
        reply: Reply,
    },
    Remove {
        reply: oneshot::Sender<Result<(), EngineError>>,
    },
    Tick,
    /// The person who drives is still there.
    Present {
        client: ClientId,
    },
    /// Its sandbox has reported something.
    Reported,
    /// A connection wants to leave its sandbox.
    Leave(Leaving),
}

impl Request {
    pub fn fail(self, error: EngineError) {
        match self {
            Self::Input { reply, .. } | Self::Sleep { reply } | Self::Wake { reply } => drop(reply.send(Err(error))),
            Self::Remove { reply } => drop(reply.send(Err(error))),
            Self::Leave(leaving) => leaving.refuse("unavailable"),
            Self::Tick | Self::Present { .. } | Self::Reported => {}
        }
    }
}

/// What the owner's helpers tell it.
pub(crate) enum Word {
    NextStep {
        run: RunId,
        within: Option<CallId>,
        reply: oneshot::Sender<Result<Seq, Halted>>,
    },
    Begin {
        run: RunId,
        message: MessageId,
        reply: oneshot::Sender<Result<(), Halted>>,
    },
    Turn {
        run: RunId,
        turn: Box<FinishedTurn>,
        within: Option<CallId>,
        /// What was offered for it.
        tools: Vec<ToolSpec>,
        /// The last event that its step was given.
        seen: Seq,
        reply: oneshot::Sender<Result<(), Halted>>,
    },
    /// A part of the conversation was summed up.
    Compacted {
        compacted: Box<ContextCompacted>,
        reply: oneshot::Sender<Result<(), Halted>>,
    },
    /// The agent has summed up what could be between runs, if anything.
    CompactionEnded {
        any: bool,
    },
    /// Another model answers than the one that was asked.
    StoodIn {
        run: RunId,
        stood_in: StoodIn,
        reply: oneshot::Sender<Result<(), Halted>>,
    },
    /// The agent has said what the session is about, if it could.
    Summarized(Option<SessionSummary>),
    Show {
        delta: Delta,
    },
    /// What is on the desktop, if it could be seen.
    Seen {
        picture: Option<ToolContent>,
    },
    BrainEnded {
        run: RunId,
        result: Result<(), WorkError>,
    },
    Published {
        published: Published,
        reply: oneshot::Sender<Result<(), Refusal>>,
    },
    CallReturned {
        call: CallId,
        outcome: CallOutcome,
    },
    /// What stood in the workspace was kept.
    Kept {
        snapshot: SnapshotInfo,
        reply: Option<oneshot::Sender<()>>,
    },
    /// What came of fetching what the session works on; nothing, if the sandbox did not open.
    SourceAnswered {
        outcome: Option<CallOutcome>,
    },
    SandboxAnswered(Result<SandboxInfo, SandboxError>),
    /// Noticed by a call, of the sandbox that stood behind this opening of the door.
    SandboxLost {
        opening: u64,
    },
}
