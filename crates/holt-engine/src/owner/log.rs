//! Making events durable and showing them.

use std::sync::Arc;
use std::time::Duration;

use holt_core::budget::Spent;
use holt_core::event::{Event, EventBody, Seq};
use holt_core::machine::{Fact, State, Today};
use holt_core::store::{Append, AppendError, Head, Spending, StoreError};

use super::{Owner, Patience};
use crate::error::EngineError;

/// A head is written at least this often, so that loading a session replays no more than this.
const HEAD_EVERY: Seq = 128;

impl Owner {
    pub(super) async fn commit(&mut self, facts: Vec<Fact>, state: State, patience: Patience) -> Result<(), EngineError> {
        if facts.is_empty() {
            return Ok(());
        }
        let event = |fact: Fact| (Event::new(self.session, fact.seq, self.epoch, fact.at, &fact.body), fact.body);
        let events: Vec<(Event, EventBody)> = facts.into_iter().map(event).collect();
        // A list shows it, and takes it from the state.
        let is_summarized = events.iter().any(|(_, body)| matches!(body, EventBody::SessionSummarized(_)));
        let head = Some(state.head()).filter(|head| is_summarized || self.is_news(head));
        let fresh = state.spent.since(self.state.spent);
        let (key, Today { day, spent }) = (state.spec.key, state.today);
        let append = Append {
            session: self.session,
            epoch: self.epoch,
            expected: self.state.last_seq,
            events: events.iter().map(|(event, _)| event.clone()).collect(),
            head: head.clone(),
            spending: (fresh != Spent::default()).then_some(Spending { key, day, spent }),
        };
        self.append(append, patience).await?;
        self.node.ledger.add(key, day, fresh);
        if let Some(head) = head {
            let due_changed = self.written.as_ref().is_none_or(|old| old.wake_at != head.wake_at) && head.wake_at.is_some();
            self.written = Some(head);
            if due_changed {
                self.node.due_changed.notify_one();
            }
        }
        if events.iter().any(|(_, body)| matches!(body, EventBody::SandboxClosed(_))) {
            self.node.desktop_is_gone(self.session);
        }
        self.state = Arc::new(state);
        self.hub.commit(self.state.clone(), &events);
        self.node.watchers.changed(&self.state);
        Ok(())
    }

    async fn append(&mut self, append: Append, patience: Patience) -> Result<(), EngineError> {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.node.store().append(append.clone()).await {
                Ok(_) => return Ok(()),
                Err(AppendError::Fenced(_) | AppendError::Conflict { .. }) => {
                    self.let_go();
                    return Err(EngineError::TakenOver);
                }
                Err(AppendError::Store(StoreError::NotFound)) => {
                    self.let_go();
                    return Err(EngineError::NoSession(self.session));
                }
                Err(AppendError::Store(error)) if gives_up(patience, &error) => return Err(error.into()),
                Err(AppendError::Store(error)) => {
                    tracing::error!(session = %self.session, %error, "an event waits for the store");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => pause = (pause * 2).min(Duration::from_secs(5)),
                        () = self.node.closing.cancelled() => return Err(EngineError::ShuttingDown),
                    }
                }
            }
        }
    }

    /// A head is written when a list or the scheduler would show something else, and now and then.
    fn is_news(&self, head: &Head) -> bool {
        self.written.as_ref().is_none_or(|old| {
            old.status != head.status
                || old.title != head.title
                || old.wake_at != head.wake_at
                || old.unfinished != head.unfinished
                || head.state_seq >= old.state_seq + HEAD_EVERY
        })
    }
}

fn gives_up(patience: Patience, error: &StoreError) -> bool {
    match patience {
        Patience::Refuse => true,
        Patience::Insist => *error == StoreError::Full,
        Patience::Persist => false,
    }
}
