//! Where sessions may go: what people say about it, and what the way out asks.

use async_trait::async_trait;
use holt_core::access::{Principal, Scope};
use holt_core::budget::Usage;
use holt_core::event::Seq;
use holt_core::id::SessionId;
use holt_core::machine::Input;
use holt_core::network::{Doorkeeper, HostPattern, HostRule, Judgement, MAX_HOST_RULES};
use holt_core::policy::Verdict;
use holt_core::session::Network;
use holt_core::view::Snapshot;
use tokio::sync::{broadcast, oneshot};

use super::Engine;
use super::create::invalid;
use crate::error::EngineError;
use crate::owner::{Leaving, Request};

impl Engine {
    /// Changes where a session may go, from now on and also for what is under way.
    pub async fn set_network(
        &self,
        by: &Principal,
        id: SessionId,
        network: Network,
        hosts: Vec<HostRule>,
    ) -> Result<Snapshot, EngineError> {
        let hosts = sensible_hosts(hosts)?;
        self.change(by, Scope::Approve, id, Input::SetNetwork { network, hosts, by: by.name.clone() }).await
    }

    /// Answers a question about a host: for a minute, or for as long as the session lives.
    pub async fn answer_host(
        &self,
        by: &Principal,
        id: SessionId,
        question: Seq,
        allow: bool,
        lasting: bool,
    ) -> Result<Snapshot, EngineError> {
        self.change(by, Scope::Approve, id, Input::AnswerHost { question, allow, lasting, by: by.name.clone() }).await
    }

    /// The sessions that may go elsewhere than before, as they are changed.
    pub fn network_changes(&self) -> broadcast::Receiver<SessionId> {
        self.node.network_changes()
    }

    /// A program of the session's has asked a model through Holt.
    ///
    /// # Errors
    /// When it could not be written down.
    pub async fn model_used(&self, id: SessionId, provider: &str, model: &str, usage: Usage) -> Result<(), EngineError> {
        let input = Input::ModelUsed { provider: provider.to_owned(), model: model.to_owned(), usage };
        let (reply, answer) = oneshot::channel();
        self.node.send(id, Request::Input { input, reply })?;
        answer.await.map_err(|_| EngineError::TakenOver)?.map(drop)
    }

    async fn leave(&self, session: SessionId, host: &str, port: u16, ask: bool) -> Judgement {
        let (reply, answer) = oneshot::channel();
        let leaving = Leaving { host: host.to_owned(), port, ask, reply };
        // Whoever cannot be asked has not allowed it.
        let refused = || Judgement::new(Verdict::Deny, "unavailable");
        match self.node.send(session, Request::Leave(leaving)) {
            Ok(()) => answer.await.unwrap_or_else(|_| refused()),
            Err(_) => refused(),
        }
    }
}

#[async_trait]
impl Doorkeeper for Engine {
    async fn may_reach(&self, session: SessionId, host: &str, port: u16) -> Judgement {
        self.leave(session, host, port, true).await
    }

    async fn still_may(&self, session: SessionId, host: &str, port: u16) -> bool {
        self.leave(session, host, port, false).await.verdict == Verdict::Allow
    }
}

/// The rules, if each of them can be read and they are not too many.
pub(super) fn sensible_hosts(hosts: Vec<HostRule>) -> Result<Vec<HostRule>, EngineError> {
    let hint = "A rule is `{\"host\": \"*.example.com\", \"verdict\": \"allow\"}`; a host may end in `:port`.";
    if hosts.len() > MAX_HOST_RULES {
        return Err(invalid("too_many_rules", format!("there are more than {MAX_HOST_RULES} rules for hosts"), hint));
    }
    match hosts.iter().find_map(|rule| rule.host.parse::<HostPattern>().err()) {
        Some(wrong) => Err(invalid("bad_host", wrong.to_string(), hint)),
        None => Ok(hosts.into_iter().map(|rule| HostRule { host: rule.host.trim().to_owned(), ..rule }).collect()),
    }
}
