//! The rows of the logs. Every row is checked against its checksum and its neighbours before it is handed out.

use std::sync::{Arc, LazyLock};

use holt_core::event::{Event, EventBody, Seq};
use holt_core::id::SessionId;
use holt_core::store::MAX_PAGE_BYTES;
use holt_core::time::Timestamp;
use rusqlite::{Connection, Row, params};

use super::fault::{Fault, Outcome};
use super::sessions::{signed, unsigned};

/// A run of events that was read, in the order of reading.
#[derive(Debug)]
pub(super) struct Page {
    pub events: Vec<Event>,
    /// There may be more in the direction in which it was read.
    pub cut: bool,
}

impl Page {
    pub(super) fn new() -> Self {
        Self { events: Vec::new(), cut: false }
    }
}

/// How much one page may still take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    events: usize,
    bytes: usize,
    untouched: bool,
}

impl Room {
    pub(super) fn new(limit: usize) -> Self {
        Self { events: limit, bytes: MAX_PAGE_BYTES, untouched: true }
    }

    /// No further event fits, however small.
    pub(super) fn is_spent(&self) -> bool {
        self.events == 0
    }

    /// Takes up room for one event. An event that is larger than all the room is taken when it is the first.
    pub(super) fn take(&mut self, event: &Event) -> bool {
        let fits = self.events > 0 && (self.untouched || event.body.len() <= self.bytes);
        if fits {
            self.untouched = false;
            self.events -= 1;
            self.bytes = self.bytes.saturating_sub(event.body.len());
        }
        fits
    }
}

/// Adds events to the logs. Those that are there already stay as they are.
pub(super) fn insert<'a>(db: &Connection, events: impl Iterator<Item = &'a Event>) -> Outcome<()> {
    let sql = "INSERT INTO events VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
    let mut add = db.prepare_cached(sql)?;
    for event in events {
        add.execute(params![
            event.session.uuid().as_bytes(),
            signed(event.seq),
            signed(event.epoch),
            event.at.as_millis(),
            &*event.kind,
            event.version,
            &*event.body,
            event.checksum(),
        ])?;
    }
    Ok(())
}

/// Erases at most `pieces` events of a session. Says whether all are gone.
pub(super) fn erase(db: &Connection, session: SessionId, pieces: usize) -> Outcome<bool> {
    let sql = "DELETE FROM events WHERE session = ?1 AND seq IN (SELECT seq FROM events WHERE session = ?1 LIMIT ?2)";
    let limit = i64::try_from(pieces).unwrap_or(i64::MAX);
    Ok(db.prepare_cached(sql)?.execute(params![session.uuid().as_bytes(), limit])? < pieces)
}

/// The last event of a session in the logs.
pub(super) fn last(db: &Connection, session: SessionId) -> Outcome<Seq> {
    let mut select = db.prepare_cached("SELECT max(seq) FROM events WHERE session = ?1")?;
    let last: Option<i64> = select.query_row([session.uuid().as_bytes()], |row| row.get(0))?;
    last.map_or(Ok(0), unsigned)
}

/// The events after `after`, oldest first.
pub(super) fn after(db: &Connection, session: SessionId, after: Seq, room: &mut Room) -> Outcome<Page> {
    let sql = "SELECT seq, epoch, at_ms, kind, version, body, crc32c FROM events WHERE session = ?1 AND seq > ?2 ORDER BY seq";
    read(db, sql, (session, after), room, |seq| seq + 1)
}

/// The events before `before`, newest first.
pub(super) fn before(db: &Connection, session: SessionId, before: Seq, room: &mut Room) -> Outcome<Page> {
    let sql =
        "SELECT seq, epoch, at_ms, kind, version, body, crc32c FROM events WHERE session = ?1 AND seq < ?2 ORDER BY seq DESC";
    read(db, sql, (session, before), room, |seq| seq.saturating_sub(1))
}

fn read(
    db: &Connection,
    sql: &str,
    (session, from): (SessionId, Seq),
    room: &mut Room,
    neighbour: impl Fn(Seq) -> Seq,
) -> Outcome<Page> {
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params![session.uuid().as_bytes(), signed(from)])?;
    let mut page = Page::new();
    let mut expected = None;
    // What nobody asked for is not read: damage there is none of this page's.
    while !room.is_spent() {
        let Some(row) = rows.next()? else { return Ok(page) };
        let event = decode(row, session)?;
        if let Some(missing) = expected.filter(|expected| *expected != event.seq) {
            return Err(missing_event(missing, session));
        }
        if !room.take(&event) {
            break;
        }
        expected = Some(neighbour(event.seq));
        page.events.push(event);
    }
    page.cut = true;
    Ok(page)
}

pub(super) fn missing_event(seq: Seq, session: SessionId) -> Fault {
    Fault::Damaged(format!("event {seq} of session {session} is missing"))
}

fn decode(row: &Row<'_>, session: SessionId) -> Outcome<Event> {
    let seq = unsigned(row.get(0)?)?;
    let read = || -> rusqlite::Result<_> {
        let event = Event {
            session,
            seq,
            epoch: row.get::<_, i64>(1)?.cast_unsigned(),
            at: Timestamp::from_millis(row.get(2)?),
            kind: kind(row.get_ref(3)?.as_str()?),
            version: row.get(4)?,
            body: row.get_ref(5)?.as_str()?.into(),
        };
        Ok((event.checksum() == row.get::<_, u32>(6)?, event))
    };
    match read() {
        Ok((true, event)) => Ok(event),
        _ => Err(Fault::Damaged(format!("event {seq} of session {session}"))),
    }
}

/// The kinds that there are, so that events share their names.
static KINDS: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| EventBody::KINDS.iter().map(|kind| Arc::from(*kind)).collect());

fn kind(word: &str) -> Arc<str> {
    KINDS.iter().find(|known| &***known == word).map_or_else(|| word.into(), Arc::clone)
}
