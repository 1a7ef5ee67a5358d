//! What wants to leave the sandbox: let out, refused, or kept waiting until somebody has been asked.

use holt_core::machine::{Input, Refusal};
use holt_core::network::Judgement;
use holt_core::policy::Verdict;
use tokio::sync::oneshot;

use super::{Owner, Patience};
use crate::error::EngineError;

/// A connection that wants to leave, and where it is told whether it may.
#[derive(Debug)]
pub(crate) struct Leaving {
    pub host: String,
    pub port: u16,
    /// Somebody is asked where the policy says so.
    pub ask: bool,
    pub reply: oneshot::Sender<Judgement>,
}

impl Leaving {
    pub fn refuse(self, rule: &str) {
        let _ = self.reply.send(Judgement::new(Verdict::Deny, rule));
    }
}

impl Owner {
    pub(super) async fn let_leave(&mut self, leaving: Leaving) {
        let judged = self.state.judge_host(&leaving.host, leaving.port, self.node.now());
        if judged.verdict != Verdict::Ask {
            let _ = leaving.reply.send(judged);
            return;
        }
        if !leaving.ask {
            return leaving.refuse("unlisted");
        }
        let want = Input::WantHost { host: leaving.host.clone(), port: leaving.port };
        self.leaving.push(leaving);
        if let Err(error) = self.step(want, Patience::Refuse).await
            && let Some(leaving) = self.leaving.pop()
        {
            tracing::debug!(session = %self.session, %error, "nobody could be asked about a host");
            let too_many = matches!(error, EngineError::Refused(Refusal::TooManyQuestions));
            leaving.refuse(if too_many { "too_many_questions" } else { "unavailable" });
        }
    }

    /// Tells those who waited what has been decided meanwhile, and forgets those who went.
    pub(super) fn answer_leaving(&mut self) {
        if self.leaving.is_empty() {
            return;
        }
        let (state, now) = (self.state.clone(), self.node.now());
        for leaving in std::mem::take(&mut self.leaving) {
            let is_open = state.host_questions.iter().any(|open| open.host == leaving.host && open.port == leaving.port);
            let judged = state.judge_host(&leaving.host, leaving.port, now);
            match judged.verdict {
                _ if leaving.reply.is_closed() => {}
                Verdict::Ask if is_open => self.leaving.push(leaving),
                // The question went with the sandbox.
                Verdict::Ask => leaving.refuse("unanswered"),
                Verdict::Allow | Verdict::Deny => drop(leaving.reply.send(judged)),
            }
        }
    }
}
