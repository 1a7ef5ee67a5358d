//! What all sessions of this process share: the ports, the registry of who is awake, and the tasks.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holt_core::budget::Account;
use holt_core::event::Epoch;
use holt_core::id::{OwnerId, SessionId};
use holt_core::machine::{Effect, State};
use holt_core::store::{Store, StoredHead};
use holt_core::time::Timestamp;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::engine::{Options, Parts};
use crate::error::EngineError;
use crate::hub::Hub;
use crate::ledger::Ledger;
use crate::owner::{Owner, Request};
use crate::reports::Reports;
use crate::watch::Watchers;

/// How many requests may wait for a session's owner.
const MAILBOX: usize = 256;

pub(crate) struct Node {
    pub parts: Parts,
    pub options: Options,
    /// Owner tasks; they end by themselves when idle and all at shutdown.
    pub owners: TaskTracker,
    pub closing: CancellationToken,
    /// Whether sandboxes stay when the server goes.
    pub keep_sandboxes: std::sync::atomic::AtomicBool,
    /// Something became due earlier than the scheduler knows.
    pub due_changed: Notify,
    /// What sandboxes reported and owners have not heard.
    pub reports: Reports,
    /// What all sessions have spent.
    pub ledger: Ledger,
    /// Those who watch the list of sessions.
    pub watchers: Watchers,
    /// Sessions are copied one after the other.
    pub forks: tokio::sync::Mutex<()>,
    running: Running,
    /// The sessions that may go elsewhere than before.
    network: broadcast::Sender<SessionId>,
    registry: Mutex<HashMap<SessionId, Entry>>,
}

/// The desktops that were started in sandboxes that are open.
struct Running {
    known: Mutex<HashSet<SessionId>>,
    told: broadcast::Sender<SessionId>,
}

#[derive(Default)]
struct Entry {
    mailbox: Option<mpsc::Sender<Request>>,
    hub: Weak<Hub>,
}

/// A session as it was found, and the epoch under which this process holds it, if it does.
pub(crate) struct Loaded {
    pub state: State,
    pub epoch: Option<Epoch>,
    /// What still has to be done from decisions that are durable already.
    pub effects: Vec<Effect>,
}

impl Node {
    pub fn new(parts: Parts, options: Options) -> Self {
        let (reports, retention) = (Reports::new(options.report_window), options.retention);
        Self {
            parts,
            options,
            owners: TaskTracker::new(),
            closing: CancellationToken::new(),
            keep_sandboxes: std::sync::atomic::AtomicBool::new(true),
            due_changed: Notify::new(),
            reports,
            ledger: Ledger::default(),
            watchers: Watchers::new(retention),
            forks: tokio::sync::Mutex::default(),
            running: Running { known: Mutex::default(), told: broadcast::Sender::new(MAILBOX) },
            network: broadcast::Sender::new(MAILBOX),
            registry: Mutex::new(HashMap::new()),
        }
    }

    pub fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// The session's desktop runs. Said again whenever it is used.
    pub fn desktop_runs(&self, session: SessionId) {
        self.running().insert(session);
        // Nobody may want to know.
        let _ = self.running.told.send(session);
    }

    pub fn network_changed(&self, session: SessionId) {
        // Nobody may have anything to let out.
        let _ = self.network.send(session);
    }

    pub fn network_changes(&self) -> broadcast::Receiver<SessionId> {
        self.network.subscribe()
    }

    pub fn tell_if_it_runs(&self, session: SessionId) {
        if self.running().contains(&session) {
            let _ = self.running.told.send(session);
        }
    }

    /// Its sandbox is closed, and the desktop with it.
    pub fn desktop_is_gone(&self, session: SessionId) {
        self.running().remove(&session);
    }

    pub fn running_desktops(&self) -> broadcast::Receiver<SessionId> {
        self.running.told.subscribe()
    }

    fn running(&self) -> MutexGuard<'_, HashSet<SessionId>> {
        self.running.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.parts.store
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Entry>> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a request to the session's owner, waking one if there is none.
    pub fn send(self: &Arc<Self>, session: SessionId, request: Request) -> Result<(), EngineError> {
        if self.closing.is_cancelled() {
            return Err(EngineError::ShuttingDown);
        }
        // Sending happens under the lock, and so does an owner's leaving: no request is left in a mailbox nobody reads.
        let mut registry = self.lock();
        let entry = registry.entry(session).or_default();
        let mailbox = match &entry.mailbox {
            Some(mailbox) => mailbox.clone(),
            None => self.wake(entry, session, None),
        };
        mailbox.try_send(request).map_err(|_| EngineError::Overloaded)
    }

