//! What the model sees: compaction, and taking it back.

use super::Draft;
use crate::context::MAX_SUMMARY_BYTES;
use crate::event::{CompactionUndone, CompactionWanted, ContextCompacted};
use crate::machine::input::{Effect, Refusal};
use crate::tool::cut_in_the_middle;

impl Draft {
    pub(super) fn compact(&mut self, by: String) -> Result<(), Refusal> {
        self.unless_ended(CompactionWanted { by })?;
        if self.state.run().is_none() {
            self.effects.push(Effect::Compact);
        }
        Ok(())
    }

    /// One that was made of a conversation as it was before another is out of date.
    pub(super) fn compacted(&mut self, compacted: ContextCompacted) -> Result<(), Refusal> {
        let before = self.state.compactions.last().map_or(0, |place| place.through);
        let is_sensible = compacted.from == before + 1
            && compacted.from <= compacted.through
            && compacted.through <= self.state.last_seq
            && (1..=compacted.through + 1).contains(&compacted.reads_from);
        if !is_sensible || compacted.run.is_some_and(|run| self.run_if(run).is_err()) {
            return Err(Refusal::Stale);
        }
        let summary = cut_in_the_middle(&compacted.summary, MAX_SUMMARY_BYTES);
        self.unless_ended(ContextCompacted { summary, ..compacted })
    }

    /// A run plans with what it began with, so it has to be over.
    pub(super) fn undo_compaction(&mut self, by: String) -> Result<(), Refusal> {
        if self.state.run().is_some() {
            return Err(Refusal::Busy);
        }
        let (undone, before) = self.state.compactions.split_last().ok_or(Refusal::NotCompacted)?;
        let (compaction, stands) = (undone.at, before.last().copied());
        self.unless_ended(CompactionUndone { compaction, stands, by })
    }
}
