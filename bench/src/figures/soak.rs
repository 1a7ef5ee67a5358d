//! A thousand sessions are made, prompted and removed: memory, descriptors, processes, mounts, control groups and files end
//! where they began.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::first_output::{first_output, one_command};
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::process;
use crate::table::{Line, Target, Value};

const SESSIONS: usize = 1_000;
const AT_ONCE: usize = 4;
/// More at once than later, so that every pool has grown as far as it will.
const WARM_UP: usize = 80;
const WARM_UP_AT_ONCE: usize = 16;
/// Until owners have left, sandboxes have ended, the next one is prepared and threads without work are gone.
const REST: Duration = Duration::from_secs(14);
/// An allocator keeps some of what it was given; a leak of a kibibyte for each session shows above it.
const MOST_GROWTH_KIB: f64 = 4096.0;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let model = one_command("echo x").await;
    let holt = Holt::start(bench, &Start { data: bench.fresh("soak"), model: Some(model.url()), prepared: 1 })?;
    come_and_go(&holt, WARM_UP, WARM_UP_AT_ONCE).await?;
    let before = traces(&holt).await;
    let begin = Instant::now();
    let count = bench.rounds(SESSIONS, 100);
    come_and_go(&holt, count, AT_ONCE).await?;
    let took = begin.elapsed();
    let after = traces(&holt).await;
    let data = holt.data.clone();
    holt.stop()?;
    let mut lines: Vec<Line> = after
        .iter()
        .map(|(what, after)| {
            let before = before.get(what).copied().unwrap_or(0);
            let line = Line::new(format!("soak, {count} sessions: {what}"), Value::count(*after, &format!(", was {before}")));
            line.target(Target::AtMost(before as f64 + slack(what), ""))
        })
        .collect();
    let left = processes_of(&data) + mounts(&data);
    let line = Line::new("soak: processes and mounts after the server ended", Value::count(left, ""));
    lines.push(line.target(Target::AtMost(0.0, "")));
    let each = took / u32::try_from(count)?;
    lines.push(Line::new("soak: one session, start to end", Value::millis(each)).remark("mean"));
    Ok(lines)
}

fn slack(what: &str) -> f64 {
    if what == RESIDENT { MOST_GROWTH_KIB } else { 0.0 }
}

async fn come_and_go(holt: &Holt, count: usize, at_once: usize) -> Result<()> {
    let sessions = stream::iter(0..count).map(|_| async { first_output(holt).await.map(drop) });
    sessions.buffer_unordered(at_once).try_collect::<()>().await.context("a session that comes and goes")
}

/// The directory that holds the control groups of keepers.
const OURS: &str = "holt";
const RESIDENT: &str = "resident KiB";

/// What there is of a server and its sandboxes, once it is at rest.
async fn traces(holt: &Holt) -> BTreeMap<&'static str, u64> {
    tokio::time::sleep(REST).await;
    let count = |count: usize| count as u64;
    BTreeMap::from([
        (RESIDENT, holt.memory().resident),
        ("descriptors", count(process::descriptors(holt.pid()))),
        ("threads", count(process::threads(holt.pid()))),
        ("processes", processes_of(&holt.data)),
        ("mounts", mounts(&holt.data)),
        ("empty control groups", empty_control_groups()),
        ("files", files(&holt.data)),
    ])
}

/// Processes that run a program of this data directory or see a part of it in their mounts: keepers, and what is inside.
fn processes_of(data: &Path) -> u64 {
    let name = data.to_string_lossy();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path());
    let is_ours = |process: &PathBuf| {
        fs::read_link(process.join("exe")).is_ok_and(|program| program.starts_with(data))
            || fs::read_to_string(process.join("mountinfo")).is_ok_and(|mounts| mounts.contains(&*name))
    };
    processes.filter(is_ours).count() as u64
}

/// Mounts of this data directory that everybody sees.
fn mounts(data: &Path) -> u64 {
    let name = data.to_string_lossy();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts.lines().filter(|line| line.contains(&*name)).count() as u64
}

/// Control groups of keepers that no process is in. They do not name their server; those of others have processes.
fn empty_control_groups() -> u64 {
    let mut empty = 0;
    let mut left = vec![(PathBuf::from("/sys/fs/cgroup"), false)];
    while let Some((directory, ours)) = left.pop() {
        let below = fs::read_dir(&directory).into_iter().flatten().flatten();
        let below: Vec<PathBuf> =
            below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect();
        let is_empty = || fs::read_to_string(directory.join("cgroup.procs")).is_ok_and(|processes| processes.is_empty());
        empty += u64::from(ours && below.is_empty() && is_empty());
        left.extend(below.into_iter().map(|path| (path, ours || directory.ends_with(OURS))));
    }
    empty
}

/// Everything below the data directory but the store's own files, which come and go.
fn files(data: &Path) -> u64 {
    let mut count = 0;
    let mut left = vec![data.to_owned()];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            count += u64::from(!entry.file_name().to_string_lossy().contains(".db"));
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(entry.path());
            }
        }
    }
    count
}
