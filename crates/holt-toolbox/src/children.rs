//! Starts commands and learns of their end, whoever's child a process becomes on the way.
//!
//! The toolbox is the guardian of everything that its commands start (child subreaper), so it has to take leave of
//! processes that it never started, and there must be one place that waits for children: this one. A child is started
//! and noted under the same lock that waiting takes, so its end cannot be missed.

use std::collections::{HashMap, HashSet};
use std::io::PipeReader;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, WaitOptions};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::processes::{Family, Process, descendants_now, members_now};

/// The variable by which the processes of a command are known, even after they have left its group.
const MARK: &str = "HOLT_COMMAND";
/// How often processes are looked for again when some are being killed. Each round ends all that it sees, so more than
/// a few are needed only for a command that forks as fast as it can.
const KILL_ROUNDS: usize = 200;
const BETWEEN_ROUNDS: Duration = Duration::from_millis(2);
/// How often it is looked whether what was asked to end has ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// Ends are also looked for without a signal, should the toolbox have been started with it blocked.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The exit code; 128 + the signal's number when a signal ended it, as shells have it.
    pub code: i32,
    pub signal: Option<i32>,
}

/// A command that was started.
#[derive(Debug)]
pub struct Child {
    pub pid: i32,
    pub exit: watch::Receiver<Option<Exit>>,
    pub output: Output,
    mark: String,
    started_ticks: u64,
}

/// Where a command's output comes out.
#[derive(Debug)]
pub enum Output {
    Separate { stdout: OwnedFd, stderr: OwnedFd },
    Together(OwnedFd),
}

/// What to start.
#[derive(Debug)]
pub struct Order<'a> {
    /// The program and its arguments; the first is a path.
    pub arguments: &'a [&'a std::ffi::OsStr],
    pub directory: std::os::fd::BorrowedFd<'a>,
    pub together: bool,
}

/// The commands that run, of the whole process: there is to be one of these.
#[derive(Debug)]
pub struct Children {
    running: Mutex<HashMap<i32, watch::Sender<Option<Exit>>>>,
    /// Where the toolbox itself stays.
    home: OwnedFd,
    next_mark: AtomicU64,
}

impl Children {
    /// Makes this process the guardian of whatever its commands leave behind.
    pub fn new() -> std::io::Result<Self> {
        rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let home = rustix::fs::open("/", flags, Mode::empty())?;
        Ok(Self { running: Mutex::default(), home, next_mark: AtomicU64::new(1) })
    }

    /// Starts a command in a process group of its own, without input.
    ///
    /// The way that costs least is a plain spawn without a directory to change to, so the toolbox itself goes there and
    /// back. Nothing else in it depends on its directory.
    pub fn start(&self, order: &Order<'_>) -> std::io::Result<Child> {
        use std::os::unix::process::CommandExt;
        let [program, arguments @ ..] = order.arguments else {
            return Err(std::io::ErrorKind::InvalidInput.into());
        };
        let mark = format!("{}.{}", std::process::id(), self.next_mark.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(program);
        command.args(arguments).env(MARK, &mark).stdin(Stdio::null()).process_group(0);
        let output = connect(&mut command, order.together)?;
        let mut running = self.lock();
        rustix::process::fchdir(order.directory)?;
        let started = command.spawn();
        rustix::process::fchdir(&self.home)?;
        let pid = started?.id() as i32;
        let (sender, exit) = watch::channel(None);
        running.insert(pid, sender);
        drop(running);
        let started_ticks = Process::read(pid).map_or(0, |process| process.started_ticks);
        Ok(Child { pid, exit, output, mark, started_ticks })
    }

    /// Takes leave of every process that has ended, and tells who waits for it.
    pub fn take_leave(&self) {
        let mut running = self.lock();
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            let signal = status.terminating_signal();
            let code = status.exit_status().unwrap_or_else(|| 128 + signal.unwrap_or_default());
            if let Some(sender) = running.remove(&pid.as_raw_nonzero().get()) {
                sender.send_replace(Some(Exit { code, signal }));
            }
        }
    }

