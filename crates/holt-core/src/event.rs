//! Events: the immutable facts of a session. The conversation, the log and the audit trail are views of them.
//!
//! An event's body travels as JSON text and is only taken apart by those who need its parts, so that replaying a long
//! session is copying. A kind that this version does not know is kept and passed on.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::budget::{Allowance, Budget, Reached, Usage};
use crate::context::{CompactionPlace, Said};
use crate::id::{ArtifactId, CallId, ClientId, MessageId, PromptId, RunId, SessionId, TerminalId};
use crate::model::{AssistantPart, StopReason};
use crate::network::HostRule;
use crate::plan::PlanItem;
use crate::policy::{Grant, Mode, Question, Verdict};
use crate::session::{EndReason, Network, SessionSpec};
use crate::snapshot::{SnapshotId, SnapshotInfo};
use crate::source::{Fetched, Source};
use crate::terminal::TerminalExit;
use crate::time::Timestamp;
use crate::tool::{CallOutcome, Place, ToolContent};
use crate::view::{FreeQuestion, Programs};

/// The place of an event in its session: 1, 2, 3, without gaps. 0 is before the first.
pub type Seq = u64;
/// Which taker of a session wrote; a later one fences the earlier off.
pub type Epoch = u64;

/// The most bytes that the body of one event may have.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// One event as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub session: SessionId,
    pub seq: Seq,
    pub epoch: Epoch,
    pub at: Timestamp,
    pub kind: Arc<str>,
    pub version: u16,
    /// The body as JSON.
    pub body: Arc<str>,
}

impl Event {
    pub fn new(session: SessionId, seq: Seq, epoch: Epoch, at: Timestamp, body: &EventBody) -> Self {
        let (kind, json) = body.encode();
        Self { session, seq, epoch, at, kind: kind.into(), version: EventBody::VERSION, body: json.into() }
    }

    /// The typed body, or nothing when this version does not know the kind.
    pub fn decode(&self) -> Option<EventBody> {
        EventBody::decode(&self.kind, &self.body)
    }

