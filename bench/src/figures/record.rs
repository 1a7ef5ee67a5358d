//! Sessions on record that no server made: many events, put straight into a store.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use holt_core::budget::{Allowance, Budget};
use holt_core::event::{Event, EventBody, Seq, SessionCreated, SessionRenamed};
use holt_core::id::{OwnerId, SessionId};
use holt_core::machine::State;
use holt_core::policy::{Mode, Policy};
use holt_core::session::{DesktopSpec, Limits, Network, SessionKind, SessionSpec, WorkspaceSpec};
use holt_core::store::{Append, Head, Store as _};
use holt_core::time::Timestamp;
use holt_store::{DataDir, Options, SqliteStore};
use uuid::Uuid;

/// How many events are written at once when a log is made.
const BATCH: u64 = 1_000;

pub fn open(path: &Path) -> Result<Arc<SqliteStore>> {
    Ok(Arc::new(SqliteStore::open(Options::new(Arc::new(DataDir::acquire(path)?)))?))
}

/// The first event of every session here, and the state after it.
fn first(session: SessionId) -> (State, Event) {
    let spec = SessionSpec {
        owner: OwnerId::new("owner"),
        kind: SessionKind::Chat,
        title: "Measured".into(),
        agent: "holt".into(),
        model: "demo".into(),
        environment: holt_sandbox::environment::DEFAULT.into(),
        workspace: WorkspaceSpec::Managed,
        policy: Policy::default(),
        bounds: Vec::new(),
        mode: Mode::default(),
        definition: None,
        source: None,
        budget: Budget::default(),
        session_budget: Allowance::default(),
        key: None,
        rules: None,
        limits: Limits::default(),
        desktop: DesktopSpec::default(),
        record_desktop: false,
        browser_profile: None,
        network: Network::default(),
        hosts: Vec::new(),
        origin: "holt".into(),
        expires_at: None,
        sleep_after_seconds: 900,
        keep_awake_seconds: 24 * 60 * 60,
    };
    let created = SessionCreated { spec };
    let event = Event::new(session, 1, 1, at(1), &EventBody::SessionCreated(created.clone()));
    (State::new(session, created, at(1)), event)
}

fn at(seq: Seq) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + i64::try_from(seq).unwrap_or(i64::MAX))
}

/// An event of about 300 bytes, like the start or the end of a call.
pub fn event(session: SessionId, seq: Seq) -> Event {
    Event::new(
        session,
        seq,
        1,
        at(seq),
        &EventBody::SessionRenamed(SessionRenamed { title: format!("{seq:0190}"), from_prompt: false }),
    )
}

/// A session with its first event alone. Says its head.
pub async fn create(store: &SqliteStore) -> Result<Head> {
    let (state, event) = first(SessionId::new(Uuid::now_v7()));
    let head = state.head();
    store.create(head.clone(), vec![event]).await?;
    Ok(head)
}

/// A session whose log has so many events.
pub async fn create_long(store: &SqliteStore, events: u64) -> Result<SessionId> {
    let session = create(store).await?.session;
    let (mut state, _) = first(session);
    let mut expected = 1;
    while expected < events {
        let until = events.min(expected + BATCH);
        let batch: Vec<Event> = (expected + 1..=until).map(|seq| event(session, seq)).collect();
        for event in &batch {
            state.apply(event.seq, event.at, event.decode().as_ref());
        }
        let head = Some(state.head());
        expected = store.append(Append { session, epoch: 1, expected, events: batch, head, spending: None }).await?;
    }
    Ok(session)
}
