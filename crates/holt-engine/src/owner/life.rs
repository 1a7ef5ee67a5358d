//! How an owner comes to its session, and how it leaves.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use holt_core::event::SandboxEnd;
use holt_core::id::SessionId;
use holt_core::machine::Input;
use holt_core::session::EndReason;
use holt_core::store::StoreError;
use holt_core::view::SandboxState;

use super::{Owner, Patience};
use crate::error::EngineError;
use crate::files::off_thread;
use crate::memory;
use crate::node::{Loaded, Node};

impl Owner {
    pub(super) async fn remove(&mut self) -> Result<(), EngineError> {
        let stop = Input::Stop { reason: EndReason::Stopped, by: None };
        self.step(stop, Patience::Refuse).await?;
        self.settle().await;
        let parts = &self.node.parts;
        parts.sandboxes.close(self.session).await?;
        parts.sandboxes.remove(self.session).await?;
        let (blobs, snapshots, session) = (parts.blobs.clone(), parts.snapshots.clone(), self.session);
        self.helpers.abort_all();
        let _turn = self.keeping.turn.clone().lock_owned().await;
        off_thread(move || blobs.remove(session).and(snapshots.remove(session))).await?;
        memory::forget_session(&self.node, self.session, &self.state.spec).await;
        self.node.store().remove(self.session).await?;
        self.hub.removed();
        self.node.watchers.removed(&self.state);
        self.let_go();
        Ok(())
    }

    /// The server goes. Keepers keep what runs, unless the sandboxes are to end as well.
    pub(super) async fn shut_down(mut self) {
        self.brain = None;
        self.helpers.shutdown().await;
        let keep = self.node.keep_sandboxes.load(Ordering::Relaxed);
        if !keep && self.state.sandbox == SandboxState::Open {
            if let Err(error) = self.node.parts.sandboxes.close(self.session).await {
                tracing::warn!(session = %self.session, %error, "a sandbox could not be closed");
            }
            let _ = self.step(Input::SandboxGone { why: SandboxEnd::Ended }, Patience::Refuse).await;
            self.helpers.shutdown().await;
        }
        self.node.abandon(self.session, &mut self.mailbox);
        while let Some(request) = self.mailbox.recv().await {
            request.fail(EngineError::ShuttingDown);
        }
    }
}

/// Takes a session from the store: from now on, whoever held it before is fenced off.
pub(super) async fn load(node: &Arc<Node>, session: SessionId) -> Result<Loaded, EngineError> {
    let stored = node.store().claim(session).await.map_err(|error| match error {
        StoreError::NotFound => EngineError::NoSession(session),
        other => EngineError::Store(other),
    })?;
    let epoch = stored.epoch;
    Ok(Loaded { state: node.unfold(stored).await?, epoch: Some(epoch), effects: Vec::new() })
}

pub(super) fn reload_error(session: SessionId, error: &EngineError) -> EngineError {
    match error {
        EngineError::Store(error) => EngineError::Store(error.clone()),
        _ => EngineError::NoSession(session),
    }
}
