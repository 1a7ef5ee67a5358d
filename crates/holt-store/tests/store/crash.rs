//! The server is killed in the middle of its writing, again and again. Everything that was acknowledged is there, once, in
//! order and whole.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use holt_core::event::Event;
use holt_core::store::{Append, Head, Store as _, StoredHead};
use holt_store::SqliteStore;
use holt_testkit::store_contract::{append, event, head, session};

use crate::common::{child, given_directory, log, open};

const SESSIONS: u64 = 8;
const ROUNDS: u64 = 9;

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_any_point() {
    let directory = tempfile::tempdir().unwrap();
    {
        let store = open(directory.path());
        for number in 0..SESSIONS {
            store.create(head(number), Vec::new()).await.unwrap();
        }
    }
    let mut acknowledged = HashMap::new();
    for round in 0..ROUNDS {
        // Early kills hit the opening, later ones the moving of events between the files.
        kill_after(directory.path(), 1 + round * round * 8, &mut acknowledged);
        let store = open(directory.path());
        for number in 0..SESSIONS {
            check(&store, number, acknowledged.get(&number).copied().unwrap_or(0)).await;
        }
    }
    let total: u64 = acknowledged.values().sum();
    assert!(total > 50_000, "only {total} events were written: this proves nothing");
}

async fn check(store: &SqliteStore, number: u64, acknowledged: u64) {
    let written = log(store, session(number)).await.unwrap();
    assert!(written.len() as u64 >= acknowledged, "{} events of {acknowledged}", written.len());
    let stored = store.head(session(number)).await.unwrap();
    assert_eq!(stored.last_seq, written.len() as u64);
    // The head was written in the same breath as the last batch.
    assert_eq!(stored.head.state_seq, stored.last_seq);
    for (event, seq) in written.iter().zip(1..) {
        let expected = Event { body: event.body.clone(), ..common_event(number, event.epoch, seq) };
        assert_eq!(*event, expected);
    }
    assert!(written.is_sorted_by_key(|event| event.epoch));
}

fn common_event(number: u64, epoch: u64, seq: u64) -> Event {
    event(session(number), epoch, seq)
}

/// Starts the writer and kills it when it has told us of so many acknowledgements.
fn kill_after(directory: &Path, count: u64, acknowledged: &mut HashMap<u64, u64>) {
    let mut writer = child(&[], "crash::writes_until_it_is_killed", directory).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = 0;
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    for line in lines.map_while(Result::ok) {
        let Some((number, last)) = line.strip_prefix("ack ").and_then(|line| line.split_once(' ')) else { continue };
        acknowledged.insert(number.parse().unwrap(), last.parse().unwrap());
        heard += 1;
        if heard == count {
            // What is still in the pipe was acknowledged too, and is read on.
            writer.kill().unwrap();
        }
    }
    writer.wait().unwrap();
    assert!(heard >= count, "the writer ended by itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by the test that kills it"]
async fn writes_until_it_is_killed() {
    let store = Arc::new(open(&given_directory()));
    let writers: Vec<_> = (0..SESSIONS).map(|number| tokio::spawn(write_for_ever(Arc::clone(&store), number))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
}

async fn write_for_ever(store: Arc<SqliteStore>, number: u64) {
    let StoredHead { epoch, last_seq: mut last, .. } = store.claim(session(number)).await.unwrap();
    for turn in 0_u64.. {
        let count = 1 + turn * 7 % 120;
        let known = Head { state_seq: last + count, ..head(number) };
        let write = Append { head: Some(known), ..append(session(number), epoch, last, count) };
        last = store.append(write).await.unwrap();
        // One write, so that lines of several tasks do not mix and a kill leaves whole ones.
        std::io::stdout().write_all(format!("\nack {number} {last}\n").as_bytes()).unwrap();
    }
}
