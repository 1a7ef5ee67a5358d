//! The port to the providers of models, as people manage them: add, look, test, remove, while the server runs.
//!
//! A provider has a name, which people choose, and a kind, which says how it is spoken to; the kinds are the adapter's. Keys
//! go in and never come out.

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model::{ModelError, ModelInfo};
use crate::store::StoreError;

/// The most models that people may name of one provider.
pub const MAX_NAMED_MODELS: usize = 100;
/// The longest name of a provider, in bytes.
pub const MAX_PROVIDER_NAME_BYTES: usize = 40;
/// The longest address, and the longest name of a model.
pub const MAX_PROVIDER_TEXT_BYTES: usize = 500;

/// What people set about a provider, next to its key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderSettings {
    /// `anthropic`, `openai`, `gemini`, `openrouter`, `ollama`, or `compatible` for any server that speaks Chat Completions.
    pub kind: String,
    /// Absent: where that kind is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The language, where it is not the kind's own: `anthropic`, `responses`, `chat`, `gemini`, `ollama`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
    /// The models that are offered; none: those of that kind, or those that it lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// It is in a network of one's own: names may lead to private addresses, and the key may travel unencrypted.
    #[serde(default)]
    pub own_network: bool,
}

/// Who said that there is a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ProviderOrigin {
    /// Somebody added it while the server ran. It can be changed and removed.
    Kept,
    /// The server's configuration: its environment or its file.
    Configuration,
    /// It was found on this machine.
    Found,
}

/// A provider, as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderInfo {
    pub name: String,
    #[serde(flatten)]
    pub settings: ProviderSettings,
    pub origin: ProviderOrigin,
    /// Where it is asked, whether or not somebody said so.
    pub address: String,
    pub has_key: bool,
    /// The models that can be asked.
    pub offers: Vec<ModelInfo>,
    /// Why it cannot be asked, or not for all that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// All providers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderList {
    pub items: Vec<ProviderInfo>,
    /// The kinds that can be added.
    pub kinds: Vec<ProviderKind>,
    /// What sessions use that name no model.
    pub default_model: String,
    /// The day of the newest known prices.
    pub prices_as_of: String,
}

/// A kind of provider that can be added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderKind {
    pub id: String,
    pub label: String,
    pub needs_key: bool,
    pub needs_address: bool,
}

/// What came of asking a provider whether it can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderTest {
    /// It answered, and took the key if there is one.
    pub ok: bool,
    /// The stable code of what went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened, in words.
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What it says that it has (the first hundreds).
    pub listed: Vec<String>,
}

/// Why a provider could not be added, changed or removed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("{0}")]
    Invalid(String),
    #[error("there is no provider `{0}`")]
    NotFound(String),
    /// What the configuration says, only the configuration can take back.
    #[error("the provider `{0}` comes from the server's configuration")]
    Fixed(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The providers. What is changed counts for the next request of every session.
#[async_trait]
pub trait Providers: Send + Sync {
    /// What there is; what lists its own models is asked again when that was long ago.
    async fn list(&self) -> ProviderList;

    /// Adds a provider, or changes one. Without a key, the one that is kept stays.
    async fn put(&self, name: &str, settings: ProviderSettings, key: Option<SecretString>)
    -> Result<ProviderInfo, ProviderError>;

    async fn remove(&self, name: &str) -> Result<(), ProviderError>;

    /// Asks it, without spending anything, whether it can be asked.
    async fn test(&self, name: &str) -> Result<ProviderTest, ProviderError>;
}
