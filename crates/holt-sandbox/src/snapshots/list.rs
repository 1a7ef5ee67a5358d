//! What stood in a workspace, and by what a file is known that was read before.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use holt_core::workspace::FileError;
use serde::{Deserialize, Serialize};

/// Where the last look is remembered.
pub const KNOWN: &str = "known";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    pub hash: String,
    pub size: u64,
    /// When it was written, which is no part of what it is.
    #[serde(skip)]
    pub modified: i64,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct List {
    pub entries: BTreeMap<String, Stands>,
    pub left_out: u64,
}

impl List {
    /// Nothing, of nothing. One line for each file otherwise.
    pub fn write(&self) -> String {
        let line = |(path, entry): (&String, &Stands)| format!("{} {} {}\n", entry.hash, entry.size, path);
        self.entries.iter().map(line).collect()
    }

    pub fn read(text: &[u8]) -> Option<Self> {
        let entry = |line: &str| {
            let (hash, rest) = line.split_once(' ')?;
            let (size, path) = rest.split_once(' ')?;
            Some((path.to_owned(), Stands { hash: hash.to_owned(), size: size.parse().ok()?, modified: 0 }))
        };
        let entries = std::str::from_utf8(text).ok()?.lines().map(entry).collect::<Option<_>>()?;
        Some(Self { entries, left_out: 0 })
    }
}

/// By what a file shows that it was written since. The change time is the kernel's own: nobody inside can set it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    size: u64,
    inode: u64,
    changed: (i64, i64),
}

impl Mark {
    pub fn of(file: &File) -> io::Result<Self> {
        let facts = file.metadata()?;
        Ok(Self { size: facts.len(), inode: facts.ino(), changed: (facts.ctime(), facts.ctime_nsec()) })
    }
}

/// The files of the last look.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known(HashMap<String, (Mark, String)>);

impl Known {
    pub fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path).ok()?).ok()
    }

    pub fn write(&self, directory: &Path) -> Result<(), FileError> {
        let text = serde_json::to_vec(self).map_err(io::Error::other)?;
        super::write_whole(directory, KNOWN, &text)
    }

    pub fn hash_of(&self, path: &str, mark: &Mark) -> Option<&str> {
        self.0.get(path).filter(|(known, _)| known == mark).map(|(_, hash)| hash.as_str())
    }

    pub fn put(&mut self, path: String, mark: Mark, hash: String) {
        self.0.insert(path, (mark, hash));
    }
}
