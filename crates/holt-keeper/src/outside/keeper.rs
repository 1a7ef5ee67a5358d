//! The keeper proper: what it holds, how it comes up, how it ends.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

use super::birth::{Settled, log};
use super::browser::{self, Browser};
use super::calls::Calls;
use super::connection::Outlet;
use super::desktop::Desktop;
use super::groups::Groups;
use super::leaders::Running;
use super::link::Link;
use super::processes::Processes;
use super::programs::Programs;
use super::sandbox::{Inside, Sandbox};
use super::streams::{self, Doors, Streams};
use super::terminals::Terminals;
use super::toolbox::{self, Toolbox, Which};
use super::usage::{self, Room};
use super::{disk, serve};
use crate::cgroup::Controller;
use crate::inside::channel::{ProcessLimits, Start};
use crate::protocol::message::{Group, Message, Report};
use crate::spec::KeeperSpec;

/// Processes that are Holt's own and not counted against the session's.
const OWN_PROCESSES: u64 = 16;
/// How long a keeper waits for the first server that comes to it.
const FIRST_VISIT: Duration = Duration::from_secs(15);
/// How long the news of the end may take to go out.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How far the sandbox has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    Starting,
    Ready,
    Failed(String),
}

#[derive(Debug)]
pub struct Keeper {
    pub spec: KeeperSpec,
    pub groups: Rc<Groups>,
    pub calls: RefCell<Calls>,
    pub processes: Processes,
    pub terminals: Terminals,
    pub spool: OwnedFd,
    /// Bytes that the session's directories held when they were last counted.
    pub used: Cell<u64>,
    /// How little is free, while it is too little and everything stands still.
    pub disk_floor: Cell<Option<u64>>,
    pub highest_epoch: Cell<u64>,
    pub stage: watch::Sender<Stage>,
    init: Rc<Link>,
    pub toolbox: Toolbox,
    pub desktop: Desktop,
    pub browser: Browser,
    pub streams: Streams,
    /// Programs that somebody talks to over their standard streams.
    pub programs: Programs,
    pub room: Room,
    server: RefCell<Option<Rc<Outlet>>>,
    alone_since: Cell<Instant>,
    end: RefCell<Option<String>>,
    ending: Notify,
}

/// Builds the sandbox and serves until it ends, the server ends it, or nobody has come for too long.
pub fn run(settled: Settled) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
    LocalSet::new().block_on(&runtime, live(settled))
}

async fn live(settled: Settled) -> io::Result<()> {
    let listener = std::os::unix::net::UnixListener::from(settled.listener.try_clone()?);
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    // Before anything runs inside that could be there first.
    let doors = Doors::make()?;
    let (mut sandbox, init) = Sandbox::start(&settled.spec, &settled.spec.room, &settled.room)?;
    let Settled { spec, watched, spool, viewers, browser, .. } = settled;
    let keeper = Rc::new(Keeper::new(spec, spool, (Desktop::new(viewers), Browser::new(browser)), init, sandbox.root()));
    spawn_local(Rc::clone(&keeper).come_up(Rc::clone(&sandbox.inside)));
    spawn_local(disk::watch(Rc::clone(&keeper), watched));
    spawn_local(usage::watch(Rc::clone(&keeper)));
    spawn_local(streams::take_in(Rc::clone(&keeper), doors));
    let reason = tokio::select! {
        () = sandbox.ended() => sandbox.last_words(),
        () = serve::welcome(&keeper, &listener) => String::new(),
        reason = keeper.ended() => reason,
    };
    keeper.stage.send_replace(Stage::Failed(reason.clone()));
    log(&format!("the sandbox ends: {reason}"));
    keeper.say_goodbye(reason).await;
    browser::rest(&keeper).await;
    keeper.end_groups().await;
    browser::end(&keeper).await;
    sandbox.kill().await;
    Ok(())
}

impl Keeper {
    fn new(spec: KeeperSpec, spool: OwnedFd, (desktop, browser): (Desktop, Browser), init: Link, root: i32) -> Self {
        let limits = ProcessLimits {
            file_bytes: spec.limits.disk_bytes,
            processes: u64::from(spec.limits.processes) + OWN_PROCESSES,
            data_bytes: (!is_limited(&spec, Controller::Memory)).then_some(spec.limits.memory_bytes),
        };
        let plan = spec.cgroups.clone().filter(|cgroups| cgroups.has(Controller::Freezer));
        Self {
            groups: Groups::new(plan, limits, spec.limits.processes.into(), root),
            spec,
            calls: RefCell::default(),
            processes: Processes::default(),
            terminals: Terminals::default(),
            spool,
            used: Cell::new(0),
            disk_floor: Cell::new(None),
            highest_epoch: Cell::new(0),
            stage: watch::Sender::new(Stage::Starting),
            init: Rc::new(init),
            toolbox: Toolbox::default(),
            desktop,
            browser,
            streams: Streams::default(),
            programs: Programs::default(),
            room: Room::default(),
            server: RefCell::default(),
            alone_since: Cell::new(Instant::now()),
            end: RefCell::default(),
            ending: Notify::new(),
        }
    }

