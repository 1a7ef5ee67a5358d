//! A real X server with text running over it, watched by many browsers: what that costs altogether, the X server's part included.
//!
//! A relay gives each viewer a connection of its own, so the X server encodes every change as often as there are viewers. This is
//! the same work for both: the same program on the same screen, and pictures in Tight at the viewers.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::served::Served;
use super::viewer::{Seen, Viewer};
use super::{MANY, NO_PEER, PEER, recording::Display};
use crate::bench::Bench;
use crate::table::{Line, Target, Value};

const A_THIRD: f64 = 0.333;
/// Text that moves, with pauses in which everybody can see it.
const TEXT: &str = "while :; do ls -l /usr/share /usr/bin | shuf -n 40; sleep 0.05; done";
const TERMINAL: [&str; 2] = ["-geometry", "120x40+40+40"];

/// Processor time of the X server and of what stands before it, for each update that a viewer was shown.
pub fn measure(bench: &Bench) -> Result<Line> {
    let time = Duration::from_secs(if bench.rounds(2, 1) > 1 { 10 } else { 4 });
    let ours = watched(bench, time, |socket| Served::holt(socket).map(Some))?.context("Holt's way to viewers")?;
    let line = Line::new(format!("a live desktop in {MANY} browsers, X server included, for each update"), Value::millis(ours));
    Ok(match watched(bench, time, Served::websockify)? {
        Some(theirs) => line.peer(PEER, Value::millis(theirs)).target(Target::TimesPeer(A_THIRD)),
        None => line.remark(NO_PEER),
    })
}

fn watched(
    bench: &Bench,
    time: Duration,
    serve: impl FnOnce(&std::path::Path) -> Result<Option<Served>>,
) -> Result<Option<Duration>> {
    let socket = bench.fresh("live");
    let display = Display::start(Some(&socket))?;
    let _terminal = display.run("xterm", &[&TERMINAL[..], &["-e", "sh", "-c", TEXT]].concat())?;
    let Some(served) = serve(&socket)? else { return Ok(None) };
    let viewers = (0..MANY).map(|_| Viewer::over(served.address, false)).collect::<Result<Vec<_>>>()?;
    let cpu = || display.cpu() + served.cpu();
    let before = cpu();
    let watching: Vec<_> = viewers.into_iter().map(|mut viewer| std::thread::spawn(move || viewer.watch_for(time))).collect();
    let seen = watching.into_iter().map(|watching| watching.join().ok().context("a viewer ended early")?);
    let updates: usize = seen.collect::<Result<Vec<Seen>>>()?.iter().map(|seen| seen.came.len()).sum();
    Ok(Some((cpu() - before) / u32::try_from(updates.max(1))?))
}
