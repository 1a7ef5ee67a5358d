//! The way of programs in a sandbox to models.
//!
//! A program inside speaks its provider's own interface to a port of its sandbox, with a token that is worth something there
//! alone. What it asks is let through by lists of what is known to be harmless ([`route`], [`headers`], [`check`]): whatever
//! would make the provider reach the network or keep data is refused, and so is everything that nobody has thought of. The
//! real key is put in here, outside. What comes back streams through unchanged and is metered on its way ([`usage`]).
//!
//! All that decides is pure; [`Gateway`] moves the bytes.

pub mod check;
pub mod headers;
mod json;
mod metered;
mod refusal;
pub mod route;
mod serve;
pub mod usage;

use std::fmt;

use async_trait::async_trait;
use holt_core::budget::{Reached, Usage};
use holt_core::id::SessionId;
use secrecy::SecretString;

pub use refusal::Refusal;
pub use serve::{Gateway, Limits};

/// Whose interface is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    Anthropic,
    OpenAi,
    Gemini,
}

impl Provider {
    pub const ALL: [Self; 3] = [Self::Anthropic, Self::OpenAi, Self::Gemini];

    /// The word for it, also in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
        }
    }

    /// Where it is when nobody says otherwise.
    pub fn usual_address(self) -> &'static str {
        match self {
            Self::Anthropic => "https://api.anthropic.com",
            Self::OpenAi => "https://api.openai.com",
            Self::Gemini => "https://generativelanguage.googleapis.com",
        }
    }
}

/// How a provider is reached.
#[derive(Clone)]
pub struct Upstream {
    /// Without a slash at its end, and without the version.
    pub address: String,
    pub key: SecretString,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What the gateway has to know of the rest of Holt.
#[async_trait]
pub trait House: Send + Sync {
    /// How a provider is reached now, if there is a key for it.
    async fn upstream(&self, provider: Provider) -> Option<Upstream>;

    /// The bound of the session's budget that is used up, when one is.
    ///
    /// # Errors
    /// When nobody can say, and nothing may be used.
    async fn refused(&self, session: SessionId) -> Result<Option<Reached>, ()>;

    /// Something was used.
    async fn used(&self, session: SessionId, provider: Provider, model: String, usage: Usage);
}
