//! How far the events of the journals are on their way to the logs.
//!
//! The writer fills one journal while the mover empties the other. A journal is cleared only when its events are durable
//! in the logs, so that a crash at any point leaves each event in at least one place.

use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use holt_core::id::SessionId;
use rusqlite::Connection;

use super::database::{Database, Journal};
use super::fault::Outcome;
use super::mover::{Mover, Order};
use super::tail::Tail;
use super::writer::Message;

/// How many events, and about how many bytes, a journal gathers before they are moved.
const EVENTS: usize = 16_384;
const BYTES: usize = 8 * 1024 * 1024;

/// With this many times as much in the journal, writing waits for the mover.
const BEHIND: usize = 2;

/// With this many times as much, because moving fails, nothing more is written.
const STUCK: usize = 6;

/// How long after a failure it is tried again.
const RETRY: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Moving {
    orders: Option<Sender<Order>>,
    mover: Option<JoinHandle<()>>,
    /// Of the last order. Answers to earlier ones are out of date.
    number: u64,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The other journal is empty.
    Rest,
    /// The mover works on it.
    UnderWay,
    Failed(Instant),
    /// Its events are in the logs.
    Moved,
}

impl Moving {
    pub(super) fn start(directory: PathBuf, db: Connection, results: Sender<Message>) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let mover = Mover::new(directory, db, results);
        let mover = thread::Builder::new().name("store-mover".into()).spawn(move || mover.run(&inbox))?;
        Ok(Self { orders: Some(orders), mover: Some(mover), number: 0, stage: Stage::Rest })
    }

    /// Takes the next step, if it is time for it.
    pub(super) fn advance(&mut self, database: &mut Database, tail: &Tail, is_quiet: bool) {
        match self.stage {
            Stage::Rest if is_over(database.journal(), if is_quiet { 0 } else { 1 }) => {
                tail.freeze();
                database.switch();
                self.order_move(tail);
            }
            Stage::Failed(at) if at.elapsed() >= RETRY => self.order_move(tail),
            Stage::UnderWay if !self.is_alive() => self.stage = Stage::Failed(Instant::now()),
            Stage::Moved => match database.clear_other() {
                Ok(()) => self.stage = Stage::Rest,
                Err(fault) => tracing::warn!(?fault, "a journal that was moved could not be cleared yet"),
            },
            Stage::Rest | Stage::UnderWay | Stage::Failed(_) => {}
        }
    }

    fn order_move(&mut self, tail: &Tail) {
        self.number += 1;
        let is_sent = self.send(Order::Move(self.number, tail.older()));
        self.stage = if is_sent { Stage::UnderWay } else { Stage::Failed(Instant::now()) };
    }

    pub(super) fn moved(&mut self, number: u64, result: Outcome<()>, tail: &Tail) {
        if number != self.number || self.stage != Stage::UnderWay {
            return;
        }
        match result {
            Ok(()) => {
                tail.drop_older();
                self.stage = Stage::Moved;
            }
            Err(fault) => {
                tracing::warn!(?fault, "new events could not be moved to their logs yet");
                self.stage = Stage::Failed(Instant::now());
            }
        }
    }

    /// Both journals are empty, whatever was under way.
    pub(super) fn forget(&mut self) {
        self.number += 1;
        self.stage = Stage::Rest;
    }

    pub(super) fn erase(&self, session: SessionId) {
        self.send(Order::Erase(session));
    }

    pub(super) fn checkpoint(&self) {
        self.send(Order::Checkpoint);
    }

    fn send(&self, order: Order) -> bool {
        self.orders.as_ref().is_some_and(|orders| orders.send(order).is_ok())
    }

    fn is_alive(&self) -> bool {
        self.mover.as_ref().is_some_and(|mover| !mover.is_finished())
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.stage == Stage::UnderWay && self.is_alive()
    }

    pub(super) fn is_at_rest(&self, journal: Journal) -> bool {
        self.stage == Stage::Rest && journal.events == 0
    }

    pub(super) fn is_behind(&self, journal: Journal) -> bool {
        self.is_under_way() && is_over(journal, BEHIND)
    }

    pub(super) fn is_stuck(journal: Journal) -> bool {
        is_over(journal, STUCK)
    }

    /// Lets the mover finish what it does.
    pub(super) fn stop(&mut self) {
        self.orders = None;
        if self.mover.take().is_some_and(|mover| mover.join().is_err()) {
            tracing::error!("the thread that moves events had panicked");
        }
    }
}

/// Whether a journal has more than so many times what it should gather.
fn is_over(journal: Journal, times: usize) -> bool {
    journal.events > EVENTS * times || journal.bytes > BYTES * times
}
