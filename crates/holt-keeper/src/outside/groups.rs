//! The groups of processes: their leaders, and freezing, killing and measuring them with cgroups or, where none can be
//! made, over the tree of processes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::link::Link;
use crate::cgroup::Plan;
use crate::inside::channel::{FromLeader, ProcessLimits, Start, ToInit, ToLeader};
use crate::protocol::message::{Exit, Group, Measured};
use crate::tree;

const FREEZE_LOOKS: u32 = 400;
const KILL_LOOKS: u32 = 400;

/// How a process came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exit(Exit),
    NotStarted(String),
}

/// Why a group stands still. It goes on when no reason is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Asked,
    Disk,
}

/// A process that was asked for.
#[derive(Debug, Clone)]
pub struct Running {
    leader: Rc<Leader>,
    id: u64,
    pub end: watch::Receiver<Option<End>>,
}

#[derive(Debug)]
struct Leader {
    /// As the host sees it; none until the leader has said that it is there, or when it never will.
    pid: watch::Sender<Option<i32>>,
    link: Link,
    running: RefCell<BTreeMap<u64, watch::Sender<Option<End>>>>,
}

#[derive(Debug)]
pub struct Groups {
    cgroups: Option<Plan>,
    limits: ProcessLimits,
    leaders: RefCell<BTreeMap<Group, Rc<Leader>>>,
    making: Mutex<()>,
    frozen: RefCell<BTreeMap<Group, BTreeSet<Why>>>,
    /// Bubblewrap, below which everything is.
    root: i32,
    next: Cell<u64>,
}

impl Groups {
    pub fn new(cgroups: Option<Plan>, limits: ProcessLimits, root: i32) -> Rc<Self> {
        Rc::new(Self {
            cgroups,
            limits,
            leaders: RefCell::default(),
            making: Mutex::new(()),
            frozen: RefCell::default(),
            root,
            next: Cell::new(1),
        })
    }

