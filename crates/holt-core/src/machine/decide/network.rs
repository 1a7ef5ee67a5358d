//! Where the session may go, who is asked about it, and what programs inside use of models.

use std::time::Duration;

use super::{Draft, words};
use crate::budget::Usage;
use crate::event::{HostAnswered, HostAsked, ModelUsed, NetworkChanged, NetworkDecided, Seq};
use crate::machine::input::Refusal;
use crate::machine::state::Phase;
use crate::network::{HOST_QUESTION_SECONDS, HostQuestion, HostRule, MAX_HOST_QUESTIONS, NetworkDecision};
use crate::policy::Verdict;
use crate::session::Network;

/// The longest name of a host.
const HOST: usize = 260;
/// The longest name of a model or its provider.
const MODEL: usize = 100;

impl Draft {
    pub(super) fn network_decided(&mut self, decision: &NetworkDecision) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Ended { .. }) {
            let NetworkDecision { host, port, allowed, rule, times } = decision;
            let (host, rule) = (words::line(host, HOST), words::line(rule, HOST));
            self.emit(NetworkDecided { host, port: *port, allowed: *allowed, rule, times: *times });
        }
        Ok(())
    }

    /// Asked about once, however many wait for the answer.
    pub(super) fn want_host(&mut self, host: &str, port: u16) -> Result<(), Refusal> {
        let is_open = self.state.host_questions.iter().any(|open| open.host == host && open.port == port);
        if is_open || self.state.judge_host(host, port, self.now).verdict != Verdict::Ask {
            return Ok(());
        }
        if self.state.host_questions.len() >= MAX_HOST_QUESTIONS {
            return Err(Refusal::TooManyQuestions);
        }
        let until = self.now.plus(Duration::from_secs(HOST_QUESTION_SECONDS));
        self.unless_ended(HostAsked { host: words::line(host, HOST), port, until })
    }

    pub(super) fn answer_host(&mut self, question: Seq, allow: bool, lasting: bool, by: &str) -> Result<(), Refusal> {
        let open = self.state.host_questions.iter().find(|open| open.question == question).cloned();
        self.settle_host(open.ok_or(Refusal::NoQuestion)?, allow, lasting, Some(by));
        Ok(())
    }

    fn settle_host(&mut self, open: HostQuestion, allowed: bool, lasting: bool, by: Option<&str>) {
        let HostQuestion { question, host, port, .. } = open;
        self.emit(HostAnswered { question, host, port, allowed, lasting, by: by.map(str::to_owned) });
    }

    pub(super) fn refuse_overdue_hosts(&mut self) {
        let overdue = |open: &&HostQuestion| open.until <= self.now;
        let overdue: Vec<_> = self.state.host_questions.iter().filter(overdue).cloned().collect();
        for open in overdue {
            self.settle_host(open, false, false, None);
        }
    }

    /// Questions that the new policy has an answer to are answered by it.
    pub(super) fn set_network(&mut self, network: Network, hosts: Vec<HostRule>, by: &str) -> Result<(), Refusal> {
        self.state.spec.check_network(network, &hosts).map_err(Refusal::BeyondKey)?;
        if self.state.spec.network != network || self.state.spec.hosts != hosts {
            self.unless_ended(NetworkChanged { network, hosts, by: by.to_owned() })?;
        }
        for open in self.state.host_questions.clone() {
            let verdict = self.state.judge_host(&open.host, open.port, self.now).verdict;
            if verdict != Verdict::Ask {
                self.settle_host(open, verdict == Verdict::Allow, false, Some(by));
            }
        }
        Ok(())
    }

    pub(super) fn model_used(&mut self, provider: &str, model: &str, usage: Usage) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Ended { .. }) {
            return Ok(());
        }
        let run = self.state.run().map(|run| run.id);
        self.emit(ModelUsed { run, provider: words::line(provider, MODEL), model: words::line(model, MODEL), usage });
        self.check_budget(&[]);
        Ok(())
    }
}
