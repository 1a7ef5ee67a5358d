//! `execute_command`: starts a command, follows its output, and ends it in time.

mod report;

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::time::Instant as Moment;

use super::progress::Stream;
use super::{Caller, Progress, Toolbox};
use crate::answer::{Failure, Outcome};
use crate::catalogue::{DEFAULT_TIMEOUT_SECONDS, ExecuteCommand, MAX_TIMEOUT_SECONDS};
use crate::children::{Child, Exit, Order, Output, ended};
use crate::clock::Clock;
use crate::paths::{LastLink, Target, quoted, visible};
use crate::spool::{Spooled, Whereabouts};
use crate::text::both_ends::BothEnds;
use crate::text::size;
use report::Report;

/// How long output is waited for after the shell has ended. What is still open then is held by a process that the
/// command left in the background.
const AFTER_THE_END: Duration = Duration::from_millis(50);
/// What the system takes as one argument of a program, without the zero byte at its end.
const MAX_COMMAND: usize = 128 * 1024 - 1;
const READ_AT_ONCE: usize = 16 * 1024;

/// How following a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(Exit),
    TimedOut,
    Cancelled,
}

pub async fn execute_command(toolbox: &Toolbox, wanted: &ExecuteCommand, caller: &mut Caller) -> Outcome {
    let seconds = wanted.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS).clamp(1, MAX_TIMEOUT_SECONDS);
    let began = Instant::now();
    let (mut child, directory) = start(toolbox, &wanted.command, wanted.cwd.as_deref(), false)?;
    let Output::Separate { stdout, stderr } = child.output else {
        return Err(Failure::new("internal", "the command has the wrong kind of output"));
    };
    let mut following = Following {
        pipes: [Some(receiver(stdout)?), Some(receiver(stderr)?)],
        gathered: Gathered::new(toolbox),
        progress: &mut caller.progress,
    };
    let tracked = child.tracked;
    let mut end = following.follow(&mut child.exit, Clock::new(Duration::from_secs(seconds)), &caller.cancelled).await;
    if !matches!(end, End::Exited(_)) {
        toolbox.children.kill(&tracked).await;
        following.drain();
    }
    if end != End::Cancelled {
        tokio::select! {
            () = following.progress.finish() => {}
            () = caller.cancelled.cancelled() => end = End::Cancelled,
        }
    }
    let Following { pipes, gathered, .. } = following;
    let left: Vec<Receiver> = pipes.into_iter().flatten().collect();
    let goes_on = matches!(end, End::Exited(_)) && !left.is_empty();
    if goes_on {
        toolbox.background.adopt(tracked.clone(), &wanted.command, child.exit, left);
    }
    let report = Report {
        command: &wanted.command,
        directory: &directory,
        seconds,
        end,
        took: began.elapsed(),
        goes_on: goes_on.then_some(tracked.pid),
        max_output: toolbox.options.max_output,
    };
    Ok(report.answer(&gathered))
}

/// A child whose output and end are followed separately.
pub struct Started {
    pub exit: tokio::sync::watch::Receiver<Option<Exit>>,
    pub output: Output,
    pub tracked: crate::children::Tracked,
}

/// Starts a shell command in a directory of the sandbox. Says in which.
pub fn start(toolbox: &Toolbox, command: &str, cwd: Option<&str>, together: bool) -> Result<(Started, String), Failure> {
    if command.trim().is_empty() || command.contains('\0') {
        return Err(Failure::new("bad_arguments", "`command` is empty, or has a zero byte in it"));
    }
    if command.len() > MAX_COMMAND {
        let message = format!("the command is longer than {}. Write it into a file and run that.", size(MAX_COMMAND as u64));
        return Err(Failure::new("too_long", message));
    }
    let place = toolbox.roots.find(cwd.unwrap_or("."), LastLink::Follow)?;
    let shown = visible(&place.path.to_string_lossy());
    let failed = |action, error: io::Error| Failure::system(action, quoted(&shown), error);
    match place.target {
        Target::Directory => {}
        Target::Missing { .. } => return Err(failed("run the command in", io::ErrorKind::NotFound.into())),
        _ => return Err(failed("run the command in", io::ErrorKind::NotADirectory.into())),
    }
    let launcher = toolbox.options.launcher.iter().map(OsStr::new);
    let arguments: Vec<&OsStr> = launcher.chain([shell(), "-c", command].map(OsStr::new)).collect();
    let order = Order { arguments: &arguments, directory: place.directory(), together };
    let child = toolbox.children.start(&order).map_err(|error| failed("start the command in", error))?;
    let tracked = child.tracked();
    let Child { exit, output, .. } = child;
    Ok((Started { exit, output, tracked }, shown))
}

