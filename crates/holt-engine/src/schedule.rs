//! Wakes sessions when their time has come: to sleep, to expire, to give up on a question. One task for all of them,
//! which sleeps until the earliest.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use holt_core::id::SessionId;
use holt_core::time::Timestamp;

use crate::node::Node;
use crate::owner::Request;

/// How many sessions are woken at once.
const BATCH: usize = 64;
/// The scheduler looks at least this often, and never more often than this for the same session.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const SAME_SESSION: Duration = Duration::from_secs(30);

pub(crate) async fn run(node: Arc<Node>) {
    let mut reminded: HashMap<SessionId, Timestamp> = HashMap::new();
    loop {
        let wait = wait_for_next(&node).await;
        tokio::select! {
            () = node.closing.cancelled() => return,
            () = node.due_changed.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
        let now = node.now();
        let due = node.store().due(now, BATCH).await.unwrap_or_default();
        // What has been seen to is not due any more, and may be again soon.
        reminded.retain(|session, at| now.since(*at) < SAME_SESSION && due.contains(session));
        for session in due {
            if let Entry::Vacant(vacant) = reminded.entry(session) {
                vacant.insert(now);
                // An owner that is too busy to be reminded has its own clock.
                let _ = node.send(session, Request::Tick);
            }
        }
    }
}

async fn wait_for_next(node: &Node) -> Duration {
    match node.store().next_due().await {
        Ok(Some(at)) => at.since(node.now()).clamp(SHORTEST_WAIT, LONGEST_WAIT),
        _ => LONGEST_WAIT,
    }
}
