//! What a run may use, and whether it has. Pure arithmetic over numbers that the caller brings.

use std::time::Duration;

use serde::{Deserialize, Serialize};

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

/// Where a run stands against its budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Within,
    /// At least four fifths of this bound are used.
    Near(Bound),
    Reached(Bound),
}

impl Budget {
    pub fn standing(&self, steps: u32, usage: Usage, worked: Duration) -> Standing {
        let shares = [
            (Bound::Steps, u64::from(steps), self.steps.map(u64::from)),
            (Bound::Tokens, usage.input_tokens.saturating_add(usage.output_tokens), self.tokens),
            (Bound::Cost, usage.cost_micros, self.cost_micros),
            (Bound::Time, worked.as_secs(), self.seconds),
        ];
        let reached = |(_, used, limit): &&(Bound, u64, Option<u64>)| limit.is_some_and(|limit| *used >= limit);
        let near = |(_, used, limit): &&(Bound, u64, Option<u64>)| {
            limit.is_some_and(|limit| used.saturating_mul(5) >= limit.saturating_mul(4))
        };
        if let Some((bound, ..)) = shares.iter().find(reached) {
            Standing::Reached(*bound)
        } else if let Some((bound, ..)) = shares.iter().find(near) {
            Standing::Near(*bound)
        } else {
            Standing::Within
        }
    }
}

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
    fn a_budget_warns_and_then_stops() {
        let budget = Budget { steps: Some(10), tokens: Some(1000), cost_micros: None, seconds: Some(60) };
        let at = |steps, tokens, seconds| {
            budget.standing(steps, Usage { input_tokens: tokens, ..Usage::default() }, Duration::from_secs(seconds))
        };
        assert_eq!(at(7, 0, 0), Standing::Within);
        assert_eq!(at(8, 0, 0), Standing::Near(Bound::Steps));
        assert_eq!(at(10, 0, 0), Standing::Reached(Bound::Steps));
        assert_eq!(at(0, 1000, 0), Standing::Reached(Bound::Tokens));
        assert_eq!(at(8, 0, 60), Standing::Reached(Bound::Time));
        assert_eq!(
            Budget { steps: Some(0), ..budget }.standing(0, Usage::default(), Duration::ZERO),
            Standing::Reached(Bound::Steps)
        );
    }
}
