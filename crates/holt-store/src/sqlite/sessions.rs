//! The rows of sessions: their heads, and under which epoch they are held.

use holt_core::id::{OwnerId, SessionId};
use holt_core::session::{SessionKind, Status};
use holt_core::store::{Counts, Head, HeadQuery};
use holt_core::time::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params, params_from_iter};
use uuid::Uuid;

use super::fault::{Fault, Outcome};

/// A session as it stands in the database.
#[derive(Debug)]
pub(super) struct Stored {
    pub epoch: u64,
    pub head: Head,
}

const COLUMNS: &str = "session, epoch, owner, title, kind, origin, status, created_at, updated_at, unfinished, wake_at,
    state_seq, crc32c, state";

pub(super) fn insert(db: &Connection, head: &Head, epoch: u64) -> Outcome<()> {
    let sql = "INSERT INTO sessions (session, epoch, owner, title, title_folded, kind, origin, status, created_at, updated_at,
            unfinished, wake_at, state_seq, crc32c, state)
        VALUES (:session, :epoch, :owner, :title, :folded, :kind, :origin, :status, :created_at, :updated_at,
            :unfinished, :wake_at, :state_seq, :crc32c, :state)";
    write(db, sql, head, epoch)
}

pub(super) fn update(db: &Connection, head: &Head, epoch: u64) -> Outcome<()> {
    let sql = "UPDATE sessions SET epoch = :epoch, owner = :owner, title = :title, title_folded = :folded, kind = :kind,
            origin = :origin, status = :status, created_at = :created_at, updated_at = :updated_at, unfinished = :unfinished,
            wake_at = :wake_at, state_seq = :state_seq, crc32c = :crc32c, state = :state
        WHERE session = :session";
    write(db, sql, head, epoch)
}

fn write(db: &Connection, sql: &str, head: &Head, epoch: u64) -> Outcome<()> {
    db.prepare_cached(sql)?.execute(named_params! {
        ":session": head.session.uuid().as_bytes(),
        ":epoch": signed(epoch),
        ":owner": head.owner.as_str(),
        ":title": head.title,
        ":folded": head.title.to_lowercase(),
        ":kind": kind_word(head.kind),
        ":origin": head.origin,
        ":status": head.status.as_str(),
        ":created_at": head.created_at.as_millis(),
        ":updated_at": head.updated_at.as_millis(),
        ":unfinished": head.unfinished,
        ":wake_at": head.wake_at.map(Timestamp::as_millis),
        ":state_seq": signed(head.state_seq),
        ":crc32c": checksum(head, epoch),
        ":state": head.state,
    })?;
    Ok(())
}

pub(super) fn find(db: &Connection, session: SessionId) -> Outcome<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE session = ?1");
    let row = db.prepare_cached(&sql)?.query_row([session.uuid().as_bytes()], |row| Ok(decode(row))).optional()?;
    row.transpose()
}

pub(super) fn exists(db: &Connection, session: SessionId) -> Outcome<bool> {
    let mut select = db.prepare_cached("SELECT 1 FROM sessions WHERE session = ?1")?;
    Ok(select.exists([session.uuid().as_bytes()])?)
}

/// There is such a session, or there was and it is still being erased.
pub(super) fn is_taken(db: &Connection, session: SessionId) -> Outcome<bool> {
    let mut select = db.prepare_cached("SELECT 1 FROM removed WHERE session = ?1")?;
    Ok(exists(db, session)? || select.exists([session.uuid().as_bytes()])?)
}

/// Takes the session out of every list and notes that its log is to be erased. Says whether there was one.
pub(super) fn remove(db: &Connection, session: SessionId) -> Outcome<bool> {
    let id = session.uuid();
    let is_removed = db.prepare_cached("DELETE FROM sessions WHERE session = ?1")?.execute([id.as_bytes()])? > 0;
    if is_removed {
        db.prepare_cached("INSERT INTO removed (session) VALUES (?1)")?.execute([id.as_bytes()])?;
    }
    Ok(is_removed)
}

/// The sessions whose logs are still to be erased.
pub(super) fn removed(db: &Connection) -> Outcome<Vec<SessionId>> {
    ids(db, "SELECT session FROM removed", params![])
}

pub(super) fn forget_removed(db: &Connection, session: SessionId) -> Outcome<()> {
    db.prepare_cached("DELETE FROM removed WHERE session = ?1")?.execute([session.uuid().as_bytes()])?;
    Ok(())
}

