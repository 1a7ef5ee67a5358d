//! The watch over the disk, which is two watches. When a file system has hardly any room left, whoever filled it, everything
//! stands still until there is some. When the session holds more than its share, what runs is ended, but not the toolbox:
//! with it the agent can delete.
//!
//! Watching alone loses against a fast writer; it bounds the damage together with the limit on each file's size.

use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{fstat, fstatvfs};
use tokio::time::sleep;

use super::count::{Counted, count};
use super::groups::Why;
use super::keeper::Keeper;
use crate::protocol::message::{Group, Report};

const SHORTEST_LOOK_MILLIS: u64 = 10;
/// How much free space may go, whoever took it, before the session is counted again.
const TAKEN: u64 = 64 << 20;
/// What a session that is over its share may grow by without being stopped again: deleting, too, writes a little.
const GROWTH: u64 = 1 << 20;
/// Counting may take one part in so many of the time.
const COUNTING_SHARE: u32 = 10;
/// How much more than the floor has to be free before anything goes on: so that it is not stopped again at once.
const MOST_MARGIN: u64 = 64 << 20;
const MARGIN_PART: u64 = 16;
/// A file system other than the data directory's has a floor of at most one part in so many of its size.
const FLOOR_PART: u64 = 20;

/// The directories that are watched.
#[derive(Debug)]
pub struct Watched {
    /// The session's own, which are counted.
    pub own: Vec<OwnedFd>,
    /// The user's, which it may write to.
    pub elsewhere: Vec<OwnedFd>,
}

/// Watches until the keeper ends.
pub async fn watch(keeper: Rc<Keeper>, watched: Watched) {
    let systems = FileSystem::all(&watched, keeper.spec.disk.floor_bytes);
    let look = Duration::from_millis(keeper.spec.disk.look_millis.max(SHORTEST_LOOK_MILLIS));
    tokio::join!(keep_floor(&keeper, &systems, look), keep_share(&keeper, &systems, Arc::new(watched.own), look));
}

/// A file system that the session writes to.
#[derive(Debug)]
struct FileSystem {
    place: OwnedFd,
    device: u64,
    floor: u64,
}

impl FileSystem {
    /// Each once, the data directory's first.
    fn all(watched: &Watched, floor: u64) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for directory in watched.own.iter().chain(&watched.elsewhere) {
            let (Ok(stat), Ok(place)) = (fstat(directory), directory.try_clone()) else { continue };
            if all.iter().any(|one| one.device == stat.st_dev) {
                continue;
            }
            let own = if all.is_empty() { Ok(floor) } else { size(&place).map(|size| floor.min(size / FLOOR_PART)) };
            all.push(Self { place, device: stat.st_dev, floor: own.unwrap_or(0) });
        }
        all
    }

    fn free(&self) -> u64 {
        let free = fstatvfs(&self.place).map(|system| system.f_bavail.saturating_mul(system.f_frsize));
        free.unwrap_or(u64::MAX)
    }

    /// How much is free, when that is too little: below the floor, and a little above when it was too little already.
    fn shortage(&self, was_short: bool) -> Option<u64> {
        let margin = if was_short { (self.floor / MARGIN_PART).min(MOST_MARGIN) } else { 0 };
        Some(self.free()).filter(|free| *free < self.floor.saturating_add(margin))
    }
}

fn size(place: &OwnedFd) -> io::Result<u64> {
    let system = fstatvfs(place)?;
    Ok(system.f_blocks.saturating_mul(system.f_frsize))
}

async fn keep_floor(keeper: &Rc<Keeper>, systems: &[FileSystem], look: Duration) {
    loop {
        sleep(look).await;
        let was_short = keeper.disk_floor.get().is_some();
        let short = systems.iter().filter_map(|system| system.shortage(was_short)).min();
        keeper.disk_floor.set(short);
        hold(keeper, short.is_some()).await;
        match short {
            Some(free_bytes) if !was_short => keeper.report(Report::DiskFloor { free_bytes }),
            None if was_short => keeper.report(Report::DiskFine),
            _ => {}
        }
    }
}

