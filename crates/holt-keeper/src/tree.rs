//! Process trees as `/proc` shows them: how groups are held together where no cgroup can be made, and how what a dead
//! keeper left is recognised.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::protocol::message::Measured;

/// A process, told apart from a later one of the same number by when it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub session: i32,
    pub started: u64,
    pub state: char,
    pub cpu_ticks: u64,
    pub resident_pages: u64,
    pub threads: u64,
}

/// How many rounds of stopping or killing are tried before a tree that still grows is given up.
const ROUNDS: usize = 200;

/// One process; none when it is gone.
pub fn process(pid: i32) -> Option<Process> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse(pid, &text)
}

/// The name of a process may hold anything, brackets and spaces too; the fields begin after its last bracket.
fn parse(pid: i32, text: &str) -> Option<Process> {
    let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        started: number(19)?,
        state: fields.first()?.chars().next()?,
        cpu_ticks: number(11)? + number(12)?,
        resident_pages: number(21)?,
        threads: number(17)?,
    })
}

/// The children of a process that has one thread.
pub fn children(parent: i32) -> Vec<i32> {
    match fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")) {
        Ok(text) => text.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect(),
        Err(_) => descendants(parent).iter().filter(|one| one.parent == parent).map(|one| one.pid).collect(),
    }
}

/// Everything below a process, without it and without the dead that nobody has collected yet.
pub fn descendants(root: i32) -> Vec<Process> {
    let mut children: BTreeMap<i32, Vec<Process>> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(process) = pid.and_then(process) {
            children.entry(process.parent).or_default().push(process);
        }
    }
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(parent) = open.pop() {
        for process in children.remove(&parent).unwrap_or_default() {
            open.push(process.pid);
            found.push(process);
        }
    }
    found.retain(|process| process.state != 'Z');
    found
}

/// As [`descendants`], at a cost that does not grow with what else the machine runs. One that is just born may be missed.
pub fn below(root: i32) -> Vec<Process> {
    let (mut found, mut open) = (Vec::new(), vec![root]);
    while let Some(parent) = open.pop() {
        for thread in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            let children = match fs::read_to_string(thread.path().join("children")) {
                Ok(children) => children,
                // This kernel does not tell.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && parent == root => return descendants(root),
                Err(_) => continue,
            };
            for process in children.split_ascii_whitespace().filter_map(|pid| process(pid.parse().ok()?)) {
                open.push(process.pid);
                found.push(process);
            }
        }
    }
    found.retain(|process| process.state != 'Z');
    found
}

/// Stops everything below a process but the `spared`, again until nothing runs that was not stopped: what is born
/// meanwhile is found in the next round.
pub fn stop(root: i32, spared: &[i32]) -> bool {
    let mut stopped = BTreeSet::new();
    for _ in 0..ROUNDS {
        let below: Vec<Process> = descendants(root).into_iter().filter(|process| !spared.contains(&process.pid)).collect();
        let running: Vec<_> = below.iter().filter(|process| !matches!(process.state, 'T' | 't')).collect();
        if running.is_empty() {
            return true;
        }
        for process in running {
            if stopped.insert((process.pid, process.started)) {
                signal(process.pid, Signal::STOP);
            }
        }
    }
    false
}

pub fn resume(root: i32) {
    for process in descendants(root) {
        signal(process.pid, Signal::CONT);
    }
}

/// Kills everything below a process but the `spared`, standing still first so that nothing escapes by multiplying.
pub fn kill(root: i32, spared: &[i32]) -> bool {
    end(root, spared);
    descendants(root).iter().all(|process| spared.contains(&process.pid))
}

/// As above; gives the processes that were killed.
pub fn end(root: i32, spared: &[i32]) -> BTreeSet<i32> {
    let mut ended = BTreeSet::new();
    for _ in 0..ROUNDS {
        stop(root, spared);
        let below: Vec<Process> = descendants(root).into_iter().filter(|process| !spared.contains(&process.pid)).collect();
        if below.is_empty() {
            break;
        }
        for process in below {
            signal(process.pid, Signal::KILL);
            ended.insert(process.pid);
        }
    }
    ended
}

/// What everything below these processes uses.
pub fn measure(roots: &[i32]) -> Measured {
    let page = rustix::param::page_size() as u64;
    let ticks = rustix::param::clock_ticks_per_second().max(1);
    let mut measured = Measured::default();
    for process in roots.iter().flat_map(|root| descendants(*root)) {
        measured.processes += 1;
        measured.memory_bytes += process.resident_pages * page;
        measured.cpu_millis += process.cpu_ticks * 1000 / ticks;
    }
    measured
}

pub fn signal(pid: i32, signal: Signal) {
    // Gone meanwhile is as good as told.
    if let Some(pid) = Pid::from_raw(pid).filter(|pid| !pid.is_init()) {
        let _ = kill_process(pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_hostile_name_does_not_shift_the_fields() {
        let mut text = "7 (a) S 1 (b) R 42".to_owned();
        text.push_str(&" 0".repeat(9));
        text.push_str(" 5 6");
        text.push_str(&" 0".repeat(4));
        text.push_str(" 3 0 99 0 12");
        let process = parse(7, &text).unwrap();
        assert_eq!((process.parent, process.state, process.started), (42, 'R', 99));
        assert_eq!((process.cpu_ticks, process.resident_pages, process.threads), (11, 12, 3));
        assert!(parse(7, "7 (a").is_none());
    }

    #[test]
    fn a_tree_is_stopped_and_killed_whole() {
        let script = "sleep 1000 & (sleep 1000 & sleep 1000 & echo ready; wait) & wait";
        let mut shell = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Read::read_exact(&mut shell.stdout.take().unwrap(), &mut [0; 5]).unwrap();
        let root = shell.id() as i32;
        assert!(stop(root, &[]));
        let below = descendants(root);
        assert!(below.len() >= 3, "{below:?}");
        assert!(below.iter().all(|process| process.state == 'T'));
        let pids = |all: Vec<Process>| all.iter().map(|process| process.pid).collect::<BTreeSet<_>>();
        assert_eq!(pids(super::below(root)), pids(below));
        assert!(kill(root, &[]));
        shell.wait().unwrap();
        assert!(descendants(root).is_empty());
    }
}
