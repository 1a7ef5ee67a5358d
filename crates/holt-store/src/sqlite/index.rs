//! The index for searching, in the file of the logs. It is made behind the events, when nothing else is to be done, so that no
//! change ever waits for it; what is not in it yet is looked through in memory.

use std::collections::BTreeSet;

use holt_core::event::{Event, Seq};
use holt_core::id::SessionId;
use holt_core::search::{self, Found, KINDS, SearchQuery};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::fault::{Fault, Outcome};
use super::logs::{self, Room};
use super::sessions::{signed, unsigned};
use super::tail::Tail;

/// How many events are taken into the index at a time.
const PIECE: usize = 256;

/// The sessions of which something is not in the index.
pub(super) fn behind(db: &Connection) -> Outcome<Vec<SessionId>> {
    let mut next = db.prepare_cached("SELECT min(session) FROM events WHERE session > ?1")?;
    let (mut found, mut last) = (Vec::new(), Vec::new());
    while let Some(session) = next.query_row([&last], |row| row.get::<_, Option<Vec<u8>>>(0))? {
        let id = id(&session)?;
        if place(db, id)? < logs::last(db, id)? {
            found.push(id);
        }
        last = session;
    }
    Ok(found)
}

fn id(bytes: &[u8]) -> Outcome<SessionId> {
    Uuid::from_slice(bytes).map(SessionId::new).map_err(|_| Fault::Damaged("the id of a session".into()))
}

fn place(db: &Connection, session: SessionId) -> Outcome<Seq> {
    let sql = "SELECT seq FROM indexed WHERE session = ?1";
    let seq: Option<i64> = db.prepare_cached(sql)?.query_row([session.uuid().as_bytes()], |row| row.get(0)).optional()?;
    seq.map_or(Ok(0), unsigned)
}

/// Takes some more of these sessions in, many small ones together. Returns those of which nothing is left to take.
pub(super) fn advance(db: &Connection, sessions: &BTreeSet<SessionId>) -> Outcome<Vec<SessionId>> {
    let (mut done, mut room) = (Vec::new(), PIECE);
    for session in sessions {
        match take(db, *session, room) {
            Ok((taken, is_whole)) => {
                done.extend(is_whole.then_some(*session));
                room = room.saturating_sub(taken.max(1));
            }
            Err(Fault::Damaged(what)) => {
                tracing::warn!(what, %session, "a session could not be taken into the index");
                done.push(*session);
            }
            Err(fault) => return Err(fault),
        }
        if room == 0 {
            break;
        }
    }
    Ok(done)
}

/// Takes so many events of a session in. Says how many there were, and whether that was all.
fn take(db: &Connection, session: SessionId, most: usize) -> Outcome<(usize, bool)> {
    let before = place(db, session)?;
    let page = logs::after(db, session, before, &mut Room::new(most))?;
    let Some(last) = page.events.last().map(|event| event.seq) else { return Ok((0, true)) };
    for event in &page.events {
        if let Some(text) = text(event) {
            add(db, event, &text)?;
        }
    }
    let sql = "INSERT INTO indexed VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = excluded.seq";
    db.prepare_cached(sql)?.execute(params![session.uuid().as_bytes(), signed(last)])?;
    Ok((page.events.len(), !page.cut))
}

fn text(event: &Event) -> Option<String> {
    KINDS.contains(&&*event.kind).then(|| event.decode()).flatten().and_then(|body| search::text_of(&body))
}

fn add(db: &Connection, event: &Event, text: &str) -> Outcome<()> {
    let sql = "INSERT INTO said (session, seq) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    if db.prepare_cached(sql)?.execute(params![event.session.uuid().as_bytes(), signed(event.seq)])? == 1 {
        let row = db.last_insert_rowid();
        db.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?.execute(params![row, text])?;
    }
    Ok(())
}

/// Takes a session out.
pub(super) fn forget(db: &Connection, session: SessionId) -> Outcome<()> {
    let uuid = session.uuid();
    let id = uuid.as_bytes();
    db.prepare_cached("DELETE FROM words WHERE rowid IN (SELECT id FROM said WHERE session = ?1)")?.execute([id])?;
    db.prepare_cached("DELETE FROM said WHERE session = ?1")?.execute([id])?;
    db.prepare_cached("DELETE FROM indexed WHERE session = ?1")?.execute([id])?;
    Ok(())
}

