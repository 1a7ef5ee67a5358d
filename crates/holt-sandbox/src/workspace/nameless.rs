//! A file that has no name until it is whole, so that nobody meets half of it and a crash leaves nothing.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::root::by_descriptor;

/// Open for writing. Dropped, it leaves nothing.
#[derive(Debug)]
pub(crate) struct Nameless {
    pub(crate) file: File,
    parent: OwnedFd,
    /// Where files without a name are not to be had, the one that it has for now.
    provisional: Option<String>,
}

impl Nameless {
    pub(crate) fn create(parent: OwnedFd, mode: Mode) -> io::Result<Self> {
        match openat(&parent, ".", OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, mode) {
            Ok(file) => Ok(Self { file: file.into(), parent, provisional: None }),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Self::with_name(parent, mode),
            Err(error) => Err(error.into()),
        }
    }

    /// For file systems that know no files without a name: one that nobody guesses.
    fn with_name(parent: OwnedFd, mode: Mode) -> io::Result<Self> {
        let name = unguessable();
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::WRONLY | OFlags::CLOEXEC;
        let file = openat(&parent, &name, flags, mode)?.into();
        Ok(Self { file, parent, provisional: Some(name) })
    }

    /// Gives it its name, in place of what had it.
    pub(crate) fn publish(mut self, name: &str) -> io::Result<()> {
        if self.provisional.is_none() {
            match self.link(name) {
                Err(Errno::EXIST) => {}
                other => return Ok(other?),
            }
            let provisional = unguessable();
            self.link(&provisional)?;
            self.provisional = Some(provisional);
        }
        if let Some(provisional) = &self.provisional {
            renameat(&self.parent, provisional, &self.parent, name)?;
            self.provisional = None;
        }
        Ok(())
    }

    fn link(&self, name: &str) -> Result<(), Errno> {
        linkat(CWD, by_descriptor(self.file.as_fd()), &self.parent, name, AtFlags::SYMLINK_FOLLOW)
    }
}

impl Drop for Nameless {
    fn drop(&mut self) {
        if let Some(name) = &self.provisional {
            let _ = unlinkat(&self.parent, name, AtFlags::empty());
        }
    }
}

fn unguessable() -> String {
    format!(".holt-{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;

    const MODE: Mode = Mode::from_raw_mode(0o644);

    fn open(path: &Path) -> OwnedFd {
        File::open(path).unwrap().into()
    }

    fn names(path: &Path) -> Vec<String> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Both ways must do the same, though only one of them is used on this file system.
    #[test]
    fn it_appears_whole_or_not_at_all() {
        for create in [Nameless::create, Nameless::with_name] {
            let directory = tempfile::tempdir().unwrap();
            drop(create(open(directory.path()), MODE).unwrap());
            assert!(names(directory.path()).is_empty());
            for text in ["one", "another"] {
                let mut new = create(open(directory.path()), MODE).unwrap();
                new.file.write_all(text.as_bytes()).unwrap();
                new.publish("name").unwrap();
                assert_eq!(fs::read_to_string(directory.path().join("name")).unwrap(), text);
                assert_eq!(names(directory.path()), ["name"]);
            }
            fs::create_dir(directory.path().join("taken")).unwrap();
            create(open(directory.path()), MODE).unwrap().publish("taken").unwrap_err();
            assert_eq!(names(directory.path()).len(), 2);
        }
    }
}
