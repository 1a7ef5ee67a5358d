//! What is written is there, once, in order and whole; what is refused is not there at all.

use std::sync::Arc;

use holt_core::event::{Event, MAX_BODY_BYTES};
use holt_core::store::{Append, AppendError, Head, Store, StoreError};
use holt_core::time::Timestamp;

use super::{Subject, append, event, events, head, session};

pub async fn events_come_back_as_they_were_written(mut subject: impl Subject) {
    let id = session(1);
    let strange = vec![
        Event { kind: "from_the_future".into(), version: u16::MAX, body: r#"{"crew":2}"#.into(), ..event(id, 1, 1) },
        Event { at: Timestamp::from_millis(-5), body: "\"nul \u{0} tab \t otter 🦦 \u{202e}\"".into(), ..event(id, 1, 2) },
        Event { kind: "".into(), body: "".into(), ..event(id, 1, 3) },
        Event { body: "x".repeat(300_000).into(), ..event(id, 1, 4) },
    ];
    subject.store().create(head(1), Vec::new()).await.unwrap();
    let write = Append { events: strange.clone(), ..append(id, 1, 0, 0) };
    assert_eq!(subject.store().append(write).await, Ok(4));
    assert_eq!(subject.store().events_after(id, 0, 10).await.unwrap(), strange);
    subject.reopen().await;
    assert_eq!(subject.store().events_after(id, 0, 10).await.unwrap(), strange);
    assert_eq!(subject.store().events_before(id, 5, 10).await.unwrap(), strange);
}

pub async fn a_write_must_follow_on_the_last_event(subject: impl Subject) {
    let store = subject.store();
    store.create(head(1), events(session(1), 1, 0, 3)).await.unwrap();
    for wrong in [0, 2, 4, 1_000_000] {
        assert_eq!(store.append(append(session(1), 1, wrong, 1)).await, Err(AppendError::Conflict { last: 3 }), "{wrong}");
    }
    assert_eq!(store.append(append(session(1), 1, 3, 2)).await, Ok(5));
    assert_eq!(store.append(append(session(1), 1, 3, 2)).await, Err(AppendError::Conflict { last: 5 }));
    assert_eq!(store.events_after(session(1), 0, 10).await.unwrap(), events(session(1), 1, 0, 5));
}

pub async fn a_batch_that_contradicts_itself_is_refused_whole(subject: impl Subject) {
    let store = subject.store();
    let id = session(1);
    store.create(head(1), events(id, 1, 0, 1)).await.unwrap();
    let good = event(id, 1, 2);
    let ahead = Head { state_seq: 3, ..head(1) };
    let wrong = [
        ("a gap", vec![good.clone(), event(id, 1, 4)], None),
        ("a repetition", vec![good.clone(), good.clone()], None),
        ("another session", vec![good.clone(), event(session(2), 1, 3)], None),
        ("another epoch", vec![good.clone(), event(id, 2, 3)], None),
        ("not the next event", vec![event(id, 1, 3)], None),
        ("a giant", vec![Event { body: "x".repeat(MAX_BODY_BYTES + 1).into(), ..good.clone() }], None),
        ("a head of another session", vec![good.clone()], Some(head(2))),
        ("a head that knows more than there is", vec![good.clone()], Some(ahead)),
    ];
    for (what, events, head) in wrong {
        let refused = store.append(Append { events, head, ..append(id, 1, 1, 0) }).await;
        assert!(matches!(refused, Err(AppendError::Store(StoreError::Invalid(_)))), "{what}: {refused:?}");
    }
    let refused = store.create(head(3), vec![event(session(3), 1, 2)]).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "{refused:?}");
    assert_eq!(store.head(session(3)).await, Err(StoreError::NotFound));
    assert_eq!(store.events_after(id, 0, 10).await.unwrap(), events(id, 1, 0, 1));
    assert_eq!(store.append(append(id, 1, 1, 1)).await, Ok(2));
}

