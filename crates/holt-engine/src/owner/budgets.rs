//! The budgets that a session shares with others: looked at before each step, and when the time of one may be up.

use std::time::Duration;

use holt_core::budget::{Account, Standing};
use holt_core::machine::Input;

use super::{Owner, Patience};

impl Owner {
    /// Has a run stop that goes on somebody's account on which nothing is left.
    pub(super) async fn check_shared(&mut self) {
        if self.state.run().is_none_or(|run| run.is_stopping()) {
            return;
        }
        let shared = self.node.shared_accounts(&self.state);
        if shared.iter().all(|account| account.standing() == Standing::Within) {
            return;
        }
        if let Err(error) = self.step(Input::Accounts(shared), Patience::Insist).await {
            tracing::warn!(session = %self.session, %error, "what is left of a budget could not be looked at");
        }
    }

    /// How long until the time of one of them is up, as it goes by in this session alone.
    pub(super) fn until_shared_time(&self) -> Option<Duration> {
        let run = self.state.run().filter(|run| !run.is_stopping() && run.waiting_since.is_none());
        run.and_then(|_| self.node.shared_accounts(&self.state).iter().filter_map(Account::time_left).min())
    }
}
