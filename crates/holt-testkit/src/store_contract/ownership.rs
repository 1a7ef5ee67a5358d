//! Sessions come into being once, belong to whoever claimed them last, and go.

use std::sync::Arc;

use holt_core::event::Epoch;
use holt_core::store::{AppendError, HeadQuery, Store, StoreError, StoredHead};

use super::{Subject, append, events, head, session};

pub async fn a_session_is_created_once(subject: impl Subject) {
    let store = subject.store();
    store.create(head(1), events(session(1), 1, 0, 2)).await.unwrap();
    let again = store.create(head(1), Vec::new()).await;
    assert_eq!(again, Err(StoreError::Exists));
    let stored = store.head(session(1)).await.unwrap();
    assert_eq!(stored, StoredHead { head: head(1), last_seq: 2, epoch: 1 });
    assert_eq!(store.events_after(session(1), 0, 10).await.unwrap(), events(session(1), 1, 0, 2));
    // The creator is the first writer.
    assert_eq!(store.append(append(session(1), 1, 2, 1)).await, Ok(3));
}

pub async fn what_is_not_there_is_not_found(subject: impl Subject) {
    let store = subject.store();
    store.create(head(1), Vec::new()).await.unwrap();
    let nobody = session(2);
    assert_eq!(store.head(nobody).await, Err(StoreError::NotFound));
    assert_eq!(store.claim(nobody).await, Err(StoreError::NotFound));
    assert_eq!(store.events_after(nobody, 0, 10).await, Err(StoreError::NotFound));
    assert_eq!(store.events_before(nobody, 10, 10).await, Err(StoreError::NotFound));
    assert_eq!(store.append(append(nobody, 1, 0, 1)).await, Err(StoreError::NotFound.into()));
    assert_eq!(store.remove(nobody).await, Ok(()));
}

pub async fn a_claim_fences_off_whoever_wrote_before(subject: impl Subject) {
    let store = subject.store();
    store.create(head(1), events(session(1), 1, 0, 1)).await.unwrap();
    let claimed = store.claim(session(1)).await.unwrap();
    assert_eq!((claimed.epoch, claimed.last_seq, &claimed.head), (2, 1, &head(1)));
    assert_eq!(store.append(append(session(1), 1, 1, 1)).await, Err(AppendError::Fenced(2)));
    // The fence stands before the place in the log: whoever lost the session must let go of it, not catch up.
    assert_eq!(store.append(append(session(1), 1, 0, 1)).await, Err(AppendError::Fenced(2)));
    assert_eq!(store.append(append(session(1), 2, 1, 1)).await, Ok(2));
    // An epoch that was never given is no better.
    assert_eq!(store.append(append(session(1), 7, 2, 1)).await, Err(AppendError::Fenced(2)));
    assert_eq!(store.head(session(1)).await.unwrap().epoch, 2);
}

/// Two tasks take the session from each other for a while. Each adds events only under an epoch that nobody has fenced
/// off, so that the log shows non-decreasing epochs and every acknowledged event.
pub async fn of_two_claimers_only_the_later_writes(subject: impl Subject) {
    let store = subject.store();
    store.create(head(1), Vec::new()).await.unwrap();
    let (one, two) = tokio::join!(tokio::spawn(contend(subject.store())), tokio::spawn(contend(subject.store())));
    let mut acknowledged = [one.unwrap(), two.unwrap()].concat();
    acknowledged.sort_unstable();
    let log = store.events_after(session(1), 0, 10_000).await.unwrap();
    let written: Vec<_> = log.iter().map(|event| (event.seq, event.epoch)).collect();
    assert_eq!(written, acknowledged, "the log is what was acknowledged");
    assert!(written.is_sorted_by_key(|(_, epoch)| *epoch), "a fenced writer wrote: {written:?}");
    assert_eq!(store.head(session(1)).await.unwrap().epoch, 1 + 2 * CLAIMS);
    assert!(!written.is_empty());
}

const CLAIMS: u64 = 40;

async fn contend(store: Arc<dyn Store>) -> Vec<(u64, Epoch)> {
    let mut acknowledged = Vec::new();
    for _ in 0..CLAIMS {
        let StoredHead { epoch, mut last_seq, .. } = store.claim(session(1)).await.unwrap();
        for _ in 0..5 {
            match store.append(append(session(1), epoch, last_seq, 1)).await {
                Ok(seq) => acknowledged.push((seq, epoch)),
                Err(AppendError::Fenced(by)) => {
                    assert!(by > epoch, "fenced by {by}, holding {epoch}");
                    break;
                }
                Err(other) => panic!("{other}"),
            }
            last_seq += 1;
        }
    }
    acknowledged
}

pub async fn a_removed_session_is_gone_and_no_other(mut subject: impl Subject) {
    for number in 1..=2 {
        subject.store().create(head(number), events(session(number), 1, 0, 3)).await.unwrap();
    }
    subject.reopen().await;
    let store = subject.store();
    store.append(append(session(1), 1, 3, 1)).await.unwrap();
    store.remove(session(1)).await.unwrap();
    store.remove(session(1)).await.unwrap();
    assert_gone(&*store).await;
    drop(store);
    subject.reopen().await;
    assert_gone(&*subject.store()).await;
}

/// The removal of nothing must not catch up with a session that is created right after it.
pub async fn removing_what_is_not_there_harms_nobody_later(mut subject: impl Subject) {
    for number in 1..=30 {
        subject.store().remove(session(number)).await.unwrap();
        subject.store().create(head(number), events(session(number), 1, 0, 3)).await.unwrap();
        subject.reopen().await;
    }
    for number in 1..=30 {
        assert_eq!(subject.store().events_after(session(number), 0, 10).await.unwrap(), events(session(number), 1, 0, 3));
    }
}

async fn assert_gone(store: &dyn Store) {
    assert_eq!(store.head(session(1)).await, Err(StoreError::NotFound));
    assert_eq!(store.events_after(session(1), 0, 10).await, Err(StoreError::NotFound));
    assert_eq!(store.append(append(session(1), 1, 4, 1)).await, Err(StoreError::NotFound.into()));
    let listed = store.heads(HeadQuery { limit: 10, ..HeadQuery::default() }).await.unwrap();
    assert_eq!(listed.iter().map(|stored| stored.head.session).collect::<Vec<_>>(), [session(2)]);
    assert_eq!(store.events_after(session(2), 0, 10).await.unwrap(), events(session(2), 1, 0, 3));
}
