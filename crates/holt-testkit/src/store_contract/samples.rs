//! Sessions, events and keys to try a store with.

use std::sync::Arc;

use holt_core::access::{KeyRecord, Scope};
use holt_core::event::{Epoch, Event, Seq};
use holt_core::id::{KeyId, OwnerId, SessionId};
use holt_core::session::{SessionKind, Status};
use holt_core::store::{Append, Head};
use holt_core::time::Timestamp;
use uuid::Uuid;

/// The same number always names the same session.
pub fn session(number: u64) -> SessionId {
    SessionId::new(Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0000 + u128::from(number)))
}

pub fn head(number: u64) -> Head {
    Head {
        session: session(number),
        owner: OwnerId::new("owner"),
        title: format!("session {number}"),
        kind: SessionKind::Chat,
        origin: "holt".into(),
        status: Status::Idle,
        created_at: Timestamp::from_millis(1_000),
        updated_at: Timestamp::from_millis(1_000),
        unfinished: false,
        wake_at: None,
        state: "{}".into(),
        state_seq: 0,
    }
}

/// An event whose body says which it is.
pub fn event(session: SessionId, epoch: Epoch, seq: Seq) -> Event {
    Event {
        session,
        seq,
        epoch,
        at: Timestamp::from_millis(1_700_000_000_000 + i64::try_from(seq).unwrap_or(i64::MAX / 2)),
        kind: Arc::from("noted"),
        version: 1,
        body: format!(r#"{{"level":"info","code":"sample","text":"event {seq} of {session}"}}"#).into(),
    }
}

/// `count` events that follow on `after`.
pub fn events(session: SessionId, epoch: Epoch, after: Seq, count: u64) -> Vec<Event> {
    (after + 1..=after + count).map(|seq| event(session, epoch, seq)).collect()
}

/// `count` events to add after `expected`.
pub fn append(session: SessionId, epoch: Epoch, expected: Seq, count: u64) -> Append {
    Append { session, epoch, expected, events: events(session, epoch, expected, count), head: None, spending: None }
}

pub fn key(number: u8, owner: &str) -> KeyRecord {
    KeyRecord {
        id: KeyId::new(Uuid::from_u128(u128::from(number))),
        owner: OwnerId::new(owner),
        name: format!("key {number}"),
        scopes: vec![Scope::Operate, Scope::Approve],
        hash: [number; 32],
        created_at: Timestamp::from_millis(1_000 + i64::from(number)),
        expires_at: Some(Timestamp::from_millis(9_000)),
        last_used_at: None,
        revoked_at: None,
        rules: None,
    }
}
