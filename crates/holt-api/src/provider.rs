//! Providers of models.

use std::fmt;

use holt_core::provider::ProviderSettings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Adds a provider of models, or changes one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PutProvider {
    #[serde(flatten)]
    pub settings: ProviderSettings,
    /// Absent: the key that is kept stays, as long as the address does. It is never told to anybody again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl fmt::Debug for PutProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PutProvider").field("settings", &self.settings).finish_non_exhaustive()
    }
}
