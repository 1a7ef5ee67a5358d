//! The groups of processes: their leaders, and freezing, killing and measuring them with cgroups or, where none can be
//! made, over the tree of processes.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, oneshot, watch};
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::leaders::{Begun, End, Leader, Running, is_nobody_there, until_gone};
use super::link::Link;
use super::waiting::until;
use crate::cgroup::Plan;
use crate::inside::channel::{FromLeader, ProcessLimits, Start, ToInit, ToLeader};
use crate::protocol::message::{Exit, Group, Measured};
use crate::tree;

const FREEZE_LOOKS: u32 = 400;
/// One part in so many of the session's processes is not for commands, and at least so many.
const RESERVED_PART: u64 = 4;
const LEAST_RESERVED: u64 = 8;

/// Why a group stands still. It goes on when no reason is left. In the order in which it is told to who wants to start something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    Disk,
    Asked,
}

impl Why {
    pub fn words(self) -> &'static str {
        match self {
            Self::Disk => "the disk is nearly full, and everything in the sandbox stands still until there is room",
            Self::Asked => "the group is frozen",
        }
    }
}

#[derive(Debug)]
pub struct Groups {
    pub(super) cgroups: Option<Plan>,
    limits: ProcessLimits,
    pub(super) most_processes: u64,
    leaders: RefCell<BTreeMap<Group, Rc<Leader>>>,
    making: Mutex<()>,
    pub(super) frozen: RefCell<BTreeMap<Group, BTreeSet<Why>>>,
    /// Told when a group may go on.
    thawed: Notify,
    /// The bubblewraps, below which everything is.
    rooms: RefCell<Vec<i32>>,
    next: Cell<u64>,
}

impl Groups {
    pub fn new(cgroups: Option<Plan>, limits: ProcessLimits, most_processes: u64, room: i32) -> Rc<Self> {
        Rc::new(Self {
            cgroups,
            limits,
            most_processes,
            leaders: RefCell::default(),
            making: Mutex::new(()),
            frozen: RefCell::default(),
            thawed: Notify::new(),
            rooms: RefCell::new(vec![room]),
            next: Cell::new(1),
        })
    }

    pub fn add_room(&self, bwrap: i32) {
        self.rooms.borrow_mut().push(bwrap);
    }

    pub fn remove_room(&self, bwrap: i32) {
        self.rooms.borrow_mut().retain(|room| *room != bwrap);
    }

    /// The bubblewraps, below which everything is.
    pub fn rooms(&self) -> Vec<i32> {
        self.rooms.borrow().clone()
    }

