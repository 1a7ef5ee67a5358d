//! How quickly a sandbox opens and a command runs in it, beside a bare bubblewrap in the same run.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program that measures and prints")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Den, call, spec};
use futures::StreamExt as _;
use holt_core::id::SessionId;
use holt_core::sandbox::{CallUpdate, Sandboxes as _};
use serde_json::json;

const ROUNDS: usize = 40;
const LIVE_ROUNDS: usize = 400;
const REST: Duration = Duration::from_millis(80);

fn main() {
    common::within(async {
        let den = Den::new();
        den.driver.close(opened(&den).await).await.unwrap();
        let (mut bares, mut cold) = (Vec::new(), Vec::new());
        // In turns, so that whatever else the machine does slows both; each after a pause, since the kernel is still busy with
        // taking down the network namespace of the one before.
        for _ in 0..ROUNDS {
            tokio::time::sleep(REST).await;
            bares.push(bare());
            tokio::time::sleep(REST).await;
            let begin = Instant::now();
            let session = opened(&den).await;
            first_output(&den, session).await;
            cold.push(begin.elapsed());
            den.driver.close(session).await.unwrap();
        }
        let bare = p50(bares);
        println!("bare bubblewrap                   p50 {bare:>10.2?}");
        report("open and first output, cold", p50(cold), bare);
        live(&den).await;
        prepared(bare).await;
    });
}

async fn opened(den: &Den) -> SessionId {
    let spec = spec();
    let session = spec.session;
    den.driver.open(spec).await.unwrap();
    session
}

async fn first_output(den: &Den, session: SessionId) {
    let asked = call(session, "execute_command", json!({ "command": "echo x" }));
    let mut updates = den.driver.call(asked, false).await.unwrap();
    assert!(matches!(updates.next().await, Some(CallUpdate::Output { .. })));
}

async fn live(den: &Den) {
    let session = opened(den).await;
    let mut times = Vec::new();
    for _ in 0..LIVE_ROUNDS {
        let asked = call(session, "execute_command", json!({ "command": "true" }));
        let id = asked.call;
        let begin = Instant::now();
        common::outcome(&den.driver, asked, false).await;
        times.push(begin.elapsed());
        den.driver.acknowledge(session, id).await.unwrap();
    }
    println!("execute_command true, live        p50 {:>10.2?}", p50(times));
    for pid in den.trace(session).processes() {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let of = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
        println!("  resident: {:>10}  anonymous: {:>10}  {}", of("VmRSS:"), of("RssAnon:"), of("Name:"));
    }
    den.driver.close(session).await.unwrap();
}

async fn prepared(bare: Duration) {
    let den = Den::with(|options| {
        options.prepared = 1;
        options.prepare_after = Duration::from_millis(1);
    });
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        // Time for the next one to be opened ahead.
        tokio::time::sleep(REST * 2).await;
        let begin = Instant::now();
        let session = opened(&den).await;
        first_output(&den, session).await;
        times.push(begin.elapsed());
        den.driver.close(session).await.unwrap();
    }
    report("open and first output, prepared", p50(times), bare);
    den.driver.shutdown().await;
}

fn bare() -> Duration {
    let begin = Instant::now();
    let arguments = ["--unshare-all", "--ro-bind", "/", "/", "true"];
    assert!(Command::new("bwrap").args(arguments).stdin(Stdio::null()).status().unwrap().success());
    begin.elapsed()
}

fn report(what: &str, time: Duration, bare: Duration) {
    println!("{what:<33} p50 {time:>10.2?}  {:.2} x bare", time.as_secs_f64() / bare.as_secs_f64());
}

fn p50(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
