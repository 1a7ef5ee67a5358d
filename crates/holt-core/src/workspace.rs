//! The port to a session's files from outside its sandbox.
//!
//! Whatever stands in a workspace was perhaps put there by something hostile: implementations reach files only beneath
//! the workspace's own directory, follow no link, open nothing but regular files, and never block on one.

use std::fs::File;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::id::SessionId;
use crate::session::WorkspaceSpec;
use crate::time::Timestamp;

/// The most entries that one listing returns.
pub const MAX_ENTRIES: usize = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryKind {
    File,
    Directory,
    /// A link; shown, never followed.
    Link,
    /// A pipe, socket or device; shown, never opened.
    Other,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entry {
    /// The name alone.
    pub name: String,
    /// Its path from the workspace's top, with `/` between.
    pub path: String,
    pub kind: EntryKind,
    pub size: u64,
    pub modified_at: Timestamp,
}

/// A listing, and whether it is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Listing {
    pub entries: Vec<Entry>,
    /// True when there were more than are listed.
    pub truncated: bool,
}

/// Why a file cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("there is no `{0}`")]
    NotFound(String),
    #[error("`{0}` is not a path inside the workspace")]
    BadPath(String),
    #[error("`{0}` is not a regular file")]
    NotAFile(String),
    #[error("`{0}` is not a directory")]
    NotADirectory(String),
    #[error("`{0}` is there already")]
    Exists(String),
    /// A directory of the user's that may not become a workspace.
    #[error("an agent may not work in `{path}`: {why}")]
    Refused { path: String, why: &'static str },
    #[error("{what} is larger than {limit} bytes")]
    TooLarge { what: String, limit: u64 },
    #[error("there is no space left for it")]
    NoSpace,
    #[error("the workspace cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// A file that is open for reading: regular, and the one that was asked for, whatever happens to its name from now on.
#[derive(Debug)]
pub struct OpenFile {
    pub file: File,
    pub size: u64,
    pub modified_at: Timestamp,
}

/// A file that is being received. Nobody sees it under its name before `commit`; dropped, it leaves nothing.
pub trait Incoming: std::io::Write + Send {
    fn commit(self: Box<Self>) -> Result<u64, FileError>;
}

/// The files of one session. Calls may block: keep them off the threads that serve.
pub trait Files: Send + Sync {
    /// What stands directly in a directory, `""` being the top, sorted: directories first, then by name.
    fn list(&self, path: &str) -> Result<Listing, FileError>;

    /// Every regular file beneath a directory, for archives and whole-tree views; `limit` bounds the entries.
    fn walk(&self, path: &str, limit: usize) -> Result<Listing, FileError>;

    fn open(&self, path: &str) -> Result<OpenFile, FileError>;

    /// Begins to receive a file of at most `limit` bytes, making the directories above it; replaces a file of that name on commit.
    fn receive(&self, path: &str, limit: u64) -> Result<Box<dyn Incoming>, FileError>;

    fn create_directory(&self, path: &str) -> Result<(), FileError>;

    /// Removes a file, a link or a whole directory.
    fn remove(&self, path: &str) -> Result<(), FileError>;
}

/// Finds a session's files, whether its sandbox is open or not.
pub trait Workspaces: Send + Sync {
    fn files(&self, session: SessionId, spec: &WorkspaceSpec) -> Result<Box<dyn Files>, FileError>;

    /// Says whether a directory of the user's may become a workspace, and gives its one true path.
    fn check_directory(&self, path: &Path) -> Result<String, FileError>;
}

/// A file that was handed out, kept apart from the workspace so that it stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBlob {
    /// SHA-256 in hexadecimal; also its name.
    pub sha256: String,
    pub size: u64,
}

/// Keeps artifacts by their content.
pub trait Blobs: Send + Sync {
    /// Copies from an open file; refuses more than `limit` bytes.
    fn keep(&self, session: SessionId, source: &mut dyn std::io::Read, limit: u64) -> Result<StoredBlob, FileError>;

    fn open(&self, session: SessionId, sha256: &str) -> Result<OpenFile, FileError>;

    /// Forgets everything that a session handed out.
    fn remove(&self, session: SessionId) -> Result<(), FileError>;
}
