//! The open top of a workspace, and the few ways to reach what is beneath it.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use holt_core::time::Timestamp;
use holt_core::workspace::{EntryKind, FileError};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Stat, Uid, fchown, fstat, mkdirat, openat2, statat};
use rustix::io::Errno;

use super::path::Inside;
use super::said;

/// How often it is tried again when something was renamed while the kernel looked.
const RETRIES: usize = 16;

/// What a new directory may be: entered by everybody who can reach it, and never set-user-id.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);

#[derive(Debug)]
pub(super) struct Root {
    top: OwnedFd,
    resolve: ResolveFlags,
    /// To whom new files are given, when it is not who we are.
    owner: Option<(Uid, Gid)>,
}

impl Root {
    /// Opens a top directory. `may_cross` lets other file systems be entered that are mounted inside.
    pub(super) fn open(path: &Path, may_cross: bool) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let top = rustix::fs::open(path, flags, Mode::empty())?;
        let found = fstat(&top)?;
        let mine = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let is_foreign = (found.st_uid, found.st_gid) != mine && rustix::process::geteuid().is_root();
        let owner = is_foreign.then(|| (Uid::from_raw(found.st_uid), Gid::from_raw(found.st_gid)));
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        Ok(Self { top, resolve: if may_cross { beneath } else { beneath | ResolveFlags::NO_XDEV }, owner })
    }

    /// Opens beneath the top, following nothing.
    fn resolve(&self, path: Inside<'_>, flags: OFlags) -> io::Result<OwnedFd> {
        let name = if path.as_str().is_empty() { "." } else { path.as_str() };
        self.resolve_in(self.top.as_fd(), name, flags)
    }

    /// Opens what has this name in a directory that was opened before.
    pub(super) fn resolve_in(&self, directory: BorrowedFd<'_>, name: &str, flags: OFlags) -> io::Result<OwnedFd> {
        open_beneath(directory, name, flags, self.resolve)
    }

    /// A directory, opened to be listed and changed.
    pub(super) fn directory(&self, path: Inside<'_>) -> Result<OwnedFd, FileError> {
        self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY).map_err(|error| said(error, path.as_str()))
    }

    /// A directory, made with all above it where it is missing.
    pub(super) fn make_directory(&self, path: Inside<'_>) -> Result<OwnedFd, FileError> {
        let mut at = self.directory(Inside::parse("")?)?;
        for name in path.names() {
            at = self.step(&at, name).map_err(|error| said(error, path.as_str()))?;
        }
        Ok(at)
    }

    fn step(&self, at: &OwnedFd, name: &str) -> io::Result<OwnedFd> {
        let is_new = self.make_in(at, name).map(|()| true).or_else(|error| match error {
            Errno::EXIST => Ok(false),
            other => Err(other),
        })?;
        let directory = self.resolve_in(at.as_fd(), name, OFlags::RDONLY | OFlags::DIRECTORY)?;
        if is_new {
            self.give(directory.as_fd())?;
        }
        Ok(directory)
    }

    /// Makes one directory that must not be there yet.
    pub(super) fn make_new_directory(&self, parent: &OwnedFd, name: &str) -> io::Result<()> {
        self.make_in(parent, name)?;
        let directory = self.resolve_in(parent.as_fd(), name, OFlags::RDONLY | OFlags::DIRECTORY)?;
        self.give(directory.as_fd())
    }

    fn make_in(&self, parent: &OwnedFd, name: &str) -> Result<(), Errno> {
        mkdirat(parent, name, DIRECTORY_MODE)
    }

    /// Gives what was made to whom the workspace belongs.
    pub(super) fn give(&self, file: BorrowedFd<'_>) -> io::Result<()> {
        match self.owner {
            Some((user, group)) => Ok(fchown(file, Some(user), Some(group))?),
            None => Ok(()),
        }
    }

    /// Opens a regular file for reading. What it is, is known before it is opened: opening a pipe or a device is an act.
    pub(super) fn file(&self, path: Inside<'_>) -> Result<File, FileError> {
        let shown = path.as_str();
        let place = self.resolve(path, OFlags::PATH | OFlags::NOFOLLOW).map_err(|error| said(error, shown))?;
        let found = fstat(&place).map_err(|error| said(error, shown))?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(FileError::NotAFile(shown.to_owned()));
        }
        // Through the descriptor, not the name: it cannot have become another file meanwhile.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let again = rustix::fs::open(by_descriptor(place.as_fd()), flags, Mode::empty());
        Ok(File::from(again.map_err(|error| said(error, shown))?))
    }
}

/// `openat2`, beneath a directory that is open.
pub(crate) fn open_beneath(
    directory: BorrowedFd<'_>,
    name: impl rustix::path::Arg + Copy,
    flags: OFlags,
    resolve: ResolveFlags,
) -> io::Result<OwnedFd> {
    let mut last = Errno::AGAIN;
    for _ in 0..RETRIES {
        match openat2(directory, name, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(again @ (Errno::AGAIN | Errno::INTR)) => last = again,
            other => return Ok(other?),
        }
    }
    Err(last.into())
}

/// The name under which the kernel lets an open descriptor be used where a path is wanted.
pub(super) fn by_descriptor(file: BorrowedFd<'_>) -> String {
    format!("/proc/self/fd/{}", file.as_raw_fd())
}

/// What has this name in a directory. A link is looked at itself.
pub(super) fn look(directory: &impl AsFd, name: &std::ffi::CStr) -> io::Result<Stat> {
    Ok(statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

pub(super) fn kind(found: &Stat) -> EntryKind {
    match FileType::from_raw_mode(found.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        _ => EntryKind::Other,
    }
}

pub(super) fn modified_at(seconds: i64, nanoseconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000))
}

/// The size and the last change of an open file.
pub(super) fn measure(file: &File) -> io::Result<(u64, Timestamp)> {
    let found = file.metadata()?;
    Ok((found.len(), modified_at(found.mtime(), found.mtime_nsec())))
}
