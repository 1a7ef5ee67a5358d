//! Stories of single sessions, step by step.

mod budgets;
mod control;
mod fork;
mod held;
mod network;
mod questions;
mod source;

use std::collections::BTreeMap;

use serde_json::json;
use uuid::Uuid;

use super::{Decision, Effect, Fact, Input, NewAnswer, NewPrompt, Phase, Refusal, State, decide};
use crate::agent::FinishedTurn;
use crate::budget::{Allowance, Bound, Budget, Reach, Reached, Usage};
use crate::event::{EventBody, RunResult, SandboxEnd, SessionCreated, WhenBusy};
use crate::id::{CallId, MessageId, OwnerId, PromptId, RunId, SessionId};
use crate::model::{AssistantPart, StopReason};
use crate::policy::{Mode, Policy, Rule, Verdict};
use crate::session::{DesktopSpec, EndReason, Limits, Network, SessionKind, SessionSpec, Status, WorkspaceSpec};
use crate::time::Timestamp;
use crate::tool::{CallOutcome, CallStatus, Place, ToolSpec};
use crate::view::{Failure, SandboxState};

pub(super) fn spec(kind: SessionKind) -> SessionSpec {
    SessionSpec {
        owner: OwnerId::new("owner"),
        kind,
        title: String::new(),
        agent: "holt".into(),
        model: "demo".into(),
        environment: "default".into(),
        workspace: WorkspaceSpec::Managed,
        source: None,
        policy: Policy {
            rules: vec![Rule::about("ask_*", Verdict::Ask), Rule::about("deny_*", Verdict::Deny)],
            ..Policy::default()
        },
        bounds: Vec::new(),
        mode: Mode::Full,
        definition: None,
        budget: Budget { steps: Some(5), tokens: None, cost_micros: None, seconds: Some(100) },
        session_budget: Allowance::default(),
        key: None,
        rules: None,
        limits: Limits::default(),
        desktop: DesktopSpec::default(),
        network: Network::default(),
        hosts: Vec::new(),
        record_desktop: false,
        browser_profile: None,
        origin: "holt".into(),
        expires_at: None,
        sleep_after_seconds: 60,
        keep_awake_seconds: 1000,
    }
}

pub(super) fn tools() -> Vec<ToolSpec> {
    ["read", "write", "ask_first", "deny_me", "click"]
        .map(|name| ToolSpec {
            name: name.into(),
            description: String::new(),
            parameters: json!({}),
            reads_only: name == "read",
            parallel: name == "read",
            screen: name == "click",
            place: Place::Sandbox,
        })
        .to_vec()
}

pub(super) fn prompt(id: u128, when_busy: WhenBusy) -> NewPrompt {
    NewPrompt {
        id: PromptId::new(Uuid::from_u128(id)),
        text: format!("prompt {id}"),
        attachments: Vec::new(),
        when_busy,
        by: "someone".into(),
    }
}

pub(super) fn turn(message: u128, calls: &[(u128, &str)]) -> Box<FinishedTurn> {
    let part = |(id, tool): &(u128, &str)| AssistantPart::Call {
        reference: format!("call-{id}"),
        tool: (*tool).into(),
        arguments: json!({}),
    };
    let call = |(id, _): &(u128, &str)| (format!("call-{id}"), CallId::new(Uuid::from_u128(*id)));
    Box::new(FinishedTurn {
        message: MessageId::new(Uuid::from_u128(message)),
        parts: calls.iter().map(part).collect(),
        calls: calls.iter().map(call).collect::<BTreeMap<_, _>>(),
        usage: Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() },
        stop: if calls.is_empty() { StopReason::Finished } else { StopReason::Calls },
        model: "demo".into(),
    })
}

/// The answer of somebody who has seen the question.
pub(super) fn answer(state: &State, call: CallId, allow: bool) -> NewAnswer {
    let open = state.run().and_then(|run| run.calls.iter().find(|open| open.id == call));
    NewAnswer {
        call,
        allow,
        hash: open.and_then(|open| open.question.as_ref()).map(|question| question.hash.clone()),
        for_session: false,
        arguments: None,
        reason: None,
        by: "someone".into(),
    }
}

/// A session with a clock that its story moves.
pub(super) struct Story {
    pub state: State,
    pub now: i64,
    pub kinds: Vec<&'static str>,
    pub effects: Vec<Effect>,
}

