//! What is the same in every provider's stream: bytes are taken apart into messages, a message is understood, and after the
//! end or an error nothing more is said. Pure, so that every split and every damage can be tried.

use holt_core::model::{AssistantPart, ModelError, ModelEvent, StopReason};
use serde_json::Value;

use crate::lines;
use crate::sse;

/// The most bytes that a whole answer may have: several times what the longest answer has.
pub(crate) const MAX_REPLY_BYTES: usize = 2 * 1024 * 1024;
/// The most parts that one answer may have.
pub(crate) const MAX_PARTS: usize = 512;

pub(crate) type Item = Result<ModelEvent, ModelError>;
pub(crate) type Understood = Result<Vec<ModelEvent>, ModelError>;

/// Takes the bytes of one answer.
pub(crate) trait Decode: Send + Sync {
    /// What the next bytes of the answer mean.
    fn push(&mut self, bytes: &[u8]) -> Vec<Item>;
    /// What it means that the bytes have ended.
    fn end(&mut self) -> Option<Item>;
}

/// Understands the messages of one answer.
pub(crate) trait Understand: Send + Sync {
    fn take(&mut self, data: &str) -> Understood;

    /// What it means that no more messages come.
    fn end(&mut self) -> Result<ModelEvent, ModelError> {
        Err(malformed("the answer breaks off in the middle"))
    }
}

/// How messages are told apart in the bytes.
#[derive(Debug)]
enum Frames {
    Events(sse::Decoder),
    Lines(lines::Decoder),
}

/// Decodes one answer.
#[derive(Debug)]
pub(crate) struct Decoder<U> {
    frames: Frames,
    understand: U,
    over: bool,
}

impl<U: Understand> Decoder<U> {
    /// Of a stream of server-sent events.
    pub fn of_events(understand: U) -> Self {
        Self { frames: Frames::Events(sse::Decoder::default()), understand, over: false }
    }

    /// Of a stream of lines.
    pub fn of_lines(understand: U) -> Self {
        Self { frames: Frames::Lines(lines::Decoder::default()), understand, over: false }
    }

    fn take_all(&mut self, messages: &[String]) -> Vec<Item> {
        let mut items = Vec::new();
        for message in messages {
            if self.over {
                break;
            }
            match self.understand.take(message) {
                Ok(events) => {
                    self.over = events.iter().any(|event| matches!(event, ModelEvent::Done(_)));
                    items.extend(events.into_iter().filter(|event| !is_empty(event)).map(Ok));
                }
                Err(error) => items.push(self.fail(error)),
            }
        }
        items
    }

    fn fail(&mut self, error: ModelError) -> Item {
        self.over = true;
        Err(error)
    }
}

impl<U: Understand> Decode for Decoder<U> {
    fn push(&mut self, bytes: &[u8]) -> Vec<Item> {
        if self.over {
            return Vec::new();
        }
        let messages = match &mut self.frames {
            Frames::Events(decoder) => decoder.push(bytes),
            Frames::Lines(decoder) => decoder.push(bytes),
        };
        match messages {
            Ok(messages) => self.take_all(&messages),
            Err(too_long) => vec![self.fail(malformed(too_long.to_string()))],
        }
    }

    fn end(&mut self) -> Option<Item> {
        if self.over {
            return None;
        }
        let last = match &mut self.frames {
            Frames::Events(_) => None,
            Frames::Lines(decoder) => decoder.end(),
        };
        if let Some(item) = last.map(|line| self.take_all(&[line])).and_then(|items| items.into_iter().next_back())
            && self.over
        {
            return Some(item);
        }
        self.over = true;
        Some(self.understand.end())
    }
}

fn is_empty(event: &ModelEvent) -> bool {
    matches!(event, ModelEvent::Text(text) | ModelEvent::Reasoning(text) if text.is_empty())
}

/// How large an answer has become.
#[derive(Debug, Default)]
pub(crate) struct Size(usize);

impl Size {
    pub fn grow(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > MAX_REPLY_BYTES {
            return Err(malformed(format!("an answer of more than {MAX_REPLY_BYTES} bytes")));
        }
        Ok(())
    }
}

pub(crate) fn check_parts(count: usize) -> Result<(), ModelError> {
    if count < MAX_PARTS { Ok(()) } else { Err(malformed(format!("more than {MAX_PARTS} parts in one answer"))) }
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(data: &str) -> Result<T, ModelError> {
    serde_json::from_str(data).map_err(|error| malformed(format!("an event that cannot be read ({error})")))
}

/// The arguments of a call; null when they were cut off or make no sense, which whoever runs calls must refuse.
pub(crate) fn arguments(json: &str) -> Value {
    match json.trim() {
        "" => Value::Object(serde_json::Map::new()),
        json => serde_json::from_str(json).unwrap_or(Value::Null),
    }
}

/// Why it stopped, where only the length, a refusal or neither is said.
pub(crate) fn natural_stop(parts: &[AssistantPart]) -> StopReason {
    let calls = parts.iter().any(|part| matches!(part, AssistantPart::Call { .. }));
    if calls { StopReason::Calls } else { StopReason::Finished }
}

/// Cut off before the first of its arguments came, a call looks as if it had none.
pub(crate) fn distrust_last_call(parts: &mut [AssistantPart]) {
    if let Some(AssistantPart::Call { arguments, .. }) = parts.last_mut()
        && arguments.as_object().is_some_and(serde_json::Map::is_empty)
    {
        *arguments = Value::Null;
    }
}

/// A name from outside, bounded like everything that came from there.
pub(crate) fn name(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(100).collect()
}

pub(crate) fn malformed(text: impl Into<String>) -> ModelError {
    ModelError::Malformed(text.into())
}
