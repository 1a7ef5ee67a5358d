//! How fast events are kept and read back, each figure beside a peer that was measured in the same run.
//!
//! The peer of the appends is a bare loop: one thread takes every record that waits, writes them all to a preallocated
//! file, flushes it once with `fdatasync` and tells those who wait. It has the same records, the same number of callers
//! and the same runtime around it, and keeps nothing else.

#![expect(clippy::print_stdout, reason = "it prints its table")]

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use holt_core::event::Event;
use holt_core::id::{OwnerId, SessionId};
use holt_core::session::{SessionKind, Status};
use holt_core::store::{Append, Head, Store};
use holt_core::time::Timestamp;
use holt_store::{DataDir, Options, SqliteStore};
use tokio::sync::oneshot;
use uuid::Uuid;

const SESSIONS: u128 = 50;
const ROUNDS: usize = 11;
const EVENTS_PER_SESSION: u64 = 1_000;
const REPLAYED: u64 = 100_000;
const PAGE: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
    let directory = tempfile::Builder::new().prefix("bench-store-").tempdir_in(target_directory()).expect("a directory");
    println!("| figure | Holt | peer | ratio | target | verdict |\n|---|---|---|---|---|---|");
    runtime.block_on(async {
        appends(directory.path()).await;
        replay(directory.path()).await;
    });
}

/// Beside the program itself: a real disk, where `/tmp` may be memory.
fn target_directory() -> std::path::PathBuf {
    let program = std::env::current_exe().expect("the program's path");
    program.parent().expect("the program's directory").to_owned()
}

async fn appends(directory: &Path) {
    let store = open(&directory.join("appends"));
    create_sessions(&store).await;
    let raw = Arc::new(Raw::start(&directory.join("raw")));
    let mut first = 1;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The first round of each warms up; the rounds alternate, so that a noisy neighbour disturbs both.
    for round in 0..=ROUNDS {
        let holt = rate(first, |events| holt_client(Arc::clone(&store), events)).await;
        let peer = rate(first, |events| raw_client(Arc::clone(&raw), events)).await;
        first += EVENTS_PER_SESSION;
        if round > 0 {
            ours.push(holt);
            theirs.push(peer);
        }
    }
    let name = format!("durable appends/s, {SESSIONS} sessions, one outstanding each");
    let (ours, theirs) = (median(ours), median(theirs));
    line(&name, ours, Some(theirs), 0.5);
    // A flush takes as long as the disk likes: figures that contain one may be compared with one more allowed.
    let flush = raw.mean_flush();
    let per_group = SESSIONS as f64 / ours - flush.as_secs_f64();
    let name = format!("the same, with this run's flush of {} µs allowed for", flush.as_micros());
    line(&name, SESSIONS as f64 / per_group, Some(theirs), 0.5);
}

/// Runs one client per session at once and says how many events per second were acknowledged.
async fn rate<F: Future<Output = ()> + Send + 'static>(first: u64, client: impl Fn(Vec<Event>) -> F) -> f64 {
    let batches: Vec<_> = (0..SESSIONS).map(|session| events(session, first, EVENTS_PER_SESSION)).collect();
    let total = batches.iter().map(Vec::len).sum::<usize>();
    let started = Instant::now();
    let clients: Vec<_> = batches.into_iter().map(|events| tokio::spawn(client(events))).collect();
    for client in clients {
        client.await.expect("a client that succeeds");
    }
    per_second(total, started.elapsed())
}

async fn holt_client(store: Arc<SqliteStore>, events: Vec<Event>) {
    for event in events {
        let (session, expected) = (event.session, event.seq - 1);
        let append = Append { session, epoch: 1, expected, events: vec![event], head: None };
        store.append(append).await.expect("an append");
    }
}

async fn raw_client(raw: Arc<Raw>, events: Vec<Event>) {
    for event in events {
        raw.append(event).await;
    }
}

async fn replay(directory: &Path) {
    let store = open(&directory.join("replay"));
    create_sessions(&store).await;
    for first in (1..=REPLAYED).step_by(PAGE) {
        let events = events(0, first, PAGE as u64);
        let append = Append { session: session(0), epoch: 1, expected: first - 1, events, head: None };
        store.append(append).await.expect("an append");
    }
    drop(store);
    let store = open(&directory.join("replay"));
    let mut rates = Vec::new();
    let memory = resident();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let (mut after, mut bytes) = (0, 0);
        loop {
            let page = store.events_after(session(0), after, PAGE).await.expect("a page");
            let Some(last) = page.last() else { break };
            after = last.seq;
            bytes += page.iter().map(|event| event.body.len()).sum::<usize>();
        }
        assert_eq!((after, bytes > 0), (REPLAYED, true));
        rates.push(per_second(after as usize, started.elapsed()));
    }
    let grown = resident().saturating_sub(memory) / 1024;
    line(&format!("replay of {REPLAYED} events, events/s (memory +{grown} MiB)"), median(rates), None, 500_000.0);
}

