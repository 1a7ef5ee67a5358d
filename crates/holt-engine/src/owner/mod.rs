//! The one task that changes a session.
//!
//! It takes an input, lets the core decide, makes the events durable, shows them, and then runs the effects. Its own
//! helpers (the brain, the calls, the opening of the sandbox) are tasks that it owns: they speak to it through a bounded
//! channel and end with it. When the session is idle it leaves; when another process has taken the session it stops at once.

mod budgets;
mod door;
mod driver;
mod hearing;
mod life;
mod log;
mod network;
mod stepping;
mod words;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use holt_core::agent::Halted;
use holt_core::event::{Epoch, SandboxEnd, Seq};
use holt_core::id::{CallId, RunId, SessionId};
use holt_core::machine::{Input, State};
use holt_core::sandbox::SandboxError;
use holt_core::store::Head;
use holt_core::view::{CallStage, SandboxState};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

use crate::call::CallTask;
use crate::error::EngineError;
use crate::hub::Hub;
use crate::keep::Keeping;
use crate::node::{Loaded, Node};

pub(crate) use door::Door;
use driver::Driver;
use life::{load, reload_error};
pub(crate) use network::Leaving;
pub(crate) use words::{Reply, Request, Word};

/// How long an idle session keeps its task, in case more comes.
const LINGER: Duration = Duration::from_secs(2);
/// How many words of its helpers may wait for the owner.
const HELPERS_QUEUE: usize = 64;

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

/// A brain, or whoever was given a part of its work, that wants to go on.
pub(crate) struct PendingStep {
    pub run: RunId,
    pub within: Option<CallId>,
    pub reply: oneshot::Sender<Result<Seq, Halted>>,
}

pub(crate) struct Owner {
    pub(crate) node: Arc<Node>,
    pub(crate) session: SessionId,
    pub(crate) state: Arc<State>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) words: mpsc::Sender<Word>,
    pub(crate) door: watch::Sender<Door>,
    /// The sandbox that is open or opening is not as it is to be: it is closed before another is opened.
    pub(crate) outdated: bool,
    /// How often the door was opened.
    pub(crate) openings: u64,
    pub(crate) brain: Option<(RunId, AbortHandle)>,
    /// Those who want to go on.
    pub(crate) pending: Vec<PendingStep>,
    pub(crate) calls: HashMap<CallId, CallTask>,
    /// Between runs the conversation is being summed up.
    pub(crate) compacting: Option<AbortHandle>,
    /// Between runs it is said what the session is about.
    pub(crate) summarizing: Option<AbortHandle>,
    /// What the session works on is being fetched.
    pub(crate) fetching: Option<AbortHandle>,
    pub(crate) helpers: JoinSet<()>,
    /// Inputs that follow from effects, taken before anything else.
    pub(crate) follow_up: VecDeque<Input>,
    /// People who wait for the sandbox to be open.
    pub(crate) waking: Vec<Reply>,
    /// Connections that wait until somebody has said whether they may leave.
    pub(crate) leaving: Vec<Leaving>,
    epoch: Epoch,
    written: Option<Head>,
    spoken: mpsc::Receiver<Word>,
    mailbox: mpsc::Receiver<Request>,
    /// Nothing more can be written: taken over, or removed.
    gone: bool,
    pub(crate) driver: Driver,
    pub(crate) keeping: Keeping,
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
        let mut owner = Self {
            node,
            session,
            hub,
            words,
            spoken,
            mailbox,
            epoch: loaded.epoch.unwrap_or(1),
            written: Some(state.head()),
            state,
            door: watch::Sender::new(Door::Closed),
            outdated: false,
            openings: 0,
            brain: None,
            pending: Vec::new(),
            calls: HashMap::new(),
            compacting: None,
            summarizing: None,
            fetching: None,
            helpers: JoinSet::new(),
            follow_up: VecDeque::new(),
            waking: Vec::new(),
            leaving: Vec::new(),
            gone: false,
            driver: Driver::default(),
            keeping: Keeping::default(),
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
                    self.check_shared().await;
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
        let quiet =
            self.calls.is_empty() && self.waking.is_empty() && self.leaving.is_empty() && *self.door.borrow() != Door::Opening;
        quiet
            && self.compacting.is_none()
            && self.summarizing.is_none()
            && self.fetching.is_none()
            && self.state.run().is_none()
            && self.state.control.is_none()
    }

    fn is_due(&self) -> bool {
        self.state.wake_at().is_some_and(|at| at <= self.node.now())
    }

    fn patience(&self) -> Duration {
        if self.is_idle() {
            return LINGER;
        }
        let until_due = self.state.wake_at().map(|at| at.since(self.node.now()));
        let until_due = until_due.into_iter().chain(self.until_driver_left()).chain(self.until_shared_time()).min();
        until_due.unwrap_or(Duration::from_secs(3600)).max(Duration::from_millis(1))
    }

    /// Another process has the session, or it is no more: everything of it here stops.
    pub(crate) fn let_go(&mut self) {
        self.gone = true;
        self.helpers.abort_all();
        self.calls.clear();
        self.brain = None;
        self.pending.clear();
    }
}
