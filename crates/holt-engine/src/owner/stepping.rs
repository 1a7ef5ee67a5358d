//! From an input to its effects, and on to what follows from them.

use holt_core::agent::Halted;
use holt_core::event::{ControlEnd, EventBody, Seq};
use holt_core::id::{CallId, RunId};
use holt_core::machine::{Decision, Input, Refusal, decide};
use holt_core::store::StoreError;
use holt_core::view::Failure;

use super::{Owner, Patience, PendingStep};
use crate::error::EngineError;

impl Owner {
    /// Takes an input that nobody waits for.
    pub(crate) async fn take(&mut self, input: Input) {
        self.follow_up.push_back(input);
        self.settle().await;
    }

    /// Takes what follows from effects until nothing follows, then lets a waiting brain go on if it may.
    pub(crate) async fn settle(&mut self) {
        while let Some(input) = self.follow_up.pop_front() {
            if self.gone {
                return;
            }
            let patience = if matches!(input, Input::Fail(_)) { Patience::Persist } else { Patience::Insist };
            if let Err(error) = self.step(input, patience).await
                && !matches!(error, EngineError::Refused(_))
            {
                tracing::warn!(session = %self.session, error = %error, "an input was not taken");
            }
        }
        // What a person left behind is seen before the agent goes on.
        if !self.driver.looks() {
            if !self.pending.is_empty() {
                self.check_shared().await;
            }
            for (run, within) in self.pending.iter().map(|step| (step.run, step.within)).collect::<Vec<_>>() {
                match self.step(Input::NextStep { run, within }, Patience::Insist).await {
                    Ok(()) | Err(EngineError::Refused(Refusal::CallsOpen | Refusal::Driven(_))) => {}
                    Err(_) => self.reply_to_step(run, within, Err(Halted)),
                }
            }
            if !self.follow_up.is_empty() {
                Box::pin(self.settle()).await;
            }
        }
    }

    /// Whoever asks again is answered the second time.
    pub(super) fn wait_for_step(&mut self, step: PendingStep) {
        self.pending.retain(|known| known.within != step.within);
        self.pending.push(step);
    }

    pub(crate) fn reply_to_step(&mut self, run: RunId, within: Option<CallId>, answer: Result<Seq, Halted>) {
        if let Some(place) = self.pending.iter().position(|step| step.run == run && step.within == within) {
            let _ = self.pending.swap_remove(place).reply.send(answer);
        }
    }

    /// One input: decide, make durable, show, run the effects.
    pub(crate) async fn step(&mut self, input: Input, patience: Patience) -> Result<(), EngineError> {
        if self.gone {
            return Err(EngineError::TakenOver);
        }
        let Decision { events, effects, state } = decide(&self.state, input, self.node.now())?;
        let is_given_back = events.iter().any(|fact| gives_back(&fact.body));
        let is_network_changed = events.iter().any(|fact| matches!(fact.body, EventBody::NetworkChanged(_)));
        let is_over = self.keep_after(&events);
        let committed = self.commit(events, state, patience).await;
        if let (Err(EngineError::Store(StoreError::Full)), Patience::Insist) = (&committed, patience) {
            self.follow_up.push_back(Input::Fail(disk_full()));
        }
        committed?;
        if is_network_changed {
            self.node.network_changed(self.session);
        }
        self.answer_leaving();
        if is_over {
            self.keep_now();
        }
        if is_given_back {
            self.look_again();
        }
        self.perform(effects).await;
        // A call that the run no longer has was told to stop; nobody waits for what it says.
        let open = self.state.run().map(|run| run.calls.as_slice()).unwrap_or_default();
        self.calls.retain(|call, _| open.iter().any(|known| known.id == *call));
        Ok(())
    }
}

/// Whether the agent has its desktop again, as a person has left it.
fn gives_back(event: &EventBody) -> bool {
    matches!(event, EventBody::ControlReturned(returned) if matches!(returned.why, ControlEnd::Given | ControlEnd::Left))
}

fn disk_full() -> Failure {
    Failure {
        code: "disk_full".into(),
        message: "No space is left on the disk that holds Holt's data.".into(),
        hint: "Free some space, then retry the session. What was done so far is kept.".into(),
    }
}
