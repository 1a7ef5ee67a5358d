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

/// Whether anything of it is left to do.
pub fn is_unfinished(items: &[PlanItem]) -> bool {
    items.iter().any(|item| item.status != PlanStatus::Done)
}

/// The plan as a list in plain text.
pub fn in_words(items: &[PlanItem]) -> String {
    let line = |item: &PlanItem| {
        let mark = match item.status {
            PlanStatus::Pending => "[ ]",
            PlanStatus::InProgress => "[>]",
            PlanStatus::Done => "[x]",
        };
        format!("{mark} {}", item.text)
    };
    items.iter().map(line).collect::<Vec<_>>().join("\n")
}
