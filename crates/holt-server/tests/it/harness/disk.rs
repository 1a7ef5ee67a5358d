//! Workspaces and artifacts in plain directories, for tests that are not about hostile files.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::session::WorkspaceSpec;
use holt_core::time::Timestamp;
use holt_core::workspace::{Blobs, Entry, EntryKind, FileError, Files, Incoming, Listing, OpenFile, StoredBlob, Workspaces};
use sha2::{Digest, Sha256};

pub struct Disk {
    root: PathBuf,
}

impl Disk {
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

impl Workspaces for Disk {
    fn files(&self, session: SessionId, _: &WorkspaceSpec) -> Result<Box<dyn Files>, FileError> {
        let root = self.root.join("workspaces").join(session.to_string());
        fs::create_dir_all(&root)?;
        Ok(Box::new(Directory { root }))
    }

    fn check_directory(&self, path: &Path) -> Result<String, FileError> {
        Ok(path.display().to_string())
    }
}

struct Directory {
    root: PathBuf,
}

impl Directory {
    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn entry(&self, path: &Path) -> Result<Entry, FileError> {
        let data = path.symlink_metadata()?;
        let kind = if data.is_dir() { EntryKind::Directory } else { EntryKind::File };
        let inner = path.strip_prefix(&self.root).unwrap().display().to_string();
        let name = inner.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Entry { name, path: inner, kind, size: data.len(), modified_at: Timestamp::from_millis(0) })
    }

    fn collect(&self, path: &Path, deep: bool, found: &mut Vec<Entry>) -> Result<(), FileError> {
        for child in fs::read_dir(path).map_err(|error| missing(error, path))? {
            let entry = self.entry(&child?.path())?;
            if deep && entry.kind == EntryKind::Directory {
                self.collect(&self.at(&entry.path), true, found)?;
            } else {
                found.push(entry);
            }
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(())
    }
}

fn missing(error: io::Error, path: &Path) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::NotFound(path.display().to_string()),
        _ => FileError::Io(error),
    }
}

impl Files for Directory {
    fn list(&self, path: &str) -> Result<Listing, FileError> {
        let mut entries = Vec::new();
        self.collect(&self.at(path), false, &mut entries)?;
        Ok(Listing { entries, truncated: false })
    }

    fn walk(&self, path: &str, _: usize) -> Result<Listing, FileError> {
        let mut entries = Vec::new();
        self.collect(&self.at(path), true, &mut entries)?;
        Ok(Listing { entries, truncated: false })
    }

    fn open(&self, path: &str) -> Result<OpenFile, FileError> {
        let file = File::open(self.at(path)).map_err(|error| missing(error, Path::new(path)))?;
        let data = file.metadata()?;
        if !data.is_file() {
            return Err(FileError::NotAFile(path.into()));
        }
        Ok(OpenFile { file, size: data.len(), modified_at: Timestamp::from_millis(0) })
    }

    fn receive(&self, path: &str, limit: u64) -> Result<Box<dyn Incoming>, FileError> {
        let target = self.at(path);
        fs::create_dir_all(target.parent().unwrap())?;
        Ok(Box::new(Draft { target, what: path.into(), limit, bytes: Vec::new() }))
    }

    fn create_directory(&self, path: &str) -> Result<(), FileError> {
        Ok(fs::create_dir_all(self.at(path))?)
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        let target = self.at(path);
        let done = if target.is_dir() { fs::remove_dir_all(&target) } else { fs::remove_file(&target) };
        done.map_err(|error| missing(error, Path::new(path)))
    }
}

struct Draft {
    target: PathBuf,
    what: String,
    limit: u64,
    bytes: Vec<u8>,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() as u64 > self.limit {
            let error = FileError::TooLarge { what: self.what.clone(), limit: self.limit };
            return Err(io::Error::other(error));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Incoming for Draft {
    fn commit(self: Box<Self>) -> Result<u64, FileError> {
        fs::write(&self.target, &self.bytes)?;
        Ok(self.bytes.len() as u64)
    }
}

impl Blobs for Disk {
    fn keep(&self, session: SessionId, source: &mut dyn Read, _: u64) -> Result<StoredBlob, FileError> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes)?;
        let sha256: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let directory = self.root.join("blobs").join(session.to_string());
        fs::create_dir_all(&directory)?;
        fs::write(directory.join(&sha256), &bytes)?;
        Ok(StoredBlob { sha256, size: bytes.len() as u64 })
    }

    fn open(&self, session: SessionId, sha256: &str) -> Result<OpenFile, FileError> {
        let file = File::open(self.root.join("blobs").join(session.to_string()).join(sha256))?;
        let size = file.metadata()?.len();
        Ok(OpenFile { file, size, modified_at: Timestamp::from_millis(0) })
    }

    fn remove(&self, session: SessionId) -> Result<(), FileError> {
        let _ = fs::remove_dir_all(self.root.join("blobs").join(session.to_string()));
        Ok(())
    }
}

/// An archive that a test can read: each path and what stands there, on lines.
pub fn pack(files: &dyn Files, out: &mut dyn Write) -> Result<(), FileError> {
    for entry in files.walk("", 1000)?.entries {
        let mut bytes = Vec::new();
        files.open(&entry.path)?.file.read_to_end(&mut bytes)?;
        writeln!(out, "{}: {}", entry.path, String::from_utf8_lossy(&bytes))?;
    }
    Ok(())
}