pub async fn an_append_without_events_changes_the_head(mut subject: impl Subject) {
    subject.store().create(head(1), events(session(1), 1, 0, 2)).await.unwrap();
    let changed = Head { title: "renamed".into(), state: r#"{"n":1}"#.into(), state_seq: 2, ..head(1) };
    let write = |head: &Head, epoch| Append { head: Some(head.clone()), ..append(session(1), epoch, 2, 0) };
    assert_eq!(subject.store().append(write(&changed, 1)).await, Ok(2));
    assert_eq!(subject.store().head(session(1)).await.unwrap().head, changed);
    // A fenced writer does not change the head either.
    subject.store().claim(session(1)).await.unwrap();
    let late = Head { title: "late".into(), ..changed.clone() };
    assert_eq!(subject.store().append(write(&late, 1)).await, Err(AppendError::Fenced(2)));
    subject.reopen().await;
    let stored = subject.store().head(session(1)).await.unwrap();
    assert_eq!((stored.head, stored.last_seq, stored.epoch), (changed, 2, 2));
}

/// Good and bad writes arrive together, so that a store that writes in groups has them in the same group.
pub async fn a_refused_write_does_not_hinder_its_neighbours(subject: impl Subject) {
    let store = subject.store();
    for number in 0..20 {
        store.create(head(number), Vec::new()).await.unwrap();
    }
    let writes = (0..40).map(|number| {
        let (store, id) = (subject.store(), session(number % 20));
        // Of every session's two writes one is right, in turns the first and the second.
        let expected = if (number < 20) == (number % 2 == 0) { 0 } else { 9 };
        tokio::spawn(async move { (expected, store.append(append(id, 1, expected, 1)).await) })
    });
    for write in writes.collect::<Vec<_>>() {
        let (expected, written) = write.await.unwrap();
        assert_eq!(written.is_ok(), expected == 0, "{written:?}");
    }
    for number in 0..20 {
        assert_eq!(store.events_after(session(number), 0, 10).await.unwrap(), events(session(number), 1, 0, 1));
    }
}

pub async fn fifty_sessions_write_at_once(mut subject: impl Subject) {
    const WRITES: u64 = 60;
    let writers: Vec<_> = (0..50).map(|number| tokio::spawn(write_many(subject.store(), number, WRITES))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for _ in 0..2 {
        for number in 0..50 {
            let (id, store) = (session(number), subject.store());
            assert_eq!(store.events_after(id, 0, 1_000).await.unwrap(), events(id, 1, 0, WRITES * 2));
            assert_eq!(store.head(id).await.unwrap().last_seq, WRITES * 2);
        }
        subject.reopen().await;
    }
}

async fn write_many(store: Arc<dyn Store>, number: u64, writes: u64) {
    store.create(head(number), Vec::new()).await.unwrap();
    for turn in 0..writes {
        assert_eq!(store.append(append(session(number), 1, turn * 2, 2)).await, Ok(turn * 2 + 2));
    }
}

pub async fn everything_is_there_after_reopening(mut subject: impl Subject) {
    subject.store().create(head(1), events(session(1), 1, 0, 1)).await.unwrap();
    let mut last = 1;
    for turn in 0..3_u64 {
        let claimed = subject.store().claim(session(1)).await.unwrap();
        assert_eq!((claimed.epoch, claimed.last_seq), (turn + 2, last));
        let state = Head { state: format!(r#"{{"turn":{turn}}}"#), state_seq: last, ..head(1) };
        let write = Append { head: Some(state.clone()), ..append(session(1), claimed.epoch, last, 2) };
        last = subject.store().append(write).await.unwrap();
        subject.reopen().await;
        let stored = subject.store().head(session(1)).await.unwrap();
        assert_eq!((stored.head, stored.last_seq, stored.epoch), (state, last, turn + 2));
        let log = subject.store().events_after(session(1), 0, 100).await.unwrap();
        assert_eq!(log.iter().map(|event| event.seq).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
    }
}
