//! The thread that puts things into the logs, and takes them out: beside the one that others wait for.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};

use holt_core::id::SessionId;
use rusqlite::Connection;

use super::connect::LOGS;
use super::fault::{Fault, Outcome};
use super::logs;
use super::tail::Logs;
use super::writer::Message;

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

#[derive(Debug)]
pub(super) struct Mover {
    directory: PathBuf,
    /// Nothing after its files failed; the next order opens them afresh.
    db: Option<Connection>,
    erasing: VecDeque<SessionId>,
    results: Sender<Message>,
}

impl Mover {
    pub(super) fn new(directory: PathBuf, db: Connection, results: Sender<Message>) -> Self {
        Self { directory, db: Some(db), erasing: VecDeque::new(), results }
    }

    /// Works until nobody orders any more. What is then not erased is erased by the next server.
    pub(super) fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let is_idle = self.erasing.is_empty();
            let next = if is_idle { orders.recv().map_err(|_| TryRecvError::Disconnected) } else { orders.try_recv() };
            match next {
                Ok(order) => self.obey(order),
                Err(TryRecvError::Empty) => self.erase_some(),
                Err(TryRecvError::Disconnected) => break,
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Move(number, events) => {
                let moved = self.transact(|db| add(db, &events));
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
        match self.transact(|db| logs::erase(db, session, ERASED)) {
            Ok(true) => {
                let _ = self.results.send(Message::Erased(session));
            }
            Ok(false) => self.erasing.push_front(session),
            // The next server tries again.
            Err(fault) => tracing::warn!(?fault, %session, "a removed session could not be erased yet"),
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