    /// Covers everything that is stored, so that damage anywhere shows.
    pub fn checksum(&self) -> u32 {
        let numbers = [self.seq, self.epoch, self.at.as_millis().cast_unsigned(), u64::from(self.version)];
        let mut front = [0; 48];
        front[..16].copy_from_slice(self.session.uuid().as_bytes());
        for (place, number) in front[16..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let sum = crc32c::crc32c(&front);
        let sum = crc32c::crc32c_append(sum, self.kind.as_bytes());
        crc32c::crc32c_append(sum, self.body.as_bytes())
    }

    /// The event as clients get it. The body is copied, not parsed.
    pub fn to_json(&self) -> String {
        let mut text = String::with_capacity(self.body.len() + 160);
        self.write_json(&mut text);
        text
    }

    /// Appends what `to_json` returns.
    pub fn write_json(&self, text: &mut String) {
        use std::fmt::Write as _;
        let (session, seq, at) = (self.session, self.seq, self.at.as_millis());
        // Writing to a String cannot fail; a kind is one of ours or was stored by us, and is quoted all the same.
        let _ = write!(text, r#"{{"session":"{session}","seq":{seq},"at":{at},"kind":{},"body":"#, Value::from(&*self.kind));
        text.push_str(&self.body);
        text.push('}');
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $kind:tt { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
            #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
            pub struct $name { $($(#[$fdoc])* pub $field: $type,)* }

            impl From<$name> for EventBody {
                fn from(body: $name) -> Self { Self::$name(body) }
            }
        )+

        /// What happened. The wire form is `{"kind": …, "body": {…}}`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "body")]
        #[expect(clippy::large_enum_variant, reason = "the largest is the first of each session, and they are held one at a time")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum EventBody { $($(#[$doc])* #[serde(rename = $kind)] $name($name),)+ }

        impl EventBody {
            /// Every kind there is.
            pub const KINDS: &[&str] = &[$($kind),+];

            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $kind,)+ }
            }

            /// The kind and the body as JSON.
            fn encode(&self) -> (&'static str, String) {
                match self { $(Self::$name(body) => ($kind, to_json(body)),)+ }
            }

            fn decode(kind: &str, json: &str) -> Option<Self> {
                match kind {
                    $($kind => serde_json::from_str::<$name>(json).ok().map(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

fn to_json(body: &impl Serialize) -> String {
    #[expect(clippy::expect_used, reason = "bodies have string keys and no fallible serialisers")]
    serde_json::to_string(body).expect("an event body is plain data")
}

events! {
    /// The session was made. Always the first event.
    SessionCreated = "session_created" {
        spec: SessionSpec,
    }
    /// Its title was changed by a person, or made from the first prompt.
    SessionRenamed = "session_renamed" {
        title: String,
        /// Its first prompt's first words, until there is something better.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        from_prompt: bool,
    }
    /// A model said what the session is about.
    SessionSummarized = "session_summarized" {
        /// Its title, unless a person gave it one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What was done, in a line.
        summary: String,
        model: String,
        usage: Usage,
    }
    /// A prompt arrived. The order of these events is the order of the queue.
    PromptQueued = "prompt_queued" {
        prompt: PromptId,
        text: String,
        /// Files that came with it, by their path in the workspace.
        #[serde(default)]
        attachments: Vec<String>,
        when_busy: WhenBusy,
        /// Who sent it, as people see them.
        by: String,
    }
    /// A queued prompt was taken back before anything came of it.
    PromptWithdrawn = "prompt_withdrawn" {
        prompt: PromptId,
        by: String,
    }
    /// A run takes up a prompt.
    RunStarted = "run_started" {
        run: RunId,
    }
    /// A running run took a further prompt in between two steps.
    PromptSteered = "prompt_steered" {
        run: RunId,
        prompt: PromptId,
    }
    /// The agent begins to write a message; its text follows as live deltas.
    MessageStarted = "message_started" {
        run: RunId,
        message: MessageId,
    }
    /// A message that was begun will never be finished: forget its text.
    MessageAborted = "message_aborted" {
        run: RunId,
        message: MessageId,
    }
    /// The agent's finished message: what it said and which calls it wants.
    AgentMessage = "agent_message" {
        run: RunId,
        message: MessageId,
        parts: Vec<AssistantPart>,
        usage: Usage,
        stop: StopReason,
        model: String,
        /// The call by which it was given its part of the work; absent for the session's own agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<CallId>,
    }
    /// The model that was asked cannot answer, and another does. Said once in a run for each that stands in.
    ModelStoodIn = "model_stood_in" {
        run: RunId,
        /// The one that was asked.
        wanted: String,
        /// The one that is asked instead.
        model: String,
        /// Why, as the error's stable code and in words.
        code: String,
        why: String,
    }
    /// The agent wants to call a tool, and what the policy says.
    CallProposed = "call_proposed" {
        run: RunId,
        call: CallId,
        /// The model's own name for the call.
        reference: String,
        tool: String,
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        arguments: Value,
        verdict: Verdict,
        /// May run beside others of its kind.
        parallel: bool,
        /// Looks at the screen or acts on it.
        #[serde(default)]
        screen: bool,
        #[serde(default, skip_serializing_if = "Place::is_sandbox")]
        place: Place,
        /// The call by which whoever wants it was given its part of the work; absent for the session's own agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within: Option<CallId>,
    }
    /// A human is asked whether a call may run.
    ApprovalRequested = "approval_requested" {
        run: RunId,
        call: CallId,
        /// After this it counts as a no.
        until: Timestamp,
        /// What an answer is bound to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        question: Option<Question>,
    }
    /// The question was answered, by a person or by its time running out.
    ApprovalAnswered = "approval_answered" {
        run: RunId,
        call: CallId,
        allowed: bool,
        /// Absent when time ran out or the run ended.
        by: Option<String>,
        /// Why not, in that person's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What that person made of the arguments: these are what runs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
        arguments: Option<Value>,
        /// What is allowed from now on until the session ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<Grant>,
    }
    /// What a person allowed until the session ends is not allowed any more.
    GrantRevoked = "grant_revoked" {
        /// The number of the event that gave it.
        grant: Seq,
        by: String,
    }
    /// The agent asks a person in words, and waits.
    HumanAsked = "human_asked" {
        run: RunId,
        call: CallId,
        question: FreeQuestion,
        /// After this it is not answered.
        until: Timestamp,
    }
    /// A person answered in words.
    HumanAnswered = "human_answered" {
        run: RunId,
        call: CallId,
        text: String,
        by: String,
    }
    /// A person changed how freely the agent works.
    ModeChanged = "mode_changed" {
        mode: Mode,
        by: String,
    }
    /// A call begins. Durable before anything of it happens.
    CallStarted = "call_started" {
        run: RunId,
        call: CallId,
    }
    /// What came of a call. Every proposed call gets exactly one.
    CallFinished = "call_finished" {
        run: RunId,
        call: CallId,
        outcome: CallOutcome,
    }
    /// The agent's plan is another one.
    PlanChanged = "plan_changed" {
        items: Vec<PlanItem>,
    }
    /// Four fifths of a bound of a budget are used: the run's, or one that it shares.
    BudgetWarned = "budget_warned" {
        run: RunId,
        #[serde(flatten)]
        near: Reached,
    }
    /// A bound of a budget is reached, the run's or one that it shares: the run stops.
    BudgetReached = "budget_reached" {
        run: RunId,
        #[serde(flatten)]
        reached: Reached,
    }
    /// A person changed what the session may use.
    BudgetChanged = "budget_changed" {
        budget: Budget,
        session_budget: Allowance,
        by: String,
    }
    /// Someone wants the run to stop.
    CancelRequested = "cancel_requested" {
        run: RunId,
        by: String,
    }
    /// A run is over.
    RunFinished = "run_finished" {
        run: RunId,
        result: RunResult,
        usage: Usage,
        steps: u32,
    }
    /// The sandbox is open: the agent has hands.
    SandboxOpened = "sandbox_opened" {
        driver: String,
        /// What the driver could not enforce or find here, in words.
        #[serde(default)]
        warnings: Vec<String>,
    }
    /// The sandbox is closed, on purpose or not.
    SandboxClosed = "sandbox_closed" {
        why: SandboxEnd,
        /// The names of the processes that sleep ended.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ended: Vec<String>,
    }
    /// Everything in the sandbox stands still: the machine has not enough left to go on. The run's clock stands still too.
    SandboxHeld = "sandbox_held" {
        code: String,
        text: String,
    }
    /// What stood still in the sandbox goes on.
    SandboxReleased = "sandbox_released" {}
    /// What the browser has open is another page, or the page has another name. No more than one in a while: what was only
    /// passed through is left out. Without tabs the browser is closed.
    PageChanged = "page_changed" {
        url: String,
        title: String,
        loading: bool,
        tabs: u32,
    }
    /// The session would have slept, but something still runs in it.
    SleepPostponed = "sleep_postponed" {
        until: Timestamp,
        why: String,
        /// Somebody looks at its desktop or at a terminal.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        watched: bool,
        /// The names of the processes that run.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        processes: Vec<String>,
    }
    /// A person drives the desktop now: the agent waits.
    ControlTaken = "control_taken" {
        by: String,
        client: ClientId,
        programs: Programs,
    }
    /// The agent has the desktop again.
    ControlReturned = "control_returned" {
        why: ControlEnd,
        /// Who gave it back, or took it over.
        by: Option<String>,
    }
    /// What is on the desktop, taken for an agent that goes on after a person has used it.
    DesktopSeen = "desktop_seen" {
        picture: ToolContent,
    }
    /// From now on what happens on the desktop is recorded.
    RecordingStarted = "recording_started" {
        by: String,
        /// Also while a person drives.
        #[serde(default)]
        while_driven: bool,
    }
    /// Nothing is recorded while a person drives.
    RecordingPaused = "recording_paused" {}
    /// The recording goes on.
    RecordingResumed = "recording_resumed" {}
    /// The desktop is recorded no longer. What was recorded stays.
    RecordingStopped = "recording_stopped" {
        by: String,
    }
    /// A person opened a terminal. What is typed and shown there is nowhere in the log.
    TerminalOpened = "terminal_opened" {
        terminal: TerminalId,
        by: String,
        /// Everybody who sees the session sees it too.
        shared: bool,
    }
    /// A terminal was closed. One that is open when the sandbox closes goes without a word of its own.
    TerminalClosed = "terminal_closed" {
        terminal: TerminalId,
        by: String,
        /// How its program had ended, when it had.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit: Option<TerminalExit>,
    }
    /// Where the session may go was changed.
    NetworkChanged = "network_changed" {
        network: Network,
        hosts: Vec<HostRule>,
        by: String,
    }
    /// Something inside wants to reach a host that a person has to be asked about, and waits. The event's number is the question's.
    HostAsked = "host_asked" {
        host: String,
        port: u16,
        /// After this it counts as a no.
        until: Timestamp,
    }
    /// A question about a host was answered, by a person, by another policy, or by its time running out.
    HostAnswered = "host_answered" {
        question: Seq,
        host: String,
        port: u16,
        allowed: bool,
        /// For as long as the session lives, and not for a minute.
        lasting: bool,
        /// Absent when nobody answered.
        by: Option<String>,
    }
    /// Something inside wanted to reach a host, and what came of it. Told at the first time, and again when it has happened
    /// ten times as often.
    NetworkDecided = "network_decided" {
        host: String,
        port: u16,
        allowed: bool,
        /// The rule's own text, or a word for what decided.
        rule: String,
        times: u64,
    }
    /// A program inside asked a model, through Holt.
    ModelUsed = "model_used" {
        /// The run that was under way.
        run: Option<RunId>,
        provider: String,
        model: String,
        usage: Usage,
    }
    /// What stands in the workspace was kept, as it was then.
    SnapshotTaken = "snapshot_taken" {
        snapshot: SnapshotInfo,
    }
    /// The workspace, or one file of it, was made what it was in a snapshot.
    WorkspaceRestored = "workspace_restored" {
        snapshot: SnapshotId,
        /// The one file; absent when it was all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// How many files were written or removed.
        files: u64,
        by: String,
    }
    /// From here on the session goes its own way: everything before happened in another one, under the same numbers.
    SessionForked = "session_forked" {
        from: SessionId,
        /// The last event that both have.
        at: Seq,
        title: String,
        /// What the session says to hosts of its own. What people allowed in the other one is not allowed here.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        hosts: Vec<HostRule>,
        /// What stands in the workspace.
        snapshot: SnapshotId,
        /// The event with which that was kept, or put back. Absent: as the files were when the fork was made.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept_at: Option<Seq>,
        files: u64,
        by: String,
    }
    /// What the session works on was fetched into its workspace.
    SourceFetched = "source_fetched" {
        source: Source,
        fetched: Fetched,
    }
    /// A person put a file into the workspace.
    FileReceived = "file_received" {
        path: String,
        size: u64,
        by: String,
    }
    /// The agent hands something out.
    ArtifactPublished = "artifact_published" {
        artifact: ArtifactId,
        call: CallId,
        name: String,
        path: String,
        size: u64,
        media_type: String,
        sha256: String,
    }
    /// A person wants the conversation compacted now.
    CompactionWanted = "compaction_wanted" {
        by: String,
    }
    /// From now on a summary stands for a part of the conversation in what the model sees. The log keeps all of it.
    ContextCompacted = "context_compacted" {
        /// The first and the last event that the summary tells.
        from: Seq,
        through: Seq,
        /// From where the log is read by whoever goes on behind it.
        reads_from: Seq,
        summary: String,
        /// What people said in that part and before, which is kept beside the summary.
        said: Vec<Said>,
        /// How many of their messages had no room there.
        #[serde(default)]
        left_out: u64,
        /// The agent's plan, if it is unfinished.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        plan: Vec<PlanItem>,
        /// Which model wrote the summary. Without one it only counts what was done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        model: Option<String>,
        usage: Usage,
        /// What the model saw before, in bytes of text.
        before_bytes: u64,
        /// The run in which it was needed, if it was in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<RunId>,
    }
    /// The newest compaction that stood stands no longer.
    CompactionUndone = "compaction_undone" {
        /// The event that it was.
        compaction: Seq,
        /// The one that stands now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stands: Option<CompactionPlace>,
        by: String,
    }
    /// Something a person should know that changes nothing.
    Noted = "noted" {
        level: Level,
        code: String,
        text: String,
    }
    /// The session begins to end.
    SessionEnding = "session_ending" {
        reason: EndReason,
        by: Option<String>,
    }
    /// The session has ended. Its conversation and files stay.
    SessionEnded = "session_ended" {
        reason: EndReason,
    }
    /// Something a person can act on keeps the session from working.
    SessionFailed = "session_failed" {
        code: String,
        message: String,
        hint: String,
    }
    /// A failed session is tried again.
    SessionRetried = "session_retried" {
        by: String,
    }
}

impl EventBody {
    /// Raised when the meaning of a stored body changes.
    pub const VERSION: u16 = 1;
}

/// What to do with a prompt when a run is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WhenBusy {
    /// Wait for its turn.
    #[default]
    Queue,
    /// Give it to the agent at its next step.
    Steer,
    /// Cancel the run and begin with this one.
    Interrupt,
    /// Do not take it.
    Refuse,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RunResult {
    Completed,
    Cancelled,
    /// A bound of a budget was reached; what was done stays.
    BudgetReached(Reached),
    Failed {
        code: String,
        message: String,
        hint: String,
    },
}

/// Why a sandbox closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SandboxEnd {
    /// The session was idle and gave the memory back.
    Slept,
    /// It ended without being asked to.
    Lost,
    /// The session ended, or the server was stopped.
    Ended,
    /// The session's mode was changed; it is opened again as the new one says.
    ModeChanged,
}

/// Why a person does not drive any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ControlEnd {
    /// They gave it back.
    Given,
    /// Somebody else took it.
    Seized,
    /// They were gone for too long.
    Left,
    /// The sandbox closed.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Level {
    Info,
    Warning,
    Error,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn event() -> Event {
        let body = SessionRenamed { title: "otters \"&\" rivers\n".into(), from_prompt: false }.into();
        Event::new(SessionId::new(Uuid::from_u128(7)), 3, 2, Timestamp::from_millis(1000), &body)
    }

    #[test]
    fn an_event_is_sent_as_valid_json_with_its_body_untouched() {
        let value: Value = serde_json::from_str(&event().to_json()).unwrap();
        assert_eq!(value["seq"], 3);
        assert_eq!(value["kind"], "session_renamed");
        assert_eq!(value["body"]["title"], "otters \"&\" rivers\n");
        assert_eq!(
            event().decode(),
            Some(EventBody::SessionRenamed(SessionRenamed { title: "otters \"&\" rivers\n".into(), from_prompt: false }))
        );
    }

    #[test]
    fn a_checksum_sees_every_field() {
        let original = event();
        let damaged = [
            Event { session: SessionId::new(Uuid::from_u128(8)), ..original.clone() },
            Event { seq: 4, ..original.clone() },
            Event { epoch: 3, ..original.clone() },
            Event { at: Timestamp::from_millis(1001), ..original.clone() },
            Event { kind: "session_ended".into(), ..original.clone() },
            Event { version: 9, ..original.clone() },
            Event { body: "{}".into(), ..original.clone() },
        ];
        for other in damaged {
            assert_ne!(other.checksum(), original.checksum(), "{other:?}");
        }
    }

    #[test]
    fn a_kind_from_the_future_is_kept() {
        let event = Event { kind: "moon_landed".into(), body: r#"{"crew":2}"#.into(), ..event() };
        assert_eq!(event.decode(), None);
        assert!(event.to_json().contains(r#""kind":"moon_landed","body":{"crew":2}"#));
    }
}
