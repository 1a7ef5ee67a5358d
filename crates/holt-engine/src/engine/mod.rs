//! The one way in: a handle that is cheap to clone.

mod create;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holt_core::access::{Principal, Scope};
use holt_core::agent::Agent;
use holt_core::budget::Budget;
use holt_core::event::{Event, Seq};
use holt_core::id::{ArtifactId, CallId, PromptId, SessionId};
use holt_core::machine::{Input, NewPrompt, State};
use holt_core::model::{Model, ModelInfo};
use holt_core::policy::Policy;
use holt_core::sandbox::{Finding, Measurement, Sandboxes};
use holt_core::session::{EndReason, KEEP_AWAKE_SECONDS, Limits, Status};
use holt_core::store::{HeadQuery, Store, StoreError};
use holt_core::view::{Artifact, SessionSummary, Snapshot};
use holt_core::workspace::{Blobs, OpenFile, Workspaces};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::error::EngineError;
use crate::feed::Feed;
use crate::files::{SessionFiles, off_thread};
use crate::node::Node;
use crate::owner::{Reply, Request};
use crate::requests::{ListSessions, Page, PromptReceipt, SendPrompt};
use crate::{reports, schedule};

/// The most sessions that one page of a list has.
const MAX_PAGE: usize = 200;
/// The most events that one page has.
const MAX_EVENTS: usize = 5_000;

/// What the engine drives.
#[derive(Clone)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub sandboxes: Arc<dyn Sandboxes>,
    pub workspaces: Arc<dyn Workspaces>,
    pub blobs: Arc<dyn Blobs>,
    /// Brains, by the name that sessions call them.
    pub agents: BTreeMap<String, Arc<dyn Agent>>,
    pub models: Arc<dyn Model>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("agents", &self.agents.keys()).finish_non_exhaustive()
    }
}

/// What sessions get when whoever makes them does not say.
#[derive(Debug, Clone)]
pub struct Options {
    pub default_agent: String,
    pub default_model: String,
    pub default_environment: String,
    pub environments: Vec<String>,
    pub budget: Budget,
    pub policy: Policy,
    pub limits: Limits,
    pub sleep_after_seconds: u64,
    /// For how long processes that were left running keep a session from sleeping.
    pub keep_awake_seconds: u64,
    /// In this time at most 20 notes of one sandbox are kept.
    pub report_window: Duration,
    /// Variables that every sandbox has. Never a secret.
    pub variables: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_agent: "holt".into(),
            default_model: "demo".into(),
            default_environment: "default".into(),
            environments: vec!["default".into()],
            budget: Budget::default(),
            policy: Policy::default(),
            limits: Limits::default(),
            sleep_after_seconds: 15 * 60,
            keep_awake_seconds: KEEP_AWAKE_SECONDS,
            report_window: Duration::from_secs(60),
            variables: BTreeMap::new(),
        }
    }
}

/// How the engine is, for people and for `/ready`.
#[derive(Debug, Clone)]
pub struct EngineStatus {
    /// Sessions with an owner task.
    pub awake: usize,
    pub followers: usize,
    pub open_sandboxes: usize,
    pub sessions: Vec<(Status, u64)>,
    /// What is wrong with the store, if anything is.
    pub store: Result<(), StoreError>,
}

