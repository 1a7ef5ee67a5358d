//! The one task that changes a session.
//!
//! It takes an input, lets the core decide, makes the events durable, shows them, and then runs the effects. Its own
//! helpers (the brain, the calls, the opening of the sandbox) are tasks that it owns: they speak to it through a bounded
//! channel and end with it. When the session is idle it leaves; when another process has taken the session it stops at once.

mod driver;
mod life;
mod log;
mod words;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use holt_core::agent::Halted;
use holt_core::event::{Epoch, SandboxEnd, Seq};
use holt_core::id::{CallId, RunId, SessionId};
use holt_core::machine::{Decision, Input, Refusal, State, decide};
use holt_core::sandbox::SandboxError;
use holt_core::store::{Head, StoreError};
use holt_core::tool::ToolSpec;
use holt_core::view::{CallStage, Failure, SandboxState};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::call::CallTask;
use crate::error::EngineError;
use crate::hub::Hub;
use crate::node::{Loaded, Node};

use driver::Driver;
use life::{load, reload_error};
pub(crate) use words::{Reply, Request, Word};

/// How long an idle session keeps its task, in case more comes.
const LINGER: Duration = Duration::from_secs(2);
/// How many words of its helpers may wait for the owner.
const HELPERS_QUEUE: usize = 64;

/// How far the opening of the sandbox is, for those who wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Closed,
    Opening,
    Open {
        /// Which opening it was: what is heard of an earlier one is no news of this.
        opening: u64,
        /// It stood open before this process came.
        found: bool,
    },
}

impl Door {
    fn is_opening(self, number: u64) -> bool {
        matches!(self, Self::Open { opening, .. } if opening == number)
    }
}

/// What to do when the store cannot take an event.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Somebody waits for the answer: tell them.
    Refuse,
    /// It has happened and must be recorded: try until it works. Only a full disk is not waited for: it fails the session,
    /// for which there is a reserve.
    Insist,
    /// It ends something: try until it works, whatever is in the way.
    Persist,
}

pub(crate) struct Owner {
    pub(crate) node: Arc<Node>,
    pub(crate) session: SessionId,
    pub(crate) state: Arc<State>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) words: mpsc::Sender<Word>,
    pub(crate) door: watch::Sender<Door>,
    /// How often the door was opened.
    pub(crate) openings: u64,
    pub(crate) brain: Option<(RunId, AbortHandle)>,
    pub(crate) pending_step: Option<(RunId, oneshot::Sender<Result<Seq, Halted>>)>,
    pub(crate) calls: HashMap<CallId, CallTask>,
    pub(crate) helpers: JoinSet<()>,
    pub(crate) tools: Arc<Vec<ToolSpec>>,
    /// Inputs that follow from effects, taken before anything else.
    pub(crate) follow_up: VecDeque<Input>,
    /// People who wait for the sandbox to be open.
    pub(crate) waking: Vec<Reply>,
    epoch: Epoch,
    written: Option<Head>,
    spoken: mpsc::Receiver<Word>,
    mailbox: mpsc::Receiver<Request>,
    /// Nothing more can be written: taken over, or removed.
    gone: bool,
    pub(crate) driver: Driver,
}

impl Owner {
    /// The whole life of the task.
    pub async fn live(node: Arc<Node>, session: SessionId, mut mailbox: mpsc::Receiver<Request>, loaded: Option<Loaded>) {
        let loaded = match loaded {
            Some(loaded) => Ok(loaded),
            None => load(&node, session).await,
        };
        match loaded {
            Ok(loaded) => Self::new(node, session, mailbox, loaded).await.run().await,
            Err(error) => {
                node.abandon(session, &mut mailbox);
                tracing::warn!(%session, error = %error, "a session could not be loaded");
                while let Some(request) = mailbox.recv().await {
                    request.fail(reload_error(session, &error));
                }
            }
        }
    }

