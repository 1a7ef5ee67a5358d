//! Which control groups this machine lets Holt make.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holt_keeper::cgroup::{Controller, Plan};

/// The directory that holds the sessions' own, below that of the server.
const OURS: &str = "holt";
/// Where the server itself goes in version 2, which allows processes only in the leaves of its tree.
const SERVER: &str = "holt-server";

/// Finds where sessions' cgroups can be made; none when nowhere.
pub fn detect() -> Option<Plan> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let v1 = Plan::V1 { directories: detect_v1(&own, &mounts) };
    if v1.has(Controller::Freezer) {
        return Some(v1);
    }
    let v2 = own_v2(&own, &mounts).and_then(|directory| detect_v2(&directory).ok());
    v2.or_else(|| Controller::ALL.iter().any(|controller| v1.has(*controller)).then_some(v1))
}

fn detect_v1(own: &str, mounts: &str) -> BTreeMap<Controller, PathBuf> {
    let found = Controller::ALL.iter().filter_map(|controller| {
        let directory = own_v1(own, mounts, *controller)?.join(OURS);
        let usable = make(&directory).is_ok() && directory.join(file_of(*controller)).exists();
        usable.then_some((*controller, directory))
    });
    found.collect()
}

/// The file without which a controller of version 1 is of no use.
fn file_of(controller: Controller) -> &'static str {
    match controller {
        Controller::Memory => "memory.limit_in_bytes",
        Controller::Pids => "pids.max",
        Controller::Cpu => "cpu.cfs_quota_us",
        Controller::Cpuacct => "cpuacct.usage",
        Controller::Freezer => "freezer.state",
    }
}

fn own_v1(own: &str, mounts: &str, controller: Controller) -> Option<PathBuf> {
    let name = controller.as_str();
    let path = own.lines().find_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        controllers.split(',').any(|one| one == name).then_some(path)
    })?;
    mounts.lines().find_map(|line| {
        let mount = Mount::parse(line)?;
        let matches = mount.kind == "cgroup" && mount.options.split(',').any(|option| option == name);
        matches.then(|| mount.place_of(path)).flatten()
    })
}

fn own_v2(own: &str, mounts: &str) -> Option<PathBuf> {
    let path = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mount = mounts.lines().filter_map(Mount::parse).find(|mount| mount.kind == "cgroup2")?;
    mount.place_of(path)
}

/// A line of `mountinfo`.
struct Mount<'a> {
    root: &'a str,
    at: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (front, back) = line.split_once(" - ")?;
        let mut front = front.split(' ').skip(3);
        let mut back = back.split(' ');
        Some(Self { root: front.next()?, at: front.next()?, kind: back.next()?, options: back.nth(1)? })
    }

    /// Where a cgroup of this path is in the file system. A container may see only a part of the tree.
    fn place_of(&self, path: &str) -> Option<PathBuf> {
        let below = Path::new(path).strip_prefix(self.root).or_else(|_| Path::new(path).strip_prefix("/")).ok()?;
        let place = Path::new(self.at).join(below);
        let inside = !below.components().any(|part| part.as_os_str() == "..");
        (inside && place.is_dir()).then_some(place)
    }
}

/// Version 2: enables what can be enabled for the sessions' cgroups. Processes may only be in leaves, so the server moves
/// aside where it has to.
fn detect_v2(own: &Path) -> io::Result<Plan> {
    let ours = own.join(OURS);
    make(&ours)?;
    let offered = fs::read_to_string(own.join("cgroup.controllers"))?;
    let wanted = [Controller::Memory, Controller::Pids, Controller::Cpu];
    let wanted: Vec<_> = wanted.into_iter().filter(|one| offered.split_whitespace().any(|name| name == one.as_str())).collect();
    let enable = |directory: &Path| {
        let enabled = wanted.iter().filter(|one| enable(directory, **one).is_ok());
        enabled.copied().collect::<Vec<_>>()
    };
    let mut enabled = enable(own);
    if enabled.len() < wanted.len() && own.join("cgroup.type").exists() {
        make(&own.join(SERVER))?;
        fs::write(own.join(SERVER).join("cgroup.procs"), "0")?;
        enabled = enable(own);
    }
    enabled.retain(|controller| enable_checked(&ours, *controller));
    Ok(Plan::V2 { directory: ours, controllers: enabled })
}

fn enable(directory: &Path, controller: Controller) -> io::Result<()> {
    fs::write(directory.join("cgroup.subtree_control"), format!("+{}", controller.as_str()))
}

fn enable_checked(directory: &Path, controller: Controller) -> bool {
    enable(directory, controller).is_ok()
}

fn make(directory: &Path) -> io::Result<()> {
    match fs::create_dir(directory) {
        // Another server, or an earlier one, has made it; whether it is ours to use is seen by making one inside.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let trial = directory.join(format!("trial-{}", std::process::id()));
            fs::create_dir(&trial)?;
            fs::remove_dir(trial)
        }
        made => made,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_and_a_cgroup_placed_in_it() {
        let line = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory";
        let mount = Mount::parse(line).unwrap();
        assert_eq!((mount.root, mount.at, mount.kind, mount.options), ("/", "/sys/fs/cgroup/memory", "cgroup", "rw,memory"));
        let mount = Mount { root: "/", at: "/proc", kind: "cgroup", options: "" };
        assert_eq!(mount.place_of("/self"), Some(PathBuf::from("/proc/self")));
        assert_eq!(mount.place_of("/../outside"), None);
        let part = Mount { root: "/docker/abc", at: "/proc", kind: "cgroup", options: "" };
        assert_eq!(part.place_of("/docker/abc/self"), Some(PathBuf::from("/proc/self")));
    }
}
