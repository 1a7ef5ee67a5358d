//! Ending what is in a group: all of it, or all but the toolbox.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::groups::Groups;
use super::leaders::until_gone;
use crate::cgroup::Plan;
use crate::protocol::message::Group;
use crate::tree;

const KILL_LOOKS: u32 = 400;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);
/// How long a leader's end may take to be noticed.
const DYING: Duration = Duration::from_secs(5);

impl Groups {
    /// Kills everything in a group. It can be used again afterwards, and is not frozen.
    pub async fn kill(&self, group: Group) -> io::Result<()> {
        let killed = self.end_each(group).await;
        self.forget_frozen(group);
        killed
    }

    /// Kills everything in a group, its leader too. What keeps the group still goes on to do so.
    pub async fn end_all(&self, group: Group) -> io::Result<()> {
        let killed = self.end_each(group).await;
        self.keep_still(group);
        killed
    }

    async fn end_each(&self, group: Group) -> io::Result<()> {
        let (leader, pid) = (self.leader_of(group), self.settled_leader_pid(group).await);
        let killed = match (&self.cgroups, pid) {
            (Some(cgroups), _) => self.kill_cgroup(cgroups, group).await,
            (None, Some(pid)) => {
                let killed = tree::kill(pid, &[]);
                // One that was made to stand still would start nothing any more.
                tree::signal(pid, rustix::process::Signal::KILL);
                killed
            }
            (None, None) => true,
        };
        if let Some(leader) = leader {
            let _ = timeout(DYING, until_gone(&leader)).await;
        }
        if killed { Ok(()) } else { Err(io::Error::other("the group does not die")) }
    }

    /// Kills what is in a group but its leader and the one to be spared; says how many there were. Leaves a group alone that
    /// stands still: nothing in it does anything.
    pub async fn end_others(&self, group: Group, spared: Option<i32>) -> usize {
        let Some(leader) = self.leader_pid(group).filter(|_| !self.is_frozen(group)) else { return 0 };
        let spared: Vec<i32> = spared.into_iter().chain([leader]).collect();
        match &self.cgroups {
            Some(cgroups) => self.kill_others(cgroups, group, &spared).await,
            None => tree::end(leader, &spared).len(),
        }
    }

    async fn kill_others(&self, cgroups: &Plan, group: Group, spared: &[i32]) -> usize {
        let mut ended = BTreeSet::new();
        for _ in 0..KILL_LOOKS {
            let is_other = |pid: &i32| !spared.contains(pid);
            let others: Vec<i32> = cgroups.processes(group).into_iter().filter(is_other).collect();
            if others.is_empty() {
                break;
            }
            if others.iter().any(|pid| !ended.contains(pid)) {
                let _ = cgroups.set_frozen(group, true);
                self.until_still(cgroups, group).await;
                for pid in cgroups.processes(group).into_iter().filter(is_other) {
                    tree::signal(pid, rustix::process::Signal::KILL);
                    ended.insert(pid);
                }
                let _ = cgroups.set_frozen(group, false);
                self.keep_still(group);
            }
            sleep(BETWEEN_LOOKS).await;
        }
        ended.len()
    }

    async fn until_still(&self, cgroups: &Plan, group: Group) {
        for _ in 0..KILL_LOOKS {
            if cgroups.is_frozen(group).unwrap_or(true) {
                return;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    pub(super) async fn kill_cgroup(&self, cgroups: &Plan, group: Group) -> bool {
        for _ in 0..KILL_LOOKS {
            if cgroups.kill_once(group) {
                return true;
            }
            sleep(BETWEEN_LOOKS).await;
        }
        false
    }

    /// Killing lets a group go on for a moment; somebody may want it to stand still meanwhile.
    fn keep_still(&self, group: Group) {
        if let Some(cgroups) = self.cgroups.as_ref().filter(|_| self.is_frozen(group)) {
            let _ = cgroups.set_frozen(group, true);
        }
    }
}
