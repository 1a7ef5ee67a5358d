//! Watching the list of sessions, and what is counted for whom.

use holt_core::access::Scope;
use holt_core::session::Status;
use holt_core::view::SessionSummary;
use holt_engine::{CreateSession, Watch, WatchItem};
use holt_testkit::within;

use crate::den::{Den, owner, say, session, tell, until, wait_for, who};

/// What is heard until the session is so.
async fn heard_until(watch: &mut Watch, what: &str, is_so: impl Fn(&SessionSummary) -> bool) -> Vec<WatchItem> {
    within(what, async {
        let mut heard = Vec::new();
        loop {
            let batch = watch.next().await;
            let found = batch.iter().any(|item| matches!(item, WatchItem::Changed(summary) if is_so(summary)));
            heard.extend(batch);
            if found {
                return heard;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_watcher_hears_what_sessions_are_like_now_and_of_its_own_alone() {
    let den = Den::new();
    let engine = den.start().await;
    let guest = who("guest", &[Scope::Operate]);
    let mut all = engine.watch(&owner()).unwrap();
    let mut own = engine.watch(&guest).unwrap();
    let others = session(&engine).await;
    for number in 0..200 {
        engine.rename(&owner(), others, format!("title {number}")).await.unwrap();
    }
    let heard = heard_until(&mut all, "the last title", |summary| summary.title == "title 199").await;
    assert!(heard.len() < 100, "what is between is left out: {}", heard.len());

    let id = engine.create(&guest, CreateSession::default()).await.unwrap().id;
    engine.prompt(&guest, id, say("go")).await.unwrap();
    let heard =
        heard_until(&mut own, "the end of the run", |summary| summary.status == Status::Idle && summary.last_seq > 4).await;
    assert!(heard.iter().all(|item| matches!(item, WatchItem::Changed(summary) if summary.id == id)), "{heard:?}");
    engine.remove(&guest, id).await.unwrap();
    within("the removal", async { while !own.next().await.contains(&WatchItem::Removed(id)) {} }).await;
    let nobody = who("guest", &[]);
    assert_eq!(engine.watch(&nobody).unwrap_err().code(), "not_allowed");
}

#[tokio::test]
async fn a_quiet_follower_gets_every_event_and_no_text_while_it_is_written() {
    let den = Den::new();
    den.brain(|desk| async move {
        desk.next_step().await?;
        tell(&desk, &["one ", "two ", "three"]).await
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    let mut quiet = engine.follow_quietly(&owner(), id, Some(0)).await.unwrap();
    let mut loud = engine.follow(&owner(), id, Some(0)).await.unwrap();
    engine.prompt(&owner(), id, say("count")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle && session.last_seq > 4).await;
    let (mut deltas, mut last) = ([0, 0], [0, 0]);
    for (at, feed) in [&mut quiet, &mut loud].into_iter().enumerate() {
        loop {
            match crate::den::next(feed, "the events").await {
                holt_engine::FeedItem::Delta { .. } => deltas[at] += 1,
                holt_engine::FeedItem::Event { seq, frame } => {
                    last[at] += 1;
                    assert_eq!(seq, last[at]);
                    if String::from_utf8_lossy(&frame).contains("run_finished") {
                        break;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!((deltas[0], last[0]), (0, last[1]));
    assert!(deltas[1] > 0);
}

#[tokio::test]
async fn only_an_admin_counts_what_is_others() {
    let den = Den::new();
    let engine = den.start().await;
    let guest = who("guest", &[Scope::Operate]);
    for _ in 0..2 {
        let id = session(&engine).await;
        engine.wake(&owner(), id).await.unwrap();
    }
    let id = engine.create(&guest, CreateSession::default()).await.unwrap().id;
    engine.wake(&guest, id).await.unwrap();
    let mut feed = engine.follow(&guest, id, Some(0)).await.unwrap();
    wait_for(&mut feed, "sandbox_opened").await;
    let count = |sessions: &[(Status, u64)]| sessions.iter().map(|(_, count)| count).sum::<u64>();
    let (own, all) = (engine.status_for(&guest).await.unwrap(), engine.status_for(&owner()).await.unwrap());
    assert_eq!((count(&own.sessions), own.open_sandboxes, own.followers, own.awake), (1, 1, 1, 1));
    assert_eq!((count(&all.sessions), all.open_sandboxes), (3, 3));
    let other = engine.status_for(&who("other", &[Scope::View])).await.unwrap();
    assert_eq!((count(&other.sessions), other.open_sandboxes, other.followers, other.awake), (0, 0, 0, 0));
}
