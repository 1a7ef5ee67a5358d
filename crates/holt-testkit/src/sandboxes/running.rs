//! One call in a fake sandbox: its work goes on whoever listens, and anyone can follow it from its beginning.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::sandbox::{CallUpdate, ToolCall};
use holt_core::tool::{CallOutcome, CallStatus};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::Tool;

#[derive(Debug, Clone, Default)]
struct Progress {
    output: String,
    outcome: Option<CallOutcome>,
}

/// Where a tool of a test streams its output.
#[derive(Debug, Clone)]
pub struct Output {
    progress: Arc<watch::Sender<Progress>>,
}

impl Output {
    pub fn write(&self, text: &str) {
        self.progress.send_modify(|progress| progress.output.push_str(text));
    }
}

/// A call that its keeper knows. Dropped, its work stops and its followers hear no more.
pub(super) struct Running {
    progress: watch::Receiver<Progress>,
    /// Kept for a cancelled outcome; weak, so that the end of the work and of the keeper is seen.
    sender: std::sync::Weak<watch::Sender<Progress>>,
    work: Option<AbortHandle>,
}

impl Running {
    pub fn start(call: ToolCall, tool: &Tool) -> Self {
        let sender = Arc::new(watch::Sender::new(Progress::default()));
        let (progress, weak) = (sender.subscribe(), Arc::downgrade(&sender));
        let work = tool(call, Output { progress: Arc::clone(&sender) });
        let task = tokio::spawn(async move {
            let outcome = work.await;
            finish(&sender, outcome);
            // The outcome is remembered as long as the keeper lives, which aborts this when it dies.
            std::future::pending::<()>().await;
        });
        Self { progress, sender: weak, work: Some(task.abort_handle()) }
    }

    pub fn finished(outcome: CallOutcome) -> Self {
        let sender = watch::Sender::new(Progress { outcome: Some(outcome), ..Progress::default() });
        Self { progress: sender.subscribe(), sender: std::sync::Weak::new(), work: None }
    }

    pub fn is_finished(&self) -> bool {
        self.progress.borrow().outcome.is_some()
    }

    pub fn cancel(&self) {
        if let Some(sender) = self.sender.upgrade() {
            finish(&sender, CallOutcome::text(CallStatus::Cancelled, "The call was cancelled."));
        }
    }

    /// All output from the first byte, then the outcome. Without an outcome the keeper has died.
    pub fn follow(&self) -> BoxStream<'static, CallUpdate> {
        let follower = Some((self.progress.clone(), 0));
        let updates = stream::unfold(follower, |follower| async {
            let (mut progress, seen) = follower?;
            let news = progress.wait_for(|now| now.output.len() > seen || now.outcome.is_some()).await.ok()?.clone();
            if news.output.len() > seen {
                let update = CallUpdate::Output { offset: seen as u64, text: news.output[seen..].to_owned() };
                return Some((update, Some((progress, news.output.len()))));
            }
            news.outcome.map(|outcome| (CallUpdate::Finished(outcome), None))
        });
        updates.boxed()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(work) = &self.work {
            work.abort();
        }
    }
}

/// The first outcome stays.
fn finish(progress: &watch::Sender<Progress>, outcome: CallOutcome) {
    progress.send_if_modified(|progress| {
        let first = progress.outcome.is_none();
        if first {
            progress.outcome = Some(outcome);
        }
        first
    });
}
