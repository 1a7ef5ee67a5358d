//! Names of things. Each kind has its own type, so that one is never taken for another.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an id: an id looks like 01920000-0000-7000-8000-000000000000")]
pub struct InvalidId(String);

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = Uuid))]
        pub struct $name(Uuid);

        impl $name {
            pub const fn new(uuid: Uuid) -> Self { Self(uuid) }
            pub const fn uuid(&self) -> Uuid { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            /// Only the hyphenated form of 36 characters, so that one thing has one name.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let uuid = Uuid::parse_str(text).ok().filter(|_| text.len() == 36);
                uuid.map(Self).ok_or_else(|| InvalidId(text.chars().take(40).collect()))
            }
        }
    )+};
}

uuid_ids! {
    /// A session.
    SessionId,
    /// A prompt. Chosen by the client, so that a prompt sent twice is taken once.
    PromptId,
    /// A run: it carries the id of the prompt that it works on.
    RunId,
    /// A tool call, and the question about it when there is one.
    CallId,
    /// A message of the agent, while it is written and afterwards.
    MessageId,
    /// A file or archive that a session hands out.
    ArtifactId,
    /// An access key.
    KeyId,
    /// One place where a person looks at Holt, such as a tab of a browser. Chosen by the client.
    ClientId,
    /// A terminal in a sandbox. Chosen by the server.
    TerminalId,
}

impl From<PromptId> for RunId {
    fn from(prompt: PromptId) -> Self {
        Self(prompt.0)
    }
}

impl From<RunId> for PromptId {
    fn from(run: RunId) -> Self {
        Self(run.0)
    }
}

/// Who something belongs to. The person who set Holt up is `owner`; compatibility listeners act as `local`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct OwnerId(String);

impl OwnerId {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let text = "01920000-0000-7000-8000-0000000000aa";
        assert_eq!(text.parse::<SessionId>().unwrap().to_string(), text);
        assert!("0192000000007000800000000000 00aa".parse::<SessionId>().is_err());
        assert!("019200000000700080000000000000aa".parse::<SessionId>().is_err());
        assert!("../../etc/passwd".parse::<SessionId>().is_err());
    }
}
