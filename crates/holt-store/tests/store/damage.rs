//! What is damaged is reported by name and never served; what is not ours or too new is left alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use holt_core::store::{HeadQuery, Keys as _, Store as _, StoreError};
use holt_testkit::store_contract::{append, events, head, key, session};
use rusqlite::Connection;

use crate::common::{log, open, try_open};

/// Two sessions of twenty events, and a key.
async fn filled(directory: &Path) {
    let store = open(directory);
    for number in 1..=2 {
        store.create(head(number), Vec::new()).await.unwrap();
        store.append(append(session(number), 1, 0, 20)).await.unwrap();
    }
    store.add(key(1, "ada")).await.unwrap();
}

fn tamper(directory: &Path, file: &str, sql: &str) {
    let changed = Connection::open(directory.join(file)).unwrap().execute(sql, []).unwrap();
    assert_eq!(changed, 1, "{sql}");
}

#[tokio::test]
async fn a_damaged_event_is_named_and_never_served() {
    let changes = [
        "body = replace(body, 'sample', 'simple')",
        "kind = 'agent_message'",
        "at_ms = at_ms + 1",
        "epoch = 2",
        "version = 2",
        "crc32c = crc32c + 1",
    ];
    for change in changes {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        let one = "WHERE seq = 7 AND session = (SELECT min(session) FROM events)";
        tamper(directory.path(), "logs.db", &format!("UPDATE events SET {change} {one}"));
        let store = open(directory.path());
        let damaged = StoreError::Damaged(format!("event 7 of session {}", session(1)));
        assert_eq!(log(&store, session(1)).await, Err(damaged.clone()), "{change}");
        assert_eq!(store.events_after(session(1), 3, 10).await, Err(damaged.clone()));
        assert_eq!(store.events_before(session(1), 10, 10).await, Err(damaged));
        // Up to the damage, behind it, and in other sessions everything is as it was.
        assert_eq!(store.events_after(session(1), 0, 6).await.unwrap(), events(session(1), 1, 0, 6));
        assert_eq!(store.events_after(session(1), 7, 100).await.unwrap(), events(session(1), 1, 7, 13));
        assert_eq!(log(&store, session(2)).await.unwrap(), events(session(2), 1, 0, 20));
    }
}

#[tokio::test]
async fn a_lost_event_is_a_damage_too() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    tamper(directory.path(), "logs.db", "DELETE FROM events WHERE seq = 7 AND session = (SELECT min(session) FROM events)");
    let store = open(directory.path());
    let missing = StoreError::Damaged(format!("event 7 of session {} is missing", session(1)));
    assert_eq!(store.events_after(session(1), 0, 100).await, Err(missing.clone()));
    assert_eq!(store.events_after(session(1), 6, 100).await, Err(missing.clone()));
    assert_eq!(store.events_before(session(1), 100, 100).await, Err(missing));
    assert_eq!(store.events_after(session(1), 0, 6).await.unwrap(), events(session(1), 1, 0, 6));
}

#[tokio::test]
async fn events_are_not_damaged_on_their_way_to_the_logs_unseen() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    // As after a crash: the newest event still stands in the journal, and is damaged there.
    tamper(
        directory.path(),
        "holt.db",
        &format!(
            "INSERT INTO journal_1 SELECT 1, session, 21, 1, 1, 'noted', 1, '{{}}', 12345 FROM sessions WHERE session = x'{}'",
            session(1).uuid().simple()
        ),
    );
    let store = open(directory.path());
    let damaged = StoreError::Damaged(format!("event 21 of session {}", session(1)));
    assert_eq!(store.events_after(session(1), 20, 100).await, Err(damaged));
    assert_eq!(store.head(session(1)).await.unwrap().last_seq, 21);
}

