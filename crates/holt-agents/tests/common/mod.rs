//! A session in memory: the real state machine, a log, a keeper that remembers calls, and desks for brains to work at. Any
//! operation of a desk can be the last before its process dies.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use holt_core::agent::{Agent, Brief, Delta, Desk, FinishedTurn, Halted, WorkError};
use holt_core::budget::{Allowance, Budget};
use holt_core::context::Start;
use holt_core::event::{ContextCompacted, Event, EventBody, Seq, SessionCreated, WhenBusy};
use holt_core::id::{CallId, MessageId, OwnerId, PromptId, RunId, SessionId};
use holt_core::machine::{Decision, Effect, Input, NewPrompt, Refusal, State, decide};
use holt_core::model::StoodIn;
use holt_core::policy::{Mode, Policy};
use holt_core::session::{DesktopSpec, Limits, Network, SessionKind, SessionSpec, WorkspaceSpec};
use holt_core::time::Timestamp;
use holt_core::tool::{CallOutcome, CallStatus};
use holt_core::view::Failure;
use holt_testkit::{FAKE_MODEL, tool_specs, within};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

type Tool = Box<dyn FnMut(&str, &Value) -> CallOutcome + Send>;

pub struct Session {
    pub inner: Mutex<Inner>,
    pub died: Notify,
}

pub struct Inner {
    state: State,
    pub events: Vec<Arc<Event>>,
    pub deltas: Vec<Delta>,
    /// Calls that are to be run, and whether only if the keeper knows them.
    waiting: Vec<(CallId, bool)>,
    /// What the keeper remembers.
    kept: HashMap<CallId, CallOutcome>,
    pub begun: HashMap<CallId, usize>,
    tool: Tool,
    /// After so many operations the process dies.
    lives: Option<usize>,
    ids: u128,
    /// Prompts that arrive when so many answers are finished.
    steering: Vec<(usize, String)>,
}

/// A desk; its process may die.
struct TestDesk {
    session: Arc<Session>,
    brief: Brief,
    seen: Mutex<usize>,
}

impl Session {
    pub fn new(prompt: &str, tool: impl FnMut(&str, &Value) -> CallOutcome + Send + 'static) -> Arc<Self> {
        let id = SessionId::new(Uuid::from_u128(1));
        let created = SessionCreated { spec: spec() };
        let first = Event::new(id, 1, 1, Timestamp::from_millis(1), &created.clone().into());
        let inner = Inner {
            state: State::new(id, created, Timestamp::from_millis(1)),
            events: vec![Arc::new(first)],
            deltas: Vec::new(),
            waiting: Vec::new(),
            kept: HashMap::new(),
            begun: HashMap::new(),
            tool: Box::new(tool),
            lives: None,
            ids: 1000,
            steering: Vec::new(),
        };
        let session = Arc::new(Self { inner: Mutex::new(inner), died: Notify::new() });
        session.prompt(2, prompt, WhenBusy::Queue);
        session
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub fn prompt(&self, id: u128, text: &str, when_busy: WhenBusy) {
        let prompt = NewPrompt {
            id: PromptId::new(Uuid::from_u128(id)),
            text: text.into(),
            attachments: vec![],
            when_busy,
            by: "tester".into(),
        };
        self.lock().take(Input::Prompt(prompt)).unwrap();
    }

    /// Has a prompt arrive as soon as so many answers are finished.
    pub fn steer_after(&self, answers: usize, text: &str) {
        self.lock().steering.push((answers, text.into()));
    }

    fn start(&self) -> Start {
        let state = &self.lock().state;
        Start::new(state.compactions.last(), state.last_seq)
    }

    pub fn desk(self: &Arc<Self>) -> Arc<dyn Desk> {
        let run = RunId::new(Uuid::from_u128(2));
        let brief = Brief {
            session: SessionId::new(Uuid::from_u128(1)),
            run,
            model: FAKE_MODEL.into(),
            environment: "python".into(),
            workspace_path: "/workspace".into(),
            purpose: String::new(),
            mode: Mode::default(),
            allowance: String::new(),
            tools: tool_specs(),
            start: self.start(),
            instructions: None,
            memory: Vec::new(),
            part: None,
        };
        Arc::new(TestDesk { session: Arc::clone(self), brief, seen: Mutex::new(0) })
    }

    /// Lets an agent work until it is done, through as many deaths of its process as are told.
    pub async fn work(self: &Arc<Self>, agent: &dyn Agent, deaths: &[usize]) -> Result<(), WorkError> {
        for lives in deaths {
            self.lock().lives = Some(*lives);
            let desk = self.desk();
            let ended = tokio::select! {
                biased;
                () = self.died.notified() => None,
                ended = agent.work(desk) => Some(ended),
            };
            if let Some(ended) = ended {
                return self.close(ended);
            }
            self.lock().take(Input::TakenUp).unwrap();
        }
        self.lock().lives = None;
        let ended = within("the agent", agent.work(self.desk())).await;
        self.close(ended)
    }

    fn close(&self, ended: Result<(), WorkError>) -> Result<(), WorkError> {
        let run = RunId::new(Uuid::from_u128(2));
        let input = match &ended {
            Ok(()) => Input::BrainDone { run },
            Err(WorkError::Halted(_)) => return ended,
            Err(WorkError::Failed(failure)) => {
                let failure =
                    Failure { code: failure.code.clone(), message: failure.message.clone(), hint: failure.hint.clone() };
                Input::BrainFailed { run, failure }
            }
        };
        self.lock().take(input).unwrap();
        ended
    }

    pub fn bodies(&self) -> Vec<EventBody> {
        self.lock().events.iter().map(|event| event.decode().unwrap()).collect()
    }
}

impl Inner {
    /// Makes the events of an input durable and runs its effects.
    pub fn take(&mut self, input: Input) -> Result<Vec<Effect>, Refusal> {
        let now = Timestamp::from_millis(self.state.last_at.as_millis() + 1);
        let Decision { events, effects, state } = decide(&self.state, input, now)?;
        let session = self.state.id;
        self.state = state;
        self.events.extend(events.iter().map(|fact| Arc::new(Event::new(session, fact.seq, 1, fact.at, &fact.body))));
        for effect in &effects {
            match effect {
                Effect::ExecuteCall { call, only_if_known } => self.waiting.push((*call, *only_if_known)),
                Effect::AcknowledgeCall { call } => {
                    self.kept.remove(call);
                }
                _ => {}
            }
        }
        Ok(effects)
    }

