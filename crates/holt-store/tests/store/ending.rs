//! How a store ends, and what it does not do while it works.

use std::sync::Arc;

use holt_core::store::{Store as _, StoreError};
use holt_testkit::store_contract::{append, events, head, session};
use rusqlite::Connection;

use crate::common::{log, open};

#[tokio::test]
async fn a_clean_end_leaves_nothing_to_recover() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create(head(1), Vec::new()).await.unwrap();
    // More than the journal gathers before its events are moved.
    for turn in 0..40 {
        store.append(append(session(1), 1, turn * 500, 500)).await.unwrap();
    }
    drop(store);
    let mut names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["holt.db", "lock", "logs.db", "reserve", "version"]);
    let count = |file: &str, table: &str| {
        let db = Connection::open(directory.path().join(file)).unwrap();
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!((count("holt.db", "journal_0"), count("holt.db", "journal_1")), (0, 0));
    assert_eq!(count("logs.db", "events"), 20_000);
    assert_eq!(log(&open(directory.path()), session(1)).await.unwrap(), events(session(1), 1, 0, 20_000));
}

/// Whoever stops waiting has asked all the same, and hinders nobody.
#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_no_harm() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open(directory.path()));
    store.create(head(1), Vec::new()).await.unwrap();
    for _ in 0..50 {
        let store = Arc::clone(&store);
        let asking = tokio::spawn(async move {
            let last = store.head(session(1)).await.unwrap().last_seq;
            store.append(append(session(1), 1, last, 1)).await
        });
        tokio::task::yield_now().await;
        asking.abort();
        let _ = asking.await;
    }
    let last = store.claim(session(1)).await.unwrap().last_seq;
    assert_eq!(log(&store, session(1)).await.unwrap(), events(session(1), 1, 0, last));
    assert_eq!(store.check().await, Ok(()));
}

/// What is erased in the background comes to its end, also when the server did not.
#[tokio::test]
async fn the_log_of_a_removed_session_is_erased_for_good() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    for number in 1..=2 {
        store.create(head(number), Vec::new()).await.unwrap();
        store.append(append(session(number), 1, 0, 6_000)).await.unwrap();
    }
    drop(store);
    let store = open(directory.path());
    store.remove(session(1)).await.unwrap();
    drop(store);
    let store = open(directory.path());
    while store.create(head(1), Vec::new()).await == Err(StoreError::Exists) {
        tokio::task::yield_now().await;
    }
    assert_eq!(log(&store, session(1)).await.unwrap(), []);
    assert_eq!(log(&store, session(2)).await.unwrap().len(), 6_000);
    drop(store);
    let logs = Connection::open(directory.path().join("logs.db")).unwrap();
    assert_eq!(logs.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0)).unwrap(), 6_000);
}
