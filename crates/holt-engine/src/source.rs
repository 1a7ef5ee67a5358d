//! Fetching what a session works on, inside of its sandbox.
//!
//! It is a call like those of the agent: its keeper knows it by an id, so a server that comes later takes it up and does not
//! begin it again.

use futures::StreamExt;
use holt_core::id::{CallId, SessionId};
use holt_core::machine::Input;
use holt_core::sandbox::{CallUpdate, Sandboxes, ToolCall};
use holt_core::source::{Fetched, Source, fetched};
use holt_core::tool::{CallOutcome, CallStatus, ToolContent, cut_in_the_middle};
use holt_core::view::Failure;
use serde_json::json;

use crate::keep::keep;
use crate::owner::{Door, Owner, Word};

/// How long it may take.
const WITHIN_SECONDS: u64 = 600;
/// How much of what Git said is told.
const MOST_TOLD: usize = 1_000;

impl Owner {
    /// Begins it, unless it is under way.
    pub(crate) fn fetch_source(&mut self) {
        let Some(source) = self.state.spec.source.clone().filter(|_| self.fetching.is_none()) else { return };
        if *self.door.borrow() == Door::Closed {
            self.open_sandbox();
        }
        let (mut door, node, words) = (self.door.subscribe(), self.node.clone(), self.words.clone());
        let (session, call, turn) = (self.session, fetching(self.session, &source), self.keeping.turn.clone());
        self.fetching = Some(self.helpers.spawn(async move {
            let is_open = matches!(door.wait_for(|door| *door != Door::Opening).await.as_deref(), Ok(Door::Open { .. }));
            // That it does not open has been told.
            let outcome = if is_open { Some(outcome(&*node.parts.sandboxes, call).await) } else { None };
            // What a run changes is told against this, and to undo one is to have this again.
            if outcome.is_some()
                && let Some((snapshot, _turn)) = keep(&node, session, turn.lock_owned().await).await
            {
                let _ = words.send(Word::Kept { snapshot, reply: None }).await;
            }
            let _ = words.send(Word::SourceAnswered { outcome }).await;
        }));
    }

    pub(crate) fn source_answered(&mut self, outcome: Option<CallOutcome>) {
        self.fetching = None;
        let Some(outcome) = outcome else { return };
        self.acknowledge(fetching_id(self.session));
        self.follow_up.push_back(match read(&outcome) {
            Ok(fetched) => Input::SourceFetched(fetched),
            Err(failure) => Input::Fail(failure),
        });
    }
}

fn fetching_id(session: SessionId) -> CallId {
    CallId::new(session.uuid())
}

fn fetching(session: SessionId, source: &Source) -> ToolCall {
    let arguments = json!({ "command": source.script(), "timeout_seconds": WITHIN_SECONDS });
    ToolCall { session, call: fetching_id(session), tool: "execute_command".into(), arguments }
}

async fn outcome(sandboxes: &dyn Sandboxes, call: ToolCall) -> CallOutcome {
    let failed = |text: String| CallOutcome::text(CallStatus::Failed, text);
    let mut updates = match sandboxes.call(call, false).await {
        Ok(updates) => updates,
        Err(error) => return failed(error.to_string()),
    };
    while let Some(update) = updates.next().await {
        if let CallUpdate::Finished(outcome) = update {
            return outcome;
        }
    }
    failed("the sandbox ended meanwhile".into())
}

fn read(outcome: &CallOutcome) -> Result<Fetched, Failure> {
    let text = outcome.content.iter().filter_map(|part| match part {
        ToolContent::Text { text } => Some(text.as_str()),
        ToolContent::Image { .. } => None,
    });
    let text = text.collect::<Vec<_>>().join("\n");
    let found = fetched(&text).filter(|_| outcome.status == CallStatus::Succeeded);
    found.ok_or_else(|| {
        // What Git itself said stands last.
        let said = text.rsplit_once("STDERR:").map_or(text.as_str(), |(_, said)| said);
        let plain: String = said.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        let lines: Vec<&str> = plain.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        Failure {
            code: "source_not_fetched".into(),
            message: format!("The repository was not fetched. {}", cut_in_the_middle(&lines.join(" · "), MOST_TOLD)),
            hint: "Look at the address and the branch. A host that wants to know who asks needs a secret: `holt secret add HOST`. Then \
                   try the session again."
                .into(),
        }
    })
}
