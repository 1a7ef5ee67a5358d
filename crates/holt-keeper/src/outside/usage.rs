//! Processes and memory, as far as the kernel does not bound them by itself.
//!
//! What earlier commands left must not keep the next one from starting: when their group is full, they are ended. And where
//! no cgroup limits a session, it is looked at now and then; that loses against whoever is fast.

use std::cell::Cell;
use std::cmp::Reverse;
use std::fs;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use super::keeper::{Keeper, is_limited};
use crate::cgroup::{Controller, Tasks};
use crate::protocol::message::{Group, Report};
use crate::tree::{self, Process};

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// A group is full when it could not have one part in so many more, and not more than so many more.
const HEADROOM_PART: u64 = 8;
const MOST_HEADROOM: u64 = 8;
/// How many characters of a process's name are told.
const LONGEST_NAME: usize = 32;

/// What is known of the room that commands have.
#[derive(Debug, Default)]
pub struct Room {
    making: Mutex<()>,
    /// How often the group had been refused a process when that was last looked at.
    refused: Cell<u64>,
}

/// Before a call begins: ends what earlier ones left when it takes the room that this one needs. While another call runs,
/// nothing is taken from it.
pub async fn make_room(keeper: &Rc<Keeper>) {
    let _one_at_a_time = keeper.room.making.lock().await;
    let client = keeper.toolbox.client();
    let is_known = client.is_none() || keeper.toolbox.pid().is_some();
    if is_known && !client.is_some_and(|client| client.is_at_work()) && is_full(keeper) {
        end_leftovers(keeper).await;
    }
}

fn is_full(keeper: &Keeper) -> bool {
    let groups = &keeper.groups;
    match groups.cgroups.as_ref().and_then(|cgroups| cgroups.tasks(Group::Commands)) {
        Some(Tasks { now, refused }) => {
            let was_refused = refused > keeper.room.refused.replace(refused);
            let most = groups.share(Group::Commands).unwrap_or(groups.most_processes);
            is_near(now, most) || (was_refused && now > most / 2)
        }
        None => is_near(tasks(&below(keeper)), groups.most_processes),
    }
}

fn is_near(now: u64, most: u64) -> bool {
    now + (most / HEADROOM_PART).clamp(1, MOST_HEADROOM) >= most
}

fn below(keeper: &Keeper) -> Vec<Process> {
    keeper.groups.rooms().into_iter().flat_map(tree::below).collect()
}

fn tasks(all: &[Process]) -> u64 {
    all.iter().map(|process| process.threads).sum()
}

async fn end_leftovers(keeper: &Rc<Keeper>) {
    let ended = keeper.groups.end_others(Group::Commands, keeper.toolbox.pid()).await;
    report_ended(keeper, ended);
}

fn report_ended(keeper: &Keeper, ended: usize) {
    if ended > 0 {
        let ended = u32::try_from(ended).unwrap_or(u32::MAX);
        keeper.report(Report::ProcessesEnded { ended, limit: keeper.spec.limits.processes });
    }
}

/// Looks now and then, where no cgroup limits the session.
pub async fn watch(keeper: Rc<Keeper>) {
    let memory = !is_limited(&keeper.spec, Controller::Memory);
    let processes = !is_limited(&keeper.spec, Controller::Pids);
    if !memory && !processes {
        return;
    }
    loop {
        sleep(BETWEEN_LOOKS).await;
        if memory {
            keep_memory(&keeper, &below(&keeper));
        }
        if processes && tasks(&below(&keeper)) > keeper.groups.most_processes {
            let mut ended = 0;
            let (tools, browser) = (keeper.toolbox.pid(), keeper.browser.toolbox.pid());
            let most_likely_first =
                [(Group::Commands, tools), (Group::Browser, browser), (Group::Terminals, None), (Group::Agent, None)];
            for (group, spared) in most_likely_first {
                if tasks(&below(&keeper)) > keeper.groups.most_processes {
                    ended += keeper.groups.end_others(group, spared).await;
                }
            }
            report_ended(&keeper, ended);
        }
    }
}

/// Ends the largest processes until the rest is within the session's memory.
fn keep_memory(keeper: &Keeper, all: &[Process]) {
    let page = rustix::param::page_size() as u64;
    let limit_bytes = keeper.spec.limits.memory_bytes;
    // Shared pages are counted for each process here, which costs little to know.
    if all.iter().map(|process| process.resident_pages * page).sum::<u64>() <= limit_bytes {
        return;
    }
    let resident = |process: &Process| proportional(process.pid).unwrap_or(process.resident_pages * page);
    let mut sizes: Vec<(u64, i32)> = all.iter().map(|process| (resident(process), process.pid)).collect();
    let used_bytes: u64 = sizes.iter().map(|(size, _)| size).sum();
    sizes.sort_unstable_by_key(|(size, _)| Reverse(*size));
    let toolboxes = [&keeper.toolbox, &keeper.browser.toolbox];
    let own: Vec<i32> = keeper.groups.own().into_iter().chain(toolboxes.iter().filter_map(|toolbox| toolbox.pid())).collect();
    let (mut left, mut ended) = (used_bytes, Vec::new());
    for (size, pid) in sizes.into_iter().filter(|(_, pid)| !own.contains(pid)) {
        if left <= limit_bytes {
            break;
        }
        ended.push(name(pid));
        tree::signal(pid, rustix::process::Signal::KILL);
        left -= size;
    }
    if !ended.is_empty() {
        keeper.report(Report::MemoryLimit { used_bytes, limit_bytes, ended });
    }
}

/// A process's memory, each shared page divided among those who share it.
fn proportional(pid: i32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// What a process calls itself, which may be anything.
fn name(pid: i32) -> String {
    let text = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let harmless = |one: &char| one.is_ascii_alphanumeric() || "._-".contains(*one);
    String::from_utf8_lossy(&text).chars().filter(harmless).take(LONGEST_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_full_a_little_before_it_is() {
        for (now, most, near) in
            [(0, 384, false), (375, 384, false), (376, 384, true), (39, 48, false), (42, 48, true), (1, 2, true), (6, 8, false)]
        {
            assert_eq!(is_near(now, most), near, "{now} of {most}");
        }
    }

    #[test]
    fn memory_that_is_shared_counts_once() {
        let own = proportional(std::process::id().cast_signed()).unwrap();
        let page = rustix::param::page_size() as u64;
        let resident = tree::process(std::process::id().cast_signed()).unwrap().resident_pages * page;
        assert!(own > 0 && own <= resident + (16 << 20), "{own} of {resident}");
    }
}
