//! What sessions may use, and what they have.

use holt_core::access::{Principal, Scope};
use holt_core::budget::{Account, Allowance, Budget, Reached, Spent};
use holt_core::id::{KeyId, SessionId};
use holt_core::machine::{Input, State};
use holt_core::view::Snapshot;

use super::{Engine, allow};
use crate::error::EngineError;

impl Engine {
    /// The budgets that hold for a session and what is spent of each, its own first.
    pub async fn budgets(&self, by: &Principal, id: SessionId) -> Result<Vec<Account>, EngineError> {
        allow(by, Scope::View)?;
        let state = self.load(by, id).await?;
        let now = self.node.now();
        let own = state.accounts(now).into_iter();
        Ok(own.chain(self.node.shared_accounts(&state)).collect())
    }

    /// Changes what a session may use from now on. It takes who may answer its agent's questions.
    pub async fn set_budget(
        &self,
        by: &Principal,
        id: SessionId,
        budget: Option<Budget>,
        session_budget: Option<Allowance>,
    ) -> Result<Snapshot, EngineError> {
        let session = self.check(by, Scope::Approve, id).await?;
        let budget = budget.unwrap_or(session.budget);
        let session_budget = session_budget.unwrap_or(session.session_budget);
        self.change(by, Scope::Approve, id, Input::SetBudget { budget, session_budget, by: by.name.clone() }).await
    }

    /// The budget that keeps a session's programs from asking models, when one does.
    ///
    /// # Errors
    /// When the session cannot be looked at.
    pub async fn models_refused(&self, id: SessionId) -> Result<Option<Reached>, EngineError> {
        if let Some(hub) = self.node.live_hub(id) {
            return Ok(self.refuses_models(&hub.state()));
        }
        let stored = self.node.store().head(id).await?;
        Ok(self.refuses_models(&self.node.unfold(stored).await?))
    }

    pub(super) fn refuses_models(&self, state: &State) -> Option<Reached> {
        let shared = || self.node.shared_accounts(state).iter().find_map(Account::refuses_models);
        state.models_refused().or_else(shared)
    }

    /// What the sessions of a key have spent: in all, and on this day.
    pub fn spent_by_key(&self, key: KeyId) -> (Spent, Spent) {
        self.node.ledger.of_key(key, self.node.now().day())
    }
}
