//! `list_processes` and `kill_process`.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::Instant;

use super::Toolbox;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::KillProcess;
use crate::children::signal_process;
use crate::processes::{Process, all};
use crate::text::{shorten, size};

const MAX_LISTED: usize = 20;
const MAX_COMMAND: usize = 200;
/// How long a process gets to end by itself before it is killed.
const POLITE: Duration = Duration::from_secs(2);
/// How long a killed process may take to be gone.
const BY_FORCE: Duration = Duration::from_secs(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

pub fn list_processes() -> Outcome {
    let user = rustix::process::geteuid().as_raw();
    let toolbox = std::process::id() as i32;
    let uptime = uptime_seconds();
    let mine = |process: &Process| process.pid != toolbox && process.is_alive() && process.user() == Some(user);
    let mut listed: Vec<_> = all().into_iter().filter(mine).map(|process| (cpu_percent(&process, uptime), process)).collect();
    listed.sort_by(|(one_cpu, one), (other_cpu, other)| {
        other_cpu.total_cmp(one_cpu).then(other.resident_pages.cmp(&one.resident_pages))
    });
    let total = listed.len();
    listed.truncate(MAX_LISTED);
    let page = rustix::param::page_size() as u64;
    let mut text = format!("{:>8} {:>6} {:>10}  COMMAND", "PID", "CPU%", "MEMORY");
    let mut facts = Vec::new();
    for (cpu, process) in &listed {
        let command = shorten(&process.command().escape_debug().to_string(), MAX_COMMAND);
        let memory = process.resident_pages * page;
        text.push_str(&format!("\n{:>8} {cpu:>6.1} {:>10}  {command}", process.pid, size(memory)));
        facts.push(json!({ "pid": process.pid, "cpu": (cpu * 10.0).round() / 10.0, "memory": memory, "command": command }));
    }
    if total > listed.len() {
        text.push_str(&format!("\n[{} of {total} processes]", listed.len()));
    }
    Ok(Answer::new(text, json!({ "processes": facts, "total": total })))
}

/// The share of one processor since the process began, as `ps` has it.
fn cpu_percent(process: &Process, uptime: f64) -> f64 {
    let ticks = rustix::param::clock_ticks_per_second() as f64;
    let lived = uptime - process.started_ticks as f64 / ticks;
    if lived <= 0.0 { 0.0 } else { 100.0 * process.busy_ticks as f64 / ticks / lived }
}

fn uptime_seconds() -> f64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    uptime.split_whitespace().next().and_then(|seconds| seconds.parse().ok()).unwrap_or(0.0)
}

pub async fn kill_process(toolbox: &Toolbox, wanted: &KillProcess) -> Outcome {
    let pid = wanted.pid;
    if let Some(known) = toolbox.background.find(pid) {
        if !toolbox.children.lives(&known.tracked) {
            let message = format!("process {pid} has ended already. `read_process_output` shows what it printed.");
            return Err(Failure::new("unknown_process", message));
        }
        let forced = toolbox.children.end(&known.tracked, POLITE).await;
        return Ok(killed(pid, &known.command, forced));
    }
    let process = may_be_killed(pid)?;
    let command = shorten(&process.command(), MAX_COMMAND);
    signal_process(pid, Signal::TERM);
    let mut forced = false;
    if !gone_within(toolbox, &process, POLITE).await {
        forced = true;
        signal_process(pid, Signal::KILL);
        if !gone_within(toolbox, &process, BY_FORCE).await {
            return Err(Failure::new("still_running", format!("process {pid} was killed but is not gone yet")));
        }
    }
    Ok(killed(pid, &command, forced))
}

fn killed(pid: i32, command: &str, forced: bool) -> Answer {
    let how = if forced { "Killed" } else { "Ended" };
    Answer::new(format!("{how} process {pid}: {command}"), json!({ "pid": pid, "forced": forced }))
}

/// The process, if it is the sandbox user's and not one that holds the sandbox together.
fn may_be_killed(pid: i32) -> Result<Process, Failure> {
    let process = Process::read(pid).filter(Process::is_alive).ok_or_else(|| {
        let message = format!("there is no process {pid}. `list_processes` shows what runs.");
        Failure::new("unknown_process", message)
    })?;
    let own = rustix::process::geteuid().as_raw();
    let mut above = Some(std::process::id() as i32);
    let holds_us = std::iter::from_fn(|| {
        let current = above?;
        above = Process::read(current).map(|process| process.parent).filter(|parent| *parent > 0);
        Some(current)
    });
    if pid == 1 || holds_us.take(64).any(|ancestor| ancestor == pid) || process.user() != Some(own) {
        let message = format!("process {pid} is not a process of this workspace, so it cannot be ended");
        return Err(Failure::new("not_allowed", message));
    }
    Ok(process)
}

async fn gone_within(toolbox: &Toolbox, process: &Process, time: Duration) -> bool {
    let until = Instant::now() + time;
    loop {
        toolbox.children.take_leave();
        let same = |now: &Process| now.is_alive() && now.started_ticks == process.started_ticks;
        if !Process::read(process.pid).is_some_and(|now| same(&now)) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}
