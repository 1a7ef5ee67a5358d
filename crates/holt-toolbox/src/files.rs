//! Reading and changing files over descriptors. No link is followed here, and nothing but a regular file is ever opened
//! for its content: a FIFO or a device could block or do worse.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::answer::Failure;
use crate::paths::{Place, Target, quoted};

/// How deep a tree may be that is deleted or walked; each level holds a descriptor.
pub const MAX_TREE_DEPTH: usize = 200;

/// How many names of one directory are looked at, so that none costs more memory than the toolbox may have.
const MAX_NAMES: usize = 100_000;

const READ: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::CLOEXEC).union(OFlags::NOCTTY);

/// Opens a regular file for reading.
pub fn open_regular(place: &Place, shown: &str) -> Result<(File, Stat), Failure> {
    let Target::File { name, stat } = &place.target else {
        return Err(match place.target {
            Target::Directory => Failure::new("is_a_directory", format!("{} is a directory. Use `list_files`.", quoted(shown))),
            _ => Failure::system("read", quoted(shown), Errno::NOENT),
        });
    };
    refuse_special(stat, shown)?;
    let opened = open_beneath(place.directory(), name).map_err(|error| Failure::system("read", quoted(shown), error))?;
    opened.ok_or_else(|| Failure::new("not_a_file", format!("{} is no longer a regular file", quoted(shown))))
}

/// Opens `name` for reading when it is a regular file.
pub fn open_beneath(directory: BorrowedFd<'_>, name: &OsStr) -> Result<Option<(File, Stat)>, Errno> {
    let opened = rustix::fs::openat(directory, name, READ, Mode::empty())?;
    let stat = rustix::fs::fstat(&opened)?;
    Ok((FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| (File::from(opened), stat)))
}

/// Refuses what is neither a file nor a directory nor a link.
pub fn refuse_special(stat: &Stat, shown: &str) -> Result<(), Failure> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "something unknown",
    };
    Err(Failure::new("not_a_file", format!("{} is {kind}, not a regular file", quoted(shown))))
}

/// The whole content, when it has at most `most` bytes.
pub fn read_at_most(file: &File, most: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    file.take(most + 1).read_to_end(&mut content)?;
    Ok((content.len() as u64 <= most).then_some(content))
}

/// Makes the directories below `start`, which may exist by now. Says how many were made, and opens the last one.
pub fn make_directories(start: BorrowedFd<'_>, names: &[OsString]) -> Result<(OwnedFd, usize), Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut here = start.try_clone_to_owned().map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
    let mut made = 0;
    for name in names {
        match rustix::fs::mkdirat(&here, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => made += 1,
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
        here = rustix::fs::openat(&here, name, flags, Mode::empty())?;
    }
    Ok((here, made))
}

/// Replaces the content of a file, or makes it. A reader sees the old content or the new, never a part.
///
/// A file with several names, or in a directory that takes no new file, is rewritten in place.
pub fn write_whole(directory: BorrowedFd<'_>, name: &OsStr, old: Option<&Stat>, content: &[u8]) -> std::io::Result<()> {
    if old.is_some_and(|stat| stat.st_nlink > 1) {
        return rewrite(directory, name, content);
    }
    let temporary = temporary_name(name);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = match rustix::fs::openat(directory, &temporary, flags, Mode::from_raw_mode(0o666)) {
        Ok(made) => made,
        Err(Errno::ACCESS | Errno::PERM) if old.is_some() => return rewrite(directory, name, content),
        Err(error) => return Err(error.into()),
    };
    let written = (|| {
        File::from(made.try_clone()?).write_all(content)?;
        if let Some(old) = old {
            rustix::fs::fchmod(&made, Mode::from_raw_mode(old.st_mode & 0o777))?;
        }
        rustix::fs::renameat(directory, &temporary, directory, name)?;
        Ok(())
    })();
    if written.is_err() {
        // Whatever went wrong is told already; a left-over temporary file would only add to it.
        let _ = rustix::fs::unlinkat(directory, &temporary, AtFlags::empty());
    }
    written
}

fn rewrite(directory: BorrowedFd<'_>, name: &OsStr, content: &[u8]) -> std::io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    File::from(rustix::fs::openat(directory, name, flags, Mode::empty())?).write_all(content)
}

/// A hidden name beside `name` that nothing else uses.
fn temporary_name(name: &OsStr) -> OsString {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let bytes = name.as_bytes();
    let mut temporary = OsString::from(".");
    temporary.push(OsStr::from_bytes(&bytes[..bytes.len().min(200)]));
    temporary.push(format!(".holt-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    temporary
}

/// Deletes what `name` is in `directory`, with everything below when it is a directory. Says how many names went.
///
/// `go_on` is asked before every name.
pub fn remove_tree(directory: BorrowedFd<'_>, name: &OsStr, go_on: &mut dyn FnMut() -> ControlFlow<()>) -> Result<usize, Errno> {
    remove_below(directory, name, go_on, MAX_TREE_DEPTH)
}

fn remove_below(
    directory: BorrowedFd<'_>,
    name: &OsStr,
    go_on: &mut dyn FnMut() -> ControlFlow<()>,
    depth: usize,
) -> Result<usize, Errno> {
    if go_on().is_break() {
        return Err(Errno::CANCELED);
    }
    match rustix::fs::unlinkat(directory, name, AtFlags::empty()) {
        Ok(()) => return Ok(1),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error),
    }
    let depth = depth.checked_sub(1).ok_or(Errno::NAMETOOLONG)?;
    let inner = open_directory_beneath(directory, name)?;
    let mut removed = 0;
    loop {
        let Names { names, all } = entries(inner.as_fd())?;
        for (entry, _) in names {
            removed += remove_below(inner.as_fd(), &entry, go_on, depth)?;
        }
        if all {
            break;
        }
    }
    rustix::fs::unlinkat(directory, name, AtFlags::REMOVEDIR)?;
    Ok(removed + 1)
}

/// Opens a directory to list it, without following a link.
pub fn open_directory_beneath(directory: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(directory, name, READ | OFlags::DIRECTORY, Mode::empty())
}

/// The names in a directory, sorted, each with its type.
pub struct Names {
    pub names: Vec<(OsString, FileType)>,
    /// Whether that is all of them.
    pub all: bool,
}

/// Reads the names in a directory.
pub fn entries(directory: BorrowedFd<'_>) -> Result<Names, Errno> {
    let mut names = Vec::new();
    let mut all = true;
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        if names.len() == MAX_NAMES {
            all = false;
            break;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
            known => known,
        };
        names.push((name.to_owned(), kind));
    }
    names.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Names { names, all })
}
