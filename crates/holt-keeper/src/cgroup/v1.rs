//! Control groups, version 1: a tree for each controller.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Controller, give, number, processes};
use crate::protocol::message::{Group, Measured};
use crate::spec::{Identity, RoomLimits};

/// The controllers in which every group has a directory of its own.
pub(super) const GROUPED: [Controller; 3] = [Controller::Freezer, Controller::Memory, Controller::Pids];
/// Takes single threads, and those that come by themselves at once.
pub(super) const ENTRANCE: &str = "tasks";
const CPU_PERIOD_MICROS: u64 = 100_000;

pub(super) fn create(
    directories: &BTreeMap<Controller, PathBuf>,
    limits: &RoomLimits,
    owner: Option<Identity>,
) -> io::Result<()> {
    for (controller, path) in directories {
        fs::create_dir_all(path)?;
        limit(*controller, path, limits)?;
        // The limits' own files stay root's. A group can only be made below them.
        if GROUPED.contains(controller) {
            give(path, owner)?;
        }
        for file in [ENTRANCE, "freezer.state"].map(|file| path.join(file)).iter().filter(|file| file.exists()) {
            give(file, owner)?;
        }
    }
    Ok(())
}

fn limit(controller: Controller, path: &Path, limits: &RoomLimits) -> io::Result<()> {
    match controller {
        Controller::Memory => {
            fs::write(path.join("memory.limit_in_bytes"), limits.memory_bytes.to_string())?;
            // Without swap accounting there is no such file, and without swap it changes nothing.
            let _ = fs::write(path.join("memory.memsw.limit_in_bytes"), limits.memory_bytes.to_string());
            Ok(())
        }
        Controller::Pids => fs::write(path.join("pids.max"), limits.processes.to_string()),
        Controller::Cpu => {
            // The period is what it is by default.
            let quota = u64::from(limits.cpu_percent.max(1)) * CPU_PERIOD_MICROS / 100;
            fs::write(path.join("cpu.cfs_quota_us"), quota.to_string())
        }
        Controller::Cpuacct | Controller::Freezer => Ok(()),
    }
}

pub(super) fn set_frozen(directory: &Path, frozen: bool) -> io::Result<()> {
    fs::write(directory.join("freezer.state"), if frozen { "FROZEN" } else { "THAWED" })
}

/// A group that is still freezing says so; reading it also moves it on.
pub(super) fn is_frozen(directory: &Path) -> io::Result<bool> {
    Ok(fs::read_to_string(directory.join("freezer.state"))?.trim() == "FROZEN")
}

pub(super) fn measure(directories: &BTreeMap<Controller, PathBuf>, group: Option<Group>) -> Measured {
    let of = |controller: Controller| directories.get(&controller);
    let in_group = |path: &PathBuf| group.map_or_else(|| path.clone(), |group| path.join(group.as_str()));
    let processes_of = |path: &PathBuf| match group {
        Some(_) => processes(&in_group(path)).len() as u64,
        None => number(&path.join("pids.current")),
    };
    let counted = if group.is_some() { of(Controller::Freezer) } else { of(Controller::Pids) };
    Measured {
        memory_bytes: of(Controller::Memory).map_or(0, |path| memory(&in_group(path))),
        processes: u32::try_from(counted.map_or(0, processes_of)).unwrap_or(u32::MAX),
        // Processor time is counted for the whole session only.
        cpu_millis: match group {
            None => of(Controller::Cpuacct).map_or(0, |path| number(&path.join("cpuacct.usage")) / 1_000_000),
            Some(_) => 0,
        },
        disk_bytes: 0,
    }
}

/// What is used without the cache of files, which goes away when it is needed.
fn memory(directory: &Path) -> u64 {
    let used = number(&directory.join("memory.usage_in_bytes"));
    let statistics = fs::read_to_string(directory.join("memory.stat")).unwrap_or_default();
    let inactive = statistics.lines().find_map(|line| line.strip_prefix("total_inactive_file "));
    used.saturating_sub(inactive.and_then(|value| value.trim().parse().ok()).unwrap_or(0))
}