    /// Runs what is waiting, as the keeper does it: each call once.
    fn run_calls(&mut self) {
        for (call, only_if_known) in std::mem::take(&mut self.waiting) {
            let outcome = match self.kept.get(&call) {
                Some(known) => known.clone(),
                None if only_if_known => CallOutcome::text(CallStatus::Interrupted, "nobody knows how far it came"),
                None => self.run(call),
            };
            self.kept.insert(call, outcome.clone());
            self.take(Input::CallReturned { call, outcome }).unwrap();
        }
    }

    fn run(&mut self, call: CallId) -> CallOutcome {
        *self.begun.entry(call).or_default() += 1;
        let open = self.state.run().unwrap().calls.iter().find(|open| open.id == call).unwrap().clone();
        (self.tool)(&open.tool, &open.arguments)
    }

    fn answers(&self) -> usize {
        self.events.iter().filter(|event| &*event.kind == "agent_message").count()
    }
}

impl TestDesk {
    /// One operation of the process; it may be its last.
    async fn live(&self) {
        let dies = {
            let mut inner = self.session.lock();
            match &mut inner.lives {
                Some(0) => true,
                Some(lives) => {
                    *lives -= 1;
                    false
                }
                None => false,
            }
        };
        if dies {
            self.session.died.notify_one();
            std::future::pending::<()>().await;
        }
    }

    fn take(&self, input: Input) -> Result<Vec<Effect>, Halted> {
        self.session.lock().take(input).map_err(|_| Halted)
    }
}

#[async_trait]
impl Desk for TestDesk {
    fn brief(&self) -> &Brief {
        &self.brief
    }

    async fn next_step(&self) -> Result<Vec<Arc<Event>>, Halted> {
        loop {
            self.live().await;
            let asked = self.session.lock().take(Input::NextStep { run: self.brief.run, within: None });
            match asked {
                Ok(effects) if effects.contains(&Effect::Proceed { run: self.brief.run, within: None }) => break,
                Ok(_) => return Err(Halted),
                Err(Refusal::CallsOpen) => {
                    self.live().await;
                    self.session.lock().run_calls();
                }
                Err(_) => return Err(Halted),
            }
        }
        self.live().await;
        self.more().await
    }

    async fn more(&self) -> Result<Vec<Arc<Event>>, Halted> {
        const PAGE: usize = 3;
        let inner = self.session.lock();
        let mut seen = self.seen.lock().unwrap();
        let page: Vec<Arc<Event>> = inner.events[*seen..].iter().take(PAGE).cloned().collect();
        *seen += page.len();
        Ok(page)
    }

    async fn begin(&self, message: MessageId) -> Result<(), Halted> {
        self.live().await;
        self.take(Input::BeginMessage { run: self.brief.run, message })?;
        self.live().await;
        Ok(())
    }

    async fn show(&self, delta: Delta) -> Result<(), Halted> {
        self.live().await;
        self.session.lock().deltas.push(delta);
        Ok(())
    }

    async fn finish(&self, turn: FinishedTurn) -> Result<(), Halted> {
        self.live().await;
        let input = Input::Turn {
            run: self.brief.run,
            turn: Box::new(turn),
            tools: self.brief.tools.clone(),
            seen: Seq::MAX,
            within: None,
        };
        self.take(input)?;
        let arrived: Vec<(usize, String)> = {
            let mut inner = self.session.lock();
            let answers = inner.answers();
            inner.steering.extract_if(.., |(after, _)| *after == answers).collect()
        };
        for (after, text) in arrived {
            self.session.prompt(100 + after as u128, &text, WhenBusy::Steer);
        }
        self.live().await;
        Ok(())
    }

    async fn compact(&self, compacted: ContextCompacted) -> Result<(), Halted> {
        self.live().await;
        self.take(Input::Compacted(Box::new(compacted)))?;
        self.live().await;
        Ok(())
    }

    async fn stood_in(&self, stood_in: StoodIn) -> Result<(), Halted> {
        self.live().await;
        self.take(Input::StoodIn { run: self.brief.run, stood_in }).map(drop)
    }

    fn fresh_id(&self) -> Uuid {
        let mut inner = self.session.lock();
        inner.ids += 1;
        Uuid::from_u128(inner.ids)
    }
}

fn spec() -> SessionSpec {
    SessionSpec {
        owner: OwnerId::new("owner"),
        kind: SessionKind::Chat,
        title: "test".into(),
        agent: "holt".into(),
        model: FAKE_MODEL.into(),
        environment: "python".into(),
        workspace: WorkspaceSpec::Managed,
        source: None,
        policy: Policy::default(),
        bounds: Vec::new(),
        mode: Mode::default(),
        definition: None,
        budget: Budget::default(),
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
        sleep_after_seconds: 600,
        keep_awake_seconds: 600,
    }
}
