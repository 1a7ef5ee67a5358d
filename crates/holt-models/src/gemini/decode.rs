//! The chunks of a streamed answer. Pure.
//!
//! The stream says nowhere that it is whole; it is when it gave a reason to stop.

use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply, StopReason};
use serde_json::{Value, json};

use super::errors;
use crate::decoder::{Size, Understand, Understood, check_parts, distrust_last_call, malformed, name, natural_stop, parse};
use crate::errors::readable;
use crate::price::{Counts, Tariff};

/// Understands one answer.
#[derive(Debug)]
pub(super) struct Answer {
    provider: String,
    tariff: Option<Tariff>,
    size: Size,
    model: Option<String>,
    parts: Vec<AssistantPart>,
    calls: usize,
    stop: Option<String>,
    counts: Counts,
}

impl Understand for Answer {
    fn take(&mut self, data: &str) -> Understood {
        let chunk: Value = parse(data)?;
        if !chunk["error"].is_null() {
            return Err(errors::from_event(&chunk["error"]));
        }
        if let Some(reason) = chunk["promptFeedback"]["blockReason"].as_str() {
            return Err(ModelError::Refused(format!("what was asked is blocked: {}", readable(reason))));
        }
        if let Some(model) = chunk["modelVersion"].as_str() {
            self.model.get_or_insert_with(|| name(model));
        }
        if chunk["usageMetadata"].is_object() {
            self.counts = counts(&chunk["usageMetadata"]);
        }
        let candidate = &chunk["candidates"][0];
        let mut shown = Vec::new();
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            shown.extend(self.part(part)?);
        }
        if let Some(reason) = candidate["finishReason"].as_str() {
            self.stop = Some(name(reason));
        }
        Ok(shown)
    }

    fn end(&mut self) -> Result<ModelEvent, ModelError> {
        match self.stop.take() {
            Some(stop) => self.finish(&stop),
            None => Err(malformed("the answer breaks off in the middle")),
        }
    }
}

impl Answer {
    pub fn new(provider: &str, tariff: Option<Tariff>) -> Self {
        Self {
            provider: provider.to_owned(),
            tariff,
            size: Size::default(),
            model: None,
            parts: Vec::new(),
            calls: 0,
            stop: None,
            counts: Counts::default(),
        }
    }

    fn part(&mut self, part: &Value) -> Result<Option<ModelEvent>, ModelError> {
        let signature = &part["thoughtSignature"];
        self.size.grow(signature.as_str().map_or(0, str::len))?;
        if part["functionCall"].is_object() {
            self.sign(signature, "call")?;
            self.call(&part["functionCall"])?;
            return Ok(None);
        }
        let Some(text) = part["text"].as_str() else { return Ok(None) };
        self.size.grow(text.len())?;
        let thought = part["thought"] == true;
        self.text(text, thought)?;
        self.sign(signature, if thought { "thought" } else { "text" })?;
        Ok(Some(if thought { ModelEvent::Reasoning(text.to_owned()) } else { ModelEvent::Text(text.to_owned()) }))
    }

    fn push(&mut self, part: AssistantPart) -> Result<(), ModelError> {
        check_parts(self.parts.len())?;
        self.parts.push(part);
        Ok(())
    }

    /// Text after text of its kind goes on.
    fn text(&mut self, more: &str, thought: bool) -> Result<(), ModelError> {
        match self.parts.last_mut() {
            Some(AssistantPart::Text { text }) if !thought => text.push_str(more),
            Some(AssistantPart::Reasoning { text }) if thought => text.push_str(more),
            _ if more.is_empty() => {}
            _ if thought => self.push(AssistantPart::Reasoning { text: more.to_owned() })?,
            _ => self.push(AssistantPart::Text { text: more.to_owned() })?,
        }
        Ok(())
    }

    fn sign(&mut self, signature: &Value, of: &str) -> Result<(), ModelError> {
        if signature.as_str().is_none_or(str::is_empty) {
            return Ok(());
        }
        let data = json!({ "thoughtSignature": signature, "of": of });
        self.push(AssistantPart::Opaque { provider: self.provider.clone(), data })
    }

    fn call(&mut self, call: &Value) -> Result<(), ModelError> {
        let arguments = if call["args"].is_null() { json!({}) } else { call["args"].clone() };
        self.size.grow(arguments.to_string().len())?;
        let given = call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        let reference = given.unwrap_or_else(|| format!("call_{}", self.calls));
        self.calls += 1;
        let tool = call["name"].as_str().unwrap_or_default().to_owned();
        self.push(AssistantPart::Call { reference, tool, arguments })
    }

    fn finish(&mut self, stop: &str) -> Result<ModelEvent, ModelError> {
        let mut parts = std::mem::take(&mut self.parts);
        let stop = match stop {
            "MAX_TOKENS" => StopReason::Length,
            "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
                StopReason::Refused
            }
            // Asked again, it most often does better.
            "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL" => {
                let message = "the model wrote a call that makes no sense".into();
                return Err(ModelError::Overloaded { message, retry_after_seconds: None });
            }
            _ => natural_stop(&parts),
        };
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        let model = self.model.take().unwrap_or_default();
        Ok(ModelEvent::Done(ModelReply { parts, stop, usage: self.counts.usage(self.tariff), model }))
    }
}

fn counts(told: &Value) -> Counts {
    let number = |field: &str| told[field].as_u64().unwrap_or(0);
    let output = number("candidatesTokenCount").saturating_add(number("thoughtsTokenCount"));
    Counts::of_total(number("promptTokenCount"), output, number("cachedContentTokenCount"), 0)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
