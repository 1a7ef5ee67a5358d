//! Sleep, waking, expiry: what happens though nobody asks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holt_core::event::EventBody;
use holt_core::id::SessionId;
use holt_core::session::Status;
use holt_core::time::Timestamp;
use holt_core::view::SandboxState;
use holt_engine::{CreateSession, Engine, FeedItem, ListSessions, WatchItem};
use serde_json::json;

use crate::den::{Den, call_once, code, kinds, log, owner, say, session, until};

fn in_a_moment() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap()).plus(Duration::from_millis(300))
}

#[tokio::test]
async fn an_idle_session_gives_its_sandbox_back_and_wakes_with_the_next_prompt() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    den.brain(call_once);
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    until(&engine, id, "sleep", |session| session.status == Status::Asleep).await;
    assert!(!den.sandboxes.is_open(id));
    engine.prompt(&owner(), id, say("again")).await.unwrap();
    until(&engine, id, "the second run", |session| session.status == Status::Idle).await;
    engine.wake(&owner(), id).await.unwrap();
    assert!(den.sandboxes.is_open(id));
}

#[tokio::test]
async fn a_background_process_keeps_it_awake_and_an_order_does_not_wait() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.wake(&owner(), id).await.unwrap();
    den.sandboxes.set_processes(id, &["npm", "node"]);
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    let seen = crate::den::wait_for(&mut feed, "sleep_postponed").await;
    assert_eq!(seen.last().unwrap()["body"]["processes"], json!(["npm", "node"]));
    assert!(den.sandboxes.is_open(id));
    let slept = engine.sleep(&owner(), id).await.unwrap();
    assert_eq!((slept.status, slept.sandbox), (Status::Asleep, SandboxState::Closed));
    assert_eq!(ended(&engine, id).await, ["npm", "node"]);
}

#[tokio::test]
async fn no_process_keeps_a_session_awake_for_ever() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    let engine = den.start().await;
    let request = CreateSession { keep_awake_seconds: Some(1), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    engine.wake(&owner(), id).await.unwrap();
    den.sandboxes.set_processes(id, &["npm"]);
    until(&engine, id, "sleep", |session| session.status == Status::Asleep).await;
    assert!(!den.sandboxes.is_open(id));
    assert_eq!(ended(&engine, id).await, ["npm"]);
}

/// What the last sleep ended.
async fn ended(engine: &Engine, id: SessionId) -> Vec<String> {
    let closed = log(engine, id).await.into_iter().rev().find_map(|event| match event {
        EventBody::SandboxClosed(closed) => Some(closed.ended),
        _ => None,
    });
    closed.unwrap()
}

#[tokio::test]
async fn a_session_with_an_end_ends_although_nobody_looks() {
    let den = Den::new();
    let engine = den.start().await;
    let request = CreateSession { expires_at: Some(in_a_moment()), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    holt_testkit::within("expiry", async {
        while engine.session(&owner(), id).await.unwrap().status != Status::Ended {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(kinds(&engine, id).await, ["session_created", "session_ending", "session_ended"]);
    assert_eq!(code(&engine.prompt(&owner(), id, say("too late")).await.unwrap_err()), "session_ended");
}

#[tokio::test]
async fn sessions_of_a_server_that_ends_its_sandboxes_are_asleep() {
    let den = Den::new();
    let first = den.start().await;
    let id = session(&first).await;
    first.wake(&owner(), id).await.unwrap();
    first.shutdown(false).await;
    assert!(!den.sandboxes.is_open(id));
    let second = den.start().await;
    assert_eq!(second.session(&owner(), id).await.unwrap().status, Status::Asleep);
}

#[tokio::test]
async fn what_has_ended_says_until_when_it_is_kept() {
    let mut den = Den::new();
    den.options.retention = Some(Duration::from_secs(3600));
    let engine = den.start().await;
    let (id, other) = (session(&engine).await, session(&engine).await);
    let mut watch = engine.watch(&owner()).unwrap();
    let ended = engine.stop(&owner(), id).await.unwrap();
    let until = ended.updated_at.plus(Duration::from_secs(3600));
    let kept = Some(until);
    assert_eq!((ended.status, ended.removed_at), (Status::Ended, kept));
    let page = engine.list(&owner(), ListSessions { limit: 10, ..ListSessions::default() }).await.unwrap();
    let listed = |id| page.items.iter().find(|item| item.id == id).unwrap().removed_at;
    assert_eq!((listed(id), listed(other)), (kept, None), "what has not ended is kept");
    let told = holt_testkit::within("the news", watch.next()).await;
    let told = told.into_iter().find_map(|news| match news {
        WatchItem::Changed(summary) if summary.id == id => summary.removed_at,
        _ => None,
    });
    assert_eq!(told, kept);
    engine.shutdown(true).await;
    let again = den.start().await;
    assert_eq!(again.session(&owner(), id).await.unwrap().removed_at, kept, "also when nobody is awake to say so");
    let frame = again.follow(&owner(), id, None).await.unwrap().next().await.unwrap().unwrap();
    let FeedItem::Snapshot { frame, .. } = frame else { panic!("a snapshot comes first") };
    let frame: serde_json::Value = serde_json::from_slice(&frame).unwrap();
    assert_eq!(frame["snapshot"]["removed_at"], json!(until.as_millis()));
}
