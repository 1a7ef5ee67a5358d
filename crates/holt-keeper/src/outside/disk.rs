//! The watch over the disk: writers stand still before the file system is full or the session holds more than its share.
//!
//! Watching alone loses against a fast writer; it bounds the damage together with the limit on each file's size.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstatvfs, openat, statat};
use tokio::time::sleep;

use super::groups::Why;
use super::keeper::Keeper;
use crate::protocol::message::{Group, Report};

/// Directories nested deeper than this are not entered; nobody needs them, and each holds a descriptor while it is read.
const DEEPEST: usize = 200;
/// How many entries are looked at in one count.
const MOST_ENTRIES: u64 = 3_000_000;
const BLOCK: u64 = 512;
const SHORTEST_LOOK_MILLIS: u64 = 10;

/// Watches until the keeper ends.
pub async fn watch(keeper: Rc<Keeper>, directories: Vec<OwnedFd>) {
    let watch = keeper.spec.disk.clone();
    let directories = Arc::new(directories);
    let Some(first) = directories.first() else { return };
    let (mut counted, mut stopped) = (Instant::now(), false);
    loop {
        sleep(Duration::from_millis(watch.look_millis.max(SHORTEST_LOOK_MILLIS))).await;
        if counted.elapsed() >= Duration::from_millis(watch.count_millis) {
            let directories = Arc::clone(&directories);
            keeper.used.set(tokio::task::spawn_blocking(move || count(&directories)).await.unwrap_or(0));
            counted = Instant::now();
        }
        let free_bytes = free_bytes(first).unwrap_or(u64::MAX);
        let over = free_bytes < watch.floor_bytes || keeper.used.get() > keeper.spec.limits.disk_bytes;
        set(&keeper, over).await;
        if over != stopped {
            stopped = over;
            let used_bytes = keeper.used.get();
            keeper.report(if over { Report::DiskFloor { free_bytes, used_bytes } } else { Report::DiskFine });
        }
    }
}

/// Stops every group that has processes, also those that have come since the last look; or lets them go on.
async fn set(keeper: &Keeper, over: bool) {
    for group in Group::ALL {
        if !over {
            let _ = keeper.groups.thaw(group, Why::Disk);
        } else if !keeper.groups.is_held(group, Why::Disk) && keeper.groups.count(group) > 0 {
            // A group that cannot be stopped is a group less; the others still are.
            let _ = keeper.groups.freeze(group, Why::Disk).await;
        }
    }
}

fn free_bytes(directory: &OwnedFd) -> io::Result<u64> {
    let system = fstatvfs(directory)?;
    Ok(system.f_bavail.saturating_mul(system.f_frsize))
}

/// What the directories hold on disk, links not followed.
fn count(directories: &[OwnedFd]) -> u64 {
    let (mut bytes, mut left) = (0, MOST_ENTRIES);
    for directory in directories {
        if let Ok(directory) = Dir::read_from(directory) {
            count_below(directory, 0, &mut bytes, &mut left);
        }
    }
    bytes
}

fn count_below(directory: Dir, depth: usize, bytes: &mut u64, left: &mut u64) {
    let Ok(place) = directory.fd().and_then(rustix::io::dup) else { return };
    for entry in directory.flatten() {
        let name = entry.file_name();
        if *left == 0 || name == c"." || name == c".." {
            continue;
        }
        *left -= 1;
        let Ok(stat) = statat(&place, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        // A file with several names counts once for each: too much rather than too little.
        *bytes = bytes.saturating_add((stat.st_blocks as u64).saturating_mul(BLOCK));
        if FileType::from_raw_mode(stat.st_mode).is_dir()
            && depth < DEEPEST
            && let Ok(inner) = enter(&place, name)
        {
            count_below(inner, depth + 1, bytes, left);
        }
    }
}

fn enter(place: impl AsFd, name: &std::ffi::CStr) -> rustix::io::Result<Dir> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Dir::new(openat(place, name, flags, Mode::empty())?)
}
