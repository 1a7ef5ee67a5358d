//! Keeps the whole of an output that is too long for an answer, in a file that the agent can read.
//!
//! Nothing is written before an output is too long. The files are bounded in size and number; the oldest goes first.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How many files are kept.
const FILES_KEPT: usize = 16;
/// How many names are tried; earlier toolboxes may have left files of theirs.
const NAMES_TRIED: u64 = 10_000;

/// The directory of the kept outputs.
#[derive(Debug)]
pub struct Spool {
    directory: PathBuf,
    max_file_bytes: u64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    files: VecDeque<PathBuf>,
    last: u64,
}

/// One output on its way.
#[derive(Debug)]
pub struct Spooled<'a> {
    spool: &'a Spool,
    /// What came before the output was too long.
    early: Vec<u8>,
    too_long: usize,
    file: State,
    written: u64,
}

#[derive(Debug)]
enum State {
    NotNeeded,
    Writing(PathBuf, File),
    /// It is as long as a file may be.
    Full(PathBuf),
    Failed(String),
}

/// Where an output is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// It was not too long.
    Nowhere,
    Whole(PathBuf),
    /// The file has only that many bytes from the beginning.
    Beginning(PathBuf, u64),
    /// It could not be kept, and why.
    Lost(String),
}

impl Spool {
    pub fn new(directory: PathBuf, max_file_bytes: u64) -> Self {
        Self { directory, max_file_bytes, kept: Mutex::default() }
    }

    /// Begins an output that is kept once it has more than `too_long` bytes.
    pub fn begin(&self, too_long: usize) -> Spooled<'_> {
        Spooled { spool: self, early: Vec::new(), too_long, file: State::NotNeeded, written: 0 }
    }

    fn create(&self) -> std::io::Result<(PathBuf, File)> {
        match DirBuilder::new().mode(0o700).create(&self.directory) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..NAMES_TRIED {
            kept.last += 1;
            let path = self.directory.join(format!("{}.txt", kept.last));
            match create_new(&path) {
                Ok(file) => {
                    kept.files.push_back(path.clone());
                    while kept.files.len() > FILES_KEPT {
                        // That it is gone already, or cannot be deleted, harms nobody.
                        kept.files.pop_front().map(std::fs::remove_file);
                    }
                    return Ok((path, file));
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(std::io::ErrorKind::AlreadyExists.into())
    }
}

/// Makes a file that was not there, so a link that was planted is never followed.
fn create_new(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

impl Spooled<'_> {
    pub fn push(&mut self, bytes: &[u8]) {
        match &self.file {
            State::NotNeeded if self.early.len() + bytes.len() <= self.too_long => self.early.extend_from_slice(bytes),
            State::NotNeeded => {
                self.file = match self.spool.create() {
                    Ok((path, file)) => State::Writing(path, file),
                    Err(error) => State::Failed(error.to_string()),
                };
                let early = std::mem::take(&mut self.early);
                self.write(&early);
                self.write(bytes);
            }
            _ => self.write(bytes),
        }
    }

    pub fn whereabouts(&self) -> Whereabouts {
        match &self.file {
            State::NotNeeded => Whereabouts::Nowhere,
            State::Writing(path, _) => Whereabouts::Whole(path.clone()),
            State::Full(path) => Whereabouts::Beginning(path.clone(), self.written),
            State::Failed(reason) => Whereabouts::Lost(reason.clone()),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let State::Writing(path, file) = &mut self.file else { return };
        let room = usize::try_from(self.spool.max_file_bytes - self.written).unwrap_or(usize::MAX);
        let fitting = &bytes[..bytes.len().min(room)];
        if let Err(error) = file.write_all(fitting) {
            self.file = State::Failed(error.to_string());
            return;
        }
        self.written += fitting.len() as u64;
        if fitting.len() < bytes.len() {
            self.file = State::Full(std::mem::take(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_only_what_is_too_long_and_then_all_of_it() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::new(directory.path().join("out"), 1000);
        let mut short = spool.begin(10);
        short.push(b"1234567890");
        assert_eq!(short.whereabouts(), Whereabouts::Nowhere);
        assert!(!directory.path().join("out").exists());

        let mut long = spool.begin(10);
        long.push(b"12345");
        long.push(b"678901");
        long.push(b"2");
        let Whereabouts::Whole(path) = long.whereabouts() else { panic!("{long:?}") };
        assert_eq!(std::fs::read(path).unwrap(), b"123456789012");
    }

    #[test]
    fn is_bounded_in_size_and_number() {
        let directory = tempfile::tempdir().unwrap();
        let spool = Spool::new(directory.path().to_owned(), 8);
        for _ in 0..FILES_KEPT + 3 {
            let mut long = spool.begin(2);
            long.push(b"12345");
            long.push(b"67890");
            let Whereabouts::Beginning(path, 8) = long.whereabouts() else { panic!("{long:?}") };
            assert_eq!(std::fs::read(path).unwrap(), b"12345678");
        }
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), FILES_KEPT);
    }

    #[test]
    fn passes_over_names_that_are_taken_and_says_when_it_cannot_keep() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("precious");
        std::fs::write(&target, "precious").unwrap();
        std::os::unix::fs::symlink(&target, directory.path().join("1.txt")).unwrap();
        let spool = Spool::new(directory.path().to_owned(), 100);
        let mut long = spool.begin(0);
        long.push(b"x");
        assert_eq!(long.whereabouts(), Whereabouts::Whole(directory.path().join("2.txt")));
        assert_eq!(std::fs::read(target).unwrap(), b"precious");

        let nowhere = Spool::new(directory.path().join("missing/out"), 100);
        let mut long = nowhere.begin(0);
        long.push(b"x");
        assert!(matches!(long.whereabouts(), Whereabouts::Lost(_)));
    }
}
