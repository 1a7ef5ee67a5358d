//! Files of a workspace.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A file that was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceivedFile {
    /// Its path from the workspace's top.
    pub path: String,
    pub size: u64,
}

/// Makes a directory, and those above it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateDirectory {
    /// Its path from the workspace's top.
    pub path: String,
}
