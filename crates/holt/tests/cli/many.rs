//! A thousand sessions come and go, and nothing of them stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use holt_api::CreateSession;
use holt_client::Client;
use holt_core::id::SessionId;
use rustix::process::Signal;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{Home, wait_until};

const SESSIONS: usize = 1000;
const AT_ONCE: usize = 5;
/// One of so many has its sandbox opened; the others only have files.
const WITH_A_SANDBOX: usize = 5;
/// How many more descriptors may be open than before: connections that clients keep, a sandbox that is being prepared. One
/// that each sandbox left would be ten times as many.
const DESCRIPTORS: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sessions_leave_nothing() {
    let home = Home::new();
    let mut server = home.serve();
    let client = Client::local(home.data_dir());
    come_and_go(&home, 2 * AT_ONCE * WITH_A_SANDBOX).await;
    let most = descriptors(server.pid()).len() + DESCRIPTORS;
    let seen = come_and_go(&home, SESSIONS).await;
    let on_record: u64 = client.status().await.unwrap().sessions.iter().map(|counted| counted.count).sum();
    assert_eq!(on_record, 0);
    wait_until("descriptors are closed", || descriptors(server.pid()).len() <= most);
    assert_eq!(server.end(Signal::INT), Some(0));

    assert!(seen.len() >= SESSIONS / WITH_A_SANDBOX, "sandboxes were open: {seen:?}");
    let left: Vec<&PathBuf> = seen.iter().filter(|place| place.exists()).collect();
    assert!(left.is_empty(), "control groups or sockets are left: {left:?}");
    for directory in ["run", "keepers", "sessions", "artifacts"] {
        let files = files(&home.data_dir().join(directory));
        assert!(files.iter().all(|name| name == "next-user-id"), "in {directory}: {files:?}");
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(home.path().to_str().unwrap()), "{mounts}");
}

/// Several at a time. Gives where their sandboxes had control groups and sockets.
async fn come_and_go(home: &Home, count: usize) -> BTreeSet<PathBuf> {
    let mut workers = JoinSet::new();
    for worker in 0..AT_ONCE {
        let data_dir = home.data_dir();
        workers.spawn(async move {
            let (client, mut seen) = (Client::local(&data_dir), BTreeSet::new());
            for number in (worker..count).step_by(AT_ONCE) {
                // Every worker's turn, whatever the two numbers have in common.
                let opens = (number / AT_ONCE).is_multiple_of(WITH_A_SANDBOX);
                seen.extend(one(&client, &data_dir, opens).await);
            }
            seen
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

/// One session, from its making to its removal.
async fn one(client: &Client, data_dir: &Path, opens: bool) -> BTreeSet<PathBuf> {
    let session = client.create_session(&CreateSession::default()).await.unwrap().id;
    client.create_directory(session, "made/by/the/test").await.unwrap();
    let (mut places, mut processes) = (BTreeSet::new(), Vec::new());
    if opens {
        client.wake(session).await.unwrap();
        (places, processes) = traces(data_dir, session);
        assert!(processes.len() > 3 && processes.iter().all(|pid| is_alive(*pid)), "{processes:?}");
    }
    client.remove(session).await.unwrap();
    processes.retain(|pid| is_alive(*pid));
    assert!(processes.is_empty(), "processes are left: {processes:?}");
    assert!(!data_dir.join("sessions").join(session.to_string()).exists(), "its files are removed with it");
    places
}

/// What an open sandbox has on the machine: control groups and a socket, and processes.
fn traces(data_dir: &Path, session: SessionId) -> (BTreeSet<PathBuf>, Vec<i64>) {
    let record = fs::read(data_dir.join(format!("keepers/{session}.json"))).expect("an open sandbox is on record");
    let record: Value = serde_json::from_slice(&record).unwrap();
    let directories = record["cgroups"]["directories"].as_object();
    let one = record["cgroups"].get("directory");
    let cgroups = directories.into_iter().flat_map(|all| all.values()).chain(one);
    let mut places: BTreeSet<PathBuf> = cgroups.map(|path| PathBuf::from(path.as_str().unwrap())).collect();
    places.insert(data_dir.join("run").join(format!("{}.sock", record["keeper"].as_str().unwrap())));
    assert!(places.iter().all(|place| place.exists()), "{places:?}");
    (places, below(record["pid"].as_i64().unwrap()))
}

/// A process and all below it.
fn below(root: i64) -> Vec<i64> {
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", found[next])).unwrap_or_default();
        found.extend(children.split_whitespace().map(|pid| pid.parse::<i64>().unwrap()));
        next += 1;
    }
    found
}

/// One that has ended and is only not collected yet is not.
fn is_alive(pid: i64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

/// What a process has open, but for the store's files, of which a bounded number stays open for reading.
fn descriptors(pid: i32) -> Vec<String> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let open = open.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned()));
    open.filter(|open| !open.contains(".db")).collect()
}

fn files(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}
