//! What people ask for.

use super::Draft;
use crate::event::{
    CancelRequested, PromptQueued, PromptWithdrawn, RunResult, SessionEnding, SessionRenamed, SessionRetried, WhenBusy,
};
use crate::id::PromptId;
use crate::machine::input::{Effect, NewPrompt, Refusal};
use crate::machine::state::{MAX_QUEUE, Phase};
use crate::session::EndReason;

/// How many interrupting prompts are taken although the queue is full.
const INTERRUPTS: usize = 4;

impl Draft {
    pub(super) fn prompt(&mut self, prompt: NewPrompt) -> Result<(), Refusal> {
        if self.state.knows(prompt.id) {
            return Ok(());
        }
        let running = self.state.run().is_some();
        match self.state.phase {
            Phase::Ending { .. } | Phase::Ended { .. } => return Err(Refusal::Ended),
            Phase::Failed(_) => return Err(Refusal::Failed),
            _ if running && prompt.when_busy == WhenBusy::Refuse => return Err(Refusal::Busy),
            _ if self.state.queue.len() >= room_for(prompt.when_busy) => return Err(Refusal::QueueFull),
            _ => {}
        }
        if self.state.spec.title.is_empty() {
            self.emit(SessionRenamed { title: title_of(&prompt.text), from_prompt: true });
        }
        let NewPrompt { id, text, attachments, when_busy, by } = prompt;
        self.emit(PromptQueued { prompt: id, text, attachments, when_busy, by: by.clone() });
        if running && when_busy == WhenBusy::Interrupt {
            return self.cancel(by);
        }
        self.start_next_run();
        Ok(())
    }

    pub(super) fn withdraw(&mut self, prompt: PromptId, by: String) -> Result<(), Refusal> {
        if !self.state.queue.iter().any(|queued| queued.id == prompt) {
            return Err(Refusal::NoPrompt);
        }
        self.emit(PromptWithdrawn { prompt, by });
        Ok(())
    }

    pub(super) fn cancel(&mut self, by: String) -> Result<(), Refusal> {
        let run = self.state.run().ok_or(Refusal::NotRunning)?;
        if !run.cancelling {
            let run = run.id;
            self.emit(CancelRequested { run, by });
            self.stop_working(run);
        }
        Ok(())
    }

    pub(super) fn stop(&mut self, reason: EndReason, by: Option<String>) -> Result<(), Refusal> {
        match self.state.phase {
            Phase::Ended { .. } | Phase::Ending { .. } => return Ok(()),
            Phase::Running(_) => self.close_run(RunResult::Cancelled, true),
            Phase::Idle { .. } | Phase::Failed(_) => {}
        }
        self.end(reason, by);
        Ok(())
    }

    pub(super) fn end(&mut self, reason: EndReason, by: Option<String>) {
        self.emit(SessionEnding { reason, by });
        self.effects.push(Effect::EndSandbox);
    }

    pub(super) fn retry(&mut self, by: String) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Failed(_)) {
            return Err(Refusal::NotFailed);
        }
        self.emit(SessionRetried { by });
        self.start_next_run();
        if self.state.run().is_none() && self.state.lacks_source() {
            self.effects.extend([Effect::OpenSandbox, Effect::FetchSource]);
        }
        Ok(())
    }
}

/// How many prompts may wait for one more of this kind to be taken: who interrupts does not wait behind the others.
fn room_for(when_busy: WhenBusy) -> usize {
    if when_busy == WhenBusy::Interrupt { MAX_QUEUE + INTERRUPTS } else { MAX_QUEUE }
}

/// A title from the first words of a prompt, until somebody gives a better one.
fn title_of(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("Untitled");
    // Characters that change the direction of what follows would reach everything that lists titles.
    let is_plain = |c: &char| {
        !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let clean: String = line.chars().filter(is_plain).collect();
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    let cut: String = clean.chars().take(LONGEST).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(head, _)| head);
    format!("{words}…")
}
