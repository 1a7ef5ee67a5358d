//! Giving a whole workspace to the user that a session's sandbox runs as.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Gid, Mode, OFlags, ResolveFlags, Uid, chownat, fchown};

use super::root::open_beneath;

/// How deep it goes. What people send before a session's first sandbox opens has paths of at most so many names.
const MAX_DEPTH: usize = 2048;

const WITHIN: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_XDEV);

/// Gives a directory with everything in it away. Links are given, not followed. For what was received before there was a
/// sandbox: its user is only known then.
pub fn give_away(directory: &Path, uid: u32, gid: u32) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let top = rustix::fs::open(directory, flags, Mode::empty())?;
    give(&top, (Uid::from_raw(uid), Gid::from_raw(gid)), MAX_DEPTH)
}

fn give(directory: &OwnedFd, to: (Uid, Gid), depth: usize) -> io::Result<()> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if !matches!(name.to_bytes(), b"." | b"..") {
            give_entry(directory, name, to, depth)?;
        }
    }
    Ok(fchown(directory, Some(to.0), Some(to.1))?)
}

fn give_entry(directory: &OwnedFd, name: &CStr, to: (Uid, Gid), depth: usize) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    match open_beneath(directory.as_fd(), name, flags, WITHIN) {
        Ok(inner) if depth > 0 => give(&inner, to, depth - 1),
        Ok(_) => Err(rustix::io::Errno::NAMETOOLONG.into()),
        // Not a directory.
        Err(_) => Ok(chownat(directory, name, Some(to.0), Some(to.1), AtFlags::SYMLINK_NOFOLLOW)?),
    }
}
