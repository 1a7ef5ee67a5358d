//! What holds for every sequence of inputs, sensible or not.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::tests::{Story, answer, prompt, spec, tools, turn};
use super::{Effect, Fact, Input, NewAnswer, State};
use crate::event::{ControlEnd, EventBody, SandboxEnd, WhenBusy};
use crate::id::{CallId, ClientId, MessageId, PromptId, RunId};
use crate::policy::Mode;
use crate::session::{EndReason, SessionKind, SessionSpec, Status};
use crate::time::Timestamp;
use crate::tool::{CallOutcome, CallStatus};
use crate::view::{CallStage, Failure, Page, Programs, SandboxState};

/// A voice from outside. Numbers pick among what there is, so that both sensible and senseless inputs occur.
#[derive(Debug, Clone)]
enum Voice {
    Prompt(u8, u8),
    Withdraw(u8),
    Cancel,
    Answer(u8, bool, bool, bool),
    SetMode(u8),
    Stop,
    Retry,
    Begin(u8),
    NextStep,
    Turn(Vec<u8>),
    BrainDone,
    BrainFailed,
    Returned(u8),
    Opened,
    OpenFailed,
    Lost,
    Slept,
    Busy,
    Held(u8),
    Released,
    Shown(u32),
    Take(u8, bool, bool),
    Give(Option<u8>),
    Record(bool, bool),
    Ended,
    Later(u32),
    TakenUp,
    StaleBrain(u8),
}

fn voice() -> impl Strategy<Value = Voice> {
    prop_oneof![
        6 => (any::<u8>(), 0u8..4).prop_map(|(id, busy)| Voice::Prompt(id, busy)),
        1 => any::<u8>().prop_map(Voice::Withdraw),
        1 => Just(Voice::Cancel),
        3 => (any::<u8>(), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(call, allow, session, edit)| Voice::Answer(call, allow, session, edit)),
        1 => (0u8..4).prop_map(Voice::SetMode),
        1 => Just(Voice::Retry),
        2 => any::<u8>().prop_map(Voice::Begin),
        4 => Just(Voice::NextStep),
        6 => prop::collection::vec(any::<u8>(), 0..5).prop_map(Voice::Turn),
        2 => Just(Voice::BrainDone),
        1 => Just(Voice::BrainFailed),
        10 => any::<u8>().prop_map(Voice::Returned),
        3 => Just(Voice::Opened),
        1 => Just(Voice::OpenFailed),
        1 => Just(Voice::Lost),
        1 => Just(Voice::Slept),
        1 => Just(Voice::Busy),
        2 => (0u8..2).prop_map(Voice::Held),
        1 => Just(Voice::Released),
        1 => (0u32..3).prop_map(Voice::Shown),
        2 => ((0u8..3), any::<bool>(), any::<bool>()).prop_map(|(client, run, seize)| Voice::Take(client, run, seize)),
        2 => prop::option::of(0u8..3).prop_map(Voice::Give),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(on, while_driven)| Voice::Record(on, while_driven)),
        1 => Just(Voice::Ended),
        2 => (0u32..200_000).prop_map(Voice::Later),
        1 => Just(Voice::TakenUp),
        1 => any::<u8>().prop_map(Voice::StaleBrain),
    ]
}

/// With an end now and then; kept rare, since nothing happens after it.
fn voices() -> impl Strategy<Value = Vec<Voice>> {
    (prop::collection::vec(voice(), 1..120), any::<bool>(), prop::collection::vec(voice(), 0..20)).prop_map(
        |(mut all, stop, rest)| {
            if stop {
                all.push(Voice::Stop);
                all.extend(rest);
            }
            all
        },
    )
}

/// Plays voices and checks the promises after each.
struct Judge {
    story: Story,
    messages: u128,
    calls: u128,
    proposed: HashMap<CallId, usize>,
    taken: HashSet<PromptId>,
    queued: Vec<PromptId>,
    started: Vec<PromptId>,
    running: Option<RunId>,
    executed: HashMap<CallId, usize>,
}

