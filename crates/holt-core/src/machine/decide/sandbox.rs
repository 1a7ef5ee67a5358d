//! What becomes of the sandbox.

use std::time::Duration;

use super::{Draft, words};
use crate::event::{
    CallFinished, PageChanged, RunResult, SandboxClosed, SandboxEnd, SandboxHeld, SandboxOpened, SandboxReleased, SessionEnded,
    SessionFailed, SleepPostponed,
};
use crate::machine::input::{Effect, Refusal};
use crate::machine::state::Phase;
use crate::session::{EndReason, SessionKind};
use crate::tool::{CallOutcome, CallStatus, Place};
use crate::view::{CallStage, Failure, Page, SandboxState};

/// A session that is kept awake is looked at no more often than this.
const BUSY_PAUSE: Duration = Duration::from_secs(60);

impl Draft {
    pub(super) fn sandbox_opened(&mut self, driver: String, warnings: Vec<String>) -> Result<(), Refusal> {
        match self.state.phase {
            // It opened while the session was ending: what ends the session closes it.
            Phase::Ending { .. } | Phase::Ended { .. } => self.effects.push(Effect::EndSandbox),
            _ if self.state.sandbox == SandboxState::Closed => self.emit(SandboxOpened { driver, warnings }),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, failure: Failure) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. } | Phase::Failed(_)) {
            return Ok(());
        }
        let Failure { code, message, hint } = failure;
        let result = RunResult::Failed { code: code.clone(), message: message.clone(), hint: hint.clone() };
        self.close_run(result, true);
        if self.state.spec.kind == SessionKind::Task {
            self.end(EndReason::Failed, None);
        } else {
            self.emit(SessionFailed { code, message, hint });
        }
        Ok(())
    }

    pub(super) fn sandbox_gone(&mut self, why: SandboxEnd) -> Result<(), Refusal> {
        let run = self.state.run().map(|run| (run.id, run.calls.clone()));
        for (run, call) in run.iter().flat_map(|(id, calls)| calls.iter().map(move |call| (*id, call))) {
            if call.stage == CallStage::Running && call.place == Place::Sandbox {
                let text = "The sandbox ended while this call was running; nobody knows how far it came.";
                self.emit(CallFinished { run, call: call.id, outcome: CallOutcome::text(CallStatus::Interrupted, text) });
            }
        }
        if self.state.sandbox == SandboxState::Open {
            self.end_control();
            self.emit(SandboxClosed { why, ended: Vec::new() });
        }
        self.start_calls();
        self.finish_if_stopped();
        Ok(())
    }

    /// A sandbox that is closed, or about to be, is not held.
    pub(super) fn sandbox_held(&mut self, code: &str, text: &str) -> Result<(), Refusal> {
        let (code, text) = (words::code(code), words::text(text));
        let is_news = self.state.held.as_ref().is_none_or(|held| held.code != code);
        let is_ending = matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. });
        if is_news && !is_ending && self.state.sandbox == SandboxState::Open {
            self.emit(SandboxHeld { code, text });
        }
        Ok(())
    }

    pub(super) fn sandbox_released(&mut self) -> Result<(), Refusal> {
        if self.state.held.is_some() {
            self.emit(SandboxReleased {});
        }
        Ok(())
    }

    /// A browser may still tell what it shows when its sandbox has been closed already.
    pub(super) fn page_shown(&mut self, page: Page) -> Result<(), Refusal> {
        let Page { url, title, loading, tabs } = page;
        let (url, title) = (words::line(&url, words::ADDRESS), words::line(&title, words::TITLE));
        let shown = (tabs > 0).then(|| Page { url: url.clone(), title: title.clone(), loading, tabs });
        let is_ending = matches!(self.state.phase, Phase::Ending { .. } | Phase::Ended { .. });
        if self.state.sandbox == SandboxState::Open && !is_ending && self.state.page != shown {
            let (url, title) = if tabs > 0 { (url, title) } else { Default::default() };
            self.emit(PageChanged { url, title, loading: loading && tabs > 0, tabs });
        }
        Ok(())
    }

    pub(super) fn sandbox_slept(&mut self, ended: &[String]) -> Result<(), Refusal> {
        if self.state.sandbox == SandboxState::Open {
            self.end_control();
            self.emit(SandboxClosed { why: SandboxEnd::Slept, ended: words::names(ended) });
        }
        Ok(())
    }

    /// What was left running keeps the session awake, for so long after it was last used or watched; whoever watches, as long
    /// as they do.
    pub(super) fn still_busy(&mut self, processes: &[String], watched: bool) -> Result<(), Refusal> {
        let pause = Duration::from_secs(self.state.spec.sleep_after_seconds).max(BUSY_PAUSE);
        let until = self.now.plus(pause);
        let until = if watched { until } else { until.min(self.state.kept_awake_until()) };
        let processes = words::names(processes);
        let why = match processes.as_slice() {
            _ if watched => "somebody watches the desktop or a terminal".into(),
            [] => "something still runs".into(),
            [one] => format!("{one} is running"),
            several => format!("{} are running", several.join(", ")),
        };
        self.unless_ended(SleepPostponed { until, why, watched, processes })
    }

    pub(super) fn sandbox_ended(&mut self) -> Result<(), Refusal> {
        if let Phase::Ending { reason } = self.state.phase {
            if self.state.sandbox == SandboxState::Open {
                self.end_control();
                self.emit(SandboxClosed { why: SandboxEnd::Ended, ended: Vec::new() });
            }
            self.emit(SessionEnded { reason });
        }
        Ok(())
    }
}
