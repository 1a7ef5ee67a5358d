//! The events of the Messages stream, as far as they are understood here, and how tokens are counted in them.

use serde::Deserialize;
use serde_json::Value;

use super::errors::ErrorDetail;
use crate::price::Counts;

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum WireEvent {
    MessageStart {
        message: WireMessage,
    },
    ContentBlockStart {
        index: u64,
        content_block: WireBlock,
    },
    ContentBlockDelta {
        index: u64,
        delta: WireDelta,
    },
    MessageDelta {
        delta: WireMessageDelta,
        #[serde(default)]
        usage: WireUsage,
    },
    MessageStop,
    Error {
        error: ErrorDetail,
    },
    /// `ping`, `content_block_stop`, and what is yet to come.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireMessage {
    #[serde(default)]
    pub model: String,
    #[serde(default)]
    pub usage: WireUsage,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct WireUsage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cache_read_input_tokens: Option<u64>,
    pub cache_creation_input_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum WireBlock {
    Text {
        #[serde(default)]
        text: String,
    },
    Thinking {
        #[serde(default)]
        thinking: String,
        #[serde(default)]
        signature: String,
    },
    RedactedThinking {
        data: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum WireDelta {
    TextDelta {
        text: String,
    },
    ThinkingDelta {
        thinking: String,
    },
    SignatureDelta {
        signature: String,
    },
    InputJsonDelta {
        partial_json: String,
    },
    #[serde(other)]
    Other,
}

impl WireDelta {
    pub fn len(&self) -> usize {
        match self {
            Self::TextDelta { text } => text.len(),
            Self::ThinkingDelta { thinking } => thinking.len(),
            Self::SignatureDelta { signature } => signature.len(),
            Self::InputJsonDelta { partial_json } => partial_json.len(),
            Self::Other => 0,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct WireMessageDelta {
    pub stop_reason: Option<String>,
}

/// Each report replaces what it names: the counts are totals so far.
pub(super) fn add(counts: &mut Counts, usage: WireUsage) {
    let set = |count: &mut u64, new: Option<u64>| *count = new.unwrap_or(*count);
    set(&mut counts.input, usage.input_tokens);
    set(&mut counts.output, usage.output_tokens);
    set(&mut counts.cache_read, usage.cache_read_input_tokens);
    set(&mut counts.cache_write, usage.cache_creation_input_tokens);
}