fn line(name: &str, ours: f64, peer: Option<f64>, target: f64) {
    let measured = peer.map_or(ours, |peer| ours / peer);
    let verdict = if measured >= target { "met" } else { "MISSED" };
    let (peer, ratio) = peer.map_or(("–".into(), "–".into()), |peer| (format!("{peer:.0}"), format!("{measured:.2}")));
    println!("| {name} | {ours:.0} | {peer} | {ratio} | ≥ {target} | {verdict} |");
}

fn open(path: &Path) -> Arc<SqliteStore> {
    let data_dir = Arc::new(DataDir::acquire(path).expect("a data directory"));
    Arc::new(SqliteStore::open(Options::new(data_dir)).expect("a store"))
}

async fn create_sessions(store: &SqliteStore) {
    for number in 0..SESSIONS {
        store.create(head(session(number)), Vec::new()).await.expect("a session");
    }
}

fn session(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number + 1))
}

fn head(session: SessionId) -> Head {
    Head {
        session,
        owner: OwnerId::new("owner"),
        title: "bench".into(),
        kind: SessionKind::Chat,
        origin: "holt".into(),
        status: Status::Idle,
        created_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
        unfinished: false,
        wake_at: None,
        state: "{}".into(),
        state_seq: 0,
    }
}

/// Events of about 300 bytes, like the start or the end of a call.
fn events(number: u128, first: u64, count: u64) -> Vec<Event> {
    let kind: Arc<str> = "call_finished".into();
    let event = |seq| Event {
        session: session(number),
        seq,
        epoch: 1,
        at: Timestamp::from_millis(1_700_000_000_000 + i64::try_from(seq).expect("a small number")),
        kind: Arc::clone(&kind),
        version: 1,
        body: format!(r#"{{"run":"{}","call":"{}","text":"{:0180}"}}"#, Uuid::from_u128(7), Uuid::from_u128(8), seq).into(),
    };
    (first..first + count).map(event).collect()
}

/// The bare loop.
struct Raw {
    inbox: mpsc::Sender<(Event, oneshot::Sender<()>)>,
    flushes: Arc<Flushes>,
}

/// How many there were, and how many nanoseconds they took together.
#[derive(Default)]
struct Flushes {
    count: AtomicU64,
    time: AtomicU64,
}

impl Raw {
    fn start(path: &Path) -> Self {
        let file = File::create(path).expect("a file");
        let records = SESSIONS as usize * EVENTS_PER_SESSION as usize * (ROUNDS + 1);
        let piece = vec![0_u8; 1 << 20];
        for place in 0..=records * 400 / piece.len() {
            file.write_at(&piece, (place * piece.len()) as u64).expect("room for the records");
        }
        file.sync_all().expect("a flush");
        let (inbox, records) = mpsc::channel();
        let flushes = Arc::new(Flushes::default());
        let counted = Arc::clone(&flushes);
        std::thread::spawn(move || write_all(&file, &records, &counted));
        Self { inbox, flushes }
    }

    fn mean_flush(&self) -> Duration {
        let count = self.flushes.count.load(Ordering::Relaxed).max(1);
        Duration::from_nanos(self.flushes.time.load(Ordering::Relaxed) / count)
    }

    async fn append(&self, event: Event) {
        let (reply, answer) = oneshot::channel();
        self.inbox.send((event, reply)).expect("the loop to run");
        answer.await.expect("the loop to answer");
    }
}

fn write_all(file: &File, records: &mpsc::Receiver<(Event, oneshot::Sender<()>)>, flushes: &Flushes) {
    let (mut end, mut crowd) = (0, 0);
    let mut buffer = Vec::new();
    while let Ok(first) = records.recv() {
        let until = Instant::now() + Duration::from_micros(200);
        let mut waiting = vec![first];
        // Waits, like the store, a moment for those who came the last time: without it the bare loop is slower.
        while let Ok(next) = records.try_recv().or_else(|_| match until.saturating_duration_since(Instant::now()) {
            left if waiting.len() < crowd && !left.is_zero() => records.recv_timeout(left).map_err(|_| ()),
            _ => Err(()),
        }) {
            waiting.push(next);
        }
        crowd = waiting.len();
        buffer.clear();
        waiting.iter().for_each(|(event, _)| encode(event, &mut buffer));
        file.write_all_at(&buffer, end).expect("a write");
        let started = Instant::now();
        rustix::fs::fdatasync(file).expect("a flush");
        flushes.count.fetch_add(1, Ordering::Relaxed);
        flushes.time.fetch_add(started.elapsed().as_nanos() as u64, Ordering::Relaxed);
        end += buffer.len() as u64;
        waiting.into_iter().for_each(|(_, reply)| reply.send(()).expect("a caller that waits"));
    }
}

/// The same fields as a row.
fn encode(event: &Event, buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(event.session.uuid().as_bytes());
    for number in [event.seq, event.epoch, event.at.as_millis().cast_unsigned(), event.body.len() as u64] {
        buffer.extend_from_slice(&number.to_le_bytes());
    }
    buffer.extend_from_slice(&event.version.to_le_bytes());
    buffer.extend_from_slice(&event.checksum().to_le_bytes());
    buffer.extend_from_slice(event.kind.as_bytes());
    buffer.extend_from_slice(event.body.as_bytes());
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// This process's resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
