//! Whether the desktop is recorded. What a person does there is not, unless they said so.

use super::Draft;
use crate::event::{RecordingPaused, RecordingResumed, RecordingStarted, RecordingStopped};
use crate::machine::input::Refusal;
use crate::machine::state::{Phase, State};

impl Draft {
    /// Asked for what is so already, nothing changes. That a person is recorded while they drive only they themselves can say,
    /// for as long as they do.
    pub(super) fn record(&mut self, by: String, on: bool, while_driven: bool) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. }) {
            return Err(Refusal::Ended);
        }
        let drives = self.state.control.as_ref().is_some_and(|control| control.by == by);
        let while_driven = while_driven && drives;
        match self.state.recording {
            Some(recording) if on && recording.while_driven == while_driven => {}
            Some(_) | None if on => self.emit(RecordingStarted { by, while_driven }),
            Some(_) => self.emit(RecordingStopped { by }),
            None => {}
        }
        Ok(())
    }

    /// Says when a recording stands still, or goes on, because of what was decided.
    pub(super) fn tell_recording(&mut self, before: &State) {
        let was_paused = before.recording.is_some() && !before.records();
        let is_paused = self.state.recording.is_some() && !self.state.records();
        if is_paused && !was_paused {
            self.emit(RecordingPaused {});
        } else if was_paused && !is_paused && self.state.recording.is_some() {
            self.emit(RecordingResumed {});
        }
    }
}
