//! A desktop's stream on its way to viewers, beside `websockify` in front of the same source in the same run.
//!
//! The source plays what a real Xvnc once sent, at a steady pace, whole and in the same order to both. Per gigabyte is judged
//! with a viewer that takes plain pixels, so that both deliver the same; browsers read Tight, which Holt makes for them.

mod live;
mod recording;
mod served;
mod source;
mod viewer;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::followers::pace::Pace;
use crate::bench::Bench;
use crate::table::{Line, Target, Value};
use crate::times::Times;
pub use recording::Display;
use recording::Recording;
use served::Served;
pub use served::serve;
use source::Source;
use viewer::{Seen, Viewer};

const UPDATES: usize = 30;
const PER_SECOND: u32 = 25;
const MANY: usize = 20;
const CROWD: usize = 50;
const GIGABYTE: f64 = 1e9;
const A_THIRD: f64 = 0.333;
const A_TWENTIETH: f64 = 0.05;
const PEER: &str = "websockify";

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    tokio::task::block_in_place(|| measure_all(bench))
}

fn measure_all(bench: &Bench) -> Result<Vec<Line>> {
    let recording = Recording::make(bench.root(), UPDATES).context("a desktop is recorded")?;
    let source = Source::start(&bench.fresh("source"), recording)?;
    let holt = Served::holt(&source.socket)?;
    let peer = Served::websockify(&source.socket)?;
    // First, while neither has anything of other viewers left.
    let memory = crowd(&holt, peer.as_ref())?;
    let mut lines = one_viewer(bench, &source, &holt, peer.as_ref())?;
    lines.push(many_viewers(bench, &source, &holt)?);
    lines.push(live::measure(bench)?);
    lines.push(memory);
    Ok(lines)
}

/// What turns of one way took together.
#[derive(Default)]
struct Way {
    cpu: Duration,
    bytes: u64,
    late: Vec<Duration>,
}

impl Way {
    fn add(&mut self, cpu: Duration, seen: &Seen, played: &[Instant]) {
        self.cpu += cpu;
        self.bytes += seen.bytes;
        self.late.extend(late(&seen.came, played));
    }

    fn per_gigabyte(&self, bytes: u64) -> Value {
        Value::millis(self.cpu.mul_f64(GIGABYTE / bytes.max(1) as f64))
    }

    fn p50(self) -> Duration {
        self.late.into_iter().collect::<Times>().p50()
    }
}

/// How long each update was under way since the latest one was played.
fn late(came: &[Instant], played: &[Instant]) -> Vec<Duration> {
    let of = |came: &Instant| Some(came.duration_since(*played.iter().rev().find(|played| *played <= came)?));
    came.iter().filter_map(of).collect()
}

fn one_viewer(bench: &Bench, source: &Source, holt: &Served, peer: Option<&Served>) -> Result<Vec<Line>> {
    let events = bench.rounds(240, 60);
    let turns = bench.rounds(4, 1);
    let (mut straight, mut ours, mut tight, mut theirs) = (Way::default(), Way::default(), Way::default(), Way::default());
    // One after the other, each alone: what another viewer asks for would be part of the figure.
    for _ in 0..turns {
        one_turn(source, events, None, || Viewer::straight(&source.socket), &mut straight)?;
        one_turn(source, events, Some(holt), || Viewer::over(holt.address, true), &mut ours)?;
        one_turn(source, events, Some(holt), || Viewer::over(holt.address, false), &mut tight)?;
        if let Some(peer) = peer {
            one_turn(source, events, Some(peer), || Viewer::over(peer.address, true), &mut theirs)?;
        }
    }
    let stream = straight.bytes;
    let mut cpu = Line::new("processor time of 1 GB to one viewer", ours.per_gigabyte(ours.bytes));
    let mut as_browsers = Line::new("  1 GB of the source's stream to one that reads Tight", tight.per_gigabyte(stream));
    let (straight, ours) = (straight.p50(), ours.p50());
    let mut added = Line::new("what an update is later than straight", Value::millis(ours.saturating_sub(straight)));
    if peer.is_some() {
        cpu = cpu.peer(PEER, theirs.per_gigabyte(theirs.bytes)).target(Target::TimesPeer(A_THIRD));
        as_browsers = as_browsers.peer(PEER, theirs.per_gigabyte(stream));
        added = added.peer(PEER, Value::millis(theirs.p50().saturating_sub(straight))).target(Target::TimesPeer(0.5));
        Ok(vec![cpu, as_browsers, added])
    } else {
        let note = |line: Line| line.remark(NO_PEER);
        Ok(vec![note(cpu), note(as_browsers), note(added)])
    }
}

const NO_PEER: &str = "no websockify here";

/// A viewer comes, watches a turn and leaves. One with plain pixels has to end with the source's picture.
fn one_turn(
    source: &Source,
    events: usize,
    through: Option<&Served>,
    viewer: impl FnOnce() -> Result<Viewer>,
    way: &mut Way,
) -> Result<()> {
    let mut viewer = viewer()?;
    let before = through.map(Served::cpu).unwrap_or_default();
    source.begin_turn(pace(events));
    let seen = viewer.watch()?;
    let cpu = through.map(Served::cpu).unwrap_or_default().saturating_sub(before);
    let played = source.end_turn();
    if let Some(picture) = viewer.picture() {
        ensure!(picture.shows_the_same(&source.recording().picture_after(events)?), "the viewer ended with another picture");
    }
    way.add(cpu, &seen, &played);
    Ok(())
}

fn pace(events: usize) -> Pace {
    Pace::new(Instant::now() + Duration::from_millis(200), PER_SECOND, events)
}

/// Holt's processor time for an update that each of many viewers in browsers sees, and for one of them.
fn many_viewers(bench: &Bench, source: &Source, holt: &Served) -> Result<Line> {
    let events = bench.rounds(240, 60);
    let turn = |count: usize| -> Result<Duration> {
        let viewers = (0..count).map(|_| Viewer::over(holt.address, false)).collect::<Result<Vec<_>>>()?;
        let before = holt.cpu();
        source.begin_turn(pace(events));
        let watching: Vec<_> = viewers.into_iter().map(|mut viewer| std::thread::spawn(move || viewer.watch())).collect();
        let mut least = events;
        for watching in watching {
            // One that is behind is shown what is, not what was.
            least = least.min(watching.join().ok().context("a viewer ended early")??.came.len());
        }
        source.end_turn();
        Ok(holt.cpu().saturating_sub(before) / u32::try_from(least.max(1))?)
    };
    let (one, many) = (turn(1)?, turn(MANY)?);
    let line = Line::new(format!("processor time of an update to {MANY} viewers"), Value::millis(many));
    Ok(line.peer("Holt, one viewer", Value::millis(one)).target(Target::TimesPeer(2.0)))
}

/// Memory while many have the picture and wait for the next.
fn crowd(holt: &Served, peer: Option<&Served>) -> Result<Line> {
    let with_viewers = |served: &Served| -> Result<u64> {
        let viewers = (0..CROWD).map(|_| Viewer::over(served.address, false)).collect::<Result<Vec<_>>>()?;
        let memory = served.memory();
        drop(viewers);
        Ok(memory)
    };
    let line = Line::new(format!("memory with {CROWD} viewers, shared pages once"), Value::mebibytes(with_viewers(holt)?, ""));
    Ok(match peer {
        Some(peer) => line.peer(PEER, Value::mebibytes(with_viewers(peer)?, "")).target(Target::TimesPeer(A_TWENTIETH)),
        None => line.remark(NO_PEER),
    })
}
