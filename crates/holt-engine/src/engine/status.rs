//! How the engine does, and what it has to offer.

use holt_core::access::{Principal, Scope};
use holt_core::id::OwnerId;
use holt_core::model::ModelInfo;
use holt_core::sandbox::Finding;
use holt_core::session::Status;
use holt_core::store::StoreError;

use super::{Engine, Options, allow};
use crate::error::EngineError;

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

impl Engine {
    /// How it does, over all owners: for the server's own figures.
    pub async fn status(&self) -> EngineStatus {
        self.status_of(None).await
    }

    /// How it does for this caller. Of what is somebody else's nothing is counted, unless an admin asks.
    pub async fn status_for(&self, by: &Principal) -> Result<EngineStatus, EngineError> {
        allow(by, Scope::View)?;
        let owner = (!by.may(Scope::Admin)).then(|| by.owner.clone());
        Ok(self.status_of(owner).await)
    }

    async fn status_of(&self, owner: Option<OwnerId>) -> EngineStatus {
        let (awake, followers) = self.node.census(owner.as_ref());
        let store = self.node.store();
        EngineStatus {
            awake,
            followers,
            open_sandboxes: self.open_sandboxes(owner.as_ref()).await,
            sessions: store.counts(owner).await.unwrap_or_default(),
            store: store.check().await,
        }
    }

    /// What is wrong with the store, if anything is.
    ///
    /// # Errors
    /// When it cannot take a change.
    pub async fn check_store(&self) -> Result<(), StoreError> {
        self.node.store().check().await
    }

    async fn open_sandboxes(&self, owner: Option<&OwnerId>) -> usize {
        let open = self.node.parts.sandboxes.opened().await.unwrap_or_default();
        let Some(owner) = owner else { return open.len() };
        let mut own = 0;
        for session in open {
            let stored = self.node.store().head(session).await;
            own += usize::from(stored.is_ok_and(|stored| stored.head.owner == *owner));
        }
        own
    }

    /// What this machine can do, tried now.
    pub async fn examine(&self) -> Vec<Finding> {
        self.node.parts.sandboxes.examine().await
    }

    pub fn models(&self) -> Vec<ModelInfo> {
        self.node.parts.models.models()
    }

    /// What sessions use that name no model: what the models say now, else what was set.
    pub fn default_model(&self) -> String {
        self.node.parts.models.default_model().unwrap_or_else(|| self.node.options.default_model.clone())
    }

    pub fn agents(&self) -> Vec<String> {
        self.node.parts.agents.keys().cloned().collect()
    }

    pub fn options(&self) -> &Options {
        &self.node.options
    }
}