    /// Takes leave for as long as the toolbox lives.
    pub async fn take_leave_forever(&self) {
        let mut ended = signal(SignalKind::child()).ok();
        loop {
            let signal = async {
                match ended.as_mut() {
                    Some(ended) => drop(ended.recv().await),
                    None => std::future::pending().await,
                }
            };
            // Whether by the signal or by the clock, the work is the same.
            let _ = tokio::time::timeout(LOOK_ANYWAY, signal).await;
            self.take_leave();
        }
    }

    /// Asks a command and everything it started to end, and kills what has not ended in time. Says whether it had to.
    pub async fn end(&self, command: &Tracked, time: Duration) -> bool {
        let until = Instant::now() + time;
        self.members(command).iter().for_each(|pid| signal_process(*pid, Signal::TERM));
        while Instant::now() < until {
            self.take_leave();
            if self.members(command).is_empty() {
                return false;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        self.kill(command).await;
        true
    }

    /// Kills a command with everything it started. Returns when nothing of it lives any more.
    pub async fn kill(&self, command: &Tracked) {
        for _ in 0..KILL_ROUNDS {
            let members = self.members(command);
            // While the leader has not been taken leave of, its number cannot be another group's.
            if self.lock().contains_key(&command.pid) {
                signal_group(command.pid, Signal::KILL);
            }
            members.iter().for_each(|pid| signal_process(*pid, Signal::KILL));
            self.take_leave();
            if members.is_empty() && !self.lock().contains_key(&command.pid) {
                return;
            }
            tokio::time::sleep(BETWEEN_ROUNDS).await;
        }
    }

    /// Whether anything of a command is still there.
    pub fn lives(&self, command: &Tracked) -> bool {
        self.take_leave();
        !self.members(command).is_empty()
    }

    fn members(&self, command: &Tracked) -> Vec<i32> {
        let others: HashSet<i32> = self.lock().keys().copied().filter(|pid| *pid != command.pid).collect();
        members_now(&Family {
            leader: command.pid,
            mark: (MARK, &command.mark),
            guardian: std::process::id() as i32,
            others: &others,
            started_ticks: command.started_ticks,
        })
    }

    /// Kills everything that was ever started here.
    pub async fn kill_all(&self) {
        for _ in 0..KILL_ROUNDS {
            let alive = descendants_now(std::process::id() as i32);
            alive.iter().for_each(|pid| signal_process(*pid, Signal::KILL));
            self.take_leave();
            if alive.is_empty() {
                return;
            }
            tokio::time::sleep(BETWEEN_ROUNDS).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, watch::Sender<Option<Exit>>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What has to be known of a command to end it.
#[derive(Debug, Clone)]
pub struct Tracked {
    pub pid: i32,
    mark: String,
    started_ticks: u64,
}

impl Child {
    pub fn tracked(&self) -> Tracked {
        Tracked { pid: self.pid, mark: self.mark.clone(), started_ticks: self.started_ticks }
    }
}

/// Waits until a command has ended.
pub async fn ended(exit: &mut watch::Receiver<Option<Exit>>) -> Exit {
    match exit.wait_for(Option::is_some).await.map(|exit| *exit) {
        Ok(Some(exit)) => exit,
        // The sender goes only after it has told, so this is the end of the toolbox.
        _ => std::future::pending().await,
    }
}

/// Sends a signal to a process group; that it is gone already is as good.
pub fn signal_group(leader: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(leader) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// Sends a signal to a process; that it is gone already is as good.
pub fn signal_process(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

fn connect(command: &mut Command, together: bool) -> std::io::Result<Output> {
    let pipe = || -> std::io::Result<(PipeReader, std::io::PipeWriter)> { std::io::pipe() };
    let (stdout, writer) = pipe()?;
    if together {
        command.stderr(writer.try_clone()?).stdout(writer);
        return Ok(Output::Together(stdout.into()));
    }
    let (stderr, error_writer) = pipe()?;
    command.stdout(writer).stderr(error_writer);
    Ok(Output::Separate { stdout: stdout.into(), stderr: stderr.into() })
}