/// The handle.
#[derive(Clone)]
pub struct Engine {
    pub(crate) node: Arc<Node>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Starts, and takes up what an earlier process left: unfinished sessions from their index, and sandboxes that have
    /// no session any more are ended.
    pub async fn start(parts: Parts, options: Options) -> Result<Self, EngineError> {
        // Before anything else, so that nothing is missed that sandboxes report.
        let reports = parts.sandboxes.reports();
        let node = Arc::new(Node::new(parts, options));
        for session in node.store().unfinished().await? {
            // A session that cannot be loaded says so in the log and does not keep the others from going on.
            let _ = node.send(session, Request::Tick);
        }
        node.owners.spawn(reports::run(node.clone(), reports));
        node.owners.spawn(look_at_sandboxes(node.clone()));
        node.owners.spawn(schedule::run(node.clone()));
        Ok(Self { node })
    }

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
        let mut items: Vec<SessionSummary> = self.node.store().heads(query).await?.into_iter().map(Into::into).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|last| holt_core::store::HeadCursor { updated_at: last.updated_at, session: last.id });
        Ok(Page { items, next })
    }

    pub async fn session(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        allow(by, Scope::View)?;
        if let Some(hub) = self.node.live_hub(id) {
            let snapshot = hub.snapshot();
            return if by.sees(&snapshot.owner) { Ok(snapshot) } else { Err(EngineError::NoSession(id)) };
        }
        Ok(self.load(by, id).await?.snapshot(Vec::new()))
    }

    pub async fn prompt(&self, by: &Principal, id: SessionId, prompt: SendPrompt) -> Result<PromptReceipt, EngineError> {
        let prompt = new_prompt(by, prompt);
        let taken = prompt.id;
        let session = self.change(by, Scope::Operate, id, Input::Prompt(prompt)).await?;
        let waiting_behind = session.queue.iter().position(|waiting| waiting.id == taken);
        Ok(PromptReceipt { prompt: taken, waiting_behind, session })
    }

    pub async fn withdraw(&self, by: &Principal, id: SessionId, prompt: PromptId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Withdraw { prompt, by: by.name.clone() }).await
    }

    pub async fn cancel(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Cancel { by: by.name.clone() }).await
    }

    pub async fn answer(&self, by: &Principal, id: SessionId, call: CallId, allow: bool) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Approve, id, Input::Answer { call, allow, by: by.name.clone() }).await
    }

    pub async fn rename(&self, by: &Principal, id: SessionId, title: String) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Rename { title }).await
    }

    pub async fn retry(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Retry { by: by.name.clone() }).await
    }

    pub async fn stop(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Operate, id, Input::Stop { reason: EndReason::Stopped, by: Some(by.name.clone()) }).await
    }

    /// Closes the sandbox now, whatever runs in it; the next prompt opens it again.
    pub async fn sleep(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        self.ask(by, Scope::Operate, id, |reply| Request::Sleep { reply }).await
    }

    /// Opens the sandbox, and answers when it is open.
    pub async fn wake(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.session(by, id).await?;
        if matches!(session.status, Status::Ending | Status::Ended) {
            return Err(holt_core::machine::Refusal::Ended.into());
        }
        self.ask(by, Scope::Operate, id, |reply| Request::Wake { reply }).await
    }

    /// Ends the session and removes everything of it: log, files, artifacts.
    pub async fn remove(&self, by: &Principal, id: SessionId) -> Result<(), EngineError> {
        allow(by, Scope::Operate)?;
        self.load(by, id).await?;
        let (reply, answer) = oneshot::channel();
        self.node.send(id, Request::Remove { reply })?;
        answer.await.map_err(|_| EngineError::TakenOver)?
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

    /// Follows a session: a snapshot first, or from the place after `after`.
    pub async fn follow(&self, by: &Principal, id: SessionId, after: Option<Seq>) -> Result<Feed, EngineError> {
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
        Ok(Feed::new(self.node.store().clone(), hub, after))
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
        let missing = || holt_core::workspace::FileError::NotFound(artifact.to_string());
        let found = session.artifacts.into_iter().find(|known| known.id == artifact).ok_or_else(missing)?;
        let (blobs, name) = (self.node.parts.blobs.clone(), found.sha256.clone());
        let file = off_thread(move || blobs.open(id, &name)).await?;
        Ok((found, file))
    }

    pub async fn measure(&self, by: &Principal, id: SessionId) -> Result<Measurement, EngineError> {
        self.check(by, Scope::View, id).await?;
        Ok(self.node.parts.sandboxes.measure(id).await?)
    }

    pub async fn status(&self) -> EngineStatus {
        let (awake, followers) = self.node.census();
        let store = self.node.store();
        EngineStatus {
            awake,
            followers,
            open_sandboxes: self.node.parts.sandboxes.opened().await.map_or(0, |open| open.len()),
            sessions: store.counts(None).await.unwrap_or_default(),
            store: store.check().await,
        }
    }

    /// What this machine can do, tried now.
    pub async fn examine(&self) -> Vec<Finding> {
        self.node.parts.sandboxes.examine().await
    }

    pub fn models(&self) -> Vec<ModelInfo> {
        self.node.parts.models.models()
    }

    pub fn agents(&self) -> Vec<String> {
        self.node.parts.agents.keys().cloned().collect()
    }

    pub fn options(&self) -> &Options {
        &self.node.options
    }

    /// Stops all owners. Sandboxes stay with their keepers, or end as well.
    pub async fn shutdown(&self, keep_sandboxes: bool) {
        self.node.keep_sandboxes.store(keep_sandboxes, Ordering::Relaxed);
        if !keep_sandboxes {
            self.put_to_sleep().await;
        }
        self.node.closing.cancel();
        self.node.owners.close();
        self.node.owners.wait().await;
        if !keep_sandboxes {
            for session in self.node.parts.sandboxes.opened().await.unwrap_or_default() {
                if let Err(error) = self.node.parts.sandboxes.close(session).await {
                    tracing::warn!(%session, %error, "a sandbox could not be closed");
                }
            }
        }
    }

    /// Idle sessions sleep, so that they know at the next start why their sandboxes are closed.
    async fn put_to_sleep(&self) {
        let open = self.node.parts.sandboxes.opened().await.unwrap_or_default();
        let asked = open.into_iter().filter_map(|session| {
            let (reply, answer) = oneshot::channel();
            self.node.send(session, Request::Sleep { reply }).ok().map(|()| answer)
        });
        // A session that is busy, or gone, is seen to below.
        let _ = futures::future::join_all(asked.collect::<Vec<_>>()).await;
    }

    async fn change(&self, by: &Principal, scope: Scope, id: SessionId, input: Input) -> Result<Snapshot, EngineError> {
        self.ask(by, scope, id, |reply| Request::Input { input, reply }).await
    }

    async fn ask(
        &self,
        by: &Principal,
        scope: Scope,
        id: SessionId,
        request: impl FnOnce(Reply) -> Request,
    ) -> Result<Snapshot, EngineError> {
        self.check(by, scope, id).await?;
        let (reply, answer) = oneshot::channel();
        self.node.send(id, request(reply))?;
        answer.await.map_err(|_| EngineError::TakenOver)?
    }

    /// Checks that the caller may do this to this session. What is somebody else's is as if it were not there.
    async fn check(&self, by: &Principal, scope: Scope, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.session(by, id).await;
        allow(by, scope)?;
        session
    }

    async fn load(&self, by: &Principal, id: SessionId) -> Result<State, EngineError> {
        if let Some(hub) = self.node.live_hub(id) {
            let state = hub.state();
            return if by.sees(&state.spec.owner) { Ok((*state).clone()) } else { Err(EngineError::NoSession(id)) };
        }
        let stored = self.node.store().head(id).await.map_err(|error| match error {
            StoreError::NotFound => EngineError::NoSession(id),
            other => EngineError::Store(other),
        })?;
        if !by.sees(&stored.head.owner) {
            return Err(EngineError::NoSession(id));
        }
        self.node.unfold(stored).await
    }
}