impl Judge {
    fn new(spec: SessionSpec) -> Self {
        Self {
            story: Story::of(spec),
            messages: 0,
            calls: 1 << 64,
            proposed: HashMap::new(),
            taken: HashSet::new(),
            queued: Vec::new(),
            started: Vec::new(),
            running: None,
            executed: HashMap::new(),
        }
    }

    fn input(&mut self, voice: Voice) -> Input {
        let run = self.story.state.run().map_or(RunId::new(Uuid::nil()), |run| run.id);
        let some_call = |at: u8| {
            let calls = self.story.state.run().map(|run| run.calls.clone()).unwrap_or_default();
            let none = CallId::new(Uuid::from_u128(u128::from(at)));
            if calls.is_empty() { none } else { calls[usize::from(at) % calls.len()].id }
        };
        match voice {
            Voice::Prompt(id, busy) => {
                let busy = [WhenBusy::Queue, WhenBusy::Steer, WhenBusy::Interrupt, WhenBusy::Refuse][usize::from(busy)];
                Input::Prompt(prompt(u128::from(id) + 1, busy))
            }
            Voice::Withdraw(id) => Input::Withdraw { prompt: PromptId::new(Uuid::from_u128(u128::from(id) + 1)), by: "x".into() },
            Voice::Cancel => Input::Cancel { by: "x".into() },
            Voice::Answer(call, allow, for_session, edit) => Input::Answer(NewAnswer {
                for_session,
                arguments: edit.then(|| json!({ "path": "other" })),
                ..answer(&self.story.state, some_call(call), allow)
            }),
            Voice::SetMode(which) => Input::SetMode { mode: Mode::ALL[usize::from(which)], by: "x".into() },
            Voice::Stop => Input::Stop { reason: EndReason::Stopped, by: None },
            Voice::Retry => Input::Retry { by: "x".into() },
            Voice::Begin(id) => Input::BeginMessage { run, message: MessageId::new(Uuid::from_u128(u128::from(id))) },
            Voice::NextStep => Input::NextStep { run, within: None },
            Voice::Turn(wanted) => {
                self.messages += 1;
                let names = ["read", "read", "write", "ask_first", "deny_me", "unheard_of"];
                let calls = wanted.iter().map(|which| {
                    self.calls += 1;
                    (self.calls, names[usize::from(*which) % names.len()])
                });
                let turn = turn(self.messages, &calls.collect::<Vec<_>>());
                Input::Turn { run, turn, tools: tools(), seen: self.story.state.last_seq, within: None }
            }
            Voice::BrainDone => Input::BrainDone { run },
            Voice::BrainFailed => Input::BrainFailed { run, failure: failure() },
            Voice::Returned(call) => {
                Input::CallReturned { call: some_call(call), outcome: CallOutcome::text(CallStatus::Succeeded, "ok") }
            }
            Voice::Opened => Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() },
            Voice::OpenFailed => Input::Fail(failure()),
            Voice::Lost => Input::SandboxGone { why: SandboxEnd::Lost },
            Voice::Slept => Input::SandboxSlept { ended: Vec::new() },
            Voice::Busy => Input::StillBusy { processes: vec!["npm".into()], watched: false },
            Voice::Held(why) => Input::SandboxHeld { code: format!("why_{why}"), text: "x".into() },
            Voice::Released => Input::SandboxReleased,
            Voice::Shown(tabs) => Input::PageShown(Page { url: "http://a".into(), title: "a".into(), loading: false, tabs }),
            Voice::Take(at, run, seize) => {
                let programs = if run { Programs::Run } else { Programs::StandStill };
                Input::TakeControl { by: format!("person {at}"), client: client(at), programs, seize }
            }
            Voice::Record(on, while_driven) => Input::Record { by: "x".into(), on, while_driven },
            Voice::Give(at) => Input::ReturnControl { why: ControlEnd::Given, by: None, client: at.map(client) },
            Voice::Ended => Input::SandboxEnded,
            Voice::Later(millis) => {
                self.story.now += i64::from(millis);
                Input::Tick
            }
            Voice::TakenUp => Input::TakenUp,
            Voice::StaleBrain(id) => Input::BrainDone { run: RunId::new(Uuid::from_u128(u128::from(id) << 80)) },
        }
    }

    fn hear(&mut self, voice: Voice) {
        let before = self.story.state.clone();
        let taken_up = matches!(voice, Voice::TakenUp);
        let input = self.input(voice);
        let Ok(decision) = self.story.try_take(input) else {
            assert_eq!(self.story.state, before, "a refused input changes nothing");
            return;
        };
        if before.status() == Status::Ended {
            assert_eq!(self.story.state.phase, before.phase, "an ended session stays ended");
            assert!(
                !decision.effects.iter().any(|effect| matches!(effect, Effect::StartBrain { .. } | Effect::ExecuteCall { .. }))
            );
        }
        // A state folded from the log is the state that was decided.
        let mut folded = before.clone();
        let (mut seq, mut at) = (before.last_seq, before.last_at);
        for fact in &decision.events {
            check_held(&folded, &fact.body);
            check_control(&folded, &fact.body);
            assert_eq!(fact.seq, seq + 1, "gapless");
            assert!(fact.at > at, "order in time is order in the log");
            (seq, at) = (fact.seq, fact.at);
            folded.apply(fact.seq, fact.at, Some(&fact.body));
            self.witness(&fact.body);
        }
        assert_eq!(folded, decision.state);
        check_recording(&before, &decision.events, &folded);
        let reloaded: State = serde_json::from_str(&decision.state.head().state).unwrap();
        assert_eq!(reloaded, decision.state, "a state survives being stored");
        self.check_effects(&decision.effects, taken_up);
        self.check_waiting();
    }

    fn witness(&mut self, body: &EventBody) {
        match body {
            EventBody::PromptQueued(queued) => {
                assert!(self.taken.insert(queued.prompt), "a prompt is taken once");
                if queued.when_busy == WhenBusy::Queue || queued.when_busy == WhenBusy::Refuse {
                    self.queued.push(queued.prompt);
                }
            }
            EventBody::PromptWithdrawn(gone) => self.queued.retain(|prompt| *prompt != gone.prompt),
            EventBody::RunStarted(run) => {
                assert_eq!(self.running.replace(run.run), None, "at most one run");
                if self.queued.contains(&run.run.into()) {
                    self.started.push(run.run.into());
                }
            }
            EventBody::RunFinished(run) => {
                assert_eq!(self.running.take(), Some(run.run));
                assert!(self.proposed.values().all(|results| *results == 1), "every call of a finished run has one result");
            }
            EventBody::CallProposed(call) => assert_eq!(self.proposed.insert(call.call, 0), None),
            EventBody::CallFinished(call) => {
                let results = self.proposed.get_mut(&call.call).expect("only proposed calls finish");
                *results += 1;
                assert_eq!(*results, 1, "a call gets one result");
            }
            _ => {}
        }
    }

    fn check_effects(&mut self, effects: &[Effect], taken_up: bool) {
        for effect in effects {
            if let Effect::ExecuteCall { call, only_if_known } = effect {
                let times = self.executed.entry(*call).or_default();
                // Only whoever takes the session up may ask for a call again, and then only for what became of it.
                assert!(*times == 0 || (taken_up && *only_if_known), "a call begins once");
                *times += 1;
            }
        }
    }

    fn check_waiting(&self) {
        let state = &self.story.state;
        assert!(!state.stands_still() || state.sandbox == SandboxState::Open, "nobody holds or drives a closed sandbox");
        if let (true, Some(run)) = (state.stands_still(), state.run()) {
            let (now, later) = (state.last_at, state.last_at.plus(Duration::from_secs(3600)));
            assert_eq!(run.worked(now), run.worked(later), "the clock of a run stands still while its sandbox does");
        }
        assert!(state.queue.len() <= super::MAX_QUEUE + 4);
        if let Some(run) = state.run() {
            let writes = run.calls.iter().filter(|call| call.stage == CallStage::Running && !call.parallel).count();
            let running = run.calls.iter().filter(|call| call.stage == CallStage::Running).count();
            assert!(writes == 0 || running == 1, "what is not safe side by side runs alone");
        }
        if state.status() == Status::Idle {
            assert!(state.queue.is_empty(), "an idle session has nothing to do");
        }
    }
}

