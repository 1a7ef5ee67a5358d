//! The thread that puts things into the logs, and takes them out: beside the one that others wait for.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use holt_core::id::SessionId;
use rusqlite::Connection;

use super::connect::LOGS;
use super::fault::{Fault, Outcome};
use super::tail::Logs;
use super::writer::Message;
use super::{index, logs};

/// How many events are erased at a time, so that newer orders need not wait long.
const ERASED: usize = 4096;

#[derive(Debug)]
pub(super) enum Order {
    /// Adds these events; answered with the number.
    Move(u64, Arc<Logs>),
    /// Erases a session's log, when there is nothing else to do.
    Erase(SessionId),
    /// Copies the write-ahead log.
    Checkpoint,
}

/// How long after the last order the index is gone on with: whoever writes much has the disk for themselves.
const INDEX_AFTER: Duration = Duration::from_millis(20);

/// What the index lacks.
#[derive(Debug, Default)]
struct Behind {
    /// What an earlier server left was looked for.
    is_known: bool,
    sessions: BTreeSet<SessionId>,
}

impl Behind {
    fn is_empty(&self) -> bool {
        self.is_known && self.sessions.is_empty()
    }
}

#[derive(Debug)]
pub(super) struct Mover {
    directory: PathBuf,
    /// Nothing after its files failed; the next order opens them afresh.
    db: Option<Connection>,
    erasing: VecDeque<SessionId>,
    /// Sessions of which something is to be taken into the index.
    behind: Behind,
    results: Sender<Message>,
}

impl Mover {
    pub(super) fn new(directory: PathBuf, db: Connection, results: Sender<Message>) -> Self {
        Self { directory, db: Some(db), erasing: VecDeque::new(), behind: Behind::default(), results }
    }

    /// Works until nobody orders any more. What is then not erased is erased by the next server.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            match self.next(orders) {
                Ok(order) => self.obey(order),
                Err(RecvTimeoutError::Timeout) if !self.erasing.is_empty() => self.erase_some(),
                Err(RecvTimeoutError::Timeout) => self.index_some(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    /// The next order. Erasing goes on beside them, the index waits until there are none for a while.
    fn next(&self, orders: &Receiver<Order>) -> Result<Order, RecvTimeoutError> {
        if self.erasing.is_empty() && self.behind.is_empty() {
            return orders.recv().map_err(|_| RecvTimeoutError::Disconnected);
        }
        orders.recv_timeout(if self.erasing.is_empty() { INDEX_AFTER } else { Duration::ZERO })
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Move(number, events) => {
                let moved = self.transact(|db| add(db, &events));
                self.behind.sessions.extend(events.keys());
                // The writer may have ended; the journal still has them.
                let _ = self.results.send(Message::Moved(number, moved));
            }
            Order::Erase(session) => self.erasing.push_back(session),
            Order::Checkpoint => {
                self.db.as_ref().map(checkpoint);
            }
        }
    }

    fn erase_some(&mut self) {
        let Some(session) = self.erasing.pop_front() else { return };
        self.behind.sessions.remove(&session);
        let erase = |db: &Connection| {
            index::forget(db, session)?;
            logs::erase(db, session, ERASED)
        };
        match self.transact(erase) {
            Ok(true) => {
                let _ = self.results.send(Message::Erased(session));
            }
            Ok(false) => self.erasing.push_front(session),
            // The next server tries again.
            Err(fault) => tracing::warn!(?fault, %session, "a removed session could not be erased yet"),
        }
    }

    /// Takes some more into the index. What fails is tried again by the next server, which looks for what is missing.
    fn index_some(&mut self) {
        if !self.behind.is_known {
            self.behind.is_known = true;
            let found = self.transact(index::behind);
            self.behind
                .sessions
                .extend(found.inspect_err(|fault| tracing::warn!(?fault, "the index is not complete")).unwrap_or_default());
            return;
        }
        let sessions = std::mem::take(&mut self.behind.sessions);
        match self.transact(|db| index::advance(db, &sessions)) {
            Ok(done) => {
                self.behind.sessions = sessions;
                for session in done {
                    self.behind.sessions.remove(&session);
                }
            }
            Err(fault) => tracing::warn!(?fault, "the index is not complete"),
        }
    }

    fn transact<T>(&mut self, work: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
        let db = match self.db.take() {
            Some(db) => db,
            None => LOGS.open(&self.directory).map_err(|error| Fault::Other(format!("{error:?}")))?,
        };
        let change = db.unchecked_transaction()?;
        let done = work(&change).and_then(|value| change.commit().map(|()| value).map_err(Fault::from));
        if !matches!(done, Err(Fault::Io(_))) {
            self.db = Some(db);
        }
        done
    }
}

/// In the order of the table, so that neighbours are written together.
fn add(db: &Connection, events: &Logs) -> Outcome<()> {
    let mut sessions: Vec<_> = events.keys().collect();
    sessions.sort();
    logs::insert(db, sessions.into_iter().filter_map(|session| events.get(session)).flatten())
}

/// Copies a write-ahead log into its database as far as readers let it. What remains is copied later.
pub(super) fn checkpoint(db: &Connection) {
    if let Err(error) = db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "a write-ahead log could not be copied yet");
    }
}
