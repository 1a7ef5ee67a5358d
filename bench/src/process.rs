//! What the kernel says about a process.

use std::fs;

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

pub fn descriptors(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count)
}

pub fn threads(pid: u32) -> usize {
    fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count)
}
