//! The port to language models: a request, a stream of what comes back, and errors told apart by what to do about them.

use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::budget::Usage;
use crate::tool::{CallStatus, ToolContent, ToolSpec};

/// What a model is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    pub model: String,
    pub system: String,
    pub turns: Vec<Turn>,
    pub tools: Vec<ToolSpec>,
    pub max_output_tokens: u32,
}

/// One turn of a conversation, as models see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "snake_case")]
pub enum Turn {
    User {
        content: Vec<ToolContent>,
    },
    Assistant {
        parts: Vec<AssistantPart>,
    },
    /// The results of the calls of the turn before, in their order.
    Results {
        results: Vec<CallResult>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallResult {
    /// The model's own name for the call.
    pub reference: String,
    pub content: Vec<ToolContent>,
    /// How the call ended: whether it failed, never ran, or nobody knows how far it came.
    pub status: CallStatus,
}

impl CallResult {
    /// Anything but success, for providers that know no more than that.
    pub fn is_error(&self) -> bool {
        self.status != CallStatus::Succeeded
    }
}

/// A part of what the model said, kept so that it can be said again to the model unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AssistantPart {
    Text {
        text: String,
    },
    /// Thinking that may be shown.
    Reasoning {
        text: String,
    },
    /// A wish to call a tool.
    Call {
        /// The model's own name for the call.
        reference: String,
        tool: String,
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        arguments: Value,
    },
    /// Something only its provider understands (signed thinking), carried back to it as it came.
    Opaque {
        provider: String,
        #[cfg_attr(feature = "openapi", schema(value_type = Object))]
        data: Value,
    },
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum StopReason {
    /// It is done.
    Finished,
    /// It waits for the results of its calls.
    Calls,
    /// Its answer reached the longest it may be.
    Length,
    /// The provider refused to answer.
    Refused,
}

/// One model answers in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoodIn {
    pub wanted: String,
    /// The one that is asked instead.
    pub model: String,
    /// Why, as the error's stable code and in words.
    pub code: String,
    pub why: String,
}

/// What arrives while a model answers.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelEvent {
    /// More of the text.
    Text(String),
    /// More of the thinking.
    Reasoning(String),
    /// The model that was asked cannot answer; what follows is another's.
    StoodIn(StoodIn),
    /// The whole answer; always the last.
    Done(ModelReply),
}

/// The whole answer of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelReply {
    pub parts: Vec<AssistantPart>,
    pub stop: StopReason,
    pub usage: Usage,
    /// The model that answered, as the provider names it.
    pub model: String,
}

/// What went wrong, told apart by what a person can do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("the key was not accepted: {0}")]
    BadKey(String),
    #[error("the account has no quota left: {0}")]
    NoQuota(String),
    #[error("the provider is overloaded: {message}")]
    Overloaded { message: String, retry_after_seconds: Option<u64> },
    #[error("the conversation is too long for the model: {0}")]
    ContextTooLong(String),
    #[error("the provider refused the request: {0}")]
    Refused(String),
    #[error("the provider answered with something that makes no sense: {0}")]
    Malformed(String),
    #[error("the provider could not be reached: {0}")]
    Unreachable(String),
    #[error("there is no model `{0}`")]
    Unknown(String),
}

impl ModelError {
    /// The stable code that people and programs can rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadKey(_) => "model_bad_key",
            Self::NoQuota(_) => "model_no_quota",
            Self::Overloaded { .. } => "model_overloaded",
            Self::ContextTooLong(_) => "model_context_too_long",
            Self::Refused(_) => "model_refused",
            Self::Malformed(_) => "model_malformed",
            Self::Unreachable(_) => "model_unreachable",
            Self::Unknown(_) => "model_unknown",
        }
    }

    pub fn hint(&self) -> &'static str {
        match self {
            Self::BadKey(_) => "Check the provider's key in the settings, or give another one with `holt models add`.",
            Self::NoQuota(_) => "Add credit at the provider, or choose another model.",
            Self::Overloaded { .. } => "Wait a little and send the prompt again.",
            Self::ContextTooLong(_) => "Start a new session, or choose a model that holds more.",
            Self::Refused(_) => "Say it differently, or choose another model.",
            Self::Malformed(_) => "Try again; if it stays, the provider or a proxy before it is at fault.",
            Self::Unreachable(_) => "Check the network and the provider's address.",
            Self::Unknown(_) => "Choose one of the models that `holt status --json` lists.",
        }
    }

    /// Whether the same request may do better in a moment.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Unreachable(_))
    }
}

/// A model that people can choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelInfo {
    /// What to ask for: `demo`, `claude-sonnet-4-5`.
    pub id: String,
    pub label: String,
    pub provider: String,
    /// What it is in a sentence, honest about what it cannot do.
    pub note: String,
    /// Tokens that it can hold.
    pub context_tokens: u64,
    /// Whether it can call tools. One that cannot only talks.
    pub tools: bool,
    /// Whether it can look at pictures.
    pub pictures: bool,
    /// What it costs; absent when nobody knows, nothing at all when it runs on a machine of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What a million tokens cost, in millionths of a US dollar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Price {
    pub input: u64,
    pub output: u64,
    pub cache_read: u64,
    pub cache_write: u64,
}

/// A provider. Dropping the stream stops the request.
pub trait Model: Send + Sync {
    /// The models that it offers now.
    fn models(&self) -> Vec<ModelInfo>;

    /// What sessions use that name none; nothing when that is for others to say.
    fn default_model(&self) -> Option<String> {
        None
    }

    /// Asks. The stream ends with `Done` or with an error, and never sends anything after either.
    fn stream(&self, request: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>>;
}
