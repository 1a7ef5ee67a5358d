//! What agents remember from session to session.

use holt_core::id::SessionId;
use holt_core::memory::Fact;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Facts, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactList {
    pub items: Vec<Fact>,
}

/// Writes a fact down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RememberFact {
    /// One line of at most 400 characters.
    pub text: String,
    /// About the workspace of this session; everywhere when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// Says a fact in other words. Without them, it is agreed to as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeFact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}
