//! What a session may use, as people change it.

use super::Draft;
use crate::budget::{Allowance, Budget};
use crate::event::BudgetChanged;
use crate::machine::input::Refusal;

impl Draft {
    /// What is used up by less than before stops the run at once.
    pub(super) fn set_budget(&mut self, budget: Budget, session_budget: Allowance, by: String) -> Result<(), Refusal> {
        if self.state.spec.budget != budget || self.state.spec.session_budget != session_budget {
            self.unless_ended(BudgetChanged { budget, session_budget, by })?;
            self.check_budget(&[]);
        }
        Ok(())
    }
}
