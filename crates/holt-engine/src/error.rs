//! Why the engine does not do as asked, with a stable code and a hint for each.

use holt_core::budget::Reached;
use holt_core::id::SessionId;
use holt_core::machine::Refusal;
use holt_core::memory::MemoryError;
use holt_core::sandbox::SandboxError;
use holt_core::store::StoreError;
use holt_core::workspace::FileError;

#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is none, or it is somebody else's: the two are not told apart.
    #[error("there is no session {0}")]
    NoSession(SessionId),
    #[error("this needs the scope `{0}`")]
    NotAllowed(&'static str),
    /// Its key has rules, and what it wants to change was not made under them.
    #[error("this key has rules, and the session was not made with it")]
    BeyondKey,
    /// A budget leaves nothing.
    #[error("{0} is used up")]
    BudgetReached(Reached),
    #[error("{what}")]
    Invalid { code: &'static str, what: String, hint: &'static str },
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// Another server has taken the session over.
    #[error("another server has taken the session over")]
    TakenOver,
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The session's owner has more to do than it can take.
    #[error("the session is overloaded")]
    Overloaded,
    #[error("the store cannot take it now: {0}")]
    Store(StoreError),
}

impl EngineError {
    /// The stable code that programs can rely on.
    pub fn code(&self) -> &str {
        match self {
            Self::NoSession(_) => "session_not_found",
            Self::NotAllowed(_) => "not_allowed",
            Self::BeyondKey => "beyond_key",
            Self::BudgetReached(_) => "budget_reached",
            Self::Invalid { code, .. } => code,
            Self::Refused(refusal) => refusal_code(refusal),
            Self::File(error) => file_code(error),
            Self::Sandbox(SandboxError::CannotOpen { code, .. }) => code,
            Self::Sandbox(SandboxError::NobodyServes(_)) => "nobody_serves",
            Self::Sandbox(SandboxError::NoTerminal) => "terminal_not_found",
            Self::Sandbox(_) => "sandbox_unavailable",
            Self::Memory(error) => memory_code(error),
            Self::TakenOver => "session_taken_over",
            Self::ShuttingDown => "shutting_down",
            Self::Overloaded => "session_overloaded",
            Self::Store(StoreError::Full) => "disk_full",
            Self::Store(StoreError::Damaged(_)) => "store_damaged",
            Self::Store(_) => "store_unavailable",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Self::NoSession(_) => "List the sessions with `holt ls`; one that was removed is gone for good.",
            Self::NotAllowed(_) => "Use a key that has this scope, or ask whoever runs this Holt for one.",
            Self::BeyondKey => "Make a session with this key, or use a key without rules.",
            Self::BudgetReached(_) => "Give it more, or wait for tomorrow where it is a day's: `holt budget` shows what is left.",
            Self::Invalid { hint, .. } => hint,
            Self::Refused(refusal) => refusal_hint(refusal),
            Self::File(error) => file_hint(error),
            Self::Sandbox(SandboxError::CannotOpen { hint, .. }) => hint,
            Self::Sandbox(SandboxError::NobodyServes(_)) => "Start it in the sandbox, on 127.0.0.1 or on every address.",
            Self::Sandbox(SandboxError::NoTerminal) => "List the session's terminals; one that ended with its sandbox is gone.",
            Self::Sandbox(_) => "Send the prompt again: the sandbox is opened anew. `holt doctor` tries one on this machine.",
            Self::Memory(error) => memory_hint(error),
            Self::TakenOver | Self::ShuttingDown | Self::Overloaded => "Try again in a moment.",
            Self::Store(StoreError::Full) => "Free space on the disk that holds Holt's data; nothing was lost.",
            Self::Store(StoreError::Damaged(_)) => "Restore the data directory from a backup; what is damaged is not served.",
            Self::Store(_) => "Look into the server's log; `/ready` says when it is well again.",
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn refusal_code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Ended => "session_ended",
        Refusal::Failed => "session_failed",
        Refusal::Busy => "session_busy",
        Refusal::QueueFull => "queue_full",
        Refusal::NotRunning => "not_running",
        Refusal::NoQuestion => "question_not_found",
        Refusal::AnsweredAlready { .. } => "question_answered",
        Refusal::OtherQuestion => "question_changed",
        Refusal::UnseenQuestion => "question_unseen",
        Refusal::BadEdit(_) => "bad_edit",
        Refusal::NoGrant => "grant_not_found",
        Refusal::AsksForWords => "asks_for_words",
        Refusal::BadReply => "bad_reply",
        Refusal::NoPrompt => "prompt_not_found",
        Refusal::TooManyQuestions => "too_many_questions",
        Refusal::NotFailed => "not_failed",
        Refusal::BeyondKey(_) => "beyond_key",
        Refusal::TooManyArtifacts => "too_many_artifacts",
        Refusal::NotCompacted => "not_compacted",
        Refusal::Driven(_) => "control_held",
        Refusal::Closed => "sandbox_closed",
        Refusal::CallsOpen | Refusal::ShareUsed | Refusal::Stale => "run_over",
    }
}

fn refusal_hint(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Ended => "Start a new session; this one's conversation and files stay readable.",
        Refusal::Failed => "Mend what the session says is wrong, then retry it.",
        Refusal::Busy => {
            "Wait until the run is over; a prompt can be sent with `when_busy` set to `queue`, `steer` or `interrupt`."
        }
        Refusal::QueueFull => "Wait until a run is over, or withdraw a prompt that waits.",
        Refusal::NotRunning => "There is nothing to cancel.",
        Refusal::NoQuestion => "Look at the session again: its open questions are in its snapshot.",
        Refusal::TooManyQuestions => "Answer the open ones first.",
        Refusal::AnsweredAlready { .. } => "There is nothing left to do; the session's events say what became of it.",
        Refusal::OtherQuestion => "Look at the question again: its `hash` names what would run now.",
        Refusal::UnseenQuestion => {
            "Send the `hash` of the question, which stands in the session's snapshot beside what would run."
        }
        Refusal::NoGrant => "It may have been taken back already; the session's snapshot lists its `grants`.",
        Refusal::AsksForWords => "Send the answer to `questions`, or deny it.",
        Refusal::BadReply => "Say it in fewer words; long material can be put into a file of the workspace.",
        Refusal::BadEdit(_) => "Change them to what the tool takes and the policy allows, or deny the call.",
        Refusal::NoPrompt => "It may have been taken up already.",
        Refusal::NotFailed => "Send a prompt instead.",
        Refusal::BeyondKey(_) => "Make the session with another key, or have one made with other rules.",
        Refusal::TooManyArtifacts => "Download what is there and go on in a new session.",
        Refusal::NotCompacted => "What the model sees is the whole conversation.",
        Refusal::Driven(_) => "Wait until they give it back, or take it with `seize`.",
        Refusal::Closed => "Wake the session, or send a prompt, and try again.",
        Refusal::CallsOpen | Refusal::ShareUsed | Refusal::Stale => "The run has ended meanwhile.",
    }
}