impl Story {
    pub fn new(kind: SessionKind) -> Self {
        Self::of(spec(kind))
    }

    pub fn of(spec: SessionSpec) -> Self {
        let id = SessionId::new(Uuid::from_u128(1));
        let state = State::new(id, SessionCreated { spec }, Timestamp::from_millis(0));
        Self { state, now: 0, kinds: Vec::new(), effects: Vec::new() }
    }

    pub fn try_take(&mut self, input: Input) -> Result<Decision, Refusal> {
        let decision = decide(&self.state, input, Timestamp::from_millis(self.now))?;
        self.kinds = decision.events.iter().map(|fact| fact.body.kind()).collect();
        self.effects = decision.effects.clone();
        self.state = decision.state.clone();
        Ok(decision)
    }

    pub fn take(&mut self, input: Input) -> Vec<&'static str> {
        self.try_take(input).unwrap();
        self.kinds.clone()
    }

    fn run(&self) -> RunId {
        self.state.run().unwrap().id
    }

    fn turn(&mut self, message: u128, calls: &[(u128, &str)]) -> Vec<&'static str> {
        let run = self.run();
        let seen = self.state.last_seq;
        self.take(Input::Turn { run, turn: turn(message, calls), tools: tools(), seen, within: None })
    }

    fn returned(&mut self, id: u128) -> Vec<&'static str> {
        let outcome = CallOutcome::text(CallStatus::Succeeded, "fine");
        self.take(Input::CallReturned { call: call(id), outcome })
    }
}

fn call(id: u128) -> CallId {
    CallId::new(Uuid::from_u128(id))
}

#[test]
fn a_prompt_becomes_a_run_that_calls_and_completes() {
    let mut story = Story::new(SessionKind::Chat);
    assert_eq!(story.take(Input::Prompt(prompt(7, WhenBusy::Queue))), ["session_renamed", "prompt_queued", "run_started"]);
    assert_eq!(story.effects, [Effect::OpenSandbox, Effect::StartBrain { run: story.run() }]);
    assert_eq!(story.state.status(), Status::Running);

    let run = story.run();
    assert_eq!(story.take(Input::NextStep { run, within: None }), [""; 0]);
    assert_eq!(story.effects, [Effect::Proceed { run, within: None }]);

    assert_eq!(story.turn(1, &[(1, "read"), (2, "read"), (3, "write")]).len(), 1 + 3 + 2);
    let begun = |id| Effect::ExecuteCall { call: call(id), only_if_known: false };
    assert_eq!(story.effects, [begun(1), begun(2)], "what is safe side by side runs together, the write waits");
    assert_eq!(story.try_take(Input::NextStep { run, within: None }).unwrap_err(), Refusal::CallsOpen);

    assert_eq!(story.returned(2), ["call_finished"]);
    assert_eq!(story.returned(1), ["call_finished", "call_started"]);
    assert_eq!(story.returned(3), ["call_finished"]);
    story.take(Input::NextStep { run, within: None });
    story.turn(2, &[]);
    assert_eq!(story.take(Input::BrainDone { run }), ["run_finished"]);
    assert_eq!(story.state.status(), Status::Idle);
    assert_eq!(story.state.usage.input_tokens, 20);
}

#[test]
fn a_prompt_sent_twice_is_taken_once_and_the_queue_is_bounded() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    assert!(story.take(Input::Prompt(prompt(1, WhenBusy::Queue))).is_empty());
    for id in 2..22 {
        assert_eq!(story.take(Input::Prompt(prompt(id, WhenBusy::Queue))), ["prompt_queued"]);
    }
    assert_eq!(story.try_take(Input::Prompt(prompt(99, WhenBusy::Queue))).unwrap_err(), Refusal::QueueFull);
    assert_eq!(story.try_take(Input::Prompt(prompt(99, WhenBusy::Refuse))).unwrap_err(), Refusal::Busy);
    assert!(story.take(Input::Prompt(prompt(5, WhenBusy::Queue))).is_empty(), "known although the queue is full");
    assert!(story.take(Input::Prompt(prompt(50, WhenBusy::Interrupt))).contains(&"cancel_requested"), "who interrupts is heard");
}

