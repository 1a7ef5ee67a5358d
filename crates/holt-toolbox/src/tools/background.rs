//! Commands that go on running: `execute_command_async`, `read_process_output`, and what a finished command left behind.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::Toolbox;
use super::command::{receiver, start};
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::{ExecuteCommandAsync, ReadProcessOutput};
use crate::children::{Exit, Output, Tracked};
use crate::text::ring::{NotKept, Ring};
use crate::text::shorten;

/// How many are remembered; those that ended longest ago are forgotten first.
const MAX_REMEMBERED: usize = 48;
const READ_AT_ONCE: usize = 16 * 1024;

/// The commands that go on running, by process id.
pub struct Background {
    max_output: usize,
    known: Mutex<HashMap<i32, Known>>,
}

/// One of them.
#[derive(Clone)]
pub struct Known {
    pub tracked: Tracked,
    pub command: String,
    exit: watch::Receiver<Option<Exit>>,
    began: Instant,
    output: Arc<Mutex<Ring>>,
    /// The tasks that read its output.
    readers: Vec<AbortHandle>,
}

pub fn execute_command_async(toolbox: &Toolbox, wanted: &ExecuteCommandAsync) -> Outcome {
    toolbox.background.make_room()?;
    let (started, directory) = start(toolbox, &wanted.command, wanted.cwd.as_deref(), true)?;
    let Output::Together(output) = started.output else {
        return Err(Failure::new("internal", "the command has the wrong kind of output"));
    };
    let pid = started.tracked.pid;
    toolbox.background.adopt(started.tracked, &wanted.command, started.exit, vec![receiver(output)?]);
    let text = format!(
        "Started in the background with PID {pid}.\nCommand: {}\nWorking directory: {directory}\nRead what it prints with \
         `read_process_output`, end it with `kill_process`.",
        shorten(&wanted.command, 2000)
    );
    Ok(Answer::new(text, json!({ "pid": pid, "cwd": directory })))
}

pub fn read_process_output(toolbox: &Toolbox, wanted: &ReadProcessOutput) -> Outcome {
    let known = toolbox.background.find(wanted.pid).ok_or_else(|| {
        let message = format!("no background command with PID {} is known. `list_processes` shows what runs.", wanted.pid);
        Failure::new("unknown_process", message)
    })?;
    let exit = *known.exit.borrow();
    let part = lock(&known.output).read(wanted.offset, toolbox.options.max_output).map_err(|reason| match reason {
        NotKept::Expired { oldest } => Failure::new(
            "expired",
            format!("the output before byte {oldest} has expired: newer output took its place. Read on from offset {oldest}."),
        ),
        NotKept::NotYet { end } => Failure::new(
            "past_the_end",
            format!("there is no output from that byte on yet: the output has {end} bytes. Read from offset {end} or before."),
        ),
    })?;
    let end = lock(&known.output).end();
    let state = match exit {
        None => "running".to_owned(),
        Some(exit) => match exit.signal {
            Some(signal) => format!("ended by signal {signal} (exit code {})", exit.code),
            None => format!("ended with exit code {}", exit.code),
        },
    };
    let more = if part.next < end { format!("; there are {} bytes more", end - part.next) } else { String::new() };
    let output = String::from_utf8_lossy(&part.bytes);
    let text = format!(
        "PID {}: {state}\nOutput from byte {} to {}, next offset {}{more}:\n\n{}",
        wanted.pid,
        part.offset,
        part.next,
        part.next,
        if output.is_empty() { "(nothing)" } else { &output }
    );
    let facts = json!({
        "pid": wanted.pid, "offset": part.offset, "next_offset": part.next, "end": end,
        "ended": exit.is_some(), "exit_code": exit.map(|exit| exit.code), "signal": exit.and_then(|exit| exit.signal),
        "running_ms": u64::try_from(known.began.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok(Answer::new(text, facts))
}

impl Background {
    pub fn new(max_output: usize) -> Self {
        Self { max_output, known: Mutex::default() }
    }

    pub fn find(&self, pid: i32) -> Option<Known> {
        lock(&self.known).get(&pid).cloned()
    }

    /// Goes on with a command that runs, or with what one left running.
    pub fn adopt(&self, tracked: Tracked, command: &str, exit: watch::Receiver<Option<Exit>>, pipes: Vec<Receiver>) {
        // What a command left behind is remembered if there is room for it, and runs on in any case.
        let _ = self.make_room();
        let output = Arc::new(Mutex::new(Ring::new(self.max_output)));
        let read = |pipe| tokio::spawn(read_to_the_end(pipe, Arc::clone(&output))).abort_handle();
        let readers = pipes.into_iter().map(read).collect();
        let pid = tracked.pid;
        let known = Known { tracked, command: shorten(command, 2000), exit, began: Instant::now(), output, readers };
        if let Some(former) = lock(&self.known).insert(pid, known) {
            former.forget();
        }
    }

    /// Forgets what ended longest ago, when there is no room.
    fn make_room(&self) -> Result<(), Failure> {
        let mut known = lock(&self.known);
        while known.len() >= MAX_REMEMBERED {
            let oldest = known.iter().filter(|(_, known)| known.exit.borrow().is_some()).min_by_key(|(_, known)| known.began);
            let Some(pid) = oldest.map(|(pid, _)| *pid) else {
                let message = format!("{MAX_REMEMBERED} background commands are running already. End one with `kill_process`.");
                return Err(Failure::new("too_many_processes", message));
            };
            if let Some(forgotten) = known.remove(&pid) {
                forgotten.forget();
            }
        }
        Ok(())
    }
}

impl Known {
    fn forget(&self) {
        self.readers.iter().for_each(AbortHandle::abort);
    }
}

async fn read_to_the_end(mut pipe: Receiver, output: Arc<Mutex<Ring>>) {
    let mut buffer = vec![0; READ_AT_ONCE];
    while let Ok(count) = pipe.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        lock(&output).push(&buffer[..count]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
