//! What an owner is asked, and what its helpers tell it.

use holt_core::agent::Halted;
use holt_core::machine::{Input, Refusal};

use super::{Door, Owner, Patience, PendingStep, Request, Word};
use crate::error::EngineError;

impl Owner {
    pub(super) async fn answer(&mut self, request: Request) {
        match request {
            Request::Input { input, reply } => {
                let result = self.step(input, Patience::Refuse).await;
                self.settle().await;
                let _ = reply.send(result.map(|()| self.hub.snapshot()));
            }
            Request::Sleep { reply } => {
                let result = self.sleep_now().await;
                self.settle().await;
                let _ = reply.send(result.map(|()| self.hub.snapshot()));
            }
            Request::Wake { reply } => {
                self.waking.push(reply);
                self.open_sandbox();
            }
            Request::Remove { reply } => {
                let result = self.remove().await;
                let _ = reply.send(result);
            }
            Request::Tick => self.take(Input::Tick).await,
            Request::Present { client } => self.driver_is_present(client),
            Request::Leave(leaving) => {
                self.let_leave(leaving).await;
                self.settle().await;
            }
            Request::Reported => {
                self.hear_reports().await;
                self.settle().await;
            }
        }
    }

    pub(super) async fn hear(&mut self, word: Word) {
        match word {
            Word::NextStep { run, within, reply } => self.wait_for_step(PendingStep { run, within, reply }),
            Word::Begin { run, message, reply } => {
                let result = self.step(Input::BeginMessage { run, message }, Patience::Insist).await;
                let _ = reply.send(result.map_err(|_| Halted));
            }
            Word::Turn { run, turn, within, tools, seen, reply } => {
                let result = self.step(Input::Turn { run, turn, tools, seen, within }, Patience::Insist).await;
                let _ = reply.send(result.map_err(|_| Halted));
            }
            Word::Compacted { compacted, reply } => {
                let result = self.step(Input::Compacted(compacted), Patience::Insist).await;
                // One that came too late changes nothing.
                let _ = reply.send(match result {
                    Ok(()) | Err(EngineError::Refused(_)) => Ok(()),
                    Err(_) => Err(Halted),
                });
            }
            Word::StoodIn { run, stood_in, reply } => {
                let result = self.step(Input::StoodIn { run, stood_in }, Patience::Insist).await;
                let _ = reply.send(result.map_err(|_| Halted));
            }
            Word::Summarized(said) => {
                self.summarizing = None;
                self.follow_up.extend(said.map(Input::Summarized));
            }
            Word::CompactionEnded { any } => self.compaction_ended(any),
            Word::Seen { picture } => self.has_looked(picture),
            Word::Show { delta } => self.hub.show(&delta),
            Word::BrainEnded { run, result } => self.brain_ended(run, result),
            Word::Published { published, reply } => {
                let result = self.step(Input::Published(published), Patience::Insist).await;
                let _ = reply.send(match result {
                    Err(EngineError::Refused(refusal)) => Err(refusal),
                    Err(_) => Err(Refusal::Stale),
                    Ok(()) => Ok(()),
                });
            }
            Word::CallReturned { call, outcome } => {
                self.calls.remove(&call);
                self.follow_up.push_back(Input::CallReturned { call, outcome });
            }
            Word::Kept { snapshot, reply } => {
                self.kept(snapshot).await;
                if let Some(reply) = reply {
                    let _ = reply.send(());
                }
            }
            Word::SourceAnswered { outcome } => self.source_answered(outcome),
            Word::SandboxAnswered(answer) => self.sandbox_answered(answer),
            Word::SandboxLost { opening } if self.door.borrow().is_opening(opening) => self.sandbox_lost(),
            // Another call has said so, and the next sandbox may be open already.
            Word::SandboxLost { .. } => {}
        }
        self.settle().await;
        self.answer_waking();
    }

    /// Whoever waited for the sandbox is told once it is on record that it is open.
    fn answer_waking(&mut self) {
        if matches!(*self.door.borrow(), Door::Open { .. }) {
            for reply in self.waking.drain(..) {
                let _ = reply.send(Ok(self.hub.snapshot()));
            }
        }
    }
}
