//! What follows from an input.

mod brain;
mod budget;
mod calls;
mod context;
mod control;
mod fork;
mod network;
mod people;
mod questions;
mod recording;
mod runs;
mod sandbox;
mod summary;
mod time;
mod words;

use crate::event::{
    EventBody, FileReceived, Noted, RunResult, SessionRenamed, TerminalClosed, TerminalOpened, WorkspaceRestored,
};
use crate::id::RunId;
use crate::machine::input::{Decision, Effect, Fact, Input, Refusal};
use crate::machine::state::{Phase, RunState, State};
use crate::time::Timestamp;
use crate::view::Failure;

pub use fork::fork;

/// Decides what an input means. The state is not touched: the decision carries the next one.
pub fn decide(state: &State, input: Input, now: Timestamp) -> Result<Decision, Refusal> {
    let mut draft = Draft { state: state.clone(), now, events: Vec::new(), effects: Vec::new() };
    draft.take(input)?;
    draft.tell_recording(state);
    Ok(Decision { events: draft.events, effects: draft.effects, state: draft.state })
}

/// A decision in the making: what is emitted is folded in at once, so that later steps of the decision see it.
struct Draft {
    state: State,
    now: Timestamp,
    events: Vec<Fact>,
    effects: Vec<Effect>,
}

impl Draft {
    fn take(&mut self, input: Input) -> Result<(), Refusal> {
        match input {
            Input::Prompt(prompt) => self.prompt(prompt),
            Input::Withdraw { prompt, by } => self.withdraw(prompt, by),
            Input::Cancel { by } => self.cancel(by),
            Input::Answer(answer) => self.answer(answer),
            Input::RevokeGrant { grant, by } => self.revoke_grant(grant, by),
            Input::Reply { call, text, by } => self.reply(call, text, by),
            Input::SetMode { mode, by } => self.set_mode(mode, by),
            Input::Rename { title } => self.unless_ended(SessionRenamed { title, from_prompt: false }),
            Input::Stop { reason, by } => self.stop(reason, by),
            Input::Retry { by } => self.retry(by),
            Input::FileReceived { path, size, by } => {
                self.emit(FileReceived { path, size, by });
                Ok(())
            }
            Input::TerminalOpened { terminal, by, shared } => self.unless_ended(TerminalOpened { terminal, by, shared }),
            Input::TerminalClosed { terminal, by, exit } => self.unless_ended(TerminalClosed { terminal, by, exit }),
            Input::TakeControl { by, client, programs, seize } => self.take_control(by, client, programs, seize),
            Input::ReturnControl { why, by, client } => self.return_control(why, by, client),
            Input::DesktopSeen { picture } => self.desktop_seen(picture),
            Input::Record { by, on, while_driven } => self.record(by, on, while_driven),
            Input::Compact { by } => self.compact(by),
            Input::Compacted(compacted) => self.compacted(*compacted),
            Input::UndoCompaction { by } => self.undo_compaction(by),
            Input::Summarized(summary) => self.summarized(summary),
            Input::StoodIn { run, stood_in } => self.stood_in(run, stood_in),
            Input::BeginMessage { run, message } => self.begin_message(run, message),
            Input::NextStep { run, within } => self.next_step(run, within),
            Input::Turn { run, turn, tools, seen, within } => self.turn((run, within), *turn, &tools, seen),
            Input::BrainDone { run } => self.brain_ended(run, RunResult::Completed),
            Input::BrainFailed { run, failure: Failure { code, message, hint } } => {
                self.brain_ended(run, RunResult::Failed { code, message, hint })
            }
            Input::CallReturned { call, outcome } => self.call_returned(call, outcome),
            Input::Published(published) => self.published(published),
            Input::SourceFetched(fetched) => self.source_fetched(fetched),
            Input::SnapshotTaken(snapshot) => self.snapshot_taken(snapshot),
            Input::Restored { snapshot, path, files, by } => self.unless_ended(WorkspaceRestored { snapshot, path, files, by }),
            Input::SandboxOpened { driver, warnings } => self.sandbox_opened(driver, warnings),
            Input::Fail(failure) => self.fail(failure),
            Input::SandboxGone { why } => self.sandbox_gone(why),
            Input::SandboxHeld { code, text } => self.sandbox_held(&code, &text),
            Input::SandboxReleased => self.sandbox_released(),
            Input::PageShown(page) => self.page_shown(page),
            Input::NetworkDecided(decision) => self.network_decided(&decision),
            Input::WantHost { host, port } => self.want_host(&host, port),
            Input::AnswerHost { question, allow, lasting, by } => self.answer_host(question, allow, lasting, &by),
            Input::SetNetwork { network, hosts, by } => self.set_network(network, hosts, &by),
            Input::Accounts(shared) => {
                self.check_budget(&shared);
                Ok(())
            }
            Input::SetBudget { budget, session_budget, by } => self.set_budget(budget, session_budget, by),
            Input::ModelUsed { provider, model, usage } => self.model_used(&provider, &model, usage),
            Input::SandboxSlept { ended } => self.sandbox_slept(&ended),
            Input::StillBusy { processes, watched } => self.still_busy(&processes, watched),
            Input::SandboxEnded => self.sandbox_ended(),
            Input::Tick => self.tick(),
            Input::TakenUp => self.taken_up(),
            Input::Note { .. } if matches!(self.state.phase, Phase::Ended { .. }) => Ok(()),
            Input::Note { level, code, text } => {
                self.emit(Noted { level, code: words::code(&code), text: words::text(&text) });
                Ok(())
            }
        }
    }

    fn emit(&mut self, body: impl Into<EventBody>) {
        let body = body.into();
        let (seq, at) = (self.state.last_seq + 1, self.state.last_at.following(self.now));
        self.state.apply(seq, at, Some(&body));
        self.events.push(Fact { seq, at, body });
    }

    fn unless_ended(&mut self, body: impl Into<EventBody>) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Ending { .. } | Phase::Ended { .. } => Err(Refusal::Ended),
            _ => {
                self.emit(body);
                Ok(())
            }
        }
    }

    fn run_if(&self, run: RunId) -> Result<&RunState, Refusal> {
        self.state.run().filter(|current| current.id == run).ok_or(Refusal::Stale)
    }
}