/// The shell that models expect, where there is one.
fn shell() -> &'static str {
    static SHELL: LazyLock<&str> = LazyLock::new(|| {
        let found = ["/bin/bash", "/usr/bin/bash"].into_iter().find(|path| std::path::Path::new(path).exists());
        found.unwrap_or("/bin/sh")
    });
    &SHELL
}

pub fn receiver(pipe: OwnedFd) -> Result<Receiver, Failure> {
    Receiver::from_owned_fd(pipe).map_err(|error| Failure::new("io_error", format!("could not read the output: {error}")))
}

/// What a command has printed so far, as much of it as is kept.
pub struct Gathered<'a> {
    stdout: BothEnds,
    stderr: BothEnds,
    whole: Spooled<'a>,
}

impl<'a> Gathered<'a> {
    fn new(toolbox: &'a Toolbox) -> Self {
        let most = toolbox.options.max_output;
        Self { stdout: BothEnds::new(most), stderr: BothEnds::new(most), whole: toolbox.spool.begin(most) }
    }

    fn push(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Stdout => self.stdout.push(bytes),
            Stream::Stderr => self.stderr.push(bytes),
        }
        self.whole.push(bytes);
    }

    fn whereabouts(&self) -> Whereabouts {
        self.whole.whereabouts()
    }
}

/// A command while it runs.
struct Following<'a> {
    /// Standard output and error, as long as they are open.
    pipes: [Option<Receiver>; 2],
    gathered: Gathered<'a>,
    progress: &'a mut Progress,
}

impl Following<'_> {
    async fn follow(
        &mut self,
        exit: &mut tokio::sync::watch::Receiver<Option<Exit>>,
        mut clock: Clock,
        cancelled: &tokio_util::sync::CancellationToken,
    ) -> End {
        let (mut out, mut err) = (vec![0; READ_AT_ONCE], vec![0; READ_AT_ONCE]);
        let mut exited: Option<(Exit, Moment)> = None;
        loop {
            if let Some((exit, _)) = exited
                && self.pipes.iter().all(Option::is_none)
            {
                return End::Exited(exit);
            }
            // After the end only little is left to read, so a slow reader is waited for at the very last.
            let room = self.progress.has_room() || exited.is_some();
            let [stdout, stderr] = &mut self.pipes;
            tokio::select! {
                count = read(stdout, &mut out), if room && stdout.is_some() => self.take(Stream::Stdout, &out[..count]),
                count = read(stderr, &mut err), if room && stderr.is_some() => self.take(Stream::Stderr, &err[..count]),
                exit = ended(exit), if exited.is_none() => exited = Some((exit, Moment::now() + AFTER_THE_END)),
                () = self.progress.go_on() => {}
                () = cancelled.cancelled() => return End::Cancelled,
                () = clock.run_out(), if exited.is_none() => return End::TimedOut,
                () = until(exited.map(|(_, last)| last)) => {
                    if let Some((exit, _)) = exited {
                        return End::Exited(exit);
                    }
                }
            }
        }
    }

    /// Takes what was read; nothing means that the stream has ended.
    fn take(&mut self, stream: Stream, bytes: &[u8]) {
        if bytes.is_empty() {
            self.pipes[stream as usize] = None;
            return;
        }
        self.gathered.push(stream, bytes);
        self.progress.push(stream, bytes);
    }

    /// Takes what the killed processes have left in the pipes, and closes them.
    fn drain(&mut self) {
        let mut buffer = vec![0; READ_AT_ONCE];
        for (index, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
            let Some(pipe) = self.pipes[index].take() else { continue };
            // A pipe holds far less than this many pieces.
            for _ in 0..64 {
                match pipe.try_read(&mut buffer) {
                    Ok(count) if count > 0 => {
                        self.gathered.push(stream, &buffer[..count]);
                        self.progress.push(stream, &buffer[..count]);
                    }
                    _ => break,
                }
            }
        }
    }
}

/// Reads some; an error is an end.
async fn read(pipe: &mut Option<Receiver>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => std::future::pending().await,
    }
}

async fn until(moment: Option<Moment>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