    async fn new(node: Arc<Node>, session: SessionId, mailbox: mpsc::Receiver<Request>, loaded: Loaded) -> Self {
        let (words, spoken) = mpsc::channel(HELPERS_QUEUE);
        let fresh = loaded.epoch.is_some() && !loaded.effects.is_empty();
        let state = Arc::new(loaded.state);
        let hub = node.hub(&state);
        let tools = Arc::new(node.parts.sandboxes.tools());
        let mut owner = Self {
            node,
            session,
            hub,
            words,
            spoken,
            mailbox,
            tools,
            epoch: loaded.epoch.unwrap_or(1),
            written: Some(state.head()),
            state,
            door: watch::Sender::new(Door::Closed),
            openings: 0,
            brain: None,
            pending_step: None,
            calls: HashMap::new(),
            helpers: JoinSet::new(),
            follow_up: VecDeque::new(),
            waking: Vec::new(),
            gone: false,
            driver: Driver::default(),
        };
        if fresh {
            owner.perform(loaded.effects).await;
        } else {
            owner.take_up().await;
        }
        owner.settle().await;
        owner
    }

    /// Goes on where an earlier process stopped, and learns what became of the sandbox meanwhile. That one is gone is durable
    /// before another is opened: a call that a sandbox does not know can then be begun in it, because it never was before.
    async fn take_up(&mut self) {
        self.hub.forget_partials();
        let runs = self.state.run().is_some_and(|run| run.calls.iter().any(|call| call.stage == CallStage::Running));
        if (self.state.sandbox == SandboxState::Open || runs)
            && let Err(SandboxError::NotOpen | SandboxError::Gone) = self.node.parts.sandboxes.busy(self.session).await
        {
            self.follow_up.push_back(Input::SandboxGone { why: SandboxEnd::Lost });
        }
        self.follow_up.push_back(Input::TakenUp);
        // Nobody was there to hear that it was released; where it was not, its keeper says so again.
        self.follow_up.push_back(self.node.reports.held(self.session));
    }

    async fn run(mut self) {
        while !self.gone {
            let wait = self.patience();
            tokio::select! {
                () = self.node.closing.cancelled() => return self.shut_down().await,
                Some(word) = self.spoken.recv() => self.hear(word).await,
                Some(request) = self.mailbox.recv() => self.answer(request).await,
                Some(_) = self.helpers.join_next(), if !self.helpers.is_empty() => {}
                () = tokio::time::sleep(wait) => {
                    if self.is_idle() && self.node.release(self.session, &self.mailbox) {
                        return;
                    }
                    if self.is_due() {
                        self.take(Input::Tick).await;
                    }
                    self.miss_driver().await;
                }
            }
        }
        self.helpers.shutdown().await;
        self.node.abandon(self.session, &mut self.mailbox);
        while let Some(request) = self.mailbox.recv().await {
            request.fail(EngineError::TakenOver);
        }
    }

    fn is_idle(&self) -> bool {
        let quiet = self.calls.is_empty() && self.waking.is_empty() && *self.door.borrow() != Door::Opening;
        quiet && self.state.run().is_none() && self.state.control.is_none()
    }

    fn is_due(&self) -> bool {
        self.state.wake_at().is_some_and(|at| at <= self.node.now())
    }

    fn patience(&self) -> Duration {
        if self.is_idle() {
            return LINGER;
        }
        let until_due = self.state.wake_at().map(|at| at.since(self.node.now()));
        let until_due = until_due.into_iter().chain(self.until_driver_left()).min();
        until_due.unwrap_or(Duration::from_secs(3600)).max(Duration::from_millis(1))
    }

    async fn answer(&mut self, request: Request) {
        match request {
            Request::Input { input, reply } => {
                let result = self.step(input, Patience::Refuse).await;
                self.settle().await;
                let _ = reply.send(result.map(|()| self.hub.snapshot()));
            }
            Request::Sleep { reply } => {
                let result = self.sleep_now().await;
                self.settle().await;
                let _ = reply.send(result.map(|()| self.hub.snapshot()));
            }
            Request::Wake { reply } => {
                self.waking.push(reply);
                self.open_sandbox();
            }
            Request::Remove { reply } => {
                let result = self.remove().await;
                let _ = reply.send(result);
            }
            Request::Tick => self.take(Input::Tick).await,
            Request::Present { client } => self.driver_is_present(client),
            Request::Reported => {
                self.hear_reports().await;
                self.settle().await;
            }
        }
    }

