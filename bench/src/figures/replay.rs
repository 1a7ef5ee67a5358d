//! How fast a long session is read back: page by page out of the store, and over a WebSocket by a client that comes back with
//! the first number. The memory that it takes must not grow with the session.

use std::time::Instant;

use anyhow::{Result, ensure};
use holt_core::id::SessionId;
use holt_core::store::Store as _;
use holt_store::SqliteStore;

use super::followers::socket;
use super::record;
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::process;
use crate::table::{Line, Target, Value};
use crate::times::{median, per_second};

const EVENTS: u64 = 100_000;
const PAGE: usize = 1_000;
const SLOWEST: f64 = 500_000.0;
/// The log itself is about three times this.
const MOST_MEMORY_MIB: f64 = 12.0;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let data = bench.fresh("replay");
    let store = record::open(&data)?;
    let session = record::create_long(&store, EVENTS).await?;
    drop(store);
    let store = record::open(&data)?;
    let own = std::process::id();
    // The first reading warms up: what it leaves is the constant part.
    read_all(&store, session).await?;
    let before = process::memory(own).resident;
    process::forget_peak(own);
    let mut rates = Vec::new();
    for _ in 0..bench.rounds(9, 3) {
        rates.push(read_all(&store, session).await?);
    }
    let grown = process::memory(own).peak.saturating_sub(before);
    drop(store);
    let holt = Holt::start(bench, &Start { data, model: None, prepared: 0 })?;
    let (over_a_socket, server_grown) = follow_all(&holt, session, bench.rounds(5, 2))?;
    holt.stop()?;
    Ok(vec![
        Line::new(format!("replay of {EVENTS} events"), Value::per_second(median(rates)))
            .target(Target::AtLeast(SLOWEST, "events/s")),
        Line::new("  memory that it took", Value::mebibytes(grown, "")).target(Target::AtMost(MOST_MEMORY_MIB, "MiB")),
        Line::new(format!("replay of {EVENTS} events over one WebSocket"), Value::per_second(over_a_socket))
            .remark(format!("server +{:.1} MiB", server_grown as f64 / 1024.0)),
    ])
}

/// Reads every page. Says how many events per second came.
async fn read_all(store: &SqliteStore, session: SessionId) -> Result<f64> {
    let begin = Instant::now();
    let (mut last, mut bytes) = (0, 0);
    loop {
        let page = store.events_after(session, last, PAGE).await?;
        let Some(event) = page.last() else { break };
        last = event.seq;
        bytes += page.iter().map(|event| event.body.len()).sum::<usize>();
    }
    ensure!(last == EVENTS && bytes > 0, "the replay ended at event {last}");
    Ok(per_second(usize::try_from(EVENTS)?, begin.elapsed()))
}

/// Follows from the beginning. Says how many events per second came, and by how many kibibytes the server grew.
fn follow_all(holt: &Holt, session: SessionId, rounds: usize) -> Result<(f64, u64)> {
    let before = holt.memory().resident;
    process::forget_peak(holt.pid());
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        let mut follower = socket::Follower::follow(holt, session, Some(0))?;
        let mut last = 0;
        while last < EVENTS {
            let from = last;
            follower.wait(|seq| last = seq)?;
            ensure!(last >= from, "the feed went back from {from} to {last}");
        }
        rates.push(per_second(usize::try_from(EVENTS)?, begin.elapsed()));
    }
    Ok((median(rates), holt.memory().peak.saturating_sub(before)))
}