/// Looks at the sandboxes that an earlier process left. Those whose session is not on record, or has ended, are ended. A
/// session whose sandbox was held learns whether it still is: nobody was there to hear that it was released.
async fn look_at_sandboxes(node: Arc<Node>) {
    for session in node.parts.sandboxes.opened().await.unwrap_or_default() {
        match node.store().head(session).await {
            Err(StoreError::NotFound) => end_orphan(&node, session).await,
            Ok(stored) if stored.head.status == Status::Ended => end_orphan(&node, session).await,
            Ok(stored) => {
                if node.unfold(stored).await.is_ok_and(|state| state.held.is_some()) {
                    let _ = node.send(session, Request::Reported);
                }
            }
            Err(_) => {}
        }
    }
}

async fn end_orphan(node: &Node, session: SessionId) {
    tracing::info!(%session, "a sandbox without a session is ended");
    if let Err(error) = node.parts.sandboxes.close(session).await {
        tracing::warn!(%session, %error, "a sandbox without a session could not be ended");
    }
}

pub(crate) fn allow(by: &Principal, scope: Scope) -> Result<(), EngineError> {
    let name = match scope {
        Scope::View => "view",
        Scope::Operate => "operate",
        Scope::Approve => "approve",
        Scope::Admin => "admin",
    };
    by.may(scope).then_some(()).ok_or(EngineError::NotAllowed(name))
}

pub(crate) fn new_prompt(by: &Principal, prompt: SendPrompt) -> NewPrompt {
    NewPrompt {
        id: prompt.id.unwrap_or_else(|| PromptId::new(Uuid::now_v7())),
        text: prompt.text,
        attachments: prompt.attachments,
        when_busy: prompt.when_busy,
        by: by.name.clone(),
    }
}
