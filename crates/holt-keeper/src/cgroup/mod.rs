//! A session's cgroups: limits on the whole, groups that can be frozen, killed and measured.
//!
//! The server decides once what this machine allows ([`Plan`]). The keeper, still root where it started as root, makes the
//! directories and gives them to the session's user; from then on the unprivileged keeper moves, freezes and kills in
//! them. Whoever outlives the keeper (its janitor, the next server) ends what is left with [`Plan::end`].
//!
//! Version 1 has a directory for each controller; groups exist where they matter, in
//! `freezer`, `memory` and `pids`. Version 2 has
//! one tree: `keeper` beside `rooms`, which bears the limits and holds `init` and the groups.

mod v1;
mod v2;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::protocol::message::{Group, Measured};
use crate::spec::{Identity, RoomLimits};

/// What a cgroup can do for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controller {
    Memory,
    Pids,
    Cpu,
    Cpuacct,
    Freezer,
}

impl Controller {
    pub const ALL: [Self; 5] = [Self::Memory, Self::Pids, Self::Cpu, Self::Cpuacct, Self::Freezer];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Pids => "pids",
            Self::Cpu => "cpu",
            Self::Cpuacct => "cpuacct",
            Self::Freezer => "freezer",
        }
    }
}

/// The processes and threads of a group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tasks {
    pub now: u64,
    /// So often there were to be more than there may be.
    pub refused: u64,
}

/// Where a session's cgroups are to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "version", rename_all = "snake_case", deny_unknown_fields)]
pub enum Plan {
    V1 { directories: BTreeMap<Controller, PathBuf> },
    V2 { directory: PathBuf, controllers: Vec<Controller> },
}

impl Plan {
    /// The same plan for one session: a directory of its own below each of this plan's.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        match self {
            Self::V1 { directories } => {
                Self::V1 { directories: directories.iter().map(|(controller, base)| (*controller, base.join(name))).collect() }
            }
            Self::V2 { directory, controllers } => Self::V2 { directory: directory.join(name), controllers: controllers.clone() },
        }
    }

    /// Whether this limits or does what the controller is for.
    pub fn has(&self, controller: Controller) -> bool {
        match self {
            Self::V1 { directories } => directories.contains_key(&controller),
            // Version 2 freezes everywhere, and counts processor time even without its controller.
            Self::V2 { controllers, .. } => {
                matches!(controller, Controller::Freezer | Controller::Cpuacct) || controllers.contains(&controller)
            }
        }
    }

    /// Makes the session's directories with its limits, and gives them to its user.
    pub fn create(&self, limits: &RoomLimits, owner: Option<Identity>) -> io::Result<()> {
        match self {
            Self::V1 { directories } => v1::create(directories, limits, owner),
            Self::V2 { directory, controllers } => v2::create(directory, controllers, limits, owner),
        }
    }

    /// Moves the calling process where a keeper must be to move others.
    pub fn join_as_keeper(&self) -> io::Result<()> {
        match self {
            Self::V1 { .. } => Ok(()),
            Self::V2 { directory, .. } => fs::write(directory.join("keeper/cgroup.procs"), "0"),
        }
    }

    /// The files in which a process with one thread writes `0` to be inside the session's limits.
    pub fn entrances(&self) -> Vec<PathBuf> {
        match self {
            Self::V1 { directories } => directories.values().map(|path| path.join(v1::ENTRANCE)).collect(),
            Self::V2 { directory, .. } => vec![directory.join("rooms/init/cgroup.procs")],
        }
    }

    /// Makes a group's directories, if they are not there yet, and opens the files in which a process with one thread writes
    /// `0` to be in it. A group may be given fewer processes than the session has.
    ///
    /// Who enters by itself does not wait for the whole machine to stand still, as one who is moved does: milliseconds.
    pub fn open_group(&self, group: Group, most_processes: Option<u64>) -> io::Result<Vec<File>> {
        let entrance = match self {
            Self::V1 { .. } => v1::ENTRANCE,
            Self::V2 { .. } => "cgroup.procs",
        };
        let enter = |path: &PathBuf| {
            make_directory(path)?;
            File::options().write(true).open(path.join(entrance))
        };
        let entrances = self.group_directories(group).iter().map(enter).collect::<io::Result<_>>()?;
        if let (Some(most), Some(directory)) = (most_processes, self.counting_directory(group)) {
            fs::write(directory.join("pids.max"), most.to_string())?;
        }
        Ok(entrances)
    }

    /// How many processes and threads a group has, and how often it could not have more. None when they are not counted.
    pub fn tasks(&self, group: Group) -> Option<Tasks> {
        let directory = self.counting_directory(group)?;
        let events = fs::read_to_string(directory.join("pids.events")).unwrap_or_default();
        let refused = events.lines().find_map(|line| line.strip_prefix("max ")?.trim().parse().ok());
        Some(Tasks { now: number(&directory.join("pids.current")), refused: refused.unwrap_or(0) })
    }

    fn counting_directory(&self, group: Group) -> Option<PathBuf> {
        match self {
            Self::V1 { directories } => directories.get(&Controller::Pids).map(|path| path.join(group.as_str())),
            Self::V2 { .. } => self.has(Controller::Pids).then(|| self.group_directory(group)),
        }
    }

    /// Asks for a group to be frozen or thawed; [`Plan::is_frozen`] tells when it is.
    pub fn set_frozen(&self, group: Group, frozen: bool) -> io::Result<()> {
        match self {
            Self::V1 { directories } => {
                v1::set_frozen(&directory(directories, Controller::Freezer)?.join(group.as_str()), frozen)
            }
            Self::V2 { .. } => v2::set_frozen(&self.group_directory(group), frozen),
        }
    }

    pub fn is_frozen(&self, group: Group) -> io::Result<bool> {
        match self {
            Self::V1 { directories } => v1::is_frozen(&directory(directories, Controller::Freezer)?.join(group.as_str())),
            Self::V2 { .. } => v2::is_frozen(&self.group_directory(group)),
        }
    }

    /// The processes of a group; none when it has not been made.
    pub fn processes(&self, group: Group) -> Vec<i32> {
        processes(&self.group_directory(group))
    }

    pub fn measure(&self, group: Option<Group>) -> Measured {
        match self {
            Self::V1 { directories } => v1::measure(directories, group),
            Self::V2 { directory, .. } => v2::measure(&match group {
                Some(_) => self.group_directory_of(group),
                None => directory.join("rooms"),
            }),
        }
    }

    /// Kills what is in a group, also what is frozen. Returns whether it was empty already.
    pub fn kill_once(&self, group: Group) -> bool {
        kill_directories(self, &[self.group_directory(group)])
    }

    /// Kills everything in the session's cgroups and removes them. For whoever outlived the keeper; waits a little for
    /// the dead to be gone, and says whether nothing is left.
    pub fn end(&self) -> bool {
        for attempt in 0..400_u64 {
            let all = self.all_directories();
            if kill_directories(self, &all) && all.iter().all(|path| remove_directory(path)) {
                return true;
            }
            sleep(Duration::from_millis(1 + attempt / 10));
        }
        false
    }

    /// Of the plan that all sessions' lie below: removes what nobody cleared up, which is what has no processes and has not
    /// changed for so long.
    pub fn remove_stale(&self, age: Duration) {
        let base = match self {
            Self::V1 { directories } => directories.get(&Controller::Freezer).or_else(|| directories.values().next()),
            Self::V2 { directory, .. } => Some(directory),
        };
        for entry in base.into_iter().flat_map(fs::read_dir).flatten().flatten() {
            let is_old =
                entry.metadata().and_then(|found| found.modified()).is_ok_and(|when| when.elapsed().is_ok_and(|past| past > age));
            let Some(name) = entry.file_name().to_str().filter(|_| is_old).map(str::to_owned) else { continue };
            let all = self.below(&name).all_directories();
            if all.iter().all(|directory| processes(directory).is_empty()) {
                for directory in all {
                    remove_directory(&directory);
                }
            }
        }
    }

    fn group_directory(&self, group: Group) -> PathBuf {
        self.group_directory_of(Some(group))
    }

    /// The directory that tells a group's processes.
    fn group_directory_of(&self, group: Option<Group>) -> PathBuf {
        let name = group.map_or("", Group::as_str);
        match self {
            Self::V1 { directories } => {
                let base = directories.get(&Controller::Freezer).or_else(|| directories.values().next());
                base.map(|base| base.join(name)).unwrap_or_default()
            }
            Self::V2 { directory, .. } => directory.join("rooms").join(name),
        }
    }

    fn group_directories(&self, group: Group) -> Vec<PathBuf> {
        match self {
            Self::V1 { directories } => v1::GROUPED
                .iter()
                .filter_map(|controller| directories.get(controller))
                .map(|path| path.join(group.as_str()))
                .collect(),
            Self::V2 { .. } => vec![self.group_directory(group)],
        }
    }

    /// Every directory that the session may have, the innermost first.
    fn all_directories(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Group::ALL.iter().flat_map(|group| self.group_directories(*group)).collect();
        match self {
            Self::V1 { directories } => all.extend(directories.values().cloned()),
            Self::V2 { directory, .. } => {
                all.extend(["rooms/init", "rooms", "keeper", ""].map(|name| directory.join(name)));
            }
        }
        all
    }
}

