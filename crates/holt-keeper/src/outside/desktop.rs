//! The sandbox's desktop as the keeper has it: started when it is asked for, told of when it ends.
//!
//! Viewers come to a socket that was made outside before the keeper gave up its rights; the X server inside is handed the
//! listening end. Nothing inside can put another socket in its place.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::io::AsyncReadExt as _;
use tokio::net::unix::pipe;
use tokio::sync::{Mutex, watch};
use tokio::task::spawn_local;
use tokio::time::timeout;

use super::birth::log;
use super::groups::Why;
use super::keeper::Keeper;
use super::leaders::{End, Running};
use crate::inside::channel::Start;
use crate::inside::desktop::READY;
use crate::protocol::message::{DesktopFlavour, Exit, Group, Report};
use crate::spec::EXECUTABLE_INSIDE;

const GROUP: Group = Group::Desktop;
/// The most bytes of what a desktop says.
const WORDS: u64 = 4096;
/// How long a desktop may take until it serves.
const COMING_UP: Duration = Duration::from_secs(30);
/// How long one that was asked to end may take to show whether it does.
const GOING: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub struct Desktop {
    viewers: OwnedFd,
    running: RefCell<Option<Up>>,
    /// Held while it is started, or cleared up behind.
    changing: Mutex<()>,
}

/// A desktop that was started.
#[derive(Debug, Clone)]
struct Up {
    running: Running,
    ready: watch::Receiver<bool>,
}

impl Desktop {
    pub fn new(viewers: OwnedFd) -> Self {
        Self { viewers, running: RefCell::default(), changing: Mutex::default() }
    }

    fn is_running(&self) -> bool {
        self.running.borrow().as_ref().is_some_and(|up| up.running.end.borrow().is_none())
    }
}

/// Starts the desktop unless it runs. Viewers that come now are served as soon as its X server is there.
pub async fn start(keeper: &Rc<Keeper>, flavour: DesktopFlavour, width: u16, height: u16) -> io::Result<()> {
    let _one_at_a_time = keeper.desktop.changing.lock().await;
    if keeper.desktop.is_running() {
        return Ok(());
    }
    // Of one that has just ended something may be left.
    if keeper.desktop.running.take().is_some() {
        keeper.groups.end_all(GROUP).await?;
    }
    if keeper.disk_floor.get().is_some() {
        return Err(io::Error::other(Why::Disk.words()));
    }
    let (words, said) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    let start = Start {
        id: 0,
        argv: [EXECUTABLE_INSIDE, "desktop", flavour.as_str(), &format!("{width}x{height}")].map(str::to_owned).to_vec(),
        variables: keeper.spec.room.variables.clone(),
        directory: Some(keeper.spec.room.directory.to_string_lossy().into_owned()),
        descriptors: vec![0, 1, 2],
        terminal: None,
    };
    let running = keeper.start(GROUP, start, &[keeper.desktop.viewers.as_fd(), said.as_fd(), null.as_fd()]).await?;
    let (tell_ready, ready) = watch::channel(false);
    keeper.desktop.running.replace(Some(Up { running: running.clone(), ready }));
    spawn_local(accompany(Rc::clone(keeper), running, pipe::Receiver::from_owned_fd(words)?, tell_ready));
    Ok(())
}

/// Waits until the desktop serves programs.
pub async fn until_ready(keeper: &Rc<Keeper>) -> io::Result<()> {
    // Who waits for it sees how it ended; why is in the report.
    let failed = || io::Error::other("it did not come up; the session's notes say why");
    let Some(Up { mut running, mut ready }) = keeper.desktop.running.borrow().clone() else { return Err(failed()) };
    tokio::select! {
        ready = timeout(COMING_UP, ready.wait_for(|ready| *ready)) => match ready {
            Ok(Ok(_)) => Ok(()),
            _ => Err(failed()),
        },
        _ = running.end.wait_for(Option::is_some) => Err(failed()),
    }
}

/// Asks it to end, which it does if no program has a window. Whoever wants it meanwhile waits until that is known.
pub async fn rest(keeper: &Rc<Keeper>) -> io::Result<()> {
    let _one_at_a_time = keeper.desktop.changing.lock().await;
    let up = keeper.desktop.running.borrow().clone();
    let Some(Up { mut running, .. }) = up else { return Ok(()) };
    running.signal(libc::SIGTERM).await?;
    let _ = timeout(GOING, running.end.wait_for(Option::is_some)).await;
    Ok(())
}

/// Waits for the end of a desktop, clears up behind it, and tells.
async fn accompany(keeper: Rc<Keeper>, running: Running, words: pipe::Receiver, tell_ready: watch::Sender<bool>) {
    let mut end = running.end.clone();
    let mut said = Vec::new();
    let mut words = words.take(WORDS);
    while words.read_buf(&mut said).await.is_ok_and(|length| length > 0) {
        if said.strip_prefix(READY.as_bytes()).is_some_and(|rest| rest.starts_with(b"\n")) {
            tell_ready.send_replace(true);
            said.clear();
        }
    }
    let ended = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
    let _one_at_a_time = keeper.desktop.changing.lock().await;
    // Another one may have been started since, behind which there is nothing to clear up.
    if !keeper.desktop.is_running()
        && keeper.desktop.running.take().is_some()
        && let Err(error) = keeper.groups.end_all(GROUP).await
    {
        log(&format!("what a desktop left could not be ended: {error}"));
    }
    let reason = match ended {
        // It was asked to.
        Some(End::Exit(Exit::Code { code: 0 })) => return,
        Some(End::NotStarted(reason)) => reason,
        _ => String::from_utf8_lossy(&said).trim().chars().filter(|c| !c.is_control()).collect(),
    };
    keeper.report(Report::DesktopEnded { reason });
}
