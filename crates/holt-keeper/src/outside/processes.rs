//! Processes that the server asked for by name, their output spooled to disk by byte offset. When a spool is full its
//! writer waits: nothing is lost and nothing grows.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::fs::{FallocateFlags, Mode, OFlags, fallocate, openat};
use rustix::io::{pread, pwrite};
use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::sync::{Mutex, Notify};
use tokio::time::sleep;

use super::leaders::{End, Running};
use super::waiting::until;
use crate::protocol::message::{Exit, OUTPUT_AT_ONCE, Stream};

/// The most processes that are known at a time, ended ones included until they are forgotten.
pub const MAX_PROCESSES: usize = 64;
/// How much unread output is kept of each stream.
const MAX_SPOOL: u64 = 16 * 1024 * 1024;
const DISK_FULL_PAUSE: Duration = Duration::from_millis(500);
const SPOOL_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Output between a writer inside and a reader outside.
#[derive(Debug)]
pub struct Spool {
    file: OwnedFd,
    /// What lies before this has been read.
    read: Cell<u64>,
    written: Cell<u64>,
    ended: Cell<bool>,
    changed: Notify,
}

impl Spool {
    /// The file has no name and never gets one: nobody else can open it, and it goes with its last descriptor, whatever
    /// becomes of the keeper.
    fn create(directory: impl AsFd) -> io::Result<Rc<Self>> {
        let file = openat(directory, c".", OFlags::TMPFILE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC, SPOOL_MODE)?;
        Ok(Rc::new(Self { file, read: Cell::new(0), written: Cell::new(0), ended: Cell::new(false), changed: Notify::new() }))
    }

    async fn fill(&self, mut output: pipe::Receiver) {
        let mut buffer = vec![0; OUTPUT_AT_ONCE];
        loop {
            until(&self.changed, || self.written.get() - self.read.get() < MAX_SPOOL).await;
            match output.read(&mut buffer).await {
                Ok(length) if length > 0 => self.keep(&buffer[..length]).await,
                _ => break,
            }
        }
        self.ended.set(true);
        self.changed.notify_waiters();
    }

    async fn keep(&self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match pwrite(&self.file, bytes, self.written.get()) {
                Ok(length) => {
                    bytes = &bytes[length..];
                    self.written.set(self.written.get() + length as u64);
                    self.changed.notify_waiters();
                }
                // A full disk is not the writer's fault, and passes.
                Err(_) => sleep(DISK_FULL_PAUSE).await,
            }
        }
    }

    /// Output from `from` on, as soon as there is some; empty at the end. What lies before is given up.
    pub async fn read(&self, from: u64) -> io::Result<(u64, Vec<u8>)> {
        if from > self.read.get() {
            let given_up = from.min(self.written.get());
            // A file system that cannot give space back keeps it until the end.
            let _ = fallocate(&self.file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, 0, given_up);
            self.read.set(given_up);
            self.changed.notify_waiters();
        }
        let from = from.max(self.read.get());
        until(&self.changed, || self.ended.get() || self.written.get() > from).await;
        let left = self.written.get().saturating_sub(from).min(OUTPUT_AT_ONCE as u64);
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(OUTPUT_AT_ONCE)];
        let length = if bytes.is_empty() { 0 } else { pread(&self.file, &mut bytes[..], from)? };
        bytes.truncate(length);
        Ok((from, bytes))
    }
}

/// A spool for each of a process's two streams.
pub fn spools(directory: impl AsFd) -> io::Result<[Rc<Spool>; 2]> {
    Ok([Spool::create(&directory)?, Spool::create(&directory)?])
}

/// A process, its streams and its input.
#[derive(Debug)]
pub struct Process {
    pub running: Running,
    spools: [Rc<Spool>; 2],
    input: Mutex<Option<pipe::Sender>>,
}

/// The ends of the three pipes of a process that is about to start.
#[derive(Debug)]
pub struct Pipes {
    /// For the process: its input, output and errors.
    pub inside: [OwnedFd; 3],
    input: pipe::Sender,
    output: pipe::Receiver,
    errors: pipe::Receiver,
}

impl Pipes {
    pub fn new() -> io::Result<Self> {
        let (input_inside, input) = pipe_with(PipeFlags::CLOEXEC)?;
        let (output, output_inside) = pipe_with(PipeFlags::CLOEXEC)?;
        let (errors, errors_inside) = pipe_with(PipeFlags::CLOEXEC)?;
        Ok(Self {
            inside: [input_inside, output_inside, errors_inside],
            input: pipe::Sender::from_owned_fd(input)?,
            output: pipe::Receiver::from_owned_fd(output)?,
            errors: pipe::Receiver::from_owned_fd(errors)?,
        })
    }
}

impl Process {
    /// A process whose output is spooled from now on.
    pub fn new(running: Running, pipes: Pipes, [output, errors]: [Rc<Spool>; 2]) -> Rc<Self> {
        drop(pipes.inside);
        for (spool, pipe) in [(&output, pipes.output), (&errors, pipes.errors)] {
            let spool = Rc::clone(spool);
            tokio::task::spawn_local(async move { spool.fill(pipe).await });
        }
        Rc::new(Self { running, spools: [output, errors], input: Mutex::new(Some(pipes.input)) })
    }

    pub fn spool(&self, stream: Stream) -> &Spool {
        match stream {
            Stream::Output => &self.spools[0],
            Stream::Errors => &self.spools[1],
        }
    }

    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        match &mut *self.input.lock().await {
            Some(input) => input.write_all(bytes).await,
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    pub async fn close_input(&self) {
        self.input.lock().await.take();
    }

    /// How it ended, once it has.
    pub async fn end(&self) -> Exit {
        let mut end = self.running.end.clone();
        let ended = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        match ended {
            Some(End::Exit(exit)) => exit,
            Some(End::NotStarted(_)) => Exit::Code { code: 127 },
            None => Exit::Lost,
        }
    }
}

/// The processes by their names.
#[derive(Debug, Default)]
pub struct Processes {
    all: RefCell<BTreeMap<String, Rc<Process>>>,
}

impl Processes {
    pub fn find(&self, name: &str) -> Option<Rc<Process>> {
        self.all.borrow().get(name).cloned()
    }

    pub fn is_full(&self) -> bool {
        self.all.borrow().len() >= MAX_PROCESSES
    }

    pub fn add(&self, name: String, process: Rc<Process>) {
        self.all.borrow_mut().insert(name, process);
    }

    /// Forgets a process that has ended.
    pub fn forget(&self, name: &str) -> bool {
        let ended = self.find(name).is_some_and(|process| process.running.end.borrow().is_some());
        ended && self.all.borrow_mut().remove(name).is_some()
    }

    pub fn names(&self) -> Vec<String> {
        self.all.borrow().keys().cloned().collect()
    }
}