    async fn come_up(self: Rc<Self>, inside: Rc<Inside>) {
        if let Err(error) = toolbox::reach(&self, Which::Session).await {
            log(&format!("the toolbox did not start: {error}"));
            return;
        }
        self.stage.send_if_modified(|stage| {
            let starting = *stage == Stage::Starting;
            if starting {
                *stage = Stage::Ready;
            }
            starting
        });
        inside.find();
    }

    /// Waits until the sandbox is up; says why when it is not going to be.
    pub async fn ready(&self) -> Result<(), String> {
        let mut stage = self.stage.subscribe();
        match stage.wait_for(|stage| *stage != Stage::Starting).await.as_deref() {
            Ok(Stage::Ready) => Ok(()),
            Ok(Stage::Failed(reason)) => Err(reason.clone()),
            Ok(Stage::Starting) | Err(_) => Err(String::new()),
        }
    }

    /// Starts a process in a group, in the group's room.
    pub async fn start(self: &Rc<Self>, group: Group, start: Start, descriptors: &[BorrowedFd<'_>]) -> io::Result<Running> {
        let init = match group {
            Group::Browser => browser::reach_room(self).await?,
            Group::Commands | Group::Agent | Group::Desktop | Group::Terminals => Rc::clone(&self.init),
        };
        self.groups.start(&init, group, start, descriptors).await.map(|(running, _)| running)
    }

    /// Starts a process that has a terminal; where that is driven from comes when the process has begun.
    pub async fn start_on_terminal(&self, group: Group, start: Start) -> io::Result<(Running, oneshot::Receiver<OwnedFd>)> {
        self.groups.start(&self.init, group, start, &[]).await
    }

    /// Whether anything is alive inside that is not Holt's own. A desktop and a browser are there to be looked at, and can
    /// come again.
    pub fn is_busy(&self) -> bool {
        let own = self.toolbox.processes();
        let others = Group::ALL.iter().filter(|group| !matches!(group, Group::Desktop | Group::Browser));
        others.map(|group| self.groups.count(*group)).sum::<usize>() > own
    }

    /// A server has come: an older one has to go.
    pub fn take_server(&self, outlet: &Rc<Outlet>) {
        if let Some(older) = self.server.replace(Some(Rc::clone(outlet))) {
            older.try_say(&Message::Fenced { epoch: outlet.epoch });
            older.close();
        }
        self.streams.take_server(outlet.epoch);
        if let Some(free_bytes) = self.disk_floor.get() {
            say(outlet, Report::DiskFloor { free_bytes });
        }
        if let Some(page) = self.browser.shown.borrow().clone() {
            say(outlet, Report::Page(page));
        }
    }

    pub fn lose_server(&self, outlet: &Rc<Outlet>) {
        let mut server = self.server.borrow_mut();
        if server.as_ref().is_some_and(|current| Rc::ptr_eq(current, outlet)) {
            *server = None;
            self.alone_since.set(Instant::now());
        }
    }

    pub fn has_server(&self) -> bool {
        self.server.borrow().is_some()
    }

    pub fn report(&self, report: Report) {
        if let Some(server) = &*self.server.borrow() {
            say(server, report);
        }
    }

    pub fn end_with(&self, reason: &str) {
        self.end.borrow_mut().get_or_insert_with(|| reason.to_owned());
        self.ending.notify_waiters();
    }

    /// How long the keeper goes on alone. One that no server ever came to may be known to none: its own died before it
    /// could write down that there is a keeper.
    fn grace(&self) -> Duration {
        let grace = Duration::from_secs(self.spec.grace_seconds);
        if self.highest_epoch.get() == 0 { grace.min(FIRST_VISIT) } else { grace }
    }

    /// Returns why, when the keeper is to end.
    async fn ended(&self) -> String {
        loop {
            let ending = self.ending.notified();
            if let Some(reason) = self.end.borrow().clone() {
                return reason;
            }
            let alone = self.server.borrow().is_none();
            let grace = self.grace();
            let until = if alone { self.alone_since.get() } else { Instant::now() } + grace;
            tokio::select! {
                () = ending => {}
                () = sleep_until(until) => {
                    if self.server.borrow().is_none() && self.alone_since.get().elapsed() >= self.grace() {
                        self.end_with("no server came back in time");
                    }
                }
            }
        }
    }

    async fn say_goodbye(&self, reason: String) {
        let server = self.server.borrow_mut().take();
        if let Some(server) = server {
            let message = Message::Happened { report: Report::Ended { reason } };
            let _ = tokio::time::timeout(LAST_WORDS, server.say(&message, Vec::new())).await;
            server.close();
            tokio::task::yield_now().await;
        }
    }

    async fn end_groups(&self) {
        for group in Group::ALL {
            if self.groups.count(group) > 0 || self.groups.frozen().contains(&group) {
                let _ = self.groups.kill(group).await;
            }
        }
    }
}

/// Whether a cgroup limits this for the whole session.
pub fn is_limited(spec: &KeeperSpec, controller: Controller) -> bool {
    spec.cgroups.as_ref().is_some_and(|cgroups| cgroups.has(controller))
}

/// Says to a server what has happened, as soon as there is room: what it knows by such words alone must not be lost.
fn say(server: &Rc<Outlet>, report: Report) {
    let server = Rc::clone(server);
    spawn_local(async move { server.say(&Message::Happened { report }, Vec::new()).await });
}
