//! What a session holds on disk: what lies in its directories, and what was deleted there and is still open.
//!
//! Everything looked at can be changed by the session while it is looked at: no link is followed, and whatever cannot be
//! counted is said to be so rather than left out.

use std::collections::HashSet;
use std::ffi::CStr;
use std::fs;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, chmod, fstat, openat, statat};
use rustix::io::Errno;

use crate::tree;

/// Directories nested deeper than this are not entered; each holds two descriptors while it is read.
const DEEPEST: usize = 200;
/// How many entries are looked at in one count.
const MOST_ENTRIES: u64 = 3_000_000;
/// How many files with several names are told apart; the names of more count each.
const MOST_SHARED: usize = 200_000;
/// How many open files of the session's processes are looked at.
const MOST_OPEN: usize = 200_000;
const BLOCK: u64 = 512;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    pub bytes: u64,
    /// There is more, too deep or too much to be counted.
    pub uncountable: bool,
}

/// Counts what the directories hold, and what processes below this one still have open of what was in them.
pub fn count(directories: &[OwnedFd], rooms: &[i32]) -> Counted {
    let mut counting = Counting { counted: Counted::default(), left: MOST_ENTRIES, shared: HashSet::new() };
    for directory in directories {
        if !is_open_to_its_owner(directory) {
            let _ = unlock(directory.as_fd());
        }
        if let Some(directory) = enter(directory, c".") {
            counting.below(directory, 0);
        }
    }
    let devices: HashSet<u64> = directories.iter().filter_map(|directory| Some(fstat(directory).ok()?.st_dev)).collect();
    counting.deleted(&devices, rooms);
    counting.counted
}

struct Counting {
    counted: Counted,
    left: u64,
    shared: HashSet<(u64, u64)>,
}

impl Counting {
    fn below(&mut self, directory: Dir, depth: usize) {
        let Ok(place) = directory.fd().and_then(rustix::io::dup) else { return };
        for entry in directory.flatten() {
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            if self.left == 0 {
                self.counted.uncountable = true;
                return;
            }
            self.left -= 1;
            let Ok(stat) = statat(&place, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
            if is_directory || self.is_new(&stat) {
                self.add(&stat);
            }
            if !is_directory {
                continue;
            }
            match enter(&place, name) {
                Some(_) if depth >= DEEPEST => self.counted.uncountable = true,
                Some(inner) => self.below(inner, depth + 1),
                None => {}
            }
        }
    }

    fn add(&mut self, stat: &Stat) {
        self.counted.bytes = self.counted.bytes.saturating_add((stat.st_blocks as u64).saturating_mul(BLOCK));
    }

    /// A file with several names counts once.
    fn is_new(&mut self, stat: &Stat) -> bool {
        stat.st_nlink < 2 || self.shared.len() >= MOST_SHARED || self.shared.insert((stat.st_dev, stat.st_ino))
    }

    /// Files without a name left are on disk for as long as somebody has them open.
    fn deleted(&mut self, devices: &HashSet<u64>, rooms: &[i32]) {
        let (mut left, mut seen) = (MOST_OPEN, HashSet::new());
        for process in rooms.iter().flat_map(|room| tree::descendants(*room)) {
            // Who hides its descriptors, or has ended, has none here.
            let Ok(directory) = fs::File::open(format!("/proc/{}/fd", process.pid)) else { continue };
            let Ok(entries) = Dir::read_from(&directory) else { continue };
            for entry in entries.flatten().filter(|entry| entry.file_name() != c"." && entry.file_name() != c"..") {
                if left == 0 {
                    self.counted.uncountable = true;
                    return;
                }
                left -= 1;
                let Ok(stat) = statat(&directory, entry.file_name(), AtFlags::empty()) else { continue };
                let is_deleted = stat.st_nlink == 0 && FileType::from_raw_mode(stat.st_mode).is_file();
                if is_deleted && devices.contains(&stat.st_dev) && seen.insert((stat.st_dev, stat.st_ino)) {
                    self.add(&stat);
                }
            }
        }
    }
}

/// Opens a directory; one of the session's own that it closed to itself is opened again.
fn enter(place: impl AsFd, name: &CStr) -> Option<Dir> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(&place, name, OFlags::RDONLY | flags, Mode::empty());
    let opened = match opened {
        Ok(opened) if is_open_to_its_owner(&opened) => opened,
        Ok(_) | Err(Errno::ACCESS) => {
            let held = openat(&place, name, OFlags::PATH | flags, Mode::empty()).ok()?;
            unlock(held.as_fd())?;
            openat(&held, c".", OFlags::RDONLY | flags, Mode::empty()).ok()?
        }
        Err(_) => return None,
    };
    Dir::new(opened).ok()
}

fn is_open_to_its_owner(directory: &OwnedFd) -> bool {
    fstat(directory).is_ok_and(|stat| !is_own(&stat) || Mode::from_raw_mode(stat.st_mode).contains(Mode::RUSR | Mode::XUSR))
}

fn is_own(stat: &Stat) -> bool {
    stat.st_uid == rustix::process::geteuid().as_raw()
}

/// Gives a directory its owner's rights back. It is held by its descriptor: another one cannot be put in its place.
fn unlock(held: BorrowedFd<'_>) -> Option<()> {
    let stat = fstat(held).ok().filter(is_own)?;
    let mode = Mode::from_raw_mode(stat.st_mode) | Mode::RWXU;
    chmod(format!("/proc/self/fd/{}", held.as_raw_fd()), mode).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;

    const MIB: usize = 1 << 20;

    fn counted(directory: &Path) -> Counted {
        let file = fs::File::open(directory).unwrap();
        count(&[file.into()], &[std::process::id().cast_signed()])
    }

    struct Place(std::path::PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("holt-count-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn files_count_once_links_are_not_followed_and_closed_directories_are_opened() {
        let place = Place::new("files");
        let inner = place.0.join("inner");
        fs::create_dir(&inner).unwrap();
        fs::write(inner.join("file"), vec![1; MIB]).unwrap();
        fs::hard_link(inner.join("file"), place.0.join("again")).unwrap();
        std::os::unix::fs::symlink("/", place.0.join("link")).unwrap();
        let mebibyte = MIB as u64..MIB as u64 + 64 * 1024;
        for mode in [0o700, 0o300, 0o000, 0o400] {
            fs::set_permissions(&inner, fs::Permissions::from_mode(mode)).unwrap();
            let counted = counted(&place.0);
            assert!(mebibyte.contains(&counted.bytes) && !counted.uncountable, "{mode:o}: {counted:?}");
        }
    }

    #[test]
    fn what_is_deleted_and_open_counts() {
        let place = Place::new("deleted");
        let path = place.0.join("file");
        let mut child = std::process::Command::new("sh")
            .args(["-c", "exec 3>\"$0\"; head -c 1048576 /dev/zero >&3; rm \"$0\"; sleep 1000"])
            .arg(&path)
            .spawn()
            .unwrap();
        let mut counted_then = Counted::default();
        for _ in 0..1000 {
            counted_then = counted(&place.0);
            if !path.exists() && counted_then.bytes >= MIB as u64 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!path.exists() && counted_then.bytes >= MIB as u64, "{counted_then:?}");
    }

    #[test]
    fn what_lies_too_deep_is_said_to_be_uncountable() {
        let place = Place::new("deep");
        let script = "cd \"$0\"; for i in $(seq 250); do mkdir d && cd d; done";
        assert!(std::process::Command::new("sh").args(["-c", script]).arg(&place.0).status().unwrap().success());
        assert!(counted(&place.0).uncountable);
    }
}