    async fn hear(&mut self, word: Word) {
        match word {
            Word::NextStep { run, reply } => self.pending_step = Some((run, reply)),
            Word::Begin { run, message, reply } => {
                let result = self.step(Input::BeginMessage { run, message }, Patience::Insist).await;
                let _ = reply.send(result.map_err(|_| Halted));
            }
            Word::Turn { run, turn, reply } => {
                let tools = self.tools.to_vec();
                let result = self.step(Input::Turn { run, turn, tools }, Patience::Insist).await;
                let _ = reply.send(result.map_err(|_| Halted));
            }
            Word::Show { delta } => self.hub.show(&delta),
            Word::BrainEnded { run, result } => self.brain_ended(run, result),
            Word::Published { published, reply } => {
                let result = self.step(Input::Published(published), Patience::Insist).await;
                let _ = reply.send(match result {
                    Err(EngineError::Refused(refusal)) => Err(refusal),
                    Err(_) => Err(Refusal::Stale),
                    Ok(()) => Ok(()),
                });
            }
            Word::CallReturned { call, outcome } => {
                self.calls.remove(&call);
                self.follow_up.push_back(Input::CallReturned { call, outcome });
            }
            Word::SandboxAnswered(answer) => self.sandbox_answered(answer),
            Word::SandboxLost { opening } if self.door.borrow().is_opening(opening) => self.sandbox_lost(),
            // Another call has said so, and the next sandbox may be open already.
            Word::SandboxLost { .. } => {}
        }
        self.settle().await;
        self.answer_waking();
    }

    /// Whoever waited for the sandbox is told once it is on record that it is open.
    fn answer_waking(&mut self) {
        if matches!(*self.door.borrow(), Door::Open { .. }) {
            for reply in self.waking.drain(..) {
                let _ = reply.send(Ok(self.hub.snapshot()));
            }
        }
    }

    /// Takes an input that nobody waits for.
    pub(crate) async fn take(&mut self, input: Input) {
        self.follow_up.push_back(input);
        self.settle().await;
    }

    /// Takes what follows from effects until nothing follows, then lets a waiting brain go on if it may.
    pub(crate) async fn settle(&mut self) {
        while let Some(input) = self.follow_up.pop_front() {
            if self.gone {
                return;
            }
            let patience = if matches!(input, Input::Fail(_)) { Patience::Persist } else { Patience::Insist };
            if let Err(error) = self.step(input, patience).await
                && !matches!(error, EngineError::Refused(_))
            {
                tracing::warn!(session = %self.session, error = %error, "an input was not taken");
            }
        }
        if let Some((run, reply)) = self.pending_step.take() {
            self.pending_step = Some((run, reply));
            match self.step(Input::NextStep { run }, Patience::Insist).await {
                Ok(()) | Err(EngineError::Refused(Refusal::CallsOpen | Refusal::Driven(_))) => {}
                Err(_) => self.refuse_step(),
            }
            if !self.follow_up.is_empty() {
                Box::pin(self.settle()).await;
            }
        }
    }

    fn refuse_step(&mut self) {
        if let Some((_, reply)) = self.pending_step.take() {
            let _ = reply.send(Err(Halted));
        }
    }

    /// One input: decide, make durable, show, run the effects.
    pub(crate) async fn step(&mut self, input: Input, patience: Patience) -> Result<(), EngineError> {
        if self.gone {
            return Err(EngineError::TakenOver);
        }
        let Decision { events, effects, state } = decide(&self.state, input, self.node.now())?;
        let committed = self.commit(events, state, patience).await;
        if let (Err(EngineError::Store(StoreError::Full)), Patience::Insist) = (&committed, patience) {
            self.follow_up.push_back(Input::Fail(disk_full()));
        }
        committed?;
        self.perform(effects).await;
        // A call that the run no longer has was told to stop; nobody waits for what it says.
        let open = self.state.run().map(|run| run.calls.as_slice()).unwrap_or_default();
        self.calls.retain(|call, _| open.iter().any(|known| known.id == *call));
        Ok(())
    }

    /// Another process has the session, or it is no more: everything of it here stops.
    pub(crate) fn let_go(&mut self) {
        self.gone = true;
        self.helpers.abort_all();
        self.calls.clear();
        self.brain = None;
        self.refuse_step();
    }
}

fn disk_full() -> Failure {
    Failure {
        code: "disk_full".into(),
        message: "No space is left on the disk that holds Holt's data.".into(),
        hint: "Free some space, then retry the session. What was done so far is kept.".into(),
    }
}