    /// Starts a process with these descriptors at its numbers. If it is to have a terminal, where that is driven from comes
    /// when it has begun.
    pub async fn start(
        self: &Rc<Self>,
        init: &Link,
        group: Group,
        mut start: Start,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<(Running, oneshot::Receiver<OwnedFd>)> {
        if let Some(why) = self.why_frozen(group) {
            return Err(io::Error::other(why.words()));
        }
        start.id = self.next.replace(self.next.get() + 1);
        let (id, start) = (start.id, ToLeader::Start(start));
        loop {
            let leader = self.leader(init, group).await?;
            let (sender, end) = watch::channel(None);
            let pid = Rc::new(Cell::new(None));
            let (give_terminal, terminal) = oneshot::channel();
            let begun = Begun { end: sender, pid: Rc::clone(&pid), give_terminal: RefCell::new(Some(give_terminal)) };
            leader.running.borrow_mut().insert(id, begun);
            match leader.link.send(&start, descriptors).await {
                Ok(()) => return Ok((Running { leader, id, end, pid }, terminal)),
                // It has just died; another one is made when nothing is left of it.
                Err(error) if is_nobody_there(&error) => until_gone(&leader).await,
                Err(error) => {
                    leader.running.borrow_mut().remove(&id);
                    return Err(error);
                }
            }
        }
    }

    /// The group's leader, made when there is none.
    async fn leader(self: &Rc<Self>, init: &Link, group: Group) -> io::Result<Rc<Leader>> {
        let _one_at_a_time = self.making.lock().await;
        if let Some(leader) = self.leaders.borrow().get(&group) {
            return Ok(Rc::clone(leader));
        }
        let (link, theirs) = Link::pair()?;
        let entrances =
            self.cgroups.as_ref().map(|cgroups| cgroups.open_group(group, self.share(group))).transpose()?.unwrap_or_default();
        let descriptors: Vec<_> = [theirs.as_fd()].into_iter().chain(entrances.iter().map(File::as_fd)).collect();
        init.send(&ToInit::Lead { group, limits: self.limits }, &descriptors).await?;
        drop::<OwnedFd>(theirs);
        let (pid, gone) = (watch::Sender::new(None), watch::Sender::new(false));
        let leader = Rc::new(Leader { pid, link, running: RefCell::default(), gone });
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
                FromLeader::Begun { id } => {
                    if let Some(begun) = leader.running.borrow().get(&id) {
                        begun.pid.set(begun.pid.get().or(packet.sender));
                        begun.give_terminal(packet.descriptors);
                    }
                    continue;
                }
                FromLeader::Failed { id, message } => (id, End::NotStarted(message)),
                FromLeader::Exited { id, exit } => (id, End::Exit(exit)),
            };
            if let Some(begun) = leader.running.borrow_mut().remove(&id) {
                begun.end.send_replace(Some(end));
            }
        }
        self.end_strays(group).await;
        self.leaders.borrow_mut().remove(&group);
        for (_, begun) in std::mem::take(&mut *leader.running.borrow_mut()) {
            begun.end.send_replace(Some(End::Exit(Exit::Lost)));
        }
        leader.gone.send_replace(true);
    }

    async fn end_strays(&self, group: Group) {
        if let Some(cgroups) = &self.cgroups {
            self.kill_cgroup(cgroups, group).await;
            return;
        }
        // Without its leader a group is not told from process 1's other children: all but the other leaders' trees.
        let leaders = self.leaders.borrow();
        let others = leaders.iter().filter(|(other, _)| **other != group);
        let others: Vec<i32> = others.filter_map(|(_, leader)| *leader.pid.borrow()).collect();
        let mut spared: Vec<i32> = others.clone();
        spared.extend(others.iter().flat_map(|pid| tree::descendants(*pid)).map(|process| process.pid));
        for room in self.rooms() {
            if let Some(init) = tree::descendants(room).iter().find(|process| process.parent == room) {
                tree::kill(init.pid, &spared);
            }
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
                cgroups.open_group(group, self.share(group))?;
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
        self.thawed.notify_waiters();
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

    fn why_frozen(&self, group: Group) -> Option<Why> {
        self.frozen.borrow().get(&group).and_then(|reasons| reasons.first().copied())
    }

    pub fn is_frozen(&self, group: Group) -> bool {
        self.why_frozen(group).is_some()
    }

    /// Waits until a group may run.
    pub async fn until_thawed(&self, group: Group) {
        until(&self.thawed, || !self.is_frozen(group)).await;
    }

    /// Forgets why a group stood still.
    pub(super) fn forget_frozen(&self, group: Group) {
        self.frozen.borrow_mut().remove(&group);
        self.thawed.notify_waiters();
    }

    pub fn frozen(&self) -> Vec<Group> {
        self.frozen.borrow().keys().copied().collect()
    }

    /// How many processes a group may have, when that is fewer than the session: what commands, people in terminals and
    /// pages start is kept from taking the place of everything else.
    pub fn share(&self, group: Group) -> Option<u64> {
        let reserve = (self.most_processes / RESERVED_PART).max(LEAST_RESERVED).min(self.most_processes / 2);
        matches!(group, Group::Commands | Group::Terminals | Group::Browser).then_some(self.most_processes - reserve)
    }

    /// Holt's own: process 1, the leaders.
    pub fn own(&self) -> Vec<i32> {
        let leaders = self.leaders.borrow();
        let leaders = leaders.values().filter_map(|leader| *leader.pid.borrow());
        leaders.chain(self.rooms().into_iter().flat_map(tree::children)).collect()
    }

    pub fn measure(&self, group: Option<Group>) -> Measured {
        match (&self.cgroups, group) {
            (Some(cgroups), group) => cgroups.measure(group),
            (None, None) => tree::measure(&self.rooms()),
            (None, Some(group)) => self.leader_pid(group).map(|leader| tree::measure(&[leader])).unwrap_or_default(),
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

    pub(super) fn leader_of(&self, group: Group) -> Option<Rc<Leader>> {
        self.leaders.borrow().get(&group).cloned()
    }

    pub(super) fn leader_pid(&self, group: Group) -> Option<i32> {
        self.leaders.borrow().get(&group).and_then(|leader| *leader.pid.borrow())
    }

    /// As above, waiting for a leader that is on its way.
    pub(super) async fn settled_leader_pid(&self, group: Group) -> Option<i32> {
        let leader = Rc::downgrade(self.leaders.borrow().get(&group)?);
        let mut pid = leader.upgrade()?.pid.subscribe();
        // The sender goes with the leader, so this ends.
        pid.wait_for(Option::is_some).await.ok().and_then(|pid| *pid)
    }
}
