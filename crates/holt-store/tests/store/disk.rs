//! A disk that is full, and one that fails: nothing is acknowledged that is not kept, what ends something is still
//! written, and everything mends itself.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use holt_core::event::Event;
use holt_core::store::{Append, AppendError, Store, StoreError};
use holt_store::{DataDir, Options, SqliteStore};
use holt_testkit::store_contract::{append, event, head, session};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::common::{child, given_directory, log};

const RESERVE: u64 = 2 * 1024 * 1024;

fn open(directory: &Path, reserve_bytes: u64) -> SqliteStore {
    let data_dir = Arc::new(DataDir::acquire(directory).unwrap());
    SqliteStore::open(Options { reserve_bytes, ..Options::new(data_dir) }).unwrap()
}

/// One event of about 20 KB.
fn large(number: u64, seq: u64, kind: &str) -> Append {
    let body = format!(r#"{{"text":"{}"}}"#, "x".repeat(20_000)).into();
    let one = Event { kind: kind.into(), body, ..event(session(number), 1, seq) };
    Append { events: vec![one], ..append(session(number), 1, seq - 1, 0) }
}

/// Writes until it is refused. Says how many events there are then, and why.
async fn write_until_refused(store: &SqliteStore, mut last: u64) -> (u64, StoreError) {
    loop {
        match store.append(large(1, last + 1, "agent_message")).await {
            Ok(seq) => last = seq,
            Err(AppendError::Store(error)) => return (last, error),
            Err(other) => panic!("{other}"),
        }
    }
}

async fn until_it_works(store: &SqliteStore) {
    while store.check().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A small disk needs a mount, and a mount needs root or a user namespace.
fn mounts() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["unshare", "--mount"], &["unshare", "--user", "--map-root-user", "--mount"]];
    ways.into_iter().find(|way| {
        let tried = Command::new(way[0]).args(&way[1..]).args(["mount", "-t", "tmpfs", "none", "/mnt"]).status();
        tried.is_ok_and(|status| status.success())
    })
}

#[test]
fn on_a_full_disk_only_what_ends_something_is_written() {
    let Some(way) = mounts() else {
        eprintln!("NOT TRIED: this user may not mount a small disk");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let status = child(way, "disk::fills_its_small_disk", directory.path()).status().unwrap();
    assert!(status.success());
}

#[tokio::test]
#[ignore = "run by the test that gives it a mount namespace"]
async fn fills_its_small_disk() {
    let disk = given_directory();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "none"]).arg(&disk).status().unwrap();
    assert!(mounted.success());
    let directory = disk.join("holt");
    let store = open(&directory, RESERVE);
    store.create(head(1), Vec::new()).await.unwrap();
    store.create(head(2), Vec::new()).await.unwrap();
    store.append(large(1, 1, "agent_message")).await.unwrap();
    fill(&disk.join("filler"));

    let (last, error) = write_until_refused(&store, 1).await;
    assert_eq!((error, store.check().await), (StoreError::Full, Err(StoreError::Full)));
    assert!(directory.join("reserve").exists(), "the reserve is only for what ends something");
    // A refusal leaves the place in the log as it was.
    assert_eq!(store.append(large(1, last + 1, "call_finished")).await, Ok(last + 1));
    let mut closing = last + 1;
    while store.append(large(1, closing + 1, "run_finished")).await.is_ok() {
        closing += 1;
    }
    assert!(closing > last + 20, "the reserve held only {} events", closing - last);
    assert_eq!(store.append(large(2, 1, "agent_message")).await, Err(StoreError::Full.into()));
    assert_eq!(log(&store, session(1)).await.unwrap().len() as u64, closing);

    std::fs::remove_file(disk.join("filler")).unwrap();
    until_it_works(&store).await;
    assert_eq!(std::fs::metadata(directory.join("reserve")).unwrap().len(), RESERVE);
    assert_eq!(store.append(large(1, closing + 1, "agent_message")).await, Ok(closing + 1));
    drop(store);
    let store = open(&directory, RESERVE);
    assert_eq!(log(&store, session(1)).await.unwrap().len() as u64, closing + 1);
}

/// To the last byte.
fn fill(path: &Path) {
    let mut filler = File::create(path).unwrap();
    for size in [1 << 20, 1 << 12] {
        while filler.write_all(&vec![1; size]).is_ok() {}
    }
}

/// A server starts on a full disk, where the one before it left its reserve.
#[test]
fn a_server_starts_on_a_full_disk() {
    let Some(way) = mounts() else {
        eprintln!("NOT TRIED: this user may not mount a small disk");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    assert!(child(way, "disk::starts_on_its_full_disk", directory.path()).status().unwrap().success());
}

#[tokio::test]
#[ignore = "run by the test that gives it a mount namespace"]
async fn starts_on_its_full_disk() {
    let disk = given_directory();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=24m", "none"]).arg(&disk).status().unwrap();
    assert!(mounted.success());
    let directory = disk.join("holt");
    let store = open(&directory, RESERVE);
    store.create(head(1), Vec::new()).await.unwrap();
    store.append(large(1, 1, "agent_message")).await.unwrap();
    drop(store);
    fill(&disk.join("filler"));
    let store = open(&directory, RESERVE);
    assert_eq!(store.check().await, Err(StoreError::Full));
    assert_eq!(log(&store, session(1)).await.unwrap().len(), 1);
    assert_eq!(store.claim(session(1)).await.unwrap().epoch, 2);
    let closing =
        Append { events: vec![Event { kind: "run_finished".into(), ..event(session(1), 2, 2) }], ..append(session(1), 2, 1, 0) };
    assert_eq!(store.append(closing).await, Ok(2));
}

/// A limit on the size of files makes writing fail in the middle, as a broken disk does.
#[test]
fn a_failed_write_is_told_to_all_and_mends() {
    let directory = tempfile::tempdir().unwrap();
    let shell = ["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""];
    let status = child(&shell, "disk::survives_failing_writes", directory.path()).status().unwrap();
    assert!(status.success());
}

fn limit_file_size(bytes: Option<u64>) {
    let limit = getrlimit(Resource::Fsize);
    setrlimit(Resource::Fsize, Rlimit { current: bytes.or(limit.maximum), ..limit }).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test that makes it survive the signal"]
async fn survives_failing_writes() {
    let directory = given_directory();
    let store = Arc::new(open(&directory, 4096));
    let before = store.create(head(1), Vec::new()).await;
    assert_eq!(before, Ok(()));
    let mut last = 0;
    for megabytes in [3, 5, 7] {
        limit_file_size(Some(megabytes << 20));
        let (at, error) = write_until_refused(&store, last).await;
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        // Whatever a failed flush left behind, nothing of it was acknowledged, and reading goes on.
        assert_eq!(log(&store, session(1)).await.unwrap().len() as u64, at);
        limit_file_size(None);
        until_it_works(&store).await;
        last = store.append(large(1, at + 1, "agent_message")).await.unwrap();
    }
    assert!(last > 100, "only {last} events were written: this proves nothing");
    drop(store);
    assert_eq!(log(&open(&directory, 4096), session(1)).await.unwrap().len() as u64, last);
}