#[tokio::test]
async fn a_log_that_ends_before_its_head_is_not_written_further() {
    let directory = tempfile::tempdir().unwrap();
    {
        let store = open(directory.path());
        store.create(head(1), events(session(1), 1, 0, 5)).await.unwrap();
        let known = holt_core::store::Head { state_seq: 5, ..head(1) };
        let write = holt_core::store::Append { head: Some(known), ..append(session(1), 1, 5, 0) };
        store.append(write).await.unwrap();
    }
    tamper(directory.path(), "logs.db", "DELETE FROM events WHERE seq = 5");
    let store = open(directory.path());
    let missing = StoreError::Damaged(format!("event 5 of session {} is missing", session(1)));
    assert_eq!(store.claim(session(1)).await, Err(missing.clone()));
    assert_eq!(store.append(append(session(1), 1, 4, 1)).await, Err(missing.into()));
}

#[tokio::test]
async fn a_damaged_head_is_named_and_hides_no_other() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    tamper(directory.path(), "holt.db", "UPDATE sessions SET owner = 'eve' WHERE title = 'session 1'");
    let store = open(directory.path());
    let damaged = StoreError::Damaged(format!("the head of session {}", session(1)));
    assert_eq!(store.head(session(1)).await, Err(damaged.clone()));
    assert_eq!(store.claim(session(1)).await, Err(damaged));
    let listed = store.heads(HeadQuery { limit: 10, ..HeadQuery::default() }).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(store.claim(session(2)).await.unwrap().epoch, 2);
}

#[tokio::test]
async fn a_damaged_key_opens_nothing() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    tamper(directory.path(), "holt.db", "UPDATE keys SET record = replace(record, 'operate', 'admin')");
    let store = open(directory.path());
    assert!(matches!(store.find([1; 32]).await, Err(StoreError::Damaged(_))));
    tamper(directory.path(), "holt.db", "UPDATE keys SET record = replace(record, 'admin', 'operate'), hash = zeroblob(32)");
    assert!(matches!(store.find([0; 32]).await, Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_kept() {
    for file in ["holt.db", "logs.db"] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        let garbage = "otters ".repeat(10_000);
        std::fs::write(directory.path().join(file), &garbage).unwrap();
        let refused = try_open(directory.path()).unwrap_err();
        assert_eq!(refused.code(), "store_damaged", "{refused}");
        assert!(refused.to_string().contains(file), "{refused}");
        assert_eq!(std::fs::read_to_string(directory.path().join(file)).unwrap(), garbage);
    }
}

/// Pages in the middle of the file, where the tree of events is.
#[tokio::test]
async fn overwritten_pages_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    {
        let store = open(directory.path());
        store.create(head(1), Vec::new()).await.unwrap();
        for turn in 0..20 {
            store.append(append(session(1), 1, turn * 100, 100)).await.unwrap();
        }
    }
    let path = directory.path().join("logs.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 20_000].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    let store = open(directory.path());
    assert!(matches!(log(&store, session(1)).await, Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_left_alone() {
    for file in ["holt.db", "logs.db"] {
        let directory = tempfile::tempdir().unwrap();
        filled(directory.path()).await;
        Connection::open(directory.path().join(file)).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let refused = try_open(directory.path()).unwrap_err();
        assert_eq!(refused.code(), "store_newer");
        assert!(refused.to_string().contains("version 99"), "{refused}");
    }
}

#[tokio::test]
async fn another_programs_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    drop(holt_store::DataDir::acquire(directory.path()).unwrap());
    Connection::open(directory.path().join("holt.db")).unwrap().execute_batch("CREATE TABLE bookmarks (url)").unwrap();
    let refused = try_open(directory.path()).unwrap_err();
    assert_eq!(refused.code(), "store_not_ours");
    assert!(!refused.hint().is_empty());
}

#[tokio::test]
async fn the_files_are_private() {
    let directory = tempfile::tempdir().unwrap();
    filled(directory.path()).await;
    let _store = open(directory.path());
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
        assert!(mode == 0 || ["version"].contains(&&*entry.file_name().to_string_lossy()), "{entry:?} {mode:o}");
    }
}