/// Held is said once for each reason, and released only when held.
fn check_held(before: &State, event: &EventBody) {
    let code = before.held.as_ref().map(|held| held.code.as_str());
    match event {
        EventBody::SandboxHeld(held) => assert_ne!(code, Some(held.code.as_str())),
        EventBody::SandboxReleased(_) => assert!(code.is_some()),
        EventBody::PageChanged(changed) => {
            assert_ne!(before.page.as_ref().map_or(0, |page| page.tabs), changed.tabs, "the page is told once");
        }
        _ => {}
    }
}

/// A recording that stands still, or goes on, is said once, and stands still only while a person drives.
fn check_recording(before: &State, events: &[Fact], after: &State) {
    let paused = |state: &State| state.recording.is_some() && !state.records();
    assert!(!paused(after) || after.control.is_some());
    let told = |kind: &str| events.iter().filter(|fact| fact.body.kind() == kind).count();
    assert_eq!(told("recording_paused"), usize::from(paused(after) && !paused(before)));
    let resumed = paused(before) && !paused(after) && after.recording.is_some();
    assert_eq!(told("recording_resumed"), usize::from(resumed));
}

/// While a person drives nothing of the agent begins, and only one person drives at a time.
fn check_control(before: &State, event: &EventBody) {
    match event {
        EventBody::ControlTaken(taken) => {
            assert!(before.control.as_ref().is_none_or(|control| control.client == taken.client));
        }
        EventBody::ControlReturned(_) => assert!(before.control.is_some()),
        EventBody::CallStarted(_) | EventBody::PromptSteered(_) => assert!(before.control.is_none()),
        _ => {}
    }
}

