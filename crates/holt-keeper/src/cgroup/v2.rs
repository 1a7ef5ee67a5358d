//! Control groups, version 2: one tree.

use std::fs;
use std::io;
use std::path::Path;

use super::{Controller, give_all, number};
use crate::protocol::message::Measured;
use crate::spec::{Identity, RoomLimits};

const DELEGATED: [&str; 3] = ["cgroup.procs", "cgroup.subtree_control", "cgroup.threads"];
const CPU_PERIOD_MICROS: u64 = 100_000;

pub(super) fn create(
    directory: &Path,
    controllers: &[Controller],
    limits: &RoomLimits,
    owner: Option<Identity>,
) -> io::Result<()> {
    let rooms = directory.join("rooms");
    fs::create_dir_all(&rooms)?;
    enable(directory, controllers)?;
    for controller in controllers {
        limit(*controller, &rooms, limits)?;
    }
    enable(&rooms, controllers)?;
    for name in ["keeper", "rooms/init"] {
        fs::create_dir_all(directory.join(name))?;
        give_all(&directory.join(name), &DELEGATED, owner)?;
    }
    // The limits' own files stay root's; only what lies below can be changed by the session's user.
    give_all(directory, &DELEGATED, owner)?;
    give_all(&rooms, &DELEGATED, owner)
}

fn enable(directory: &Path, controllers: &[Controller]) -> io::Result<()> {
    controllers
        .iter()
        .try_for_each(|controller| fs::write(directory.join("cgroup.subtree_control"), format!("+{}", controller.as_str())))
}

fn limit(controller: Controller, path: &Path, limits: &RoomLimits) -> io::Result<()> {
    match controller {
        Controller::Memory => {
            fs::write(path.join("memory.max"), limits.memory_bytes.to_string())?;
            // A kernel without swap has no such file.
            let _ = fs::write(path.join("memory.swap.max"), "0");
            Ok(())
        }
        Controller::Pids => fs::write(path.join("pids.max"), limits.processes.to_string()),
        Controller::Cpu => {
            let quota = u64::from(limits.cpu_percent.max(1)) * CPU_PERIOD_MICROS / 100;
            fs::write(path.join("cpu.max"), format!("{quota} {CPU_PERIOD_MICROS}"))
        }
        Controller::Cpuacct | Controller::Freezer => Ok(()),
    }
}

pub(super) fn set_frozen(directory: &Path, frozen: bool) -> io::Result<()> {
    fs::write(directory.join("cgroup.freeze"), if frozen { "1" } else { "0" })
}

pub(super) fn is_frozen(directory: &Path) -> io::Result<bool> {
    Ok(fs::read_to_string(directory.join("cgroup.events"))?.lines().any(|line| line == "frozen 1"))
}

pub(super) fn measure(directory: &Path) -> Measured {
    let statistics = fs::read_to_string(directory.join("memory.stat")).unwrap_or_default();
    let inactive = statistics.lines().find_map(|line| line.strip_prefix("inactive_file "));
    let cache: u64 = inactive.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
    let time = fs::read_to_string(directory.join("cpu.stat")).unwrap_or_default();
    let micros = time.lines().find_map(|line| line.strip_prefix("usage_usec "));
    Measured {
        memory_bytes: number(&directory.join("memory.current")).saturating_sub(cache),
        processes: u32::try_from(number(&directory.join("pids.current"))).unwrap_or(u32::MAX),
        cpu_millis: micros.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0) / 1000,
        disk_bytes: 0,
    }
}
