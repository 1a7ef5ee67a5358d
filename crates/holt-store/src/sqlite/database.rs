//! The file that every change is written to: sessions, keys and the journals.

use std::collections::HashMap;
use std::path::Path;

use holt_core::access::KeyRecord;
use holt_core::event::{Epoch, Event, Seq};
use holt_core::id::{KeyId, SessionId};
use holt_core::store::{Append, AppendError, Head, StoreError, StoredHead};
use rusqlite::Connection;

use super::change::{Answer, Change, Done, check};
use super::connect::{self, SESSIONS, SchemaError};
use super::fault::Outcome;
use super::journal::{self, Side};
use super::sessions::{self, Stored};
use super::tail::Tail;
use super::{keys, logs, spending};

/// How many sessions' places are remembered.
const PLACES: usize = 4096;

/// Where a log ends.
#[derive(Debug, Clone, Copy)]
struct Place {
    epoch: Epoch,
    last: Seq,
}

/// What stands in the journal that is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Journal {
    pub events: usize,
    pub bytes: usize,
}

#[derive(Debug)]
pub(super) struct Database {
    /// Reads the logs, which another thread writes. Closed before the other one: the last connection to a file copies its
    /// write-ahead log, which one that only reads cannot.
    logs: Connection,
    db: Connection,
    /// What is known without asking the database. Forgotten whenever a transaction fails.
    places: HashMap<SessionId, Place>,
    side: Side,
    journal: Journal,
}

impl Database {
    /// Opens the file, brings it up to date, and moves what an earlier server left in the journals. The file of the logs
    /// must be there.
    pub(super) fn open(directory: &Path) -> Result<Self, SchemaError> {
        let db = SESSIONS.open(directory)?;
        journal::recover(&db, directory)?;
        let logs = connect::reader(directory)?;
        Ok(Self { db, logs, places: HashMap::new(), side: Side::A, journal: Journal::default() })
    }

    pub(super) fn journal(&self) -> Journal {
        self.journal
    }

    /// From now on writes the other journal, which must be clear.
    pub(super) fn switch(&mut self) {
        self.side = self.side.other();
        self.journal = Journal::default();
    }

    /// Clears the journal that is not written.
    pub(super) fn clear_other(&mut self) -> Outcome<()> {
        let side = self.side.other();
        self.transact(|database| journal::clear(&database.db, side))
    }

    /// The sessions whose logs are still to be erased.
    pub(super) fn removed(&self) -> Outcome<Vec<SessionId>> {
        sessions::removed(&self.db)
    }

    /// The logs of these sessions are erased.
    pub(super) fn forget_removed(&mut self, sessions: &[SessionId]) -> Outcome<()> {
        self.transact(|database| sessions.iter().try_for_each(|session| sessions::forget_removed(&database.db, *session)))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.db
    }

