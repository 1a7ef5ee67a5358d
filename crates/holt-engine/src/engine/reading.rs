//! What people see of sessions: lists, snapshots, events, feeds, files.

use std::sync::Arc;

use holt_core::access::{Principal, Scope};
use holt_core::event::{ContextCompacted, Event, EventBody, Seq};
use holt_core::id::{ArtifactId, SessionId};
use holt_core::machine::Input;
use holt_core::sandbox::Measurement;
use holt_core::search::{Found, MAX_FOUND, SearchQuery};
use holt_core::store::{HeadCursor, HeadQuery, StoredHead};
use holt_core::view::{Artifact, SessionSummary, Snapshot};
use holt_core::workspace::{FileError, OpenFile};

use super::{Engine, allow};
use crate::error::EngineError;
use crate::feed::{Feed, Text};
use crate::files::{SessionFiles, off_thread};
use crate::requests::{ListSessions, Page};
use crate::watch::Watch;

/// The most sessions that one page of a list has.
const MAX_PAGE: usize = 200;
/// The most events that one page has.
const MAX_EVENTS: usize = 5_000;

impl Engine {
    pub async fn list(&self, by: &Principal, request: ListSessions) -> Result<Page, EngineError> {
        allow(by, Scope::View)?;
        let limit = request.limit.clamp(1, MAX_PAGE);
        let query = HeadQuery {
            owner: (!by.may(Scope::Admin)).then(|| by.owner.clone()),
            origin: request.origin,
            status: request.status,
            text: request.text,
            cursor: request.cursor,
            limit: limit + 1,
        };
        let summary = |stored: StoredHead| SessionSummary::from(stored).kept(self.node.options.retention);
        let mut items: Vec<SessionSummary> = self.node.store().heads(query).await?.into_iter().map(summary).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| HeadCursor { updated_at: last.updated_at, session: last.id });
        Ok(Page { items, next })
    }

    /// What was said in the sessions that the caller sees, newest first.
    pub async fn search(&self, by: &Principal, text: String, limit: usize) -> Result<Vec<Found>, EngineError> {
        allow(by, Scope::View)?;
        let owner = (!by.may(Scope::Admin)).then(|| by.owner.clone());
        Ok(self.node.store().search(SearchQuery { owner, text, limit: limit.clamp(1, MAX_FOUND) }).await?)
    }

    pub async fn session(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        allow(by, Scope::View)?;
        if let Some(hub) = self.node.live_hub(id) {
            let snapshot = hub.snapshot();
            return if by.sees(&snapshot.owner) { Ok(snapshot) } else { Err(EngineError::NoSession(id)) };
        }
        Ok(self.load(by, id).await?.snapshot(Vec::new()).kept(self.node.options.retention))
    }

    pub async fn events_after(&self, by: &Principal, id: SessionId, after: Seq, limit: usize) -> Result<Vec<Event>, EngineError> {
        self.check(by, Scope::View, id).await?;
        Ok(self.node.store().events_after(id, after, limit.clamp(1, MAX_EVENTS)).await?)
    }

    pub async fn events_before(
        &self,
        by: &Principal,
        id: SessionId,
        before: Seq,
        limit: usize,
    ) -> Result<Vec<Event>, EngineError> {
        self.check(by, Scope::View, id).await?;
        Ok(self.node.store().events_before(id, before, limit.clamp(1, MAX_EVENTS)).await?)
    }

    /// The compaction that stands, if one does: what a summary tells, and what the summary is.
    pub async fn compaction(&self, by: &Principal, id: SessionId) -> Result<Option<ContextCompacted>, EngineError> {
        let session = self.check(by, Scope::View, id).await?;
        let Some(place) = session.compaction else { return Ok(None) };
        let found = self.node.store().events_after(id, place.at.saturating_sub(1), 1).await?;
        Ok(found.iter().find_map(|event| match event.decode() {
            Some(EventBody::ContextCompacted(compacted)) => Some(compacted),
            _ => None,
        }))
    }

    /// Watches the list of sessions: those that the caller sees in it.
    pub fn watch(&self, by: &Principal) -> Result<Watch, EngineError> {
        allow(by, Scope::View)?;
        Ok(self.node.watchers.join(by.clone()))
    }

    /// Follows a session: a snapshot first, or from the place after `after`.
    pub async fn follow(&self, by: &Principal, id: SessionId, after: Option<Seq>) -> Result<Feed, EngineError> {
        self.join(by, id, after, Text::Live).await
    }

    /// The same, without text while it is written.
    pub async fn follow_quietly(&self, by: &Principal, id: SessionId, after: Option<Seq>) -> Result<Feed, EngineError> {
        self.join(by, id, after, Text::Finished).await
    }

    async fn join(&self, by: &Principal, id: SessionId, after: Option<Seq>, text: Text) -> Result<Feed, EngineError> {
        allow(by, Scope::View)?;
        let hub = match self.node.live_hub(id) {
            Some(hub) => hub,
            None => {
                let state = Arc::new(self.load(by, id).await?);
                self.node.hub(&state)
            }
        };
        if !by.sees(&hub.state().spec.owner) {
            return Err(EngineError::NoSession(id));
        }
        Ok(Feed::new(self.node.store().clone(), hub, after, text))
    }

    pub async fn files(&self, by: &Principal, id: SessionId) -> Result<SessionFiles, EngineError> {
        self.files_for(by, Scope::View, id).await
    }

    /// The files, for somebody who is going to change them.
    pub async fn files_to_change(&self, by: &Principal, id: SessionId) -> Result<SessionFiles, EngineError> {
        self.files_for(by, Scope::Operate, id).await
    }

    async fn files_for(&self, by: &Principal, scope: Scope, id: SessionId) -> Result<SessionFiles, EngineError> {
        let session = self.check(by, scope, id).await?;
        let workspaces = self.node.parts.workspaces.clone();
        let files = off_thread(move || workspaces.files(id, &session.workspace)).await?;
        Ok(SessionFiles::new(files.into()))
    }

    /// Records that a person put a file into the workspace.
    pub async fn file_received(&self, by: &Principal, id: SessionId, path: String, size: u64) -> Result<(), EngineError> {
        let input = Input::FileReceived { path, size, by: by.name.clone() };
        self.change(by, Scope::Operate, id, input).await.map(drop)
    }

    pub async fn artifact(
        &self,
        by: &Principal,
        id: SessionId,
        artifact: ArtifactId,
    ) -> Result<(Artifact, OpenFile), EngineError> {
        let session = self.check(by, Scope::View, id).await?;
        let missing = || FileError::NotFound(artifact.to_string());
        let found = session.artifacts.into_iter().find(|known| known.id == artifact).ok_or_else(missing)?;
        let (blobs, name) = (self.node.parts.blobs.clone(), found.sha256.clone());
        let file = off_thread(move || blobs.open(id, &name)).await?;
        Ok((found, file))
    }

    pub async fn measure(&self, by: &Principal, id: SessionId) -> Result<Measurement, EngineError> {
        self.check(by, Scope::View, id).await?;
        Ok(self.node.parts.sandboxes.measure(id).await?)
    }
}