#[test]
fn steering_prompts_are_taken_at_the_next_step_and_interrupting_ones_at_once() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    story.take(Input::Prompt(prompt(2, WhenBusy::Queue)));
    story.take(Input::Prompt(prompt(3, WhenBusy::Steer)));
    assert_eq!(story.take(Input::NextStep { run, within: None }), ["prompt_steered"]);
    assert_eq!(
        story.take(Input::Prompt(prompt(4, WhenBusy::Interrupt))),
        ["prompt_queued", "cancel_requested", "run_finished", "run_started"]
    );
    assert_eq!(story.run(), PromptId::new(Uuid::from_u128(4)).into());
    assert_eq!(story.state.queue.iter().map(|queued| queued.id.uuid().as_u128()).collect::<Vec<_>>(), [2]);
}

#[test]
fn cancelling_waits_for_running_calls_and_drops_the_others() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    story.turn(1, &[(1, "write"), (2, "write")]);
    assert_eq!(story.take(Input::Cancel { by: "someone".into() }), ["cancel_requested"]);
    assert_eq!(story.effects, [Effect::HaltBrain { run }, Effect::CancelCall { call: call(1) }]);
    assert!(story.take(Input::Cancel { by: "another".into() }).is_empty());
    assert_eq!(story.try_take(Input::NextStep { run, within: None }).unwrap_err(), Refusal::Stale);
    let outcome = CallOutcome::text(CallStatus::Cancelled, "stopped");
    let kinds = story.take(Input::CallReturned { call: call(1), outcome });
    assert_eq!(kinds, ["call_finished", "call_finished", "run_finished"]);
    assert_eq!(story.returned(1), [""; 0], "a late word changes nothing");
    assert_eq!(story.effects, [Effect::AcknowledgeCall { call: call(1) }]);
}

#[test]
fn a_question_holds_the_run_until_it_is_answered_and_waiting_is_not_work() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    assert_eq!(
        story.turn(1, &[(1, "ask_first"), (2, "deny_me"), (3, "nothing")])[0..3],
        ["agent_message", "call_proposed", "approval_requested"]
    );
    assert_eq!(story.state.status(), Status::Waiting);
    story.now = 90_000;
    assert_eq!(story.take(Input::Answer(answer(&story.state, call(1), true))), ["approval_answered", "call_started"]);
    story.returned(1);
    let run = story.run();
    story.now = 120_000;
    story.take(Input::NextStep { run, within: None });
    assert_eq!(story.effects, [Effect::Proceed { run, within: None }], "30 s of work, 90 s of waiting");
    story.now = 200_000;
    assert_eq!(story.take(Input::NextStep { run, within: None }), ["budget_reached", "run_finished"]);
}

#[test]
fn a_question_that_nobody_answers_counts_as_no() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.turn(1, &[(1, "ask_first")]);
    story.now = story.state.wake_at().unwrap().as_millis();
    let decision = story.try_take(Input::Tick).unwrap();
    let denied = decision
        .events
        .iter()
        .any(|fact| matches!(&fact.body, EventBody::CallFinished(done) if done.outcome.status == CallStatus::Denied));
    assert!(denied, "{:?}", story.kinds);
    assert_eq!(story.state.status(), Status::Running);
}

#[test]
fn a_budget_warns_once_and_stops_cleanly() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    for step in 0..4 {
        assert!(story.take(Input::NextStep { run, within: None }).is_empty());
        story.turn(step, &[]);
    }
    assert_eq!(story.take(Input::NextStep { run, within: None }), ["budget_warned"]);
    story.turn(9, &[(1, "write")]);
    story.returned(1);
    let decision = story.try_take(Input::NextStep { run, within: None }).unwrap();
    let reached = EventBody::RunFinished(crate::event::RunFinished {
        run,
        result: RunResult::BudgetReached(Reached { bound: Bound::Steps, of: Reach::Run, used: 5, limit: 5 }),
        usage: story.state.usage,
        steps: 5,
    });
    assert_eq!(decision.events.last().unwrap().body, reached);
}

#[test]
fn taken_up_by_another_process_a_run_goes_on_and_nothing_starts_twice() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    story.take(Input::BeginMessage { run, message: MessageId::new(Uuid::from_u128(1)) });
    story.turn(1, &[(1, "read"), (2, "read"), (3, "write")]);
    story.returned(1);
    story.take(Input::BeginMessage { run, message: MessageId::new(Uuid::from_u128(2)) });
    assert_eq!(story.take(Input::TakenUp), ["message_aborted"]);
    assert_eq!(
        story.effects,
        [Effect::OpenSandbox, Effect::ExecuteCall { call: call(2), only_if_known: true }, Effect::StartBrain { run }]
    );
}

