//! The port to snapshots of workspaces: what stood in one at a moment, kept by content outside of it, so that a turn can be
//! undone, a file had again, and a step's changes seen.
//!
//! A snapshot is named by what is in it. Regular files alone are kept, without their mode; what is made again by a command
//! (`node_modules`, caches) and what is beyond the bounds is left out, and then left as it is by a restore too.

use serde::{Deserialize, Serialize};

use crate::id::SessionId;
use crate::workspace::{FileError, Files, OpenFile};

/// The name of a snapshot: SHA-256 in hexadecimal.
pub type SnapshotId = String;

/// The most changes that are listed.
pub const MAX_CHANGES: usize = 5_000;

/// A snapshot that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SnapshotInfo {
    pub id: SnapshotId,
    pub files: u64,
    pub bytes: u64,
    /// How many files were too large or too many.
    #[serde(default)]
    pub left_out: u64,
}

impl SnapshotInfo {
    /// Of a workspace in which nothing stands yet. It need not be taken to be there.
    pub fn of_nothing() -> Self {
        Self { id: NOTHING.into(), files: 0, bytes: 0, left_out: 0 }
    }
}

/// SHA-256 of nothing.
pub const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ChangeKind {
    Added,
    Changed,
    Removed,
}

/// How a file differs between two snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileChange {
    pub path: String,
    pub change: ChangeKind,
    /// Its size afterwards; of one that was removed, before.
    pub size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// In the order of their paths.
    pub changes: Vec<FileChange>,
    pub truncated: bool,
}

/// What became of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What stood there before.
    pub before: SnapshotInfo,
    /// How many files were written or removed.
    pub files: u64,
}

/// Keeps snapshots of all sessions. Calls block.
pub trait Snapshots: Send + Sync {
    /// Keeps what stands in a workspace now.
    fn take(&self, session: SessionId, files: &dyn Files) -> Result<SnapshotInfo, FileError>;

    fn changes(&self, session: SessionId, from: &str, to: &str) -> Result<Changes, FileError>;

    /// A file as it was.
    fn open(&self, session: SessionId, snapshot: &str, path: &str) -> Result<OpenFile, FileError>;

    /// Makes a workspace what it was, or one file of it, and keeps before what stands there now.
    fn restore(&self, session: SessionId, snapshot: &str, files: &dyn Files, path: Option<&str>) -> Result<Restored, FileError>;

    /// Gives a session these snapshots of another one, as far as they are still kept.
    fn adopt(&self, session: SessionId, from: SessionId, snapshots: &[SnapshotId]) -> Result<(), FileError>;

    /// Forgets all snapshots of a session.
    fn remove(&self, session: SessionId) -> Result<(), FileError>;
}
