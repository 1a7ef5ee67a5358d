//! What the kernel says about a process.

use std::collections::HashSet;
use std::fs;
use std::time::Duration;

/// Kibibytes that are resident, and those of them that are no file's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    pub resident: u64,
    pub anonymous: u64,
    /// The most that was resident, since the start or since [`forget_peak`].
    pub peak: u64,
}

pub fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Memory { resident: of("VmRSS:").unwrap_or(0), anonymous: of("RssAnon:").unwrap_or(0), peak: of("VmHWM:").unwrap_or(0) }
}

/// Begins to look for the most anew.
pub fn forget_peak(pid: u32) {
    // Without it the peak is only higher than it should be.
    let _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
}

/// Open descriptors, but for TCP connections, since how many of those a client keeps for its next request is its own affair,
/// and for the store's files, of which a bounded number stays open for reading.
pub fn descriptors(pid: u32) -> usize {
    let connections = connections();
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let opened = descriptors.filter_map(|descriptor| fs::read_link(descriptor.path()).ok());
    let opened = opened.map(|opened| opened.to_string_lossy().into_owned());
    opened.filter(|opened| !connections.contains(opened) && !opened.contains(".db")).count()
}

/// The TCP connections of this machine, as the links of descriptors name them.
fn connections() -> HashSet<String> {
    const LISTENING: &str = "0A";
    let sockets = fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let fields = sockets.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields
        .filter(|fields| fields.get(3).is_some_and(|state| *state != LISTENING))
        .filter_map(|fields| Some(format!("socket:[{}]", fields.get(9)?)))
        .collect()
}

pub fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}

/// The processor time that a process has taken so far.
pub fn cpu(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The program's name, which may have anything in it, ends with the last parenthesis.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace()).into_iter().flatten();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// A process and its children, theirs as well.
pub fn with_children(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut at = 0;
    while let Some(pid) = all.get(at).copied() {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        at += 1;
    }
    all
}

/// Kibibytes that are resident, of what is shared only this process's share.
pub fn proportional(pid: u32) -> u64 {
    let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = memory.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// The processor time of the calling thread.
pub fn own_thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
