//! A file on its way in.

use std::io::{self, Write};
use std::os::fd::{AsFd as _, OwnedFd};

use holt_core::workspace::{EntryKind, FileError, Incoming};
use rustix::fs::Mode;

use super::nameless::Nameless;
use super::path::Inside;
use super::root::{Root, kind, look};
use super::said;

const MODE: Mode = Mode::from_raw_mode(0o644);

#[derive(Debug)]
pub(super) struct Reception {
    new: Nameless,
    path: String,
    written: u64,
    limit: u64,
}

impl Reception {
    pub(super) fn begin(root: &Root, path: Inside<'_>, limit: u64) -> Result<Self, FileError> {
        let (parent, name) = path.split();
        let parent = root.make_directory(parent)?;
        refuse_directory(&parent, name, path.as_str())?;
        let new = Nameless::create(parent, MODE).map_err(|error| said(error, path.as_str()))?;
        root.give(new.file.as_fd())?;
        Ok(Self { new, path: path.as_str().to_owned(), written: 0, limit })
    }
}

/// A directory cannot be replaced by a file: better said before the file is sent.
fn refuse_directory(parent: &OwnedFd, name: &str, path: &str) -> Result<(), FileError> {
    let name = std::ffi::CString::new(name).map_err(|_| FileError::BadPath(path.to_owned()))?;
    match look(parent, &name) {
        Ok(found) if kind(&found) == EntryKind::Directory => Err(FileError::NotAFile(path.to_owned())),
        _ => Ok(()),
    }
}

impl Write for Reception {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.saturating_add(bytes.len() as u64) > self.limit {
            return Err(io::Error::other(FileError::TooLarge { what: self.path.clone(), limit: self.limit }));
        }
        let taken = self.new.file.write(bytes)?;
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.new.file.flush()
    }
}

impl Incoming for Reception {
    fn commit(self: Box<Self>) -> Result<u64, FileError> {
        let Self { new, path, written, .. } = *self;
        new.file.sync_data().map_err(|error| said(error, &path))?;
        let name = path.rsplit('/').next().unwrap_or(&path);
        new.publish(name).map_err(|error| said(error, &path))?;
        Ok(written)
    }
}