fn client(at: u8) -> ClientId {
    ClientId::new(Uuid::from_u128(u128::from(at)))
}

fn failure() -> Failure {
    Failure { code: "x".into(), message: "x".into(), hint: "x".into() }
}

fn kind() -> impl Strategy<Value = SessionSpec> {
    (prop::sample::select(vec![SessionKind::Chat, SessionKind::Task, SessionKind::Project]), prop::option::of(0i64..5_000_000))
        .prop_map(|(kind, expiry)| SessionSpec { expires_at: expiry.map(Timestamp::from_millis), ..spec(kind) })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_promises_hold_for_every_sequence_of_inputs(spec in kind(), voices in voices()) {
        let mut judge = Judge::new(spec);
        for voice in voices {
            judge.hear(voice);
        }
        // Prompts that wait their turn are taken in the order in which they came.
        let places: Vec<_> = judge.started.iter().map(|prompt| judge.queued.iter().position(|queued| queued == prompt)).collect();
        prop_assert!(places.is_sorted(), "{:?}", places);
    }

    #[test]
    fn the_same_inputs_at_the_same_times_decide_the_same(spec in kind(), voices in voices()) {
        let (mut one, mut other) = (Judge::new(spec.clone()), Judge::new(spec));
        for voice in voices {
            one.hear(voice.clone());
            other.hear(voice);
            prop_assert_eq!(&one.story.state, &other.story.state);
            prop_assert_eq!(&one.story.effects, &other.story.effects);
        }
    }
}
