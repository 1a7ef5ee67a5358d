//! Removing whole trees through descriptors, however deep they are and whatever rights were taken from them.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, OFlags, ResolveFlags, renameat, unlinkat};
use rustix::io::Errno;

use super::root::{by_descriptor, open_beneath};

/// How many directories are held open at once. What lies deeper is moved to the top of the tree first.
const MAX_OPEN: usize = 64;

/// How often a directory is gone through that somebody keeps filling.
const MAX_PASSES: usize = 10_000;

const WITHIN: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_XDEV);

/// Makes a directory that nobody else may enter, with what is missing above it.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).recursive(true).create(path)
}

/// Removes a directory with everything in it. Links are removed, not followed; other file systems are not entered.
pub(super) fn remove_tree(parent: &OwnedFd, name: &str) -> io::Result<()> {
    let top = enter(parent, name)?;
    empty(&top, &top, MAX_OPEN)?;
    Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

fn empty(directory: &OwnedFd, top: &OwnedFd, depth: usize) -> io::Result<()> {
    for _ in 0..MAX_PASSES {
        let names = names(directory)?;
        if names.is_empty() {
            return Ok(());
        }
        for name in names {
            remove_entry(directory, &name, top, depth)?;
        }
    }
    Err(Errno::BUSY.into())
}

fn remove_entry(directory: &OwnedFd, name: &std::ffi::CStr, top: &OwnedFd, depth: usize) -> io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error.into()),
    }
    let inner = match enter(directory, name) {
        Ok(inner) => inner,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if depth == 0 {
        // It is met again at the top, and removed from there.
        return Ok(renameat(directory, name, top, format!("{:032x}", rand::random::<u128>()))?);
    }
    empty(&inner, top, depth - 1)?;
    match unlinkat(directory, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Opens a directory, giving us back the right to list and change it where that was taken.
fn enter(directory: &OwnedFd, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
    let place = open_beneath(directory.as_fd(), name, OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW, WITHIN)?;
    // Only its owner may do this, and for others it need not work.
    let _ = std::fs::set_permissions(by_descriptor(place.as_fd()), Permissions::from_mode(0o700));
    open_beneath(place.as_fd(), ".", flags, WITHIN)
}

/// Some of the names in a directory: as many as are read at once without keeping more than a little.
fn names(directory: &OwnedFd) -> io::Result<Vec<std::ffi::CString>> {
    const AT_ONCE: usize = 1024;
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
        if names.len() == AT_ONCE {
            break;
        }
    }
    Ok(names)
}