#[test]
fn a_lost_sandbox_interrupts_what_ran_in_it_and_the_run_goes_on() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.turn(1, &[(1, "write"), (2, "write")]);
    assert_eq!(story.take(Input::SandboxGone { why: SandboxEnd::Lost }), ["call_finished", "sandbox_closed", "call_started"]);
    assert_eq!(story.state.sandbox, SandboxState::Closed);
    assert_eq!(story.state.status(), Status::Running);
}

#[test]
fn a_sandbox_that_cannot_open_fails_the_session_until_it_is_retried() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::Prompt(prompt(2, WhenBusy::Queue)));
    story.turn(1, &[(1, "write")]);
    let failure = Failure { code: "sandbox_missing_bubblewrap".into(), message: "no bwrap".into(), hint: "install it".into() };
    assert_eq!(story.take(Input::Fail(failure)), ["call_finished", "run_finished", "session_failed"]);
    assert_eq!(story.try_take(Input::Prompt(prompt(3, WhenBusy::Queue))).unwrap_err(), Refusal::Failed);
    assert_eq!(story.take(Input::Retry { by: "someone".into() }), ["session_retried", "run_started"]);
}

#[test]
fn an_idle_session_sleeps_and_wakes() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.now = 59_000;
    story.take(Input::Tick);
    assert!(story.effects.is_empty());
    story.now = story.state.wake_at().unwrap().as_millis();
    story.take(Input::Tick);
    assert_eq!(story.effects, [Effect::SleepSandbox { even_if_busy: false }]);
    assert_eq!(story.take(Input::SandboxSlept { ended: Vec::new() }), ["sandbox_closed"]);
    assert_eq!(story.state.status(), Status::Asleep);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    assert_eq!(story.state.status(), Status::Running);
}

#[test]
fn a_task_ends_after_its_first_run_and_an_expired_chat_whenever_it_is() {
    let mut story = Story::new(SessionKind::Task);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    assert_eq!(story.take(Input::BrainDone { run }), ["run_finished", "session_ending"]);
    assert_eq!(story.effects, [Effect::EndSandbox, Effect::Summarize], "what it was about is said all the same");
    assert_eq!(story.take(Input::SandboxEnded), ["session_ended"]);
    assert_eq!(story.state.phase, Phase::Ended { reason: EndReason::Completed });

    let mut story = Story::of(SessionSpec { expires_at: Some(Timestamp::from_millis(1000)), ..spec(SessionKind::Chat) });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.now = story.state.wake_at().unwrap().as_millis();
    story.take(Input::Tick);
    assert_eq!(story.kinds.last(), Some(&"session_ending"));
    story.take(Input::SandboxEnded);
    assert_eq!(story.try_take(Input::Prompt(prompt(2, WhenBusy::Queue))).unwrap_err(), Refusal::Ended);
}

#[test]
fn what_was_left_running_keeps_a_session_awake_for_so_long_and_is_named_when_it_ends() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    let used_at = story.state.used_at;
    let processes = vec!["npm".to_owned(), "node".to_owned()];
    let mut postponed = 0;
    loop {
        story.now = story.state.wake_at().unwrap().as_millis();
        story.take(Input::Tick);
        let [Effect::SleepSandbox { even_if_busy }] = story.effects[..] else { panic!("{:?}", story.effects) };
        if even_if_busy {
            break;
        }
        let decision = story.try_take(Input::StillBusy { processes: processes.clone(), watched: false }).unwrap();
        let EventBody::SleepPostponed(event) = &decision.events[0].body else { panic!("{:?}", story.kinds) };
        assert_eq!((event.why.as_str(), &event.processes), ("npm, node are running", &processes));
        postponed += 1;
    }
    // Looked at every minute for 1000 s, counted from its last use.
    assert_eq!((postponed, story.now), (16, used_at.as_millis() + 1_000_000));
    let decision = story.try_take(Input::SandboxSlept { ended: processes.clone() }).unwrap();
    let ended = crate::event::SandboxClosed { why: SandboxEnd::Slept, ended: processes };
    assert_eq!(decision.events[0].body, ended.into());
    assert_eq!(story.state.status(), Status::Asleep);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    assert_eq!(story.state.kept_awake_until().as_millis(), story.state.last_at.as_millis() - 1 + 1_000_000);
}
