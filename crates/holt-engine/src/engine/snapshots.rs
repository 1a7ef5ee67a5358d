//! What stood in a workspace: seen, compared, and had again.

use holt_core::access::{Principal, Scope};
use holt_core::event::{EventBody, Seq, SnapshotTaken};
use holt_core::id::SessionId;
use holt_core::machine::{Input, Refusal};
use holt_core::session::{Status, WorkspaceSpec};
use holt_core::snapshot::{Changes, Restored, SnapshotInfo};
use holt_core::time::Timestamp;
use holt_core::view::Snapshot;
use holt_core::workspace::{FileError, OpenFile};

use super::Engine;
use crate::error::EngineError;
use crate::files::off_thread;

/// The most events that are looked through for one page of snapshots.
const LOOKED_THROUGH: usize = 5_000;

/// A snapshot, and where in the log it was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptWorkspace {
    pub seq: Seq,
    pub at: Timestamp,
    pub snapshot: SnapshotInfo,
}

impl Engine {
    /// The snapshots before a place in the log, newest first, and where to go on.
    pub async fn snapshots(
        &self,
        by: &Principal,
        id: SessionId,
        before: Option<Seq>,
    ) -> Result<(Vec<KeptWorkspace>, Option<Seq>), EngineError> {
        let before = before.unwrap_or(Seq::MAX);
        let events = self.events_before(by, id, before, LOOKED_THROUGH).await?;
        let next = events.first().map(|event| event.seq).filter(|first| *first > 1);
        let kept =
            events.iter().rev().filter(|event| &*event.kind == "snapshot_taken").filter_map(|event| match event.decode()? {
                EventBody::SnapshotTaken(SnapshotTaken { snapshot }) => {
                    Some(KeptWorkspace { seq: event.seq, at: event.at, snapshot })
                }
                _ => None,
            });
        Ok((kept.collect(), next))
    }

    /// How files differ between two snapshots.
    pub async fn changes(&self, by: &Principal, id: SessionId, from: String, to: String) -> Result<Changes, EngineError> {
        self.check(by, Scope::View, id).await?;
        let snapshots = self.node.parts.snapshots.clone();
        off_thread(move || snapshots.changes(id, &from, &to)).await
    }

    /// A file as it was.
    pub async fn file_of(&self, by: &Principal, id: SessionId, snapshot: String, path: String) -> Result<OpenFile, EngineError> {
        self.check(by, Scope::View, id).await?;
        let snapshots = self.node.parts.snapshots.clone();
        off_thread(move || snapshots.open(id, &snapshot, &path)).await
    }

    /// A file as it was in two snapshots: where it is in neither, there is none.
    pub async fn versions_of(
        &self,
        by: &Principal,
        id: SessionId,
        (before, after): (String, String),
        path: String,
    ) -> Result<(Option<OpenFile>, Option<OpenFile>), EngineError> {
        self.check(by, Scope::View, id).await?;
        let snapshots = self.node.parts.snapshots.clone();
        off_thread(move || {
            // Of a snapshot that is not there nothing can be said: only of files.
            snapshots.changes(id, &before, &after)?;
            let open = |snapshot: &str| match snapshots.open(id, snapshot, &path) {
                Err(FileError::NotFound(_)) => Ok(None),
                opened => opened.map(Some),
            };
            match (open(&before)?, open(&after)?) {
                (None, None) => Err(FileError::NotFound(path.clone())),
                versions => Ok(versions),
            }
        })
        .await
    }

    /// Makes the workspace what it was, or one file of it. What stands there now is kept before, so that this can be undone.
    pub async fn restore(
        &self,
        by: &Principal,
        id: SessionId,
        snapshot: String,
        path: Option<String>,
    ) -> Result<Snapshot, EngineError> {
        let session = self.check(by, Scope::Operate, id).await?;
        if session.workspace != WorkspaceSpec::Managed {
            return Err(not_now(
                "workspace_not_managed",
                "your own directory is never put back",
                "Use your version control for it.",
            ));
        }
        if matches!(session.status, Status::Ending | Status::Ended) {
            return Err(Refusal::Ended.into());
        }
        if session.run.is_some() {
            return Err(not_now("session_busy", "a run is under way", "Cancel it first, or wait until it is over."));
        }
        let parts = self.node.parts.clone();
        let (wanted, one) = (snapshot.clone(), path.clone());
        let Restored { before, files } = off_thread(move || {
            let files = parts.workspaces.files(id, &WorkspaceSpec::Managed)?;
            parts.snapshots.restore(id, &wanted, &*files, one.as_deref())
        })
        .await?;
        self.change(by, Scope::Operate, id, Input::SnapshotTaken(before)).await?;
        self.change(by, Scope::Operate, id, Input::Restored { snapshot, path, files, by: by.name.clone() }).await
    }
}

fn not_now(code: &'static str, what: &str, hint: &'static str) -> EngineError {
    EngineError::Invalid { code, what: what.into(), hint }
}
