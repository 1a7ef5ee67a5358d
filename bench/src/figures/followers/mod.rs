//! One session's events to a thousand WebSocket followers at fifty events a second: how late they are, and that none is lost.
//!
//! The peer is a bare loop that writes the same bytes at the same pace to as many sockets, one after the other. Both are
//! read by the same reader, a thread that does nothing but read, and both are late from the moment at which an event was due:
//! for Holt, that at which the request which makes the event was to be sent.

mod bare;
pub mod pace;
mod reader;
pub mod socket;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use holt_api::CreateSession;
use holt_core::id::SessionId;

use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::process;
use crate::table::{Line, Target, Value};
use crate::times::Times;
use pace::{Pace, Renamer};
use reader::Reader;
use socket::Follower;

const FOLLOWERS: usize = 1_000;
const PER_SECOND: u32 = 50;
const MOST_TIMES: f64 = 2.0;
/// Of every turn of each, in events.
const TURN: usize = 100;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let holt = Holt::start(bench, &Start { data: bench.fresh("followers"), model: None, prepared: 0 })?;
    let session = holt.client.create_session(&CreateSession::default()).await?.id;
    let turns = bench.rounds(10, 3);
    let lines = tokio::task::block_in_place(|| measure_turns(bench, &holt, session, turns))?;
    holt.stop()?;
    Ok(lines)
}

fn measure_turns(bench: &Bench, holt: &Holt, session: SessionId, turns: usize) -> Result<Vec<Line>> {
    let mut bare = bare::Loop::start(FOLLOWERS, session).context("the bare loop")?;
    let mut bare_reader = Reader::new(bare.followers())?;
    let followers = (0..FOLLOWERS).map(|_| Follower::follow(holt, session, None)).collect::<Result<Vec<_>>>();
    let mut holt_reader = Reader::new(followers.context("a thousand followers")?)?;
    let mut renamer = Renamer::new(holt, session)?;
    let (mut ours, mut theirs, mut lost) = (Turns::default(), Turns::default(), 0);
    let mut cpu = Duration::ZERO;
    // The first turn of each warms up; nothing may be lost in it either.
    for turn in 0..=turns {
        let before = process::cpu(holt.pid());
        let held = turn_of(&mut holt_reader, |pace| renamer.make_events(pace))?;
        let used = process::cpu(holt.pid()).saturating_sub(before);
        let peer = turn_of(&mut bare_reader, |pace| bare.write_events(pace))?;
        lost += held.lost + peer.lost;
        if turn > 0 {
            ours.add(held.late);
            theirs.add(peer.late);
            cpu += used;
        }
    }
    let deliveries = u32::try_from(turns * TURN * FOLLOWERS)?;
    let name = format!("one session's events to {FOLLOWERS} followers, {PER_SECOND}/s");
    Ok(vec![
        Line::new(name, ours.value())
            .peer("bare loop", theirs.value())
            .target(Target::TimesPeerAndFlush(MOST_TIMES, bench.flush)),
        Line::new("  events lost, doubled or out of order", Value::count(lost, "")).target(Target::AtMost(0.0, "")),
        Line::new("  processor time of one delivery", Value::micros(cpu / deliveries))
            .peer("bare loop", Value::micros(bare.cpu() / u32::try_from((turns + 1) * TURN * FOLLOWERS)?)),
        Line::new(format!("  resident memory with {FOLLOWERS} followers"), Value::mebibytes(holt.memory().resident, "")),
    ])
}

/// The percentiles of each turn. The middle of the turns counts, so that one that was disturbed does not decide.
#[derive(Default)]
struct Turns {
    p50: Vec<Duration>,
    p99: Vec<Duration>,
}

impl Turns {
    fn add(&mut self, late: Vec<Duration>) {
        let late: Times = late.into_iter().collect();
        self.p50.push(late.p50());
        self.p99.push(late.p99());
    }

    fn value(self) -> Value {
        let middle = |times: Vec<Duration>| times.into_iter().collect::<Times>().p50();
        Value::tail(middle(self.p99), middle(self.p50))
    }
}

/// What one turn of events was like for those who read them.
struct Turn {
    late: Vec<Duration>,
    lost: u64,
}

/// Reads while events are made.
fn turn_of(reader: &mut Reader, make: impl FnOnce(&Pace) -> Result<()> + Send) -> Result<Turn> {
    let pace = Pace::new(Instant::now() + Duration::from_millis(200), PER_SECOND, TURN);
    std::thread::scope(|scope| {
        let maker = scope.spawn(|| make(&pace));
        let arrivals = reader.read(&pace);
        maker.join().ok().context("the maker of events ended early")??;
        let arrivals = arrivals?;
        Ok(Turn { lost: arrivals.lost(), late: arrivals.late(&pace) })
    })
}
