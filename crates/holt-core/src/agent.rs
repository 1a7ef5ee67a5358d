//! The port to agents: the brains that work on runs.
//!
//! A brain is given a `Desk` for one run and asks there for everything it does, so that every word and deed of it is an
//! event. It holds no state of its own that matters: taken up by another process, it goes on from the events.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::budget::Usage;
use crate::context::Start;
use crate::event::{ContextCompacted, Event};
use crate::id::{CallId, MessageId, RunId, SessionId};
use crate::memory::Fact;
use crate::model::{AssistantPart, StoodIn, StopReason};
use crate::policy::Mode;
use crate::tool::ToolSpec;

/// What a run is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    pub session: SessionId,
    pub run: RunId,
    pub model: String,
    pub environment: String,
    /// Where the agent sees its workspace.
    pub workspace_path: String,
    /// What the agent's definition says to it; empty without one.
    pub purpose: String,
    /// How freely it works when the run begins.
    pub mode: Mode,
    /// What each run may use, in words; empty when nothing binds.
    pub allowance: String,
    pub tools: Vec<ToolSpec>,
    /// Where the conversation begins for the model.
    pub start: Start,
    /// What the project itself says to agents.
    pub instructions: Option<Instructions>,
    /// What is remembered from earlier sessions, oldest first.
    pub memory: Vec<Fact>,
    /// The part of the run's work that this one was given; absent for the session's own agent.
    pub part: Option<GivenPart>,
}

/// A part of a run's work, given by a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPart {
    pub call: CallId,
    pub task: String,
}

/// A file of a project's own that tells agents how to work there. Whoever wrote the project wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instructions {
    /// Its name in the workspace.
    pub file: String,
    pub text: String,
}

/// A finished turn of a brain: what it said, and the calls that it wants, which are among its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedTurn {
    pub message: MessageId,
    pub parts: Vec<AssistantPart>,
    /// The id that each call among the parts gets, by the model's own name for it.
    pub calls: BTreeMap<String, CallId>,
    pub usage: Usage,
    pub stop: StopReason,
    pub model: String,
}

/// What a session is about, as a model says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    pub title: String,
    /// What was done, in a line.
    pub summary: String,
    pub model: String,
    pub usage: Usage,
}

/// Live text that belongs to a message or a call which is not finished yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delta {
    /// What the text belongs to.
    pub target: DeltaTarget,
    /// The place of the text's first byte in the whole.
    pub offset: u64,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum DeltaTarget {
    /// Text of a message.
    Message(MessageId),
    /// Thinking of a message.
    Reasoning(MessageId),
    /// Output of a call.
    Call(CallId),
}

/// The run is over for this brain: cancelled, out of budget, or taken by another process. It returns at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the run was halted")]
pub struct Halted;

/// Why a brain gives up, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AgentFailure {
    pub code: String,
    pub message: String,
    pub hint: String,
}

/// How a brain comes back from its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Halted(#[from] Halted),
    #[error(transparent)]
    Failed(#[from] AgentFailure),
}

/// What a brain works at.
#[async_trait]
pub trait Desk: Send + Sync {
    fn brief(&self) -> &Brief;

    /// Waits until the calls of the last turn have their results, takes in what people sent meanwhile, and gives the
    /// first of the events since the step before, oldest first; the first time, of all that the session's conversation
    /// holds.
    async fn next_step(&self) -> Result<Vec<Arc<Event>>, Halted>;

    /// Gives the next of them, a page at a time; nothing when there are no more.
    async fn more(&self) -> Result<Vec<Arc<Event>>, Halted>;

    /// Says that a message begins, durably.
    async fn begin(&self, message: MessageId) -> Result<(), Halted>;

    /// Shows text as it comes. Waits when people cannot be shown it as fast.
    async fn show(&self, delta: Delta) -> Result<(), Halted>;

    /// Records a finished turn and sets its calls going.
    async fn finish(&self, turn: FinishedTurn) -> Result<(), Halted>;

    /// Records that a part of the conversation was summed up. Refused when it is out of date.
    async fn compact(&self, compacted: ContextCompacted) -> Result<(), Halted>;

    /// Says that another model answers than the one that was asked.
    async fn stood_in(&self, stood_in: StoodIn) -> Result<(), Halted>;

    /// An id for a new message or call.
    fn fresh_id(&self) -> uuid::Uuid;
}

/// A brain. One value serves all runs.
#[async_trait]
pub trait Agent: Send + Sync {
    /// Works on the run until it is done. Dropping the future stops it at once.
    async fn work(&self, desk: Arc<dyn Desk>) -> Result<(), WorkError>;

    /// Sums up what can be of a conversation between two runs; the desk gives the events that there are. Says whether there was
    /// anything. An agent that keeps its conversation itself has nothing.
    async fn compact(&self, _desk: Arc<dyn Desk>) -> Result<bool, Halted> {
        Ok(false)
    }

    /// Says between two runs what the session is about; the desk gives the events that there are. Cheap, and may be stopped at any
    /// moment.
    async fn summarize(&self, _desk: Arc<dyn Desk>) -> Result<Option<SessionSummary>, Halted> {
        Ok(None)
    }
}