/// Stops every group that has processes, also those that have come since the last look; or lets them go on.
async fn hold(keeper: &Keeper, short: bool) {
    for group in Group::ALL {
        if !short {
            let _ = keeper.groups.thaw(group, Why::Disk);
        } else if !keeper.groups.is_held(group, Why::Disk) && keeper.groups.count(group) > 0 {
            // A group that cannot be stopped is a group less; the others still are.
            let _ = keeper.groups.freeze(group, Why::Disk).await;
        }
    }
}

async fn keep_share(keeper: &Rc<Keeper>, systems: &[FileSystem], directories: Arc<Vec<OwnedFd>>, look: Duration) {
    let interval = Duration::from_millis(keeper.spec.disk.count_millis);
    let free = || systems.iter().map(FileSystem::free).fold(0, u64::saturating_add);
    let (mut counted, mut took, mut free_then) = (Instant::now(), Duration::ZERO, free());
    let mut over = None;
    loop {
        sleep(look).await;
        let taken = free_then.saturating_sub(free()) > TAKEN && counted.elapsed() > took * COUNTING_SHARE;
        // What others free makes room for what the session takes.
        free_then = free_then.max(free());
        if !taken && counted.elapsed() < interval {
            continue;
        }
        let began = Instant::now();
        free_then = free();
        over = judge(keeper, &directories, over).await;
        (counted, took) = (Instant::now(), began.elapsed());
    }
}

async fn count_now(keeper: &Keeper, directories: &Arc<Vec<OwnedFd>>) -> Counted {
    let (directories, rooms) = (Arc::clone(directories), keeper.groups.rooms());
    let found = tokio::task::spawn_blocking(move || count(&directories, &rooms)).await.unwrap_or_default();
    keeper.used.set(found.bytes);
    found
}

/// Counts, and ends what runs when the session has come to hold more than its share, or has grown while it did. Gives what
/// it holds too much with, once nothing has grown since.
async fn judge(keeper: &Rc<Keeper>, directories: &Arc<Vec<OwnedFd>>, before: Option<u64>) -> Option<u64> {
    let share_bytes = keeper.spec.limits.disk_bytes;
    let Counted { bytes: used_bytes, uncountable } = count_now(keeper, directories).await;
    if used_bytes <= share_bytes && !uncountable {
        return None;
    }
    if let Some(before) = before.filter(|before| used_bytes <= before.saturating_add(GROWTH)) {
        return Some(before.min(used_bytes));
    }
    let mut ended = keeper.groups.end_others(Group::Commands, keeper.toolbox.pid()).await;
    for group in [Group::Agent, Group::Terminals] {
        ended += keeper.groups.end_others(group, None).await;
    }
    ended += keeper.groups.end_others(Group::Browser, keeper.browser.toolbox.pid()).await;
    let ended = u32::try_from(ended).unwrap_or(u32::MAX);
    keeper.report(Report::DiskShare { used_bytes, share_bytes, uncountable, ended });
    // They wrote until they ended.
    Some(count_now(keeper, directories).await.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_is_short_below_its_floor_and_not_fine_at_once_above_it() {
        let directory = std::env::temp_dir();
        let open = || OwnedFd::from(std::fs::File::open(&directory).unwrap());
        let watched = Watched { own: vec![open(), open()], elsewhere: vec![open()] };
        let all = FileSystem::all(&watched, u64::MAX);
        assert_eq!(all.len(), 1, "one file system is looked at once");
        assert!(all[0].shortage(false).is_some());
        let (free, mut one) = (all[0].free(), FileSystem::all(&watched, 0).remove(0));
        assert_eq!(one.shortage(true), None);
        // Far enough from what is free that what others write meanwhile does not matter.
        one.floor = free / 2;
        assert_eq!(one.shortage(false), None);
        one.floor = free - free / 64;
        assert_eq!(one.floor.saturating_add((one.floor / MARGIN_PART).min(MOST_MARGIN)) > free, one.shortage(true).is_some());
    }

    #[test]
    fn another_file_system_has_a_floor_by_its_size() {
        let open = |path: &str| OwnedFd::from(std::fs::File::open(path).unwrap());
        let watched = Watched { own: vec![open("/proc")], elsewhere: vec![open("/")] };
        let all = FileSystem::all(&watched, u64::MAX);
        assert_eq!(all[1].floor, size(&all[1].place).unwrap() / FLOOR_PART);
    }
}
