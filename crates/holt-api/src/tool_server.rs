//! Outside servers of tools.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Names a server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutToolServer {
    /// As it would stand in an `mcp.json`: `command`, `args` and `env`, or `url` and `headers`. `${NAME}` stands for a secret.
    #[schema(value_type = Object)]
    pub entry: Value,
}

/// Agrees to what a test has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreeToolServer {
    /// That of the test.
    pub fingerprint: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchToolServer {
    pub on: bool,
}

/// Keeps a secret.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepSecret {
    #[schema(value_type = String)]
    pub secret: SecretString,
}