pub(super) fn list(db: &Connection, query: &HeadQuery) -> Outcome<Vec<Stored>> {
    let (sql, values) = list_sql(query);
    let mut select = db.prepare_cached(&sql)?;
    let mut rows = select.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match decode(row) {
            Ok(stored) => found.push(stored),
            // One damaged head must not hide all other sessions; asking for it by name gets the error.
            Err(Fault::Damaged(what)) => tracing::error!(what, "a damaged session is left out of a list"),
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

fn list_sql(query: &HeadQuery) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut conditions = vec!["1".to_owned()];
    if let Some(owner) = &query.owner {
        conditions.push("owner = ?".into());
        values.push(Value::Text(owner.as_str().into()));
    }
    if let Some(origin) = &query.origin {
        conditions.push("origin = ?".into());
        values.push(Value::Text(origin.clone()));
    }
    if !query.status.is_empty() {
        conditions.push(format!("status IN ({})", vec!["?"; query.status.len()].join(", ")));
        values.extend(query.status.iter().map(|status| Value::Text(status.as_str().into())));
    }
    if let Some(text) = &query.text {
        conditions.push("instr(title_folded, ?) > 0".into());
        values.push(Value::Text(text.to_lowercase()));
    }
    if let Some(cursor) = query.cursor {
        conditions.push("(updated_at, session) < (?, ?)".into());
        values.push(Value::Integer(cursor.updated_at.as_millis()));
        values.push(Value::Blob(cursor.session.uuid().as_bytes().to_vec()));
    }
    values.push(Value::Integer(i64::try_from(query.limit).unwrap_or(i64::MAX)));
    let conditions = conditions.join(" AND ");
    (format!("SELECT {COLUMNS} FROM sessions WHERE {conditions} ORDER BY updated_at DESC, session DESC LIMIT ?"), values)
}

pub(super) fn counts(db: &Connection, owner: Option<&OwnerId>) -> Outcome<Counts> {
    let sql = "SELECT status, count(*) FROM sessions WHERE ?1 IS NULL OR owner = ?1 GROUP BY status";
    let of_owner = "SELECT status, count(*) FROM sessions WHERE owner = ?1 GROUP BY status";
    let mut select = db.prepare_cached(if owner.is_some() { of_owner } else { sql })?;
    let mut rows = select.query(params![owner.map(OwnerId::as_str)])?;
    let mut counts = Counts::new();
    while let Some(row) = rows.next()? {
        counts.push((status(row.get_ref(0)?.as_str().map_err(damaged)?)?, unsigned(row.get(1)?)?));
    }
    counts.sort_by_key(|(status, _)| Status::ALL.iter().position(|known| known == status));
    Ok(counts)
}

pub(super) fn unfinished(db: &Connection) -> Outcome<Vec<SessionId>> {
    ids(db, "SELECT session FROM sessions WHERE unfinished = 1 ORDER BY session", params![])
}

pub(super) fn due(db: &Connection, now: Timestamp, limit: usize) -> Outcome<Vec<SessionId>> {
    let sql = "SELECT session FROM sessions WHERE wake_at IS NOT NULL AND wake_at <= ?1 ORDER BY wake_at, session LIMIT ?2";
    ids(db, sql, params![now.as_millis(), i64::try_from(limit).unwrap_or(i64::MAX)])
}

pub(super) fn next_due(db: &Connection) -> Outcome<Option<Timestamp>> {
    let mut select = db.prepare_cached("SELECT min(wake_at) FROM sessions WHERE wake_at IS NOT NULL")?;
    let earliest: Option<i64> = select.query_row([], |row| row.get(0))?;
    Ok(earliest.map(Timestamp::from_millis))
}

fn ids(db: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Outcome<Vec<SessionId>> {
    let mut select = db.prepare_cached(sql)?;
    let rows = select.query_map(values, |row| row.get::<_, [u8; 16]>(0))?;
    Ok(rows.map(|bytes| bytes.map(|bytes| SessionId::new(Uuid::from_bytes(bytes)))).collect::<Result<_, _>>()?)
}

fn decode(row: &Row<'_>) -> Outcome<Stored> {
    let text = |column| row.get::<_, String>(column);
    let session = SessionId::new(Uuid::from_bytes(row.get(0)?));
    let words = (text(4)?, text(6)?);
    let head = Head {
        session,
        owner: OwnerId::new(text(2)?),
        title: text(3)?,
        kind: kind(&words.0)?,
        origin: text(5)?,
        status: status(&words.1)?,
        created_at: Timestamp::from_millis(row.get(7)?),
        updated_at: Timestamp::from_millis(row.get(8)?),
        unfinished: row.get(9)?,
        wake_at: row.get::<_, Option<i64>>(10)?.map(Timestamp::from_millis),
        state_seq: unsigned(row.get(11)?)?,
        state: text(13)?,
    };
    let epoch = unsigned(row.get(1)?)?;
    if row.get::<_, u32>(12)? == checksum(&head, epoch) {
        Ok(Stored { epoch, head })
    } else {
        Err(Fault::Damaged(format!("the head of session {session}")))
    }
}

/// Covers every field that is stored.
fn checksum(head: &Head, epoch: u64) -> u32 {
    let mut sum = crc32c::crc32c(head.session.uuid().as_bytes());
    let wake = head.wake_at.map_or(i64::MIN, Timestamp::as_millis);
    let times = [head.created_at.as_millis(), head.updated_at.as_millis(), wake].map(i64::cast_unsigned);
    for number in [epoch, head.state_seq, u64::from(head.unfinished)].into_iter().chain(times) {
        sum = crc32c::crc32c_append(sum, &number.to_le_bytes());
    }
    for text in [head.owner.as_str(), &head.title, kind_word(head.kind), &head.origin, head.status.as_str(), &head.state] {
        sum = crc32c::crc32c_append(sum, &(text.len() as u64).to_le_bytes());
        sum = crc32c::crc32c_append(sum, text.as_bytes());
    }
    sum
}

fn kind_word(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Chat => "chat",
        SessionKind::Task => "task",
        SessionKind::Project => "project",
    }
}

fn kind(word: &str) -> Outcome<SessionKind> {
    let all = [SessionKind::Chat, SessionKind::Task, SessionKind::Project];
    all.into_iter().find(|kind| kind_word(*kind) == word).ok_or_else(|| Fault::Damaged(format!("a session of kind {word:?}")))
}

fn status(word: &str) -> Outcome<Status> {
    let found = Status::ALL.into_iter().find(|status| status.as_str() == word);
    found.ok_or_else(|| Fault::Damaged(format!("a session of status {word:?}")))
}

fn damaged(error: impl std::fmt::Display) -> Fault {
    Fault::Damaged(error.to_string())
}

/// SQLite's integers are signed; sequence numbers and epochs never come near the end of them.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> Outcome<u64> {
    u64::try_from(number).map_err(damaged)
}
