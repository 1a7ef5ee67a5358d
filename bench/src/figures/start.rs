//! How soon the server is there, and what it costs while nothing happens.

use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use holt_api::CreateSession;

use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::table::{Line, Target, Value};
use crate::times::Times;

const ON_RECORD: usize = 10_000;
/// How many are made at the same time.
const AT_ONCE: usize = 32;
/// Until owners have left, nothing is under way any more, and a server has noticed that.
const REST: Duration = Duration::from_secs(8);

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let mut empty = Vec::new();
    for _ in 0..bench.rounds(15, 5) {
        let holt = start(bench, None)?;
        empty.push(holt.came_up_in);
        holt.stop()?;
    }
    let (at_rest, resident) = at_rest(start(bench, None)?).await?;
    let on_record = bench.rounds(ON_RECORD, 2_000);
    let after_work = make_sessions(bench, on_record).await?;
    let mut full = Vec::new();
    for _ in 0..bench.rounds(10, 3) {
        let holt = start(bench, Some(&after_work.data))?;
        full.push(holt.came_up_in);
        holt.stop()?;
    }
    let (_, with_record) = self::at_rest(start(bench, Some(&after_work.data))?).await?;
    let per_session = (with_record as f64 - resident as f64) * 1024.0 / on_record as f64;
    Ok(vec![
        Line::new("exec to /health, empty data directory", Value::p50(&empty.into_iter().collect()))
            .target(Target::AtMost(50.0, "ms")),
        Line::new(format!("exec to /health, {on_record} sessions on record"), Value::p50(&full.into_iter().collect::<Times>()))
            .target(Target::AtMost(500.0, "ms")),
        Line::new("resident memory, idle", Value::mebibytes(resident, &at_rest)).target(Target::AtMost(15.0, "MiB")),
        Line::new(format!("resident memory, idle, {on_record} sessions on record"), Value::mebibytes(with_record, ""))
            .target(Target::AtMost(15.0, "MiB")),
        Line::new("resident memory per idle session", Value::bytes(per_session, "")).target(Target::AtMost(100.0, "B")),
        Line::new(format!("resident memory after {on_record} sessions were made"), Value::mebibytes(after_work.resident, "")),
    ])
}

fn start(bench: &Bench, data: Option<&std::path::Path>) -> Result<Holt> {
    let data = data.map_or_else(|| bench.fresh("start"), std::path::Path::to_owned);
    Holt::start(bench, &Start { data, model: None, prepared: 1 })
}

/// What is resident when nothing has happened for a while: how much of it is the program's file, and all of it.
async fn at_rest(holt: Holt) -> Result<(String, u64)> {
    tokio::time::sleep(REST).await;
    let memory = holt.memory();
    holt.stop()?;
    Ok((format!(", {:.1} of it not the program's file", memory.anonymous as f64 / 1024.0), memory.resident))
}

struct AfterWork {
    data: std::path::PathBuf,
    resident: u64,
}

async fn make_sessions(bench: &Bench, count: usize) -> Result<AfterWork> {
    let holt = start(bench, None)?;
    let make = |number: usize| {
        let client = holt.client.clone();
        async move {
            let wanted = CreateSession { title: Some(format!("Session {number}")), ..CreateSession::default() };
            client.create_session(&wanted).await.map(drop)
        }
    };
    stream::iter(0..count).map(make).buffer_unordered(AT_ONCE).try_collect::<()>().await.context("making sessions")?;
    tokio::time::sleep(REST).await;
    let (data, resident) = (holt.data.clone(), holt.memory().resident);
    holt.stop()?;
    Ok(AfterWork { data, resident })
}
