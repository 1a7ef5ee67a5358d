//! The Messages stream: bytes in, model events out. Pure, so that every split and every damage can be tried.
//!
//! What it does not know it leaves out: new events, blocks and fields come to this interface without notice. What it
//! knows must make sense, and after `Done` or an error it says nothing more.

use std::collections::BTreeMap;

use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply, StopReason};
use serde_json::{Value, json};

use super::errors;
use super::options::{PROVIDER, Price};
use super::wire::{Counts, WireBlock, WireDelta, WireEvent};
use crate::sse;

/// The most bytes that a whole answer may have: several times what the longest answer has.
const MAX_REPLY_BYTES: usize = 2 * 1024 * 1024;
const MAX_BLOCKS: usize = 512;

type Item = Result<ModelEvent, ModelError>;

/// Decodes one answer.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    sse: sse::Decoder,
    price: Option<Price>,
    model: Option<String>,
    blocks: BTreeMap<u64, Block>,
    bytes: usize,
    counts: Counts,
    stop: Option<String>,
    over: bool,
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

impl Decoder {
    pub fn new(price: Option<Price>) -> Self {
        Self { price, ..Self::default() }
    }

    /// What the next bytes of the answer mean.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Item> {
        if self.over {
            return Vec::new();
        }
        match self.sse.push(bytes) {
            Ok(events) => self.take_all(&events),
            Err(too_long) => vec![self.fail(ModelError::Malformed(too_long.to_string()))],
        }
    }

    /// What it means that the bytes have ended.
    pub fn end(&mut self) -> Option<Item> {
        let broken_off = || ModelError::Malformed("the answer breaks off in the middle".into());
        (!self.over).then(|| self.fail(broken_off()))
    }

    fn take_all(&mut self, events: &[String]) -> Vec<Item> {
        let mut items = Vec::new();
        for data in events {
            if self.over {
                break;
            }
            match self.take(data) {
                Ok(Some(event)) => items.push(Ok(event)),
                Ok(None) => {}
                Err(error) => items.push(self.fail(error)),
            }
        }
        items
    }

    fn fail(&mut self, error: ModelError) -> Item {
        self.over = true;
        Err(error)
    }

    fn take(&mut self, data: &str) -> Result<Option<ModelEvent>, ModelError> {
        let event = serde_json::from_str(data).map_err(|error| malformed(format!("an event that cannot be read ({error})")))?;
        match event {
            WireEvent::MessageStart { message } => {
                self.model = Some(message.model);
                self.counts.take(message.usage);
                Ok(None)
            }
            WireEvent::ContentBlockStart { index, content_block } => self.begin_block(index, content_block),
            WireEvent::ContentBlockDelta { index, delta } => self.extend_block(index, delta),
            WireEvent::MessageDelta { delta, usage } => {
                self.stop = delta.stop_reason.or(self.stop.take());
                self.counts.take(usage);
                Ok(None)
            }
            WireEvent::MessageStop => self.finish().map(Some),
            WireEvent::Error { error } => Err(errors::from_event(&error)),
            WireEvent::Other => Ok(None),
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
        self.grow(block.len())?;
        if self.blocks.len() >= MAX_BLOCKS {
            return Err(malformed(format!("more than {MAX_BLOCKS} blocks in one answer")));
        }
        if self.blocks.insert(index, block).is_some() {
            return Err(malformed(format!("block {index} begins twice")));
        }
        Ok(shown.filter(|event| !is_empty(event)))
    }

    fn extend_block(&mut self, index: u64, delta: WireDelta) -> Result<Option<ModelEvent>, ModelError> {
        self.grow(delta.len())?;
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
        Ok(shown.filter(|event| !is_empty(event)))
    }

    fn grow(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_REPLY_BYTES {
            return Err(malformed(format!("an answer of more than {MAX_REPLY_BYTES} bytes")));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<ModelEvent, ModelError> {
        let model = self.model.take().ok_or_else(|| malformed("an end without a beginning".into()))?;
        let blocks = std::mem::take(&mut self.blocks).into_values();
        let mut parts: Vec<AssistantPart> = blocks.flat_map(Block::into_parts).collect();
        let stop = self.stop_reason(&parts);
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        self.over = true;
        Ok(ModelEvent::Done(ModelReply { parts, stop, usage: self.counts.usage(self.price), model: name(&model) }))
    }

    fn stop_reason(&self, parts: &[AssistantPart]) -> StopReason {
        match self.stop.as_deref() {
            Some("max_tokens" | "model_context_window_exceeded") => StopReason::Length,
            Some("refusal") => StopReason::Refused,
            Some("tool_use") => StopReason::Calls,
            None if parts.iter().any(|part| matches!(part, AssistantPart::Call { .. })) => StopReason::Calls,
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
    fn into_parts(self) -> Vec<AssistantPart> {
        let opaque = |data| AssistantPart::Opaque { provider: PROVIDER.into(), data };
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

/// The arguments of a call; null when they were cut off or make no sense, which whoever runs calls must refuse.
fn arguments(input: Value, json: &str) -> Value {
    match json.trim() {
        "" if input.is_null() => json!({}),
        "" => input,
        json => serde_json::from_str(json).unwrap_or(Value::Null),
    }
}

/// Cut off before the first of its arguments came, a call looks as if it had none.
fn distrust_last_call(parts: &mut [AssistantPart]) {
    if let Some(AssistantPart::Call { arguments, .. }) = parts.last_mut()
        && arguments.as_object().is_some_and(serde_json::Map::is_empty)
    {
        *arguments = Value::Null;
    }
}

/// The model's name, bounded like everything that came from outside.
fn name(model: &str) -> String {
    model.chars().filter(|c| !c.is_control()).take(100).collect()
}

fn malformed(text: String) -> ModelError {
    ModelError::Malformed(text)
}

fn is_empty(event: &ModelEvent) -> bool {
    matches!(event, ModelEvent::Text(text) | ModelEvent::Reasoning(text) if text.is_empty())
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
