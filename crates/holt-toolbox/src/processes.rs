//! The processes that can be seen, read from `/proc`, and which of them belong to a command.

use std::collections::{HashMap, HashSet};
use std::io::Read;

/// How much of one file of `/proc` is read.
const MAX_STAT: u64 = 4096;
const MAX_COMMAND: u64 = 4096;
const MAX_ENVIRONMENT: u64 = 2 * 1024 * 1024;

/// One process, as `/proc/<pid>/stat` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    pub state: char,
    pub name: String,
    /// User and system time, in clock ticks.
    pub busy_ticks: u64,
    /// When it started, in clock ticks after the machine did.
    pub started_ticks: u64,
    pub resident_pages: u64,
}

impl Process {
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// The process `pid`, while it exists.
    pub fn read(pid: i32) -> Option<Self> {
        parse(&String::from_utf8_lossy(&read_some(&format!("/proc/{pid}/stat"), MAX_STAT)?))
    }

    /// Its command line, or its name when it has none.
    pub fn command(&self) -> String {
        let line = read_some(&format!("/proc/{}/cmdline", self.pid), MAX_COMMAND).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).trim_end_matches('\0').replace('\0', " ");
        if line.trim().is_empty() { format!("[{}]", self.name) } else { line }
    }

    /// The user that it runs as.
    pub fn user(&self) -> Option<u32> {
        let status = read_some(&format!("/proc/{}/status", self.pid), MAX_STAT)?;
        let status = String::from_utf8_lossy(&status);
        status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().nth(1)?.parse().ok()
    }

    /// The value of a variable in the environment that it was started with; `None` when that cannot be seen.
    fn variable(&self, name: &str) -> Option<String> {
        let environment = read_some(&format!("/proc/{}/environ", self.pid), MAX_ENVIRONMENT)?;
        let prefix = format!("{name}=");
        let value = environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(prefix.as_bytes()))?;
        Some(String::from_utf8_lossy(value).into_owned())
    }
}

/// Every process that can be seen.
pub fn all() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| Process::read(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

fn read_some(path: &str, most: u64) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::open(path).ok()?.take(most).read_to_end(&mut content).ok()?;
    Some(content)
}

/// Reads a line of `/proc/<pid>/stat`. The name in it may hold anything, parentheses and spaces included.
fn parse(line: &str) -> Option<Process> {
    let (before, after) = (line.find('(')?, line.rfind(')')?);
    let name = line.get(before + 1..after)?.to_owned();
    let fields: Vec<&str> = line.get(after + 1..)?.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i64>().ok();
    let count = |index: usize| number(index).and_then(|number| u64::try_from(number).ok());
    Some(Process {
        pid: line[..before].trim().parse().ok()?,
        name,
        state: fields.first()?.chars().next()?,
        parent: i32::try_from(number(1)?).ok()?,
        group: i32::try_from(number(2)?).ok()?,
        busy_ticks: count(11)? + count(12)?,
        started_ticks: count(19)?,
        resident_pages: count(21)?,
    })
}

/// One command, to tell its processes from others.
#[derive(Debug, Clone)]
pub struct Family<'a> {
    pub leader: i32,
    /// The variable and value that only its processes inherit.
    pub mark: (&'a str, &'a str),
    /// This process, to which what has lost its parent is given.
    pub guardian: i32,
    /// The leaders of the guardian's other commands.
    pub others: &'a HashSet<i32>,
    /// What started before belongs to something else.
    pub started_ticks: u64,
}

/// Whose mark a process carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Ours,
    Another,
    /// It cleared its environment, or that cannot be read.
    None,
}

/// Which of `processes` belong to the family: what descends from its leader or is in its group, what carries its mark
/// wherever it is, and what has shed parent and mark alike, unless that could be another command's.
pub fn members(processes: &[Process], family: &Family<'_>, mark_of: &dyn Fn(&Process) -> Mark) -> Vec<i32> {
    let parents: HashMap<i32, i32> = processes.iter().map(|process| (process.pid, process.parent)).collect();
    let mut roots: HashSet<i32> = HashSet::from([family.leader]);
    for process in processes.iter().filter(|process| process.pid > 1 && process.pid != family.guardian) {
        let theirs = family.others.contains(&process.pid);
        let stray = process.parent == family.guardian && !theirs && process.started_ticks >= family.started_ticks;
        let ours = match mark_of(process) {
            Mark::Ours => true,
            Mark::Another => false,
            Mark::None => stray && family.others.is_empty(),
        };
        if ours || process.group == family.leader {
            roots.insert(process.pid);
        }
    }
    let belongs = |pid: i32| {
        let lineage = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
        // A lineage cannot be longer than the list, whatever a race made of it.
        lineage.take(processes.len() + 1).take_while(|pid| *pid > 1 && *pid != family.guardian).any(|pid| roots.contains(&pid))
    };
    processes.iter().filter(|process| process.is_alive() && belongs(process.pid)).map(|process| process.pid).collect()
}

/// The members of a family that live now.
pub fn members_now(family: &Family<'_>) -> Vec<i32> {
    let (name, value) = family.mark;
    members(&all(), family, &|process| match process.variable(name) {
        Some(mark) if mark == value => Mark::Ours,
        Some(_) => Mark::Another,
        None => Mark::None,
    })
}

/// Everything that descends from `ancestor` and lives now.
pub fn descendants_now(ancestor: i32) -> Vec<i32> {
    descendants(&all(), ancestor)
}

fn descendants(processes: &[Process], ancestor: i32) -> Vec<i32> {
    let parents: HashMap<i32, i32> = processes.iter().map(|process| (process.pid, process.parent)).collect();
    let descends = |pid: i32| {
        let lineage = std::iter::successors(parents.get(&pid).copied(), |pid| parents.get(pid).copied());
        lineage.take(processes.len() + 1).take_while(|pid| *pid > 1).any(|pid| pid == ancestor)
    };
    processes.iter().filter(|process| process.is_alive() && descends(process.pid)).map(|process| process.pid).collect()
}

#[cfg(test)]
mod tests;
