//! How long it takes to make a session, without its sandbox. It is durable when the answer comes, so a flush is part of it;
//! the flush is measured turn by turn with it.

use std::time::Instant;

use anyhow::Result;
use holt_api::CreateSession;

use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::machine::Flusher;
use crate::table::{Line, Target, Value};
use crate::times::Times;

const LONGEST_MILLIS: f64 = 2.0;
const WARM_UP: usize = 20;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let holt = Holt::start(bench, &Start { data: bench.fresh("create"), model: None, prepared: 0 })?;
    let flusher = Flusher::new(bench.root())?;
    let (mut ours, mut flushes) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + bench.rounds(300, 60) {
        let begin = Instant::now();
        holt.client.create_session(&CreateSession::default()).await?;
        let time = begin.elapsed();
        let flush = flusher.flush()?;
        if round >= WARM_UP {
            ours.push(time);
            flushes.push(flush);
        }
    }
    holt.stop()?;
    let flushes: Times = flushes.into_iter().collect();
    let target = Target::MillisAndFlush(LONGEST_MILLIS, flushes.p50());
    let ours: Times = ours.into_iter().collect();
    Ok(vec![Line::new("create a session", Value::p50(&ours)).peer("one flush", Value::p50(&flushes)).target(target)])
}
