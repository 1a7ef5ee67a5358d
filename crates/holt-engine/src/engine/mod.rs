//! The one way in: a handle that is cheap to clone.

mod asking;
mod budgets;
mod create;
mod definitions;
mod desktop;
mod fork;
mod life;
mod memory;
mod network;
mod options;
mod reading;
mod snapshots;
mod status;
mod terminals;

use std::sync::Arc;

use holt_core::access::{Principal, Scope};
use holt_core::id::{KeyId, SessionId};
use holt_core::machine::State;
use holt_core::store::StoreError;
use holt_core::view::Snapshot;

use crate::error::EngineError;
use crate::node::Node;

pub(crate) use asking::new_prompt;
pub use definitions::KnownDefinition;
pub use desktop::{ControlWatch, RecordingWatch};
pub use options::{Options, Parts};
pub use snapshots::KeptWorkspace;
pub use status::EngineStatus;
pub use terminals::TerminalLine;

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
    /// Checks that the caller may do this to this session. What is somebody else's is as if it were not there.
    async fn check(&self, by: &Principal, scope: Scope, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.session(by, id).await;
        allow(by, scope)?;
        let session = session?;
        if scope != Scope::View {
            within_rules(by, session.key)?;
        }
        Ok(session)
    }

    /// Whether the caller may change this session.
    pub async fn may_operate(&self, by: &Principal, id: SessionId) -> bool {
        self.check(by, Scope::Operate, id).await.is_ok()
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

/// A key with rules changes what was made under them, and nothing else.
fn within_rules(by: &Principal, made_with: Option<KeyId>) -> Result<(), EngineError> {
    let is_bound = by.rules.is_some() && (by.key.is_none() || by.key != made_with);
    if is_bound { Err(EngineError::BeyondKey) } else { Ok(()) }
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