fn directory(directories: &BTreeMap<Controller, PathBuf>, controller: Controller) -> io::Result<&PathBuf> {
    directories.get(&controller).ok_or_else(|| io::Error::from(io::ErrorKind::Unsupported))
}

fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

fn remove_directory(path: &Path) -> bool {
    match fs::remove_dir(path) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The processes directly in one directory.
fn processes(directory: &Path) -> Vec<i32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).filter(|pid| *pid > 0).collect()
}

/// Kills what is in the directories while it stands still, and lets it die. True when nothing was there.
fn kill_directories(plan: &Plan, directories: &[PathBuf]) -> bool {
    let set_frozen = match plan {
        Plan::V1 { .. } => v1::set_frozen,
        Plan::V2 { .. } => v2::set_frozen,
    };
    for directory in directories {
        // Not every directory can be frozen (other controllers of version 1): those share their processes with one that can.
        let _ = set_frozen(directory, true);
    }
    let mut empty = true;
    for pid in directories.iter().flat_map(|directory| processes(directory)) {
        empty = false;
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    for directory in directories {
        let _ = set_frozen(directory, false);
    }
    empty
}

fn number(path: &Path) -> u64 {
    fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn give(path: &Path, owner: Option<Identity>) -> io::Result<()> {
    let Some(Identity { uid, gid }) = owner else { return Ok(()) };
    std::os::unix::fs::chown(path, Some(uid), Some(gid))
}

/// Gives a directory and those of its files that whoever has a cgroup may write.
fn give_all(path: &Path, files: &[&str], owner: Option<Identity>) -> io::Result<()> {
    give(path, owner)?;
    for file in files.iter().map(|file| path.join(file)).filter(|file| file.exists()) {
        give(&file, owner)?;
    }
    Ok(())
}