    /// Starts the owner of a session that was just made or is known from elsewhere.
    pub fn adopt(self: &Arc<Self>, loaded: Loaded) {
        let session = loaded.state.id;
        let mut registry = self.lock();
        let entry = registry.entry(session).or_default();
        if entry.mailbox.is_none() {
            self.wake(entry, session, Some(loaded));
        }
    }

    fn wake(self: &Arc<Self>, entry: &mut Entry, session: SessionId, loaded: Option<Loaded>) -> mpsc::Sender<Request> {
        let (sender, receiver) = mpsc::channel(MAILBOX);
        entry.mailbox = Some(sender.clone());
        self.owners.spawn(Owner::live(self.clone(), session, receiver, loaded));
        sender
    }

    /// Lets an owner go, unless somebody has written to it meanwhile.
    pub fn release(&self, session: SessionId, mailbox: &mpsc::Receiver<Request>) -> bool {
        let mut registry = self.lock();
        if !mailbox.is_empty() {
            return false;
        }
        drop_mailbox(&mut registry, session);
        true
    }

    /// Lets an owner go that cannot go on. Whoever wrote to it gets an error when its mailbox is dropped.
    pub fn abandon(&self, session: SessionId, mailbox: &mut mpsc::Receiver<Request>) {
        let mut registry = self.lock();
        mailbox.close();
        drop_mailbox(&mut registry, session);
    }

    /// The session's meeting place, made if need be with the state that the caller knows.
    pub fn hub(&self, state: &Arc<State>) -> Arc<Hub> {
        let mut registry = self.lock();
        let entry = registry.entry(state.id).or_default();
        if let Some(hub) = entry.hub.upgrade() {
            hub.refresh(state.clone());
            return hub;
        }
        let hub = Arc::new(Hub::new(state.clone(), self.options.retention));
        entry.hub = Arc::downgrade(&hub);
        registry.retain(|id, entry| *id == state.id || entry.mailbox.is_some() || entry.hub.strong_count() > 0);
        hub
    }

    /// The meeting place, if there is one and it is kept up to date by an owner.
    pub fn live_hub(&self, session: SessionId) -> Option<Arc<Hub>> {
        let registry = self.lock();
        let entry = registry.get(&session)?;
        entry.mailbox.as_ref()?;
        entry.hub.upgrade()
    }

    pub fn is_awake(&self, session: SessionId) -> bool {
        self.lock().get(&session).is_some_and(|entry| entry.mailbox.is_some())
    }

    /// How many sessions are awake, and how many followers there are: of this owner, or of all.
    pub fn census(&self, owner: Option<&OwnerId>) -> (usize, usize) {
        let registry = self.lock();
        let (mut awake, mut followers) = (0, 0);
        for entry in registry.values() {
            let hub = entry.hub.upgrade();
            let counts = owner.is_none_or(|owner| hub.as_ref().is_some_and(|hub| hub.state().spec.owner == *owner));
            if counts {
                awake += usize::from(entry.mailbox.is_some());
                followers += hub.map_or(0, |hub| hub.followers());
            }
        }
        (awake, followers)
    }

    /// The budgets that a session shares with others, as they stand now.
    pub fn shared_accounts(&self, state: &State) -> Vec<Account> {
        let now = self.now();
        self.ledger.shared(&state.spec, self.options.day_budget, now.day(), state.uncounted(now))
    }

    /// The state of a session from its head and the events that are newer than it.
    pub async fn unfold(&self, stored: StoredHead) -> Result<State, EngineError> {
        unfold(self.store(), stored).await
    }
}

fn drop_mailbox(registry: &mut Registry, session: SessionId) {
    if let Some(entry) = registry.get_mut(&session) {
        entry.mailbox = None;
        if entry.hub.strong_count() == 0 {
            registry.remove(&session);
        }
    }
}

type Registry = HashMap<SessionId, Entry>;

async fn unfold(store: &Arc<dyn Store>, stored: StoredHead) -> Result<State, EngineError> {
    let damaged = |error: serde_json::Error| {
        EngineError::Store(holt_core::store::StoreError::Damaged(format!(
            "the state of session {}: {error}",
            stored.head.session
        )))
    };
    let mut state: State = serde_json::from_str(&stored.head.state).map_err(damaged)?;
    while state.last_seq < stored.last_seq {
        let events = store.events_after(state.id, state.last_seq, 512).await?;
        if events.is_empty() {
            break;
        }
        for event in events {
            state.apply(event.seq, event.at, event.decode().as_ref());
        }
    }
    Ok(state)
}
