//! Reading a log piece by piece, in both directions, from any place.

use holt_core::event::{Event, Seq};
use holt_core::store::{Append, MAX_PAGE_BYTES, Store};

use super::{Subject, append, event, events, head, session};

const EVENTS: u64 = 137;

/// Part of the log is from before a restart, and part from after it.
async fn long_log(subject: &mut impl Subject) {
    subject.store().create(head(1), events(session(1), 1, 0, 100)).await.unwrap();
    subject.reopen().await;
    subject.store().append(append(session(1), 1, 100, EVENTS - 100)).await.unwrap();
}

pub async fn pages_go_forward_without_gap_or_repetition(mut subject: impl Subject) {
    long_log(&mut subject).await;
    let (store, id) = (subject.store(), session(1));
    for limit in [1, 7, 100, 136, 137, 138, 10_000] {
        for start in [0, 1, 36, 99, 100, 101, 136, 137, 138, u64::MAX] {
            let mut read = Vec::new();
            let mut after = start;
            loop {
                let page = store.events_after(id, after, limit).await.unwrap();
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                after = last.seq;
                read.extend(page);
            }
            assert_eq!(read, events(id, 1, start.min(EVENTS), EVENTS.saturating_sub(start)), "{limit} after {start}");
        }
    }
}

pub async fn pages_go_backward_without_gap_or_repetition(mut subject: impl Subject) {
    long_log(&mut subject).await;
    let (store, id) = (subject.store(), session(1));
    for limit in [1, 7, 100, 136, 137, 138, 10_000] {
        for start in [0, 1, 2, 100, 101, 102, 137, 138, 1_000, u64::MAX] {
            let mut read: Vec<Event> = Vec::new();
            let mut before = start;
            loop {
                let mut page = store.events_before(id, before, limit).await.unwrap();
                assert!(page.len() <= limit);
                let Some(first) = page.first() else { break };
                before = first.seq;
                page.extend(read);
                read = page;
            }
            let count = start.saturating_sub(1).min(EVENTS);
            assert_eq!(read, events(id, 1, 0, count), "{limit} before {start}");
        }
    }
}

/// Large events make pages short, but never empty.
pub async fn a_page_is_bounded_in_bytes(mut subject: impl Subject) {
    let id = session(1);
    let large = |seq: Seq, bytes: usize| Event { body: "x".repeat(bytes).into(), ..event(id, 1, seq) };
    subject.store().create(head(1), Vec::new()).await.unwrap();
    let sizes = [MAX_PAGE_BYTES + 1, MAX_PAGE_BYTES / 2 - 1, MAX_PAGE_BYTES / 2, 1, 1, MAX_PAGE_BYTES];
    for (size, seq) in sizes.into_iter().zip(1..) {
        let write = Append { events: vec![large(seq, size)], ..append(id, 1, seq - 1, 0) };
        subject.store().append(write).await.unwrap();
    }
    for _ in 0..2 {
        let store = subject.store();
        for after in 0..6 {
            assert_bounded(&store.events_after(id, after, 100).await.unwrap(), after + 1, true);
        }
        for before in 2..=7 {
            assert_bounded(&store.events_before(id, before, 100).await.unwrap(), before - 1, false);
        }
        drop(store);
        subject.reopen().await;
    }
}

fn assert_bounded(page: &[Event], first: Seq, forward: bool) {
    let nearest = if forward { page.first() } else { page.last() };
    assert_eq!(nearest.map(|event| event.seq), Some(first));
    assert!(page.is_sorted_by_key(|event| event.seq));
    let bytes = page.iter().map(|event| event.body.len()).sum::<usize>();
    assert!(page.len() == 1 || bytes <= MAX_PAGE_BYTES, "{bytes} bytes in {} events", page.len());
}

/// Someone follows a log while it is written, and sees every event once.
pub async fn pages_are_right_while_the_log_grows(subject: impl Subject) {
    const WRITES: u64 = 400;
    let (store, id) = (subject.store(), session(1));
    store.create(head(1), Vec::new()).await.unwrap();
    let writer = tokio::spawn(async move {
        for turn in 0..WRITES {
            store.append(append(id, 1, turn * 25, 25)).await.unwrap();
        }
    });
    let store = subject.store();
    let mut after = 0;
    while after < WRITES * 25 {
        let page = store.events_after(id, after, 333).await.unwrap();
        assert_eq!(page, events(id, 1, after, page.len() as u64));
        after += page.len() as u64;
        let back = store.events_before(id, after + 1, 50).await.unwrap();
        assert_eq!(back, events(id, 1, after.saturating_sub(50), after.min(50)));
        assert!(last_seq(&*store).await >= after);
    }
    writer.await.unwrap();
}

async fn last_seq(store: &dyn Store) -> Seq {
    store.head(session(1)).await.unwrap().last_seq
}
