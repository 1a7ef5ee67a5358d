//! Following: the same events in the same order for everybody, from any place, however slow.

use std::sync::Arc;

use holt_core::agent::{Delta, DeltaTarget};
use holt_core::id::MessageId;
use holt_core::session::Status;
use holt_engine::FeedItem;
use holt_testkit::{Gate, within};
use serde_json::Value;
use uuid::Uuid;

use crate::den::{Den, calling, events, next, owner, say, session, tell, until, wait_for};

#[tokio::test]
async fn every_follower_gets_the_same_events_from_any_place() {
    let den = Den::new();
    den.brain(|desk| async move {
        for round in 0..20 {
            desk.next_step().await?;
            tell(&desk, &["round ", &round.to_string()]).await?;
        }
        Ok(())
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    let mut early = engine.follow(&owner(), id, None).await.unwrap();
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    let mut seen = wait_for(&mut early, "run_finished").await;
    let whole: Vec<Value> =
        events(&engine, id).await.iter().map(|event| serde_json::from_str(&event.to_json()).unwrap()).collect();
    seen.insert(0, whole[0].clone());
    assert_eq!(seen, whole);
    for after in 0..whole.len() as u64 {
        let mut late = engine.follow(&owner(), id, Some(after)).await.unwrap();
        for expected in &whole[usize::try_from(after).unwrap()..] {
            let item = next(&mut late, "an event of the past").await;
            let event: Value = serde_json::from_slice(&item.event_json().unwrap()).unwrap();
            assert_eq!(event, *expected);
        }
    }
    let mut lost = engine.follow(&owner(), id, Some(9999)).await.unwrap();
    assert!(matches!(next(&mut lost, "a snapshot").await, FeedItem::Snapshot { seq, .. } if seq == whole.len() as u64));
}

#[tokio::test]
async fn who_joins_in_the_middle_of_a_message_gets_the_text_so_far_and_then_the_rest() {
    let den = Den::new();
    let gate = Gate::new();
    let held = gate.clone();
    den.brain(move |desk| {
        let gate = held.clone();
        async move {
            desk.next_step().await?;
            let message = MessageId::new(desk.fresh_id());
            let target = DeltaTarget::Message(message);
            desk.begin(message).await?;
            desk.show(Delta { target, offset: 0, text: "Grüße ".into() }).await?;
            gate.pass().await;
            desk.show(Delta { target, offset: 8, text: "vom Otter".into() }).await?;
            let mut turn = calling(&[]);
            turn.message = message;
            desk.finish(turn).await?;
            Ok(())
        }
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    within("the brain to come to the gate", gate.reached()).await;
    let snapshot = until(&engine, id, "the text so far", |session| !session.partial.is_empty()).await;
    assert_eq!((snapshot.partial[0].offset, snapshot.partial[0].text.as_str()), (0, "Grüße "));
    let mut joined = engine.follow(&owner(), id, None).await.unwrap();
    let mut resumed = engine.follow(&owner(), id, Some(snapshot.last_seq)).await.unwrap();
    assert!(matches!(next(&mut joined, "the snapshot").await, FeedItem::Snapshot { .. }));
    assert_eq!(delta(&next(&mut resumed, "the text so far").await), (0, "Grüße ".into()));
    gate.release();
    for feed in [&mut joined, &mut resumed] {
        assert_eq!(delta(&next(feed, "the rest").await), (8, "vom Otter".into()));
        wait_for(feed, "agent_message").await;
    }
    assert!(engine.session(&owner(), id).await.unwrap().partial.is_empty());
}

fn delta(item: &FeedItem) -> (u64, String) {
    let FeedItem::Delta { frame } = item else { panic!("not a delta: {item:?}") };
    let value: Value = serde_json::from_slice(frame).unwrap();
    (value["delta"]["offset"].as_u64().unwrap(), value["delta"]["text"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_follower_that_does_not_read_delays_nobody_and_misses_nothing() {
    const MESSAGES: usize = 1500;
    let den = Den::new();
    den.brain(|desk| async move {
        desk.next_step().await?;
        for _ in 0..MESSAGES {
            desk.begin(MessageId::new(Uuid::now_v7())).await?;
        }
        Ok(())
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    let mut slow = engine.follow(&owner(), id, None).await.unwrap();
    engine.prompt(&owner(), id, say("flood")).await.unwrap();
    let done = until(&engine, id, "the flood to end", |session| session.status == Status::Idle && session.last_seq > 10).await;
    assert!(done.last_seq > 2 * MESSAGES as u64);
    let mut expected = 2;
    while expected <= done.last_seq {
        if let FeedItem::Event { seq, .. } = next(&mut slow, "an event").await {
            assert_eq!(seq, expected);
            expected += 1;
        }
    }
}

#[tokio::test]
async fn an_idle_session_has_no_task_and_can_still_be_followed() {
    let den = Den::new();
    let engine = den.start().await;
    let id = session(&engine).await;
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    engine.prompt(&owner(), id, say("first")).await.unwrap();
    wait_for(&mut feed, "run_finished").await;
    let engine = Arc::new(engine);
    within("the owner to leave", async {
        while engine.status().await.awake > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    engine.prompt(&owner(), id, say("second")).await.unwrap();
    let seen = wait_for(&mut feed, "run_finished").await;
    assert_eq!(seen[0]["kind"], "prompt_queued", "nothing missing, nothing twice: {seen:?}");
}
