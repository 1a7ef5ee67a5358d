//! Building the sandbox, and knowing when it is gone.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

use super::link::Link;
use super::stage::{self, Parts};
use crate::arguments::arguments;
use crate::spec::{EXECUTABLE_INSIDE, KeeperSpec, Room};
use crate::{system, tree};

/// How much of what bubblewrap says about a failure is kept.
const WORDS: usize = 2048;

/// How long what is inside may take to die.
const DYING: Duration = Duration::from_secs(5);

/// Process 1 inside, whose end is the end of everything inside. Bubblewrap is killed at once; this may take a little.
#[derive(Debug)]
pub struct Inside {
    bwrap: i32,
    found: RefCell<Vec<AsyncFd<OwnedFd>>>,
}

impl Inside {
    /// Finds it. To be called when it is there, and again before bubblewrap is killed.
    pub fn find(&self) {
        if self.found.borrow().is_empty() {
            let pids = tree::children(self.bwrap).into_iter().filter_map(Pid::from_raw);
            let open = |pid| system::awaited(pidfd_open(pid, PidfdFlags::NONBLOCK)?, Interest::READABLE);
            *self.found.borrow_mut() = pids.filter_map(|pid| open(pid).ok()).collect();
        }
    }

    async fn gone(&self) {
        for process in self.found.take() {
            let _ = timeout(DYING, process.readable()).await;
        }
    }
}

/// A running bubblewrap.
#[derive(Debug)]
pub struct Sandbox {
    pub inside: Rc<Inside>,
    bwrap: Child,
    ended: AsyncFd<OwnedFd>,
    words: Option<ChildStderr>,
}

impl Sandbox {
    /// Starts it, and gives the link to process 1 inside. Whether it came up shows when process 1 does what it is asked.
    pub fn start(spec: &KeeperSpec, room: &Room, parts: &Parts) -> io::Result<(Self, Link)> {
        let (init, theirs) = Link::pair()?;
        let number = theirs.as_raw_fd().to_string();
        let run_init = [EXECUTABLE_INSIDE, "init", &number].map(OsString::from);
        let mut command = Command::new(&spec.bwrap);
        command.args(arguments(room, &parts.sources, &run_init));
        command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut numbers = stage::numbers(&parts.held);
        numbers.push(theirs.as_raw_fd());
        system::inherit(&mut command, numbers);
        system::enter_before_start(&mut command, entrances(spec)?);
        let mut bwrap = command.spawn()?;
        let words = bwrap.stderr.take();
        let pidfd = pidfd_open(Pid::from_child(&bwrap), PidfdFlags::NONBLOCK)?;
        let inside = Rc::new(Inside { bwrap: bwrap.id().cast_signed(), found: RefCell::default() });
        Ok((Self { inside, bwrap, ended: crate::system::awaited(pidfd, Interest::READABLE)?, words }, init))
    }

    /// Bubblewrap's own process id, whose descendants are everything inside.
    pub fn root(&self) -> i32 {
        self.bwrap.id().cast_signed()
    }

    /// Returns when bubblewrap has ended, and with it everything inside.
    pub async fn ended(&self) {
        // An error here would mean that it cannot be waited for: as gone as it gets.
        let _ = self.ended.readable().await;
    }

    /// What bubblewrap said, when it ended early.
    pub fn last_words(&mut self) -> String {
        use std::io::Read as _;
        let mut text = Vec::new();
        if let Some(words) = self.words.take() {
            let _ = words.take(WORDS as u64).read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    }

    /// Kills it, collects it, and waits until nothing is left inside.
    pub async fn kill(&mut self) {
        self.inside.find();
        let _ = rustix::process::pidfd_send_signal(self.ended.get_ref(), Signal::KILL);
        self.ended().await;
        let _ = self.bwrap.wait();
        self.inside.gone().await;
    }
}

fn entrances(spec: &KeeperSpec) -> io::Result<Vec<File>> {
    let paths = spec.cgroups.as_ref().map(|cgroups| cgroups.entrances()).unwrap_or_default();
    paths.iter().map(|path| File::options().write(true).open(path)).collect()
}
