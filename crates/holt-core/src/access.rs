//! Who asks, and what they may do.

use serde::{Deserialize, Serialize};

use crate::budget::Allowance;
use crate::id::{KeyId, OwnerId};
use crate::policy::{Mode, Policy};
use crate::session::Network;
use crate::time::Timestamp;

/// What a key may do. The words are the same in the page, the command line and the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// See sessions, their events and their files.
    View,
    /// Create sessions, prompt, cancel, change files. Includes `view`.
    Operate,
    /// Answer an agent's questions about what it may do. No agent ever holds it.
    Approve,
    /// Everything, also what reaches the host: projects, keys, settings.
    Admin,
}

/// Whoever a request acts for, once it has been proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    pub owner: OwnerId,
    /// What people see: "laptop", "phone of the office".
    pub name: String,
    pub scopes: Vec<Scope>,
    /// The key that proved it, when one did; revoking the key ends what it opened.
    pub key: Option<KeyId>,
    /// What the sessions of that key may not go beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
}

/// What the sessions that are made with a key may not go beyond, whoever works with them. A key with rules changes no other
/// sessions. What is absent does not bind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyRules {
    /// When their agents are asked about, or kept from, what they want to do; the stricter of this and their own holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The freest mode that they may be in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The farthest that they may go. With `allow` none of them may name further hosts by itself; a person may, when asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// What each run may use.
    pub run: Allowance,
    /// What each session may.
    pub session: Allowance,
    /// What all of them may together.
    pub total: Allowance,
    /// The same for one day, which begins at midnight UTC.
    pub day: Allowance,
}

impl KeyRules {
    /// Why they cannot be given, in words for people.
    pub fn check(&self) -> Result<(), String> {
        self.policy.as_ref().map_or(Ok(()), Policy::check)
    }
}

impl Principal {
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| match held {
            Scope::Admin => true,
            Scope::Operate => matches!(scope, Scope::Operate | Scope::View),
            other => *other == scope,
        })
    }

    /// Admins see every owner's sessions, everybody else their own.
    pub fn sees(&self, owner: &OwnerId) -> bool {
        self.may(Scope::Admin) || self.owner == *owner
    }
}

/// A key as it is stored: never the key itself, only its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    pub id: KeyId,
    pub owner: OwnerId,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
}

impl KeyRecord {
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| now < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_include_only_what_they_say() {
        let who = |scopes: &[Scope]| Principal {
            owner: OwnerId::new("owner"),
            name: "test".into(),
            scopes: scopes.to_vec(),
            key: None,
            rules: None,
        };
        assert!(who(&[Scope::Operate]).may(Scope::View));
        assert!(!who(&[Scope::Operate]).may(Scope::Approve));
        assert!(!who(&[Scope::View]).may(Scope::Operate));
        assert!(who(&[Scope::Admin]).may(Scope::Approve));
        assert!(!who(&[Scope::Operate]).sees(&OwnerId::new("other")));
    }
}
