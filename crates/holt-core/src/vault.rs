//! The port to secrets: keys of providers, logins, tokens. They are kept sealed, and nothing but the holder of the vault's
//! key can read them.
//!
//! A secret has a name like a path, `models/openai` or `egress/api.github.com`, whose first part says what it is for.
//! Names, and when a secret was kept, may be shown to people; the secrets may not.

use std::fmt;
use std::io::{Read, Write};

use async_trait::async_trait;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::store::StoreError;
use crate::time::Timestamp;

/// The longest secret, in bytes.
pub const MAX_SECRET_BYTES: usize = 64 * 1024;
/// The longest name, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// The name of a secret: parts between slashes, none of them empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret's name is made of parts between slashes, of letters, digits and `.`, `_`, `-`, `:`, `@`, \
     and has at most {MAX_NAME_BYTES} bytes"
)]
pub struct BadSecretName;

impl SecretName {
    pub fn new(name: impl Into<String>) -> Result<Self, BadSecretName> {
        let name = name.into();
        let is_part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-:@".contains(&byte))
                && part.bytes().any(|byte| byte != b'.')
        };
        if name.len() <= MAX_NAME_BYTES && name.split('/').all(is_part) { Ok(Self(name)) } else { Err(BadSecretName) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SecretName {
    type Error = BadSecretName;

    fn try_from(name: String) -> Result<Self, BadSecretName> {
        Self::new(name)
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may be told of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    pub name: SecretName,
    pub kept_at: Timestamp,
}

#[async_trait]
pub trait Vault: Send + Sync {
    /// Keeps a secret durably, in place of one that had this name.
    async fn keep(&self, name: &SecretName, secret: SecretString) -> Result<(), StoreError>;

    async fn fetch(&self, name: &SecretName) -> Result<Option<SecretString>, StoreError>;

    /// The secrets below a name, as `models` has `models/openai` below it, in the order of their names.
    async fn below(&self, name: &str) -> Result<Vec<KeptSecret>, StoreError>;

    /// Says whether there was one.
    async fn forget(&self, name: &SecretName) -> Result<bool, StoreError>;

    /// Copies everything from one side to the other, sealed. Blocks. What `label` says is sealed in: only who names the same
    /// can open it.
    fn seal(&self, label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError>;

    /// The way back. What has come out before an error is to be thrown away: only the end proves that all of it is whole.
    fn open(&self, label: &str, from: &mut dyn Read, to: &mut dyn Write) -> Result<u64, SealError>;
}

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("this was sealed with another key or as something else, or it is damaged")]
    Broken,
    #[error("the vault has no key: {0}")]
    NoKey(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths_of_plain_parts() {
        for good in ["models/openai", "mcp/github/GITHUB_TOKEN", "egress/api.github.com:8443", "a"] {
            assert_eq!(SecretName::new(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for bad in ["", "/", "a//b", "/a", "a/", "../a", "a/..", "a/./b", "a b", "a\0", "ä", &long] {
            assert_eq!(SecretName::new(bad), Err(BadSecretName), "{bad}");
        }
    }
}
