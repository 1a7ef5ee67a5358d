//! The rows of the journals: events in the order in which they came, until they are in the logs.

use std::path::Path;

use holt_core::event::Event;
use holt_core::id::SessionId;
use rusqlite::{Connection, params};

use super::connect::LOGS;
use super::fault::Outcome;
use super::sessions::signed;

/// One of the two journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    pub(super) fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Adds events to the end of a journal, the first at `place`.
pub(super) fn insert(db: &Connection, side: Side, place: usize, events: &[Event]) -> Outcome<()> {
    let mut add = db.prepare_cached(match side {
        Side::A => "INSERT INTO journal_0 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        Side::B => "INSERT INTO journal_1 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    })?;
    for (event, place) in events.iter().zip(place as u64..) {
        add.execute(params![
            signed(place),
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

pub(super) fn clear(db: &Connection, side: Side) -> Outcome<()> {
    db.execute_batch(match side {
        Side::A => "DELETE FROM journal_0",
        Side::B => "DELETE FROM journal_1",
    })?;
    Ok(())
}

/// Forgets what the journals hold of a removed session.
pub(super) fn forget(db: &Connection, session: SessionId) -> Outcome<()> {
    for sql in ["DELETE FROM journal_0 WHERE session = ?1", "DELETE FROM journal_1 WHERE session = ?1"] {
        db.prepare_cached(sql)?.execute([session.uuid().as_bytes()])?;
    }
    Ok(())
}

/// Moves what a server that ended suddenly left in the journals. The rows go as they are, with their checksums, so that
/// damage stays visible; those that had arrived already are left out.
pub(super) fn recover(db: &Connection, directory: &Path) -> Outcome<()> {
    let left = "SELECT EXISTS (SELECT 1 FROM journal_0) OR EXISTS (SELECT 1 FROM journal_1)";
    if !db.query_row(left, [], |row| row.get::<_, bool>(0))? {
        return Ok(());
    }
    let logs = LOGS.path(directory);
    db.execute("ATTACH ?1 AS logs", [logs.to_str().ok_or(rusqlite::Error::InvalidPath(logs.clone()))?])?;
    let recovered = db.execute_batch(
        "BEGIN IMMEDIATE;
         INSERT INTO logs.events SELECT session, seq, epoch, at_ms, kind, version, body, crc32c
             FROM (SELECT * FROM journal_0 UNION ALL SELECT * FROM journal_1) WHERE true ORDER BY session, seq
             ON CONFLICT DO NOTHING;
         COMMIT;
         BEGIN IMMEDIATE; DELETE FROM journal_0; DELETE FROM journal_1; COMMIT;",
    );
    if !db.is_autocommit() {
        db.execute_batch("ROLLBACK")?;
    }
    recovered?;
    Ok(db.execute_batch("DETACH logs")?)
}
