//! The machine that is measured on: what it is, and what a flush costs on its disk.

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::bench::Bench;
use crate::times::{Times, millis};

/// What one record of the log is like.
const RECORD: [u8; 512] = [7; 512];
const FLUSHES: u64 = 200;

/// Sockets of a thousand followers, on both sides.
const DESCRIPTORS: u64 = 16 * 1024;

/// How long a record's way to the disk takes when nothing else is done: the middle of many.
pub fn flush(directory: &Path) -> Result<Duration> {
    let flusher = Flusher::new(directory)?;
    let times: Result<Times> = (0..FLUSHES).map(|_| flusher.flush()).collect();
    Ok(times?.p50())
}

/// A preallocated file, as a log is.
#[derive(Debug)]
pub struct Flusher {
    file: File,
    next: std::cell::Cell<u64>,
}

const ROOM: u64 = 4 * 1024 * 1024;

impl Flusher {
    pub fn new(directory: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(directory)?;
        file.write_all_at(&vec![0; usize::try_from(ROOM)?], 0)?;
        file.sync_all()?;
        Ok(Self { file, next: std::cell::Cell::new(0) })
    }

    /// Writes a record and flushes it.
    pub fn flush(&self) -> Result<Duration> {
        let place = self.next.replace(self.next.get() + 1) * RECORD.len() as u64 % ROOM;
        let begin = Instant::now();
        self.file.write_all_at(&RECORD, place)?;
        rustix::fs::fdatasync(&self.file)?;
        Ok(begin.elapsed())
    }
}

/// What it is, in a line.
pub fn line(bench: &Bench) -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cpu = field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown processor".into());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let memory = memory.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / (1024 * 1024);
    let kernel = read("/proc/sys/kernel/osrelease");
    let who = if rustix::process::geteuid().is_root() { "root" } else { "an ordinary user" };
    format!(
        "machine: {cpu}, {cores} cores, {memory} GiB, Linux {}, as {who}, one flush {:.2} ms in {}; {}",
        kernel.trim(),
        millis(bench.flush),
        bench.root().display(),
        load()
    )
}

/// How busy it is besides.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!("load {}", text.split_whitespace().take(3).collect::<Vec<_>>().join(" "))
}

/// As many descriptors as a thousand followers need, where that is allowed.
pub fn allow_many_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let enough = |current: Option<u64>| current.is_none_or(|current| current >= DESCRIPTORS);
    if enough(limit.current) {
        return;
    }
    let most = limit.maximum.map_or(DESCRIPTORS, |maximum| maximum.min(DESCRIPTORS));
    // Where it is refused, the figure that needs them says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: limit.maximum });
}
