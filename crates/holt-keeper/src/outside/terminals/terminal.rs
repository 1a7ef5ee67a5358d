//! One terminal: read for as long as it is there, whether or not somebody wants to know, so that its program never waits
//! for a reader.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::io::{Errno, read, write};
use rustix::process::Signal;
use rustix::termios::tcsetwinsize;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::spawn_local;
use tokio::time::{sleep, timeout};

use super::ring::Ring;
use crate::inside::terminal::winsize;
use crate::outside::leaders::{End, Running};
use crate::outside::waiting::until;
use crate::protocol::message::{Exit, OUTPUT_AT_ONCE};
use crate::protocol::terminal::{Size, TerminalStatus};
use crate::system;
use crate::tree;

/// The pause after each piece of a flood, so that it does not cost the keeper the machine.
const BETWEEN_PIECES: Duration = Duration::from_millis(2);
/// How long a reader waits for output before it is told that there is none.
const READER_WAITS: Duration = Duration::from_secs(30);
/// How long a program may take to read what is typed.
const TYPING: Duration = Duration::from_secs(5);
/// How long what was hung up may take to go by itself.
const GOING: Duration = Duration::from_secs(1);
/// A program may let go of its terminal, and take it again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Terminal {
    running: Running,
    /// None once it is hung up.
    driven_from: RefCell<Option<Rc<AsyncFd<OwnedFd>>>>,
    ring: RefCell<Ring>,
    /// All that it will ever put out has been read.
    over: Cell<bool>,
    changed: Notify,
    typing: Mutex<()>,
    hung_up: watch::Sender<bool>,
    size: Cell<Size>,
    pub label: RefCell<String>,
}

impl Terminal {
    /// A terminal that is read from now on.
    pub fn new(running: Running, driven_from: OwnedFd, size: Size, label: String) -> io::Result<Rc<Self>> {
        rustix::io::ioctl_fionbio(&driven_from, true)?;
        let driven_from = Rc::new(system::awaited(driven_from, Interest::READABLE | Interest::WRITABLE)?);
        let terminal = Rc::new(Self {
            running,
            driven_from: RefCell::new(Some(Rc::clone(&driven_from))),
            ring: RefCell::default(),
            over: Cell::new(false),
            changed: Notify::new(),
            typing: Mutex::new(()),
            hung_up: watch::Sender::new(false),
            size: Cell::new(size),
            label: RefCell::new(label),
        });
        let reading = Rc::clone(&terminal);
        spawn_local(async move {
            let mut hung_up = reading.hung_up.subscribe();
            tokio::select! {
                () = reading.take_in(&driven_from) => {}
                _ = hung_up.wait_for(|hung_up| *hung_up) => {}
            }
            reading.over.set(true);
            reading.changed.notify_waiters();
        });
        Ok(terminal)
    }

    /// Keeps what is put out until nothing more will come.
    async fn take_in(&self, driven_from: &AsyncFd<OwnedFd>) {
        let (mut buffer, mut at_once) = (vec![0; OUTPUT_AT_ONCE], 0);
        let mut end = self.running.end.clone();
        loop {
            let got = tokio::select! {
                biased;
                got = driven_from.async_io(Interest::READABLE, |terminal| Ok(read(terminal, &mut buffer)?)) => got,
                _ = end.wait_for(Option::is_some) => read(driven_from.get_ref(), &mut buffer).map_err(io::Error::from),
            };
            match got {
                Ok(length) if length > 0 => {
                    self.put_out(&buffer[..length]);
                    at_once += length;
                    if at_once >= OUTPUT_AT_ONCE {
                        at_once = 0;
                        sleep(BETWEEN_PIECES).await;
                    }
                }
                _ if end.borrow().is_some() => break,
                // Nothing inside has it open just now.
                _ => sleep(BETWEEN_LOOKS).await,
            }
        }
        if let Some(End::NotStarted(why)) = &*end.borrow() {
            self.put_out(format!("{why}\r\n").as_bytes());
        }
    }

    fn put_out(&self, bytes: &[u8]) {
        self.ring.borrow_mut().push(bytes);
        self.changed.notify_waiters();
    }

    /// What was put out from `from` on, as soon as there is some. Empty after a while without, and at the end.
    pub async fn read(&self, from: u64) -> (u64, Vec<u8>) {
        let _ = timeout(READER_WAITS, until(&self.changed, || self.over.get() || self.ring.borrow().written() > from)).await;
        self.ring.borrow().piece(from, OUTPUT_AT_ONCE)
    }

    /// How its program ended, once all has been read.
    pub fn end(&self) -> Option<Exit> {
        self.over.get().then(|| exit_of(&self.running).unwrap_or(Exit::Lost))
    }

    /// Types these bytes one after the other, nobody else's between them.
    pub async fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        let _one_at_a_time = self.typing.lock().await;
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let driven_from = self.driven_from.borrow().clone().ok_or_else(gone)?;
        let mut hung_up = self.hung_up.subscribe();
        let all = async {
            while !bytes.is_empty() {
                let length = driven_from.async_io(Interest::WRITABLE, |terminal| Ok(write(terminal, bytes)?)).await?;
                bytes = &bytes[length..];
            }
            Ok(())
        };
        tokio::select! {
            typed = timeout(TYPING, all) => typed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())),
            _ = hung_up.wait_for(|hung_up| *hung_up) => Err(gone()),
        }
    }

    /// The kernel tells the program.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        if let Some(driven_from) = &*self.driven_from.borrow() {
            match tcsetwinsize(driven_from.get_ref(), winsize(size)) {
                Ok(()) | Err(Errno::IO) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.size.set(size);
        Ok(())
    }

    /// Hangs it up, which tells what runs on it; ends what does not go.
    pub async fn close(&self) {
        self.hung_up.send_replace(true);
        self.driven_from.take();
        let mut end = self.running.end.clone();
        let _ = timeout(GOING, end.wait_for(Option::is_some)).await;
        // Its first process may be gone and others not.
        if let (Some(leader), Some(session)) = (self.running.leader_pid(), self.running.pid()) {
            for process in tree::descendants(leader).into_iter().filter(|process| process.session == session) {
                tree::signal(process.pid, Signal::KILL);
            }
        }
        let _ = timeout(GOING, end.wait_for(Option::is_some)).await;
    }

    pub fn status(&self, name: &str) -> TerminalStatus {
        let ring = self.ring.borrow();
        TerminalStatus {
            terminal: name.to_owned(),
            label: self.label.borrow().clone(),
            size: self.size.get(),
            kept_from: ring.kept_from(),
            written: ring.written(),
            end: exit_of(&self.running),
        }
    }
}

fn exit_of(running: &Running) -> Option<Exit> {
    match &*running.end.borrow() {
        Some(End::Exit(exit)) => Some(*exit),
        Some(End::NotStarted(_)) => Some(Exit::Code { code: 127 }),
        None => None,
    }
}
