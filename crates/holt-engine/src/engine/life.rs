//! How the engine starts and ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use holt_core::id::SessionId;
use holt_core::session::Status;
use holt_core::store::StoreError;
use tokio::sync::oneshot;

use super::{Engine, Options, Parts};
use crate::error::EngineError;
use crate::node::Node;
use crate::owner::Request;
use crate::{reports, schedule};

impl Engine {
    /// Starts, and takes up what an earlier process left: unfinished sessions from their index, and sandboxes that have
    /// no session any more are ended.
    pub async fn start(parts: Parts, options: Options) -> Result<Self, EngineError> {
        // Before anything else, so that nothing is missed that sandboxes report.
        let reports = parts.sandboxes.reports();
        let node = Arc::new(Node::new(parts, options));
        let today = node.now().day();
        node.ledger.begin(today, node.store().spent(today).await?);
        for session in node.store().unfinished().await? {
            // A session that cannot be loaded says so in the log and does not keep the others from going on.
            let _ = node.send(session, Request::Tick);
        }
        node.owners.spawn(reports::run(node.clone(), reports));
        node.owners.spawn(look_at_sandboxes(node.clone()));
        node.owners.spawn(schedule::run(node.clone()));
        Ok(Self { node })
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
