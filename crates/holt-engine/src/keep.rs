//! Keeping what stands in a workspace: before anything of a step writes there, and when a run is over.
//!
//! Only of workspaces that Holt manages: what is the user's own is never put back. That something cannot be kept is said in
//! the server's log and keeps nobody from working.

use std::sync::Arc;

use holt_core::event::EventBody;
use holt_core::id::{RunId, SessionId};
use holt_core::machine::{Fact, Input};
use holt_core::session::WorkspaceSpec;
use holt_core::snapshot::SnapshotInfo;
use holt_core::view::OpenCall;
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::files::off_thread;
use crate::node::Node;
use crate::owner::{Owner, Patience, Word};

/// What an owner knows of it.
#[derive(Default)]
pub(crate) struct Keeping {
    /// The step before whose first write it was kept.
    step: Option<(RunId, u32)>,
    /// One at a time, so that they are recorded in their order; and none while they are removed.
    pub(crate) turn: Arc<Mutex<()>>,
}

impl Owner {
    /// Whose turn a call has to wait for and then keep the workspace, when it is the first of its step that may write.
    pub(crate) fn keeps_before(&mut self, call: &OpenCall) -> Option<Arc<Mutex<()>>> {
        let step = self.state.run().map(|run| (run.id, run.steps));
        let is_first = self.keeping.step != step && call.may_write() && is_managed(&self.state.spec.workspace);
        is_first.then(|| {
            self.keeping.step = step;
            self.keeping.turn.clone()
        })
    }

    /// When a run is over. A call that is keeping it at this moment does no less.
    pub(crate) fn keep_after(&self, events: &[Fact]) -> bool {
        events.iter().any(|fact| matches!(fact.body, EventBody::RunFinished(_))) && is_managed(&self.state.spec.workspace)
    }

    pub(crate) fn keep_now(&mut self) {
        let Ok(turn) = self.keeping.turn.clone().try_lock_owned() else { return };
        let (node, session, words) = (self.node.clone(), self.session, self.words.clone());
        self.helpers.spawn(async move {
            if let Some((snapshot, turn)) = keep(&node, session, turn).await {
                let _ = words.send(Word::Kept { snapshot, reply: None }).await;
                drop(turn);
            }
        });
    }

    pub(crate) async fn kept(&mut self, snapshot: SnapshotInfo) {
        if snapshot.id != self.state.snapshot_id() {
            let _ = self.step(Input::SnapshotTaken(snapshot), Patience::Insist).await;
        }
    }
}

fn is_managed(workspace: &WorkspaceSpec) -> bool {
    *workspace == WorkspaceSpec::Managed
}

/// Whoever is not waited for any more has the turn until it is done.
pub(crate) async fn keep(
    node: &Arc<Node>,
    session: SessionId,
    turn: OwnedMutexGuard<()>,
) -> Option<(SnapshotInfo, OwnedMutexGuard<()>)> {
    let parts = node.parts.clone();
    let taken = off_thread(move || {
        let files = parts.workspaces.files(session, &WorkspaceSpec::Managed)?;
        Ok((parts.snapshots.take(session, &*files)?, turn))
    });
    taken.await.inspect_err(|error| tracing::warn!(%session, %error, "a workspace could not be kept as it is")).ok()
}