    /// Does all changes or, on an error, none. A change that is refused is answered so and hinders no other.
    pub(super) fn write<'a>(&mut self, changes: impl Iterator<Item = &'a Change>, tail: &Tail) -> Outcome<Vec<Answer>> {
        // Never within a transaction: what it adds is known nowhere else yet.
        if self.places.len() > PLACES {
            self.places.clear();
        }
        self.transact(|database| changes.map(|change| database.apply(change, tail)).collect())
    }

    fn transact<T>(&mut self, work: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        let before = self.journal;
        self.execute("BEGIN IMMEDIATE")?;
        let done = work(self).and_then(|value| self.execute("COMMIT").map(|()| value));
        if done.is_err() {
            self.journal = before;
            self.places.clear();
            if !self.db.is_autocommit() {
                // SQLite has rolled back by itself if this fails.
                let _ = self.db.execute_batch("ROLLBACK");
            }
        }
        done
    }

    fn execute(&self, sql: &str) -> Outcome<()> {
        self.db.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn apply(&mut self, change: &Change, tail: &Tail) -> Outcome<Answer> {
        match change {
            Change::Create(head, events) => self.create(head, events),
            Change::Append(append) => self.append(append, tail),
            Change::Claim(session) => self.claim(*session, tail),
            Change::Remove(session) => self.remove(*session),
            Change::AddKey(key) => Ok(if keys::insert(&self.db, key)? { nothing() } else { refused(StoreError::Exists) }),
            Change::RevokeKey(key, at) => self.change_key(*key, |record| record.revoked_at = record.revoked_at.or(Some(*at))),
            Change::UseKey(key, at) => self.change_key(*key, |record| record.last_used_at = record.last_used_at.max(Some(*at))),
            Change::Probe => {
                self.execute("INSERT INTO probe VALUES (1, 1) ON CONFLICT DO UPDATE SET count = count + 1")?;
                Ok(nothing())
            }
        }
    }

    fn create(&mut self, head: &Head, events: &[Event]) -> Outcome<Answer> {
        let session = head.session;
        if sessions::is_taken(&self.db, session)? {
            return Ok(refused(StoreError::Exists));
        }
        let last = match check(session, 1, 0, events, Some(head)) {
            Ok(last) => last,
            Err(error) => return Ok(refused(error)),
        };
        sessions::insert(&self.db, head, 1)?;
        self.add_events(events)?;
        self.places.insert(session, Place { epoch: 1, last });
        Ok(nothing())
    }

    fn append(&mut self, append: &Append, tail: &Tail) -> Outcome<Answer> {
        let Some(place) = self.place(append.session, tail)? else { return Ok(refused(StoreError::NotFound)) };
        if place.epoch != append.epoch {
            return Ok(Err(AppendError::Fenced(place.epoch)));
        }
        if place.last != append.expected {
            return Ok(Err(AppendError::Conflict { last: place.last }));
        }
        let last = match check(append.session, place.epoch, place.last, &append.events, append.head.as_ref()) {
            Ok(last) => last,
            Err(error) => return Ok(refused(error)),
        };
        self.add_events(&append.events)?;
        if let Some(head) = &append.head {
            sessions::update(&self.db, head, place.epoch)?;
        }
        if let Some(spending) = &append.spending {
            spending::note(&self.db, append.session, spending)?;
        }
        self.places.insert(append.session, Place { last, ..place });
        Ok(Ok(Done::At(last)))
    }

    fn claim(&mut self, session: SessionId, tail: &Tail) -> Outcome<Answer> {
        let Some(Stored { epoch, head }) = sessions::find(&self.db, session)? else {
            return Ok(refused(StoreError::NotFound));
        };
        let Some(Place { last, .. }) = self.place(session, tail)? else { return Ok(refused(StoreError::NotFound)) };
        let epoch = epoch + 1;
        sessions::update(&self.db, &head, epoch)?;
        self.places.insert(session, Place { epoch, last });
        Ok(Ok(Done::Head(Box::new(StoredHead { head, last_seq: last, epoch }))))
    }

    fn remove(&mut self, session: SessionId) -> Outcome<Answer> {
        if !sessions::remove(&self.db, session)? {
            return Ok(nothing());
        }
        journal::forget(&self.db, session)?;
        self.places.remove(&session);
        Ok(Ok(Done::Removed))
    }

    fn change_key(&self, key: KeyId, change: impl FnOnce(&mut KeyRecord)) -> Outcome<Answer> {
        Ok(if keys::change(&self.db, key, change)? { nothing() } else { refused(StoreError::NotFound) })
    }

    /// Where a log ends. A log that ends before what its head has seen is damaged.
    fn place(&mut self, session: SessionId, tail: &Tail) -> Outcome<Option<Place>> {
        if let Some(place) = self.places.get(&session) {
            return Ok(Some(*place));
        }
        let Some(Stored { epoch, head }) = sessions::find(&self.db, session)? else { return Ok(None) };
        let last = match tail.last(session) {
            Some(last) => last,
            None => logs::last(&self.logs, session)?,
        };
        if last < head.state_seq {
            return Err(logs::missing_event(last + 1, session));
        }
        let place = Place { epoch, last };
        self.places.insert(session, place);
        Ok(Some(place))
    }

    fn add_events(&mut self, events: &[Event]) -> Outcome<()> {
        journal::insert(&self.db, self.side, self.journal.events, events)?;
        self.journal.events += events.len();
        self.journal.bytes += events.iter().map(|event| event.body.len()).sum::<usize>();
        Ok(())
    }
}

fn nothing() -> Answer {
    Ok(Done::Nothing)
}

fn refused(error: StoreError) -> Answer {
    Err(AppendError::Store(error))
}
