//! Keys, tickets and sign-in.

use holt_core::access::{KeyRecord, KeyRules, Scope};
use holt_core::budget::Spent;
use holt_core::id::{KeyId, OwnerId};
use holt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A key as it is shown: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Key {
    pub id: KeyId,
    pub owner: OwnerId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// To the minute, about.
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// What its sessions may not go beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
    /// What its sessions have spent, also those that are gone.
    #[serde(default)]
    pub spent: Spent,
    /// The same for this day, which began at midnight UTC.
    #[serde(default)]
    pub spent_today: Spent,
}

impl From<KeyRecord> for Key {
    fn from(record: KeyRecord) -> Self {
        let KeyRecord { id, owner, name, scopes, created_at, expires_at, last_used_at, revoked_at, rules, .. } = record;
        let (spent, spent_today) = (Spent::default(), Spent::default());
        Self { id, owner, name, scopes, created_at, expires_at, last_used_at, revoked_at, rules, spent, spent_today }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyList {
    pub items: Vec<Key>,
}

/// Makes a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// What it is for, as people will look for it: "laptop", "build server".
    pub name: String,
    pub scopes: Vec<Scope>,
    /// Whose sessions it sees and makes; the caller's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What the sessions that it makes may not go beyond. It changes no other sessions, and cannot have the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
}

/// A new key. This is the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedKey {
    pub key: String,
    pub record: Key,
}

/// Asks for a ticket: it lets one request through that cannot carry a key, such as a download or a socket of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTicket {
    /// `GET`; nothing else can be done with a ticket.
    pub verb: String,
    /// Path and query of the request, exactly as it will be made, without the ticket.
    pub path: String,
}

/// Add `ticket=` with this to the query of the one request that it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ticket {
    pub ticket: String,
    pub expires_at: Timestamp,
}

/// Exchanges a one-use code for a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub code: String,
    /// What the key will be called; made from the browser's name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A one-use sign-in code, and the link that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInCode {
    pub code: String,
    pub url: String,
    pub expires_at: Timestamp,
}

/// Who the caller is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    pub owner: OwnerId,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// The key that was shown, when it is one of Holt's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
}
