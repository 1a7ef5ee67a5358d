//! What may be used, what was, and how the two stand. Pure arithmetic over numbers that the caller brings.
//!
//! A run, a session, a key and a day each have a budget of their own; the first that is reached stops the run. Where several
//! sessions share one (those of a key, those of a day) each looks at it before every step, so that together they may go beyond it
//! by what is under way in them, and by no more.

mod reached;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use reached::{Reached, Standing, amount};

/// Upper bounds for one run. A bound that is absent does not bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Budget {
    /// Turns of the model.
    pub steps: Option<u32>,
    /// Tokens in and out together.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub cost_micros: Option<u64>,
    /// Seconds of work; the time that a run waits for a human does not count.
    pub seconds: Option<u64>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { steps: Some(200), tokens: None, cost_micros: None, seconds: Some(4 * 60 * 60) }
    }
}

/// Upper bounds for more than one run: for a session, for all sessions of a key, for a day. A bound that is absent does not bind;
/// one of nothing lets nothing begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Allowance {
    /// Turns of the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Tokens in and out together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_micros: Option<u64>,
    /// Seconds of work; the time that a run waits for a human does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

impl From<Budget> for Allowance {
    fn from(Budget { steps, tokens, cost_micros, seconds }: Budget) -> Self {
        Self { steps: steps.map(u64::from), tokens, cost_micros, seconds }
    }
}

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// The part of the input that a provider's cache served.
    #[serde(default)]
    pub cached_tokens: u64,
    #[serde(default)]
    pub cost_micros: u64,
    /// Some of it has no known price, so that it cost more than `cost_micros` says, and nobody knows how much.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpriced: bool,
}

impl Usage {
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            unpriced: self.unpriced || other.unpriced,
        }
    }
}

/// What was spent of a budget, in what budgets are counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spent {
    pub steps: u64,
    /// In and out together.
    pub tokens: u64,
    pub cost_micros: u64,
    /// Milliseconds of work.
    pub millis: u64,
    /// Some of it has no known price, so that it cost more than `cost_micros` says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unpriced: bool,
}

impl Spent {
    pub fn new(steps: u64, usage: Usage, worked: Duration) -> Self {
        Self {
            steps,
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            cost_micros: usage.cost_micros,
            millis: u64::try_from(worked.as_millis()).unwrap_or(u64::MAX),
            unpriced: usage.unpriced,
        }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            tokens: self.tokens.saturating_add(other.tokens),
            cost_micros: self.cost_micros.saturating_add(other.cost_micros),
            millis: self.millis.saturating_add(other.millis),
            unpriced: self.unpriced || other.unpriced,
        }
    }

    /// What was spent since it stood like that.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        Self {
            steps: self.steps.saturating_sub(before.steps),
            tokens: self.tokens.saturating_sub(before.tokens),
            cost_micros: self.cost_micros.saturating_sub(before.cost_micros),
            millis: self.millis.saturating_sub(before.millis),
            unpriced: self.unpriced && !before.unpriced,
        }
    }
}

/// Which bound was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Bound {
    Steps,
    Tokens,
    Cost,
    Time,
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Reach {
    /// One run's.
    #[default]
    Run,
    /// That of all runs of the session.
    Session,
    /// That of all sessions of the key that made it.
    Key,
    /// The same for one day, which begins at midnight UTC.
    KeyDay,
    /// That of everything on this server for one day.
    Day,
}

impl Reach {
    pub fn is_run(&self) -> bool {
        *self == Self::Run
    }
}

/// A budget, and what was spent of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    pub of: Reach,
    pub allowance: Allowance,
    pub spent: Spent,
}

impl Account {
    pub fn new(of: Reach, allowance: impl Into<Allowance>, spent: Spent) -> Self {
        Self { of, allowance: allowance.into(), spent }
    }

    /// How long work may go on until its time is up.
    pub fn time_left(&self) -> Option<Duration> {
        let all = Duration::from_secs(self.allowance.seconds?);
        Some(all.saturating_sub(Duration::from_millis(self.spent.millis)))
    }
}

/// A day by its number since 1970 in UTC.
pub type Day = i64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_price_stays_unknown() {
        let known = Usage { cost_micros: 5, ..Usage::default() };
        let unknown = Usage { unpriced: true, ..Usage::default() };
        assert_eq!(known.plus(unknown), Usage { cost_micros: 5, unpriced: true, ..Usage::default() });
        assert!(!known.plus(known).unpriced);
    }

    #[test]
    fn what_was_spent_since_is_what_has_to_be_added() {
        let before = Spent { steps: 3, tokens: 10, cost_micros: 7, millis: 100, unpriced: false };
        let after = Spent { steps: 4, tokens: 10, cost_micros: 9, millis: 250, unpriced: true };
        assert_eq!(before.plus(after.since(before)), after);
    }
}