    /// Starts a process with these descriptors at its numbers.
    pub async fn start(
        self: &Rc<Self>,
        init: &Link,
        group: Group,
        mut start: Start,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<Running> {
        if self.frozen.borrow().contains_key(&group) {
            return Err(io::Error::other("the group is frozen"));
        }
        let leader = self.leader(init, group).await?;
        start.id = self.next.replace(self.next.get() + 1);
        let (id, (sender, end)) = (start.id, watch::channel(None));
        leader.running.borrow_mut().insert(id, sender);
        if let Err(error) = leader.link.send(&ToLeader::Start(start), descriptors).await {
            leader.running.borrow_mut().remove(&id);
            return Err(error);
        }
        Ok(Running { leader, id, end })
    }

    /// The group's leader, made when there is none.
    async fn leader(self: &Rc<Self>, init: &Link, group: Group) -> io::Result<Rc<Leader>> {
        let _one_at_a_time = self.making.lock().await;
        if let Some(leader) = self.leaders.borrow().get(&group) {
            return Ok(Rc::clone(leader));
        }
        let (link, theirs) = Link::pair()?;
        let entrances = self.cgroups.as_ref().map(|cgroups| cgroups.open_group(group)).transpose()?.unwrap_or_default();
        let descriptors: Vec<_> = [theirs.as_fd()].into_iter().chain(entrances.iter().map(File::as_fd)).collect();
        init.send(&ToInit::Lead { group, limits: self.limits }, &descriptors).await?;
        drop::<OwnedFd>(theirs);
        let leader = Rc::new(Leader { pid: watch::Sender::new(None), link, running: RefCell::default() });
        self.leaders.borrow_mut().insert(group, Rc::clone(&leader));
        spawn_local(Rc::clone(self).listen(group, Rc::clone(&leader)));
        Ok(leader)
    }

    /// Hears of ends until the leader is gone; then nothing may be left of its group.
    async fn listen(self: Rc<Self>, group: Group, leader: Rc<Leader>) {
        while let Ok(Some(packet)) = leader.link.receive::<FromLeader>().await {
            let (id, end) = match packet.message {
                FromLeader::Here => {
                    // Only the first word counts: nobody is made to believe in another leader later.
                    leader.pid.send_if_modified(|pid| pid.is_none() && pid.replace(packet.sender.unwrap_or_default()).is_none());
                    continue;
                }
                FromLeader::Failed { id, message } => (id, End::NotStarted(message)),
                FromLeader::Exited { id, exit } => (id, End::Exit(exit)),
            };
            if let Some(sender) = leader.running.borrow_mut().remove(&id) {
                sender.send_replace(Some(end));
            }
        }
        self.leaders.borrow_mut().remove(&group);
        self.end_strays(group).await;
        for (_, sender) in std::mem::take(&mut *leader.running.borrow_mut()) {
            sender.send_replace(Some(End::Exit(Exit::Lost)));
        }
    }

    async fn end_strays(&self, group: Group) {
        if let Some(cgroups) = &self.cgroups {
            self.kill_cgroup(cgroups, group).await;
            return;
        }
        // Without its leader a group is not told from process 1's other children: all but the other leaders' trees.
        let others: Vec<i32> = self.leaders.borrow().values().filter_map(|leader| *leader.pid.borrow()).collect();
        let mut spared: Vec<i32> = others.clone();
        spared.extend(others.iter().flat_map(|pid| tree::descendants(*pid)).map(|process| process.pid));
        if let Some(init) = tree::descendants(self.root).iter().find(|process| process.parent == self.root) {
            tree::kill(init.pid, &spared);
        }
    }

    pub async fn freeze(&self, group: Group, why: Why) -> io::Result<()> {
        self.frozen.borrow_mut().entry(group).or_default().insert(why);
        match &self.cgroups {
            None => match self.settled_leader_pid(group).await {
                Some(pid) if !tree::stop(pid, &[]) => Err(io::Error::other("the group does not stand still")),
                _ => Ok(()),
            },
            Some(cgroups) => {
                cgroups.open_group(group)?;
                cgroups.set_frozen(group, true)?;
                for _ in 0..FREEZE_LOOKS {
                    if cgroups.is_frozen(group)? {
                        return Ok(());
                    }
                    sleep(Duration::from_millis(2)).await;
                }
                Err(io::Error::other("the group does not stand still"))
            }
        }
    }

    pub fn thaw(&self, group: Group, why: Why) -> io::Result<()> {
        let mut frozen = self.frozen.borrow_mut();
        let Some(reasons) = frozen.get_mut(&group) else { return Ok(()) };
        reasons.remove(&why);
        if !reasons.is_empty() {
            return Ok(());
        }
        frozen.remove(&group);
        match (&self.cgroups, self.leader_pid(group)) {
            (Some(cgroups), _) => cgroups.set_frozen(group, false),
            (None, Some(pid)) => {
                tree::resume(pid);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    /// Whether a group stands still for this reason.
    pub fn is_held(&self, group: Group, why: Why) -> bool {
        self.frozen.borrow().get(&group).is_some_and(|reasons| reasons.contains(&why))
    }

    pub fn frozen(&self) -> Vec<Group> {
        self.frozen.borrow().keys().copied().collect()
    }

    /// Kills everything in a group. It can be used again afterwards, and is not frozen.
    pub async fn kill(&self, group: Group) -> io::Result<()> {
        let killed = match (&self.cgroups, self.settled_leader_pid(group).await) {
            (Some(cgroups), _) => self.kill_cgroup(cgroups, group).await,
            (None, Some(pid)) => tree::kill(pid, &[]),
            (None, None) => true,
        };
        self.frozen.borrow_mut().remove(&group);
        if killed { Ok(()) } else { Err(io::Error::other("the group does not die")) }
    }

    async fn kill_cgroup(&self, cgroups: &Plan, group: Group) -> bool {
        for _ in 0..KILL_LOOKS {
            if cgroups.kill_once(group) {
                return true;
            }
            sleep(Duration::from_millis(2)).await;
        }
        false
    }

    pub fn measure(&self, group: Option<Group>) -> Measured {
        match (&self.cgroups, group) {
            (Some(cgroups), group) => cgroups.measure(group),
            (None, None) => tree::measure(self.root),
            (None, Some(group)) => self.leader_pid(group).map(tree::measure).unwrap_or_default(),
        }
    }

    /// How many processes a group has besides its leader.
    pub fn count(&self, group: Group) -> usize {
        let Some(pid) = self.leader_pid(group) else { return 0 };
        match &self.cgroups {
            Some(cgroups) => cgroups.processes(group).len().saturating_sub(1),
            None => tree::descendants(pid).len(),
        }
    }

    fn leader_pid(&self, group: Group) -> Option<i32> {
        self.leaders.borrow().get(&group).and_then(|leader| *leader.pid.borrow())
    }

    /// As above, waiting for a leader that is on its way.
    async fn settled_leader_pid(&self, group: Group) -> Option<i32> {
        let leader = Rc::downgrade(self.leaders.borrow().get(&group)?);
        let mut pid = leader.upgrade()?.pid.subscribe();
        // The sender goes with the leader, so this ends.
        pid.wait_for(Option::is_some).await.ok().and_then(|pid| *pid)
    }
}

impl Running {
    /// Waits until the group's leader is there; false when it never will be.
    pub async fn is_led(&self) -> bool {
        let mut pid = self.leader.pid.subscribe();
        let mut end = self.end.clone();
        tokio::select! {
            led = pid.wait_for(Option::is_some) => led.is_ok(),
            _ = end.wait_for(Option::is_some) => self.leader.pid.borrow().is_some(),
        }
    }

    pub async fn signal(&self, signal: i32) -> io::Result<()> {
        self.leader.link.send(&ToLeader::Signal { id: self.id, signal }, &[]).await
    }
}
