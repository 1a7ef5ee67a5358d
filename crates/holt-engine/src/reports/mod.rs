//! What sandboxes report by themselves, on its way to the owners of their sessions.
//!
//! One task takes reports in and puts them where the owner finds them; the owner gets no more than a word that there is
//! something. So what is said twice before it is heard is heard once, an owner that is busy loses nothing, and a sandbox
//! that never stops reporting fills neither memory nor the log: of its notes only so many are kept in each window of
//! time, and then how many were left out is one more note. A session without an owner gets one only when a report
//! changes something.

mod limit;
mod standing;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _};
use holt_core::id::SessionId;
use holt_core::machine::decide;
use holt_core::sandbox::Reported;
use holt_core::store::StoreError;
use tokio::time::Instant;

use crate::error::EngineError;
use crate::node::Node;
use crate::owner::Request;
pub(crate) use standing::Reports;

/// When an owner that could not be told is told again.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest sleep when nothing is due.
const LONG: Duration = Duration::from_secs(3600);

/// Takes reports in until the server ends.
pub(crate) async fn run(node: Arc<Node>, mut reports: BoxStream<'static, Reported>) {
    let mut untold = BTreeSet::new();
    loop {
        let wait = if untold.is_empty() { LONG } else { AGAIN };
        let wake = node.reports.next_end().map_or_else(|| Instant::now() + wait, |end| end.min(Instant::now() + wait));
        tokio::select! {
            () = node.closing.cancelled() => return,
            report = reports.next() => {
                let Some(report) = report else { return };
                take_in(&node, report, &mut untold);
            }
            () = tokio::time::sleep_until(wake) => untold.extend(node.reports.end_windows(Instant::now())),
        }
        // Whatever is there already: the stream waits for nobody, and what is heard together is told once.
        while let Some(Some(report)) = reports.next().now_or_never() {
            take_in(&node, report, &mut untold);
        }
        untold = tell_all(&node, untold).await;
    }
}

fn take_in(node: &Node, report: Reported, untold: &mut BTreeSet<SessionId>) {
    let session = report.session;
    tracing::debug!(%session, report = ?report.report, "a sandbox reports");
    if node.reports.take_in(report, Instant::now()) {
        untold.insert(session);
    }
}

/// Tells owners that there is something to hear. Returns those who could not be told yet.
async fn tell_all(node: &Arc<Node>, untold: BTreeSet<SessionId>) -> BTreeSet<SessionId> {
    let mut left = BTreeSet::new();
    for session in untold {
        match tell(node, session).await {
            Ok(()) | Err(EngineError::NoSession(_) | EngineError::ShuttingDown) => {}
            Err(error) => {
                tracing::debug!(%session, %error, "a report waits");
                left.insert(session);
            }
        }
    }
    left
}

async fn tell(node: &Arc<Node>, session: SessionId) -> Result<(), EngineError> {
    if node.is_awake(session) || changes_something(node, session).await? {
        return node.send(session, Request::Reported);
    }
    // Heard, and nothing came of it.
    node.reports.news(session);
    Ok(())
}

/// Whether a session that nobody has loaded would be another one after the news.
async fn changes_something(node: &Arc<Node>, session: SessionId) -> Result<bool, EngineError> {
    let stored = node.store().head(session).await.map_err(|error| match error {
        StoreError::NotFound => {
            node.reports.forget_all(session);
            EngineError::NoSession(session)
        }
        other => EngineError::Store(other),
    })?;
    let state = node.unfold(stored).await?;
    let (news, now) = (node.reports.peek(session), node.now());
    let is_change = |input| decide(&state, input, now).is_ok_and(|decision| !decision.events.is_empty());
    Ok(news.inputs().into_iter().any(is_change))
}
