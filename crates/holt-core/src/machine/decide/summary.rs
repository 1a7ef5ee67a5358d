//! What the session is about: its title and its summary, as a model says them.

use super::{Draft, words};
use crate::agent::SessionSummary;
use crate::event::SessionSummarized;
use crate::machine::input::{Effect, Refusal};
use crate::machine::state::Phase;

/// The longest title and the longest summary, in characters.
const TITLE: usize = 60;
const SUMMARY: usize = 200;
/// It is summed up anew when there were so many times as many runs.
const GROWTH: u32 = 4;

impl Draft {
    /// After the first run that came to something, and then ever more seldom. Never beside a run, and not when the budget leaves
    /// nothing for it.
    pub(super) fn summarize_if_due(&mut self) {
        let state = &self.state;
        let is_due = state.runs > 0 && (state.summarized == 0 || state.runs >= state.summarized.saturating_mul(GROWTH));
        let is_quiet = matches!(state.phase, Phase::Idle { .. } | Phase::Ending { .. });
        if is_due && is_quiet && state.models_refused().is_none() {
            self.effects.push(Effect::Summarize);
        }
    }

    /// It may come after the end. What a person called it, it stays called.
    pub(super) fn summarized(&mut self, said: SessionSummary) -> Result<(), Refusal> {
        let SessionSummary { title, summary, model, usage } = said;
        let line = |text: &str, most: usize| words::line(text, most).trim().to_owned();
        let (title, summary) = (line(&title, TITLE), line(&summary, SUMMARY));
        let title = Some(title).filter(|title| !self.state.named && !title.is_empty());
        if title.is_some() || !summary.is_empty() {
            self.emit(SessionSummarized { title, summary, model: line(&model, TITLE), usage });
        }
        Ok(())
    }
}
