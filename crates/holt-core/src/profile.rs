//! The port to browser profiles: what a browser knows of the places that somebody signed in to, under a name.
//!
//! A profile belongs to an owner. It is in the clear only in the browser's directory of the one session that holds it, from when
//! that session's sandbox opens to when it closes; otherwise it is sealed. Sessions get one on purpose, never by being copied.

use serde::{Deserialize, Serialize};

use crate::id::{OwnerId, SessionId};
use crate::time::Timestamp;

/// The longest name, in letters.
pub const MAX_PROFILE_NAME: usize = 40;

/// The name of a profile: small letters, digits and `-`, `_`, `.`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 40, pattern = "^[a-z0-9][a-z0-9._-]*$"))]
pub struct ProfileName(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a profile's name has at most {MAX_PROFILE_NAME} small letters, digits and `-`, `_`, `.`, and begins with a letter or digit"
)]
pub struct BadProfileName;

impl ProfileName {
    pub fn new(name: impl Into<String>) -> Result<Self, BadProfileName> {
        let name = name.into();
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let begins = name.bytes().next().is_some_and(is_plain);
        let all = name.bytes().all(|byte| is_plain(byte) || b"-_.".contains(&byte));
        if begins && all && name.len() <= MAX_PROFILE_NAME { Ok(Self(name)) } else { Err(BadProfileName) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProfileName {
    type Error = BadProfileName;

    fn try_from(name: String) -> Result<Self, BadProfileName> {
        Self::new(name)
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> Self {
        name.0
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One profile of all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProfileKey {
    pub owner: OwnerId,
    pub name: ProfileName,
}

/// What may be told of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Profile {
    pub name: ProfileName,
    /// How large it is, sealed; nothing was kept yet of one that is only held.
    pub bytes: u64,
    /// When it was last sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_at: Option<Timestamp>,
    /// The session that has it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<SessionId>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("the session {0} has it now")]
    Held(SessionId),
    #[error("it was sealed with another key, or is damaged")]
    Broken,
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// The profiles that are kept. Calls may block.
pub trait Profiles: Send + Sync {
    /// An owner's, in the order of their names.
    fn list(&self, owner: &OwnerId) -> Result<Vec<Profile>, ProfileError>;

    /// Says whether there was one. One that is held stays.
    fn forget(&self, profile: &ProfileKey) -> Result<bool, ProfileError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for good in ["a", "work", "shop-2", "mail.example.org", "0_x"] {
            assert_eq!(ProfileName::new(good).unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "-a", "A", "a b", "a/b", "ä", "a\0", &"a".repeat(MAX_PROFILE_NAME + 1)] {
            assert_eq!(ProfileName::new(bad), Err(BadProfileName), "{bad}");
        }
    }
}