/// What is found, newest first: in memory, then in the index.
pub(super) fn find(db: &Connection, tail: &Tail, query: &SearchQuery) -> Outcome<Vec<Found>> {
    let wanted = search::words(&query.text);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let mut places = tail.search(&|event| text(event).is_some_and(|text| search::has_all(&text, &wanted)));
    places.extend(indexed(db, query, &wanted)?);
    let mut found: Vec<Found> = Vec::new();
    for event in places {
        if found.len() >= query.limit {
            break;
        }
        if found.iter().any(|known| known.session == event.session && known.seq == event.seq) {
            continue;
        }
        if let (Some(title), Some(text)) = (title(db, query, event.session)?, text(&event)) {
            found.push(Found {
                session: event.session,
                title,
                seq: event.seq,
                at: event.at,
                kind: event.kind.to_string(),
                excerpt: search::excerpt(&text, &wanted),
            });
        }
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.at));
    Ok(found)
}

fn indexed(db: &Connection, query: &SearchQuery, wanted: &[String]) -> Outcome<Vec<Event>> {
    // The words have neither quotes nor anything else that means something.
    let all: Vec<String> = wanted.iter().map(|word| format!("\"{word}\" *")).collect();
    let sql = "SELECT said.session, said.seq FROM words JOIN said ON said.id = words.rowid
        JOIN sessions ON sessions.session = said.session
        WHERE words MATCH ?1 AND (?2 IS NULL OR sessions.owner = ?2) ORDER BY words.rowid DESC LIMIT ?3";
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let owner = query.owner.as_ref().map(holt_core::id::OwnerId::as_str);
    let mut select = db.prepare_cached(sql)?;
    let mut rows = select.query(params![all.join(" AND "), owner, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let (session, seq) =
            (id(row.get_ref(0)?.as_blob().map_err(|_| Fault::Damaged("the index".into()))?)?, unsigned(row.get(1)?)?);
        events.extend(logs::after(db, session, seq.saturating_sub(1), &mut Room::new(1))?.events);
    }
    Ok(events)
}

/// What a session is called, if whoever asks may know.
fn title(db: &Connection, query: &SearchQuery, session: SessionId) -> Outcome<Option<String>> {
    let sql = "SELECT title FROM sessions WHERE session = ?1 AND (?2 IS NULL OR owner = ?2)";
    let owner = query.owner.as_ref().map(holt_core::id::OwnerId::as_str);
    Ok(db.prepare_cached(sql)?.query_row(params![session.uuid().as_bytes(), owner], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use holt_core::event::{EventBody, PromptQueued, WhenBusy};
    use holt_core::id::PromptId;
    use holt_core::time::Timestamp;

    use super::*;
    use crate::sqlite::connect::LOGS;

    fn said(session: SessionId, seq: Seq) -> Event {
        let body: EventBody = PromptQueued {
            prompt: PromptId::new(Uuid::from_u128(u128::from(seq))),
            text: "otters".into(),
            attachments: Vec::new(),
            when_busy: WhenBusy::Queue,
            by: "ada".into(),
        }
        .into();
        Event::new(session, seq, 1, Timestamp::from_millis(1), &body)
    }

    #[test]
    fn many_sessions_are_taken_in_together_and_a_long_one_in_pieces() {
        let directory = tempfile::tempdir().unwrap();
        let db = LOGS.open(directory.path()).unwrap();
        let lengths = [1, 100, 600, 2];
        let sessions = (1..).zip(lengths).map(|(number, length)| (SessionId::new(Uuid::from_u128(number)), length));
        let events: Vec<Event> = sessions.flat_map(|(session, length)| (1..=length).map(move |seq| said(session, seq))).collect();
        logs::insert(&db, events.iter()).unwrap();
        let mut left: BTreeSet<SessionId> = behind(&db).unwrap().into_iter().collect();
        let mut rounds = Vec::new();
        while !left.is_empty() {
            let done = advance(&db, &left).unwrap();
            left.retain(|session| !done.contains(session));
            rounds.push(done.len());
        }
        assert_eq!(rounds, [2, 0, 2], "256 events at a time");
        assert_eq!(db.query_row("SELECT count(*) FROM words", [], |row| row.get::<_, i64>(0)).unwrap(), 703);
        assert_eq!(behind(&db).unwrap(), []);
    }
}