fn memory_code(error: &MemoryError) -> &'static str {
    match error {
        MemoryError::NotFound(_) => "fact_not_found",
        MemoryError::BadText => "bad_fact",
        MemoryError::Full => "memory_full",
        MemoryError::NotTheAgents(_) | MemoryError::MayNotAgree => "not_allowed",
        MemoryError::Storage(_) => "memory_unavailable",
    }
}

fn memory_hint(error: &MemoryError) -> &'static str {
    match error {
        MemoryError::NotFound(_) => "`holt memory` lists the facts and their numbers.",
        MemoryError::BadText => "Say it in one short line; long material belongs into a file of the workspace.",
        MemoryError::Full => "Forget what is not needed any more, or put several facts into one.",
        MemoryError::NotTheAgents(_) => "People change it, in the settings or by `holt memory`.",
        MemoryError::MayNotAgree => "Use a key that has the scope `approve`.",
        MemoryError::Storage(_) => "See that the data directory can be written and has room.",
    }
}

fn file_code(error: &FileError) -> &'static str {
    match error {
        FileError::NotFound(_) => "file_not_found",
        FileError::BadPath(_) => "bad_path",
        FileError::NotAFile(_) => "not_a_file",
        FileError::NotADirectory(_) => "not_a_directory",
        FileError::Exists(_) => "file_exists",
        FileError::Refused { .. } => "directory_refused",
        FileError::TooLarge { .. } => "too_large",
        FileError::NoSpace => "disk_full",
        FileError::Io(_) => "workspace_unreadable",
    }
}

fn file_hint(error: &FileError) -> &'static str {
    match error {
        FileError::NotFound(_) => "List the files of the session to see what is there.",
        FileError::BadPath(_) => "Give a path relative to the workspace, without `..` and without links.",
        FileError::NotAFile(_) => "Only regular files can be read; links, pipes and devices are shown but never opened.",
        FileError::NotADirectory(_) => "Give the path of a directory.",
        FileError::Exists(_) => "Choose another name, or remove it first.",
        FileError::Refused { .. } => "Choose a directory of one project.",
        FileError::TooLarge { .. } => "Send it in smaller pieces, or pack it.",
        FileError::NoSpace => "Free space on the disk that holds Holt's data.",
        FileError::Io(_) => "Look into the server's log for what the system said.",
    }
}
