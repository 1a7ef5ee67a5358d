//! The Messages stream: bytes in, model events out. Pure, so that every split and every damage can be tried.
//!
//! What it does not know it leaves out: new events, blocks and fields come to this interface without notice. What it
//! knows must make sense, and after `Done` or an error it says nothing more.

use std::collections::BTreeMap;

use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply, StopReason};
use serde_json::{Value, json};

use super::errors;
use super::wire::{WireBlock, WireDelta, WireEvent, add};
use crate::decoder::{self, Size, Understand, Understood, check_parts, distrust_last_call, malformed, name, natural_stop, parse};
use crate::price::{Counts, Tariff};

/// Understands one answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// Who alone understands what is opaque in it.
    provider: String,
    tariff: Option<Tariff>,
    model: Option<String>,
    blocks: BTreeMap<u64, Block>,
    size: Size,
    counts: Counts,
    stop: Option<String>,
}

#[derive(Debug)]
enum Block {
    Text(String),
    Thinking {
        text: String,
        signature: String,
    },
    Redacted {
        data: String,
    },
    Call {
        id: String,
        name: String,
        input: Value,
        json: String,
    },
    /// Of a kind that did not exist when this was written.
    Unknown,
}

impl Understand for Answer {
    fn take(&mut self, data: &str) -> Understood {
        let shown = match parse(data)? {
            WireEvent::MessageStart { message } => {
                self.model = Some(message.model);
                add(&mut self.counts, message.usage);
                None
            }
            WireEvent::ContentBlockStart { index, content_block } => self.begin_block(index, content_block)?,
            WireEvent::ContentBlockDelta { index, delta } => self.extend_block(index, delta)?,
            WireEvent::MessageDelta { delta, usage } => {
                self.stop = delta.stop_reason.or(self.stop.take());
                add(&mut self.counts, usage);
                None
            }
            WireEvent::MessageStop => Some(self.finish()?),
            WireEvent::Error { error } => return Err(errors::from_event(&error)),
            WireEvent::Other => None,
        };
        Ok(shown.into_iter().collect())
    }
}

impl Answer {
    pub fn new(provider: &str, tariff: Option<Tariff>) -> Self {
        Self {
            provider: provider.to_owned(),
            tariff,
            model: None,
            blocks: BTreeMap::new(),
            size: Size::default(),
            counts: Counts::default(),
            stop: None,
        }
    }

    fn begin_block(&mut self, index: u64, block: WireBlock) -> Result<Option<ModelEvent>, ModelError> {
        let (block, shown) = match block {
            WireBlock::Text { text } => (Block::Text(text.clone()), Some(ModelEvent::Text(text))),
            WireBlock::Thinking { thinking, signature } => {
                (Block::Thinking { text: thinking.clone(), signature }, Some(ModelEvent::Reasoning(thinking)))
            }
            WireBlock::RedactedThinking { data } => (Block::Redacted { data }, None),
            WireBlock::ToolUse { id, name, input } => (Block::Call { id, name, input, json: String::new() }, None),
            WireBlock::Other => (Block::Unknown, None),
        };
        self.size.grow(block.len())?;
        check_parts(self.blocks.len())?;
        if self.blocks.insert(index, block).is_some() {
            return Err(malformed(format!("block {index} begins twice")));
        }
        Ok(shown)
    }

    fn extend_block(&mut self, index: u64, delta: WireDelta) -> Result<Option<ModelEvent>, ModelError> {
        self.size.grow(delta.len())?;
        let Some(block) = self.blocks.get_mut(&index) else {
            return Err(malformed(format!("a piece of block {index}, which has not begun")));
        };
        let shown = match (block, delta) {
            (Block::Text(text), WireDelta::TextDelta { text: more }) => {
                text.push_str(&more);
                Some(ModelEvent::Text(more))
            }
            (Block::Thinking { text, .. }, WireDelta::ThinkingDelta { thinking: more }) => {
                text.push_str(&more);
                Some(ModelEvent::Reasoning(more))
            }
            (Block::Thinking { signature, .. }, WireDelta::SignatureDelta { signature: more }) => {
                signature.push_str(&more);
                None
            }
            (Block::Call { json, .. }, WireDelta::InputJsonDelta { partial_json }) => {
                json.push_str(&partial_json);
                None
            }
            (Block::Unknown, _) | (_, WireDelta::Other) => None,
            _ => return Err(malformed(format!("a piece of another kind than block {index}"))),
        };
        Ok(shown)
    }

    fn finish(&mut self) -> Result<ModelEvent, ModelError> {
        let model = self.model.take().ok_or_else(|| malformed("an end without a beginning"))?;
        let blocks = std::mem::take(&mut self.blocks).into_values();
        let mut parts: Vec<AssistantPart> = blocks.flat_map(|block| block.into_parts(&self.provider)).collect();
        let stop = self.stop_reason(&parts);
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        Ok(ModelEvent::Done(ModelReply { parts, stop, usage: self.counts.usage(self.tariff), model: name(&model) }))
    }

    fn stop_reason(&self, parts: &[AssistantPart]) -> StopReason {
        match self.stop.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => StopReason::Length,
            Some("refusal") => StopReason::Refused,
            Some("tool_use") => StopReason::Calls,
            None => natural_stop(parts),
            _ => StopReason::Finished,
        }
    }
}

impl Block {
    fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Thinking { text, signature } => text.len() + signature.len(),
            Self::Redacted { data } => data.len(),
            Self::Call { id, name, input, .. } => id.len() + name.len() + input.to_string().len(),
            Self::Unknown => 0,
        }
    }

    /// Thinking is kept twice: as words for people, and whole with its signature for the provider.
    fn into_parts(self, provider: &str) -> Vec<AssistantPart> {
        let opaque = |data| AssistantPart::Opaque { provider: provider.to_owned(), data };
        match self {
            Self::Text(text) if text.is_empty() => vec![],
            Self::Text(text) => vec![AssistantPart::Text { text }],
            Self::Thinking { text, signature } => {
                let whole = opaque(json!({ "type": "thinking", "thinking": text, "signature": signature }));
                if text.is_empty() { vec![whole] } else { vec![AssistantPart::Reasoning { text }, whole] }
            }
            Self::Redacted { data } => vec![opaque(json!({ "type": "redacted_thinking", "data": data }))],
            Self::Call { id, name, input, json } => {
                vec![AssistantPart::Call { reference: id, tool: name, arguments: arguments(input, &json) }]
            }
            Self::Unknown => vec![],
        }
    }
}

/// What a call was begun with counts when no more of it came.
fn arguments(input: Value, json: &str) -> Value {
    if json.trim().is_empty() && !input.is_null() { input } else { decoder::arguments(json) }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
