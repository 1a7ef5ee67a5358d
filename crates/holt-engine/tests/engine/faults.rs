//! What the engine needs is gone, or wrong, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use holt_core::event::{Event, EventBody, RunResult, Seq};
use holt_core::id::{OwnerId, SessionId};
use holt_core::sandbox::SandboxError;
use holt_core::search::{Found, SearchQuery};
use holt_core::session::Status;
use holt_core::store::{Append, AppendError, Counts, Head, HeadQuery, SpentByKey, Store, StoreError, StoredHead};
use holt_core::time::Timestamp;
use holt_testkit::sandboxes::Operation;

use crate::den::{Den, call_once, code, kinds, log, owner, say, session, until};

/// The real store behind a door that can be shut for a number of appends.
struct Faulty {
    store: Arc<dyn Store>,
    failures: AtomicUsize,
    full: AtomicBool,
}

impl Faulty {
    fn new(den: &Den) -> Arc<Self> {
        Arc::new(Self { store: den.store(), failures: AtomicUsize::new(0), full: AtomicBool::new(false) })
    }

    fn fail(&self, times: usize) {
        self.failures.store(times, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for Faulty {
    async fn append(&self, append: Append) -> Result<Seq, AppendError> {
        let fails = self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        let closing = ["message_aborted", "call_finished", "run_finished", "session_failed"];
        let wants_space = append.events.iter().any(|event| !closing.contains(&&*event.kind));
        if self.full.load(Ordering::SeqCst) && wants_space {
            return Err(StoreError::Full.into());
        }
        if fails { Err(StoreError::Unavailable("unplugged".into()).into()) } else { self.store.append(append).await }
    }

    async fn create(&self, head: Head, events: Vec<Event>) -> Result<(), StoreError> {
        self.store.create(head, events).await
    }
    async fn claim(&self, session: SessionId) -> Result<StoredHead, StoreError> {
        self.store.claim(session).await
    }
    async fn head(&self, session: SessionId) -> Result<StoredHead, StoreError> {
        self.store.head(session).await
    }
    async fn heads(&self, query: HeadQuery) -> Result<Vec<StoredHead>, StoreError> {
        self.store.heads(query).await
    }
    async fn counts(&self, owner: Option<OwnerId>) -> Result<Counts, StoreError> {
        self.store.counts(owner).await
    }
    async fn search(&self, query: SearchQuery) -> Result<Vec<Found>, StoreError> {
        self.store.search(query).await
    }
    async fn events_after(&self, session: SessionId, after: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.store.events_after(session, after, limit).await
    }
    async fn events_before(&self, session: SessionId, before: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        self.store.events_before(session, before, limit).await
    }
    async fn unfinished(&self) -> Result<Vec<SessionId>, StoreError> {
        self.store.unfinished().await
    }
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError> {
        self.store.due(now, limit).await
    }
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_due().await
    }
    async fn spent(&self, day: i64) -> Result<Vec<SpentByKey>, StoreError> {
        self.store.spent(day).await
    }
    async fn remove(&self, session: SessionId) -> Result<(), StoreError> {
        self.store.remove(session).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.store.check().await
    }
}

#[tokio::test]
async fn while_the_store_is_away_people_are_told_and_what_happened_is_kept_until_it_is_back() {
    let den = Den::new();
    let faulty = Faulty::new(&den);
    let engine = den.start_on(faulty.clone()).await;
    let id = session(&engine).await;
    faulty.fail(1);
    let refused = engine.prompt(&owner(), id, say("hello")).await.unwrap_err();
    assert_eq!(code(&refused), "store_unavailable");
    assert_eq!(kinds(&engine, id).await, ["session_created"], "a refused prompt leaves nothing");
    let shut = faulty.clone();
    den.brain(move |desk| {
        let shut = shut.clone();
        async move {
            desk.next_step().await?;
            shut.fail(3);
            call_once(desk).await
        }
    });
    engine.prompt(&owner(), id, say("hello again")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(den.sandboxes.begun_in_all(), 1);
}

#[tokio::test]
async fn a_brain_that_panics_fails_its_run_and_nothing_else() {
    let den = Den::new();
    den.brain(|_| async { panic!("no idea") });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("hello")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle && session.last_seq > 4).await;
    let result = log(&engine, id).await.into_iter().find_map(|event| match event {
        EventBody::RunFinished(run) => Some(run.result),
        _ => None,
    });
    assert!(matches!(result, Some(RunResult::Failed { code, .. }) if code == "agent_crashed"));
    den.brain(|_| async { Ok(()) });
    engine.prompt(&owner(), id, say("again")).await.unwrap();
    until(&engine, id, "the second run", |session| session.status == Status::Idle).await;
}

#[tokio::test]
async fn a_sandbox_that_cannot_open_fails_the_session_with_the_reason_until_it_is_retried() {
    let den = Den::new();
    den.brain(call_once);
    let text = String::from;
    let missing = SandboxError::CannotOpen {
        code: text("sandbox_missing_bubblewrap"),
        message: text("no bwrap"),
        hint: text("install it"),
    };
    den.sandboxes.fail_always(Operation::Open, missing);
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    let failed = until(&engine, id, "failure", |session| session.status == Status::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "sandbox_missing_bubblewrap");
    assert_eq!(den.sandboxes.begun_in_all(), 0, "never without a sandbox");
    assert_eq!(code(&engine.prompt(&owner(), id, say("more")).await.unwrap_err()), "session_failed");
    den.sandboxes.heal(Operation::Open);
    engine.retry(&owner(), id).await.unwrap();
    engine.prompt(&owner(), id, say("more")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
}

#[tokio::test]
async fn a_sandbox_that_dies_in_the_middle_is_opened_anew() {
    let den = Den::new();
    let sandboxes = den.sandboxes.clone();
    den.sandboxes.set_tool("execute_command", move |call, _| {
        let sandboxes = sandboxes.clone();
        async move {
            sandboxes.lose(call.session);
            std::future::pending().await
        }
    });
    den.brain(|desk| async move {
        desk.next_step().await?;
        desk.finish(crate::den::calling(&[("execute_command", serde_json::json!({})), ("read_file", serde_json::json!({}))]))
            .await?;
        desk.next_step().await.map(drop).map_err(Into::into)
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    let kinds = kinds(&engine, id).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == "sandbox_opened").count(), 2, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "call_finished").count(), 2);
}

#[tokio::test]
async fn on_a_full_disk_the_session_fails_with_the_reason_and_goes_on_when_there_is_space() {
    let den = Den::new();
    let faulty = Faulty::new(&den);
    let engine = den.start_on(faulty.clone()).await;
    let id = session(&engine).await;
    let filling = faulty.clone();
    den.brain(move |desk| {
        let faulty = filling.clone();
        async move {
            faulty.full.store(true, Ordering::SeqCst);
            call_once(desk).await
        }
    });
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    let failed = until(&engine, id, "failure", |session| session.status == Status::Failed).await;
    assert_eq!(failed.failure.unwrap().code, "disk_full");
    assert_eq!(den.sandboxes.begun_in_all(), 0, "what is not durable has no effect");
    assert_eq!(code(&engine.retry(&owner(), id).await.unwrap_err()), "disk_full");
    faulty.full.store(false, Ordering::SeqCst);
    den.brain(call_once);
    engine.retry(&owner(), id).await.unwrap();
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
}
