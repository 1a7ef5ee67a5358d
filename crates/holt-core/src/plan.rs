//! An agent's plan: a short list of what is to be done, which it keeps for itself and for whoever watches.

use serde::{Deserialize, Serialize};

/// The most items of a plan.
pub const MAX_ITEMS: usize = 50;
/// The most characters of one item.
pub const MAX_TEXT: usize = 300;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanItem {
    pub text: String,
    pub status: PlanStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PlanStatus {
    Pending,
    InProgress,
    Done,
}
