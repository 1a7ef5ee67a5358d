//! Who drives the desktop: the agent, or one person.

use super::Draft;
use crate::event::{CallFinished, ControlEnd, ControlReturned, ControlTaken, DesktopSeen};
use crate::id::ClientId;
use crate::machine::input::{Effect, Refusal};
use crate::machine::state::Phase;
use crate::tool::{CallOutcome, CallStatus, ToolContent};
use crate::view::{CallStage, Programs, SandboxState};

impl Draft {
    pub(super) fn take_control(&mut self, by: String, client: ClientId, programs: Programs, seize: bool) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. }) {
            return Err(Refusal::Ended);
        }
        if self.state.sandbox == SandboxState::Closed {
            return Err(Refusal::Closed);
        }
        match self.state.control.clone() {
            Some(control) if control.client == client && control.programs == programs => return Ok(()),
            Some(control) if control.client != client && !seize => return Err(Refusal::Driven(control.by)),
            Some(control) if control.client != client => {
                self.emit(ControlReturned { why: ControlEnd::Seized, by: Some(by.clone()) });
            }
            _ => self.stop_screen_calls(),
        }
        self.emit(ControlTaken { by, client, programs });
        self.effects.push(match programs {
            Programs::StandStill => Effect::HoldPrograms,
            Programs::Run => Effect::LetProgramsGo,
        });
        Ok(())
    }

    pub(super) fn return_control(
        &mut self,
        why: ControlEnd,
        by: Option<String>,
        client: Option<ClientId>,
    ) -> Result<(), Refusal> {
        let Some(control) = &self.state.control else { return Ok(()) };
        if client.is_some_and(|client| client != control.client) {
            return Err(Refusal::Driven(control.by.clone()));
        }
        self.emit(ControlReturned { why, by });
        self.effects.push(Effect::LetProgramsGo);
        self.withdraw_screen_calls();
        self.start_calls();
        Ok(())
    }

    /// Only for a run that goes on: a later one looks by itself, and while a person drives nobody does.
    pub(super) fn desktop_seen(&mut self, picture: ToolContent) -> Result<(), Refusal> {
        if self.state.run().is_some() && self.state.control.is_none() {
            self.emit(DesktopSeen { picture });
        }
        Ok(())
    }

    /// Nobody drives a desktop that is closed.
    pub(super) fn end_control(&mut self) {
        if self.state.control.is_some() {
            self.emit(ControlReturned { why: ControlEnd::Closed, by: None });
        }
    }

    /// What the agent is doing on the screen right now would get between the person's fingers.
    fn stop_screen_calls(&mut self) {
        let calls = self.state.run().map(|run| run.calls.clone()).unwrap_or_default();
        let running = calls.iter().filter(|call| call.screen && call.stage == CallStage::Running);
        self.effects.extend(running.map(|call| Effect::CancelCall { call: call.id }));
    }

    /// What the agent wanted to do on a screen that has changed since is not done.
    pub(super) fn withdraw_screen_calls(&mut self) {
        let Some((run, calls)) = self.state.run().map(|run| (run.id, run.calls.clone())) else { return };
        for call in calls.iter().filter(|call| call.screen && call.stage == CallStage::Ready) {
            let text = "A person has used the desktop meanwhile, so nothing was done. Look at the screen again first.";
            self.emit(CallFinished { run, call: call.id, outcome: CallOutcome::text(CallStatus::Cancelled, text) });
        }
    }
}
