//! How fast events of many sessions are made durable, each waiting for its acknowledgement before the next.
//!
//! The peer is a bare loop: one thread takes every record that waits, writes them all to a preallocated file, flushes it once
//! with `fdatasync` and tells those who wait. It has the same records, the same number of callers and the same runtime around
//! it, and keeps nothing else.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use holt_core::event::Event;
use holt_core::id::SessionId;
use holt_core::store::{Append, Store as _};
use holt_store::SqliteStore;
use tokio::sync::oneshot;

use super::record;
use crate::bench::Bench;
use crate::table::{Line, Target, Value};
use crate::times::{median, per_second};

const SESSIONS: usize = 50;
const EVENTS_PER_SESSION: u64 = 1_000;
const SMALLEST_SHARE: f64 = 0.5;
/// The most bytes that a record of the bare loop has.
const RECORD_BYTES: usize = 400;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let rounds = bench.rounds(9, 3);
    let store = record::open(&bench.fresh("appends"))?;
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(record::create(&store).await?.session);
    }
    let raw = Arc::new(Raw::start(&bench.fresh("raw"), rounds + 1)?);
    let mut first = 2;
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    // The first round of each warms up.
    for round in 0..=rounds {
        let holt = rate(&sessions, first, |events| in_holt(Arc::clone(&store), events)).await?;
        let peer = rate(&sessions, first, |events| in_the_loop(Arc::clone(&raw), events)).await?;
        first += EVENTS_PER_SESSION;
        if round > 0 {
            ours.push(holt);
            theirs.push(peer);
            ratios.push(holt / peer);
        }
    }
    let name = format!("acknowledged durable appends, {SESSIONS} sessions, one outstanding each");
    let line = Line::new(name, Value::per_second(median(ours)));
    let line = line.peer("grouped fdatasync", Value::per_second(median(theirs))).ratio(median(ratios));
    Ok(vec![line.target(Target::ShareOfPeer(SMALLEST_SHARE))])
}

/// Runs one caller per session at once and says how many events per second were acknowledged.
async fn rate<F>(sessions: &[SessionId], first: u64, caller: impl Fn(Vec<Event>) -> F) -> Result<f64>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let events = |session: &SessionId| (first..first + EVENTS_PER_SESSION).map(|seq| record::event(*session, seq)).collect();
    let batches: Vec<Vec<Event>> = sessions.iter().map(events).collect();
    let total = batches.iter().map(Vec::len).sum();
    let begin = Instant::now();
    let callers: Vec<_> = batches.into_iter().map(|events| tokio::spawn(caller(events))).collect();
    for caller in callers {
        caller.await??;
    }
    Ok(per_second(total, begin.elapsed()))
}

async fn in_holt(store: Arc<SqliteStore>, events: Vec<Event>) -> Result<()> {
    for event in events {
        let (session, expected) = (event.session, event.seq - 1);
        store.append(Append { session, epoch: 1, expected, events: vec![event], head: None, spending: None }).await?;
    }
    Ok(())
}

async fn in_the_loop(raw: Arc<Raw>, events: Vec<Event>) -> Result<()> {
    for event in events {
        let (reply, answer) = oneshot::channel();
        raw.inbox.send((event, reply)).ok().context("the bare loop has ended")?;
        answer.await?;
    }
    Ok(())
}

type Waiting = (Event, oneshot::Sender<()>);

/// The bare loop.
struct Raw {
    inbox: mpsc::Sender<Waiting>,
}

impl Raw {
    fn start(path: &Path, rounds: usize) -> Result<Self> {
        let file = File::create(path)?;
        let records = SESSIONS * usize::try_from(EVENTS_PER_SESSION)? * rounds;
        let piece = vec![0_u8; 1 << 20];
        for place in 0..=records * RECORD_BYTES / piece.len() {
            file.write_all_at(&piece, (place * piece.len()) as u64)?;
        }
        file.sync_all()?;
        let (inbox, records) = mpsc::channel();
        // A loop that ends leaves its callers without an answer, which fails the measurement.
        std::thread::spawn(move || write_all(&file, &records));
        Ok(Self { inbox })
    }
}

fn write_all(file: &File, records: &mpsc::Receiver<Waiting>) -> Result<()> {
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
        file.write_all_at(&buffer, end)?;
        rustix::fs::fdatasync(file)?;
        end += buffer.len() as u64;
        waiting.into_iter().for_each(|(_, reply)| {
            // A caller that is gone waits for nothing.
            let _ = reply.send(());
        });
    }
    Ok(())
}

/// The same fields as a row of the store.
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
