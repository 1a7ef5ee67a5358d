//! Reading what is there, put together from the tail in memory and the database.

use holt_core::event::{Event, Seq};
use holt_core::id::SessionId;
use holt_core::store::{HeadQuery, StoredHead};
use rusqlite::Connection;

use super::fault::Outcome;
use super::logs::{self, Room, missing_event};
use super::sessions::{self, Stored};
use super::tail::{Cut, Tail};

pub(super) fn head(db: &Connection, tail: &Tail, session: SessionId) -> Outcome<Option<StoredHead>> {
    let found = sessions::find(db, session)?.into_iter().collect();
    Ok(with_last(db, tail, found)?.pop())
}

pub(super) fn heads(db: &Connection, tail: &Tail, query: &HeadQuery) -> Outcome<Vec<StoredHead>> {
    with_last(db, tail, sessions::list(db, query)?)
}

/// Adds where the logs end. The tail is asked about all of them before the logs are, so that nothing is missed that is
/// moved meanwhile. A head that was read may already know events that are about to appear in the tail.
fn with_last(db: &Connection, tail: &Tail, found: Vec<Stored>) -> Outcome<Vec<StoredHead>> {
    let recent: Vec<_> = found.iter().map(|stored| tail.last(stored.head.session)).collect();
    let complete = |(Stored { epoch, head }, recent): (Stored, Option<Seq>)| {
        let last = recent.map_or_else(|| logs::last(db, head.session), Ok)?;
        Ok(StoredHead { last_seq: last.max(head.state_seq), head, epoch })
    };
    found.into_iter().zip(recent).map(complete).collect()
}

/// The events after a place. The tail is asked when it is made, which must be before the database is.
#[derive(Debug)]
pub(super) struct Recent {
    session: SessionId,
    after: Seq,
    limit: usize,
    tail: Cut,
}

impl Recent {
    pub(super) fn after(tail: &Tail, session: SessionId, after: Seq, limit: usize) -> Self {
        Self { session, after, limit, tail: tail.after(session, after, &mut Room::new(limit)) }
    }

    /// The events, when all that are wanted are in the tail.
    pub(super) fn suffices(&self) -> Option<Vec<Event>> {
        let is_whole = self.tail.first.is_some_and(|first| first <= self.after.saturating_add(1));
        is_whole.then(|| self.tail.page.events.clone())
    }

    /// Reads those that stand before the tail. Nothing when there is no such session.
    pub(super) fn complete(self, db: &Connection) -> Outcome<Option<Vec<Event>>> {
        if !sessions::exists(db, self.session)? {
            return Ok(None);
        }
        let mut room = Room::new(self.limit);
        let mut page = logs::after(db, self.session, self.after, &mut room)?;
        let first = self.after.saturating_add(1);
        if page.events.first().is_some_and(|event| event.seq != first) {
            return Err(missing_event(first, self.session));
        }
        if page.cut {
            return Ok(Some(page.events));
        }
        let next = page.events.last().map_or(first, |event| event.seq + 1);
        // What has been moved meanwhile was read from the database.
        let mut fresh = self.tail.page.events.into_iter().skip_while(|event| event.seq < next).peekable();
        if fresh.peek().is_some_and(|event| event.seq != next) {
            return Err(missing_event(next, self.session));
        }
        page.events.extend(fresh.take_while(|event| room.take(event)));
        Ok(Some(page.events))
    }
}

/// The events before a place. The tail is asked when it is made, which must be before the database is.
#[derive(Debug)]
pub(super) struct Earlier {
    session: SessionId,
    before: Seq,
    room: Room,
    tail: Cut,
}

impl Earlier {
    pub(super) fn before(tail: &Tail, session: SessionId, before: Seq, limit: usize) -> Self {
        let mut room = Room::new(limit);
        let tail = tail.before(session, before, &mut room);
        Self { session, before, room, tail }
    }

    /// The events, when all that are wanted are in the tail.
    pub(super) fn suffices(&self) -> Option<Vec<Event>> {
        let is_whole = self.tail.page.cut || self.tail.first == Some(1);
        is_whole.then(|| self.tail.page.events.iter().rev().cloned().collect())
    }

    /// Reads those that stand before the tail. Nothing when there is no such session.
    pub(super) fn complete(mut self, db: &Connection) -> Outcome<Option<Vec<Event>>> {
        if !sessions::exists(db, self.session)? {
            return Ok(None);
        }
        let border = self.tail.first.unwrap_or(self.before).min(self.before);
        if border <= 1 {
            return Ok(Some(Vec::new()));
        }
        let page = logs::before(db, self.session, border, &mut self.room)?;
        let newest = page.events.first().map_or(0, |event| event.seq);
        let is_joined = newest + 1 == border || (page.cut && page.events.is_empty());
        if self.tail.first.is_some() && !is_joined {
            return Err(missing_event(border - 1, self.session));
        }
        if let Some(oldest) = page.events.last().filter(|event| !page.cut && event.seq != 1) {
            return Err(missing_event(oldest.seq - 1, self.session));
        }
        let mut events = self.tail.page.events;
        events.extend(page.events);
        events.reverse();
        Ok(Some(events))
    }
}
