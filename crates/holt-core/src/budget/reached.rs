//! Where work stands against its budgets, and how that is said.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Account, Allowance, Bound, Reach};

/// A bound of a budget that was come near to, or reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reached {
    pub bound: Bound,
    /// Whose budget it is.
    #[serde(default, skip_serializing_if = "Reach::is_run")]
    pub of: Reach,
    /// What was used: steps, tokens, millionths of a US dollar, or seconds.
    #[serde(default)]
    pub used: u64,
    /// What may be.
    #[serde(default)]
    pub limit: u64,
}

/// Where work stands against a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Within,
    /// At least four fifths of this bound are used.
    Near(Reached),
    Reached(Reached),
}

impl Account {
    /// The bounds that there are, and what was used of them.
    fn bounds(&self) -> impl Iterator<Item = Reached> + use<> {
        let Self { of, allowance, spent } = *self;
        let all = [
            (Bound::Steps, spent.steps, allowance.steps),
            (Bound::Tokens, spent.tokens, allowance.tokens),
            (Bound::Cost, spent.cost_micros, allowance.cost_micros),
            (Bound::Time, spent.millis / 1000, allowance.seconds),
        ];
        all.into_iter().filter_map(move |(bound, used, limit)| Some(Reached { bound, of, used, limit: limit? }))
    }

    pub fn standing(&self) -> Standing {
        if let Some(reached) = self.bounds().find(|bound| bound.used >= bound.limit) {
            return Standing::Reached(reached);
        }
        let near = self.bounds().find(|bound| bound.used.saturating_mul(5) >= bound.limit.saturating_mul(4));
        near.map_or(Standing::Within, Standing::Near)
    }

    /// The bound of those that hold for models alone which leaves nothing.
    pub fn refuses_models(&self) -> Option<Reached> {
        self.bounds().find(|bound| bound.used >= bound.limit && matches!(bound.bound, Bound::Tokens | Bound::Cost))
    }
}

/// An amount of what a bound counts, in words for people.
pub fn amount(bound: Bound, number: u64) -> String {
    let counted = |one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    match bound {
        Bound::Steps => counted("step"),
        Bound::Tokens => counted("token"),
        Bound::Cost => format!("${}.{:02}", number / 1_000_000, number % 1_000_000 / 10_000),
        Bound::Time if number >= 3600 && number.is_multiple_of(3600) => format!("{} h", number / 3600),
        Bound::Time if number >= 60 && number.is_multiple_of(60) => format!("{} min", number / 60),
        Bound::Time => format!("{number} s"),
    }
}

impl fmt::Display for Allowance {
    /// `50 steps, $2.50`; nothing when nothing binds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { steps, tokens, cost_micros, seconds } = *self;
        let bounds = [(Bound::Steps, steps), (Bound::Tokens, tokens), (Bound::Cost, cost_micros), (Bound::Time, seconds)];
        let parts = bounds.into_iter().filter_map(|(bound, limit)| Some(amount(bound, limit?)));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for Reached {
    /// `the session's budget of 50 steps`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bound, of, limit, .. } = *self;
        let whose = match of {
            Reach::Run => "the run's budget",
            Reach::Session => "the session's budget",
            Reach::Key | Reach::KeyDay => "its key's budget",
            Reach::Day => "this server's budget",
        };
        let until = if matches!(of, Reach::KeyDay | Reach::Day) { " for today (UTC)" } else { "" };
        if limit == 0 && bound == Bound::Steps {
            return write!(f, "{whose} of no steps at all{until}");
        }
        write!(f, "{whose} of {}{until}", amount(bound, limit))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Budget, Spent, Usage};
    use super::*;

    #[test]
    fn a_budget_warns_and_then_stops() {
        let budget = Budget { steps: Some(10), tokens: Some(1000), cost_micros: None, seconds: Some(60) };
        let at = |steps, tokens, seconds| {
            let usage = Usage { input_tokens: tokens, ..Usage::default() };
            let standing = Account::new(Reach::Run, budget, Spent::new(steps, usage, Duration::from_secs(seconds))).standing();
            match standing {
                Standing::Within => None,
                Standing::Near(reached) => Some((false, reached.bound)),
                Standing::Reached(reached) => Some((true, reached.bound)),
            }
        };
        assert_eq!(at(7, 0, 0), None);
        assert_eq!(at(8, 0, 0), Some((false, Bound::Steps)));
        assert_eq!(at(10, 0, 0), Some((true, Bound::Steps)));
        assert_eq!(at(0, 1000, 0), Some((true, Bound::Tokens)));
        assert_eq!(at(8, 0, 60), Some((true, Bound::Time)));
    }

    #[test]
    fn a_budget_of_nothing_lets_nothing_begin_and_one_that_is_absent_binds_nothing() {
        let none = Account::new(Reach::Session, Allowance { cost_micros: Some(0), ..Allowance::default() }, Spent::default());
        assert!(matches!(none.standing(), Standing::Reached(Reached { bound: Bound::Cost, limit: 0, .. })));
        let much = Spent { steps: u64::MAX, tokens: u64::MAX, cost_micros: u64::MAX, millis: u64::MAX, unpriced: true };
        assert_eq!(Account::new(Reach::Day, Allowance::default(), much).standing(), Standing::Within);
    }

    #[test]
    fn a_bound_is_said_in_words() {
        let said = |bound, of, limit| Reached { bound, of, used: 0, limit }.to_string();
        assert_eq!(said(Bound::Steps, Reach::Run, 200), "the run's budget of 200 steps");
        assert_eq!(said(Bound::Steps, Reach::Session, 0), "the session's budget of no steps at all");
        assert_eq!(said(Bound::Cost, Reach::KeyDay, 2_500_000), "its key's budget of $2.50 for today (UTC)");
        assert_eq!(said(Bound::Time, Reach::Day, 7200), "this server's budget of 2 h for today (UTC)");
        assert_eq!(said(Bound::Tokens, Reach::Key, 1), "its key's budget of 1 token");
    }
}
