//! Space kept back, so that Holt can still write how things ended when the disk is full.
//!
//! A file of a few megabytes is given up when writing fails for want of space. From then on only changes that end
//! something are taken, until there is room to put the file back.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;

/// How often at most it is tried to put the reserve back.
const RETRY: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    bytes: u64,
    is_held: bool,
    tried: Option<Instant>,
}

impl Reserve {
    /// Puts it aside, or finds that there is no room for it.
    pub(super) fn new(path: PathBuf, bytes: u64) -> Self {
        let mut reserve = Self { path, bytes, is_held: false, tried: None };
        reserve.is_held = reserve.hold().is_ok();
        reserve
    }

    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Gives the space back to the disk. Says whether there was any to give.
    pub(super) fn release(&mut self) -> bool {
        self.tried = Some(Instant::now());
        std::mem::replace(&mut self.is_held, false) && remove(&self.path)
    }

    /// Puts the reserve back when there is space again, and as much once more for the ordinary changes.
    pub(super) fn restore(&mut self) -> bool {
        let is_early = self.tried.is_some_and(|tried| tried.elapsed() < RETRY);
        if !self.is_held && !is_early {
            self.tried = Some(Instant::now());
            self.is_held = self.has_space() && self.hold().is_ok();
        }
        self.is_held
    }

    fn has_space(&self) -> bool {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        statvfs(directory).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= self.bytes.saturating_mul(2))
    }

    fn hold(&self) -> io::Result<()> {
        let held = self.allocate();
        if held.is_err() {
            remove(&self.path);
        }
        held
    }

    fn allocate(&self) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
        if self.bytes == 0 {
            return Ok(());
        }
        match fallocate(&file, FallocateFlags::empty(), 0, self.bytes) {
            Err(Errno::OPNOTSUPP) => io::copy(&mut io::repeat(0).take(self.bytes), &mut file).map(drop),
            other => Ok(other?),
        }
    }
}

/// What an earlier server left. Says whether there was something.
pub(super) fn remove(path: &Path) -> bool {
    std::fs::remove_file(path).is_ok()
}
