//! The chunks of a streamed completion. Pure.
//!
//! Read by name and not by shape: servers leave out what they should say and say what they should not.

use holt_core::budget::Usage;
use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply, StopReason};
use serde_json::{Map, Value, json};

use super::errors;
use crate::decoder::{
    Size, Understand, Understood, arguments, check_parts, distrust_last_call, malformed, name, natural_stop, parse,
};
use crate::price::{Counts, Tariff};

/// Understands one answer.
#[derive(Debug)]
pub(super) struct Answer {
    provider: String,
    tariff: Option<Tariff>,
    size: Size,
    model: Option<String>,
    reasoning: String,
    /// What a router passes on of how a model thought, which has to come back to it unchanged.
    details: Vec<Map<String, Value>>,
    text: String,
    calls: Vec<Call>,
    refused: bool,
    stop: Option<String>,
    usage: Option<Usage>,
}

#[derive(Debug, Default)]
struct Call {
    index: Option<u64>,
    id: String,
    tool: String,
    json: String,
}

impl Understand for Answer {
    fn take(&mut self, data: &str) -> Understood {
        if data.trim() == "[DONE]" {
            return Ok(vec![self.finish()?]);
        }
        let chunk: Value = parse(data)?;
        if !chunk.is_object() {
            return Err(malformed("a chunk that is no object"));
        }
        if !chunk["error"].is_null() {
            return Err(errors::from_event(&chunk));
        }
        if let Some(model) = chunk["model"].as_str() {
            self.model.get_or_insert_with(|| name(model));
        }
        if chunk["usage"].is_object() {
            self.usage = Some(usage(&chunk["usage"], self.tariff));
        }
        let choice = &chunk["choices"][0];
        if let Some(reason) = choice["finish_reason"].as_str().filter(|reason| !reason.is_empty()) {
            self.stop = Some(name(reason));
        }
        self.delta(&choice["delta"])
    }

    /// Some servers end without saying so.
    fn end(&mut self) -> Result<ModelEvent, ModelError> {
        if self.stop.is_some() { self.finish() } else { Err(malformed("the answer breaks off in the middle")) }
    }
}

impl Answer {
    pub fn new(provider: &str, tariff: Option<Tariff>) -> Self {
        Self {
            provider: provider.to_owned(),
            tariff,
            size: Size::default(),
            model: None,
            reasoning: String::new(),
            details: Vec::new(),
            text: String::new(),
            calls: Vec::new(),
            refused: false,
            stop: None,
            usage: None,
        }
    }

    fn delta(&mut self, delta: &Value) -> Understood {
        let mut events = Vec::new();
        let thought = delta["reasoning_content"].as_str().or_else(|| delta["reasoning"].as_str());
        if let Some(more) = thought {
            self.size.grow(more.len())?;
            self.reasoning.push_str(more);
            events.push(ModelEvent::Reasoning(more.to_owned()));
        }
        for detail in delta["reasoning_details"].as_array().into_iter().flatten() {
            self.detail(detail)?;
        }
        for (field, refuses) in [("content", false), ("refusal", true)] {
            if let Some(more) = delta[field].as_str() {
                self.size.grow(more.len())?;
                self.refused |= refuses && !more.is_empty();
                self.text.push_str(more);
                events.push(ModelEvent::Text(more.to_owned()));
            }
        }
        for piece in delta["tool_calls"].as_array().into_iter().flatten() {
            self.call(piece)?;
        }
        Ok(events)
    }

    /// Puts the pieces of a detail together again: words go on, everything else is said once.
    fn detail(&mut self, piece: &Value) -> Result<(), ModelError> {
        let Some(piece) = piece.as_object() else { return Ok(()) };
        self.size.grow(piece.values().map(|value| value.as_str().map_or(8, str::len)).sum())?;
        let same = |last: &&mut Map<String, Value>| {
            piece.contains_key("index") && last.get("index") == piece.get("index") && last.get("type") == piece.get("type")
        };
        let Some(last) = self.details.last_mut().filter(same) else {
            check_parts(self.details.len())?;
            self.details.push(piece.clone());
            return Ok(());
        };
        for (field, value) in piece {
            match (last.get_mut(field), value) {
                (Some(Value::String(text)), Value::String(more)) if ["text", "summary", "data"].contains(&field.as_str()) => {
                    text.push_str(more);
                }
                (_, Value::Null) => {}
                _ => {
                    last.insert(field.clone(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn call(&mut self, piece: &Value) -> Result<(), ModelError> {
        let id = piece["id"].as_str().unwrap_or_default();
        let tool = piece["function"]["name"].as_str().unwrap_or_default();
        let json = match &piece["function"]["arguments"] {
            Value::String(json) => json.clone(),
            Value::Null => String::new(),
            whole => whole.to_string(),
        };
        self.size.grow(id.len() + tool.len() + json.len())?;
        let at = match self.place(piece["index"].as_u64(), id, tool) {
            Some(at) => at,
            None => {
                check_parts(self.calls.len())?;
                self.calls.push(Call { index: piece["index"].as_u64(), ..Call::default() });
                self.calls.len() - 1
            }
        };
        let call = &mut self.calls[at];
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.tool.is_empty() {
            tool.clone_into(&mut call.tool);
        }
        call.json.push_str(&json);
        Ok(())
    }

    /// The call that a piece belongs to. A new id is a new call, whatever its index says.
    fn place(&self, index: Option<u64>, id: &str, tool: &str) -> Option<usize> {
        let fits = |call: &Call| id.is_empty() || call.id.is_empty() || call.id == id;
        match index {
            Some(_) => self.calls.iter().rposition(|call| call.index == index && fits(call)),
            None if !id.is_empty() => self.calls.iter().rposition(|call| call.id == id),
            None if tool.is_empty() => self.calls.len().checked_sub(1),
            None => None,
        }
    }

    fn finish(&mut self) -> Result<ModelEvent, ModelError> {
        if self.stop.is_none() && self.text.is_empty() && self.calls.is_empty() {
            return Err(malformed("an end without a beginning"));
        }
        let mut parts = self.parts();
        let stop = match self.stop.as_deref() {
            Some("length") => StopReason::Length,
            Some("content_filter") => StopReason::Refused,
            _ if self.refused => StopReason::Refused,
            _ => natural_stop(&parts),
        };
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        // Who does not say what was used is not thereby free.
        let untold = Usage { unpriced: self.tariff != Some(Tariff::FREE), ..Usage::default() };
        let usage = self.usage.unwrap_or(untold);
        Ok(ModelEvent::Done(ModelReply { parts, stop, usage, model: self.model.take().unwrap_or_default() }))
    }

    fn parts(&mut self) -> Vec<AssistantPart> {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(AssistantPart::Reasoning { text: std::mem::take(&mut self.reasoning) });
        }
        if !self.details.is_empty() {
            let data = json!({ "reasoning_details": std::mem::take(&mut self.details) });
            parts.push(AssistantPart::Opaque { provider: self.provider.clone(), data });
        }
        if !self.text.is_empty() {
            parts.push(AssistantPart::Text { text: std::mem::take(&mut self.text) });
        }
        let calls = std::mem::take(&mut self.calls).into_iter().enumerate();
        parts.extend(calls.map(|(at, call)| AssistantPart::Call {
            reference: if call.id.is_empty() { format!("call_{at}") } else { call.id },
            tool: call.tool,
            arguments: arguments(&call.json),
        }));
        parts
    }
}

fn usage(told: &Value, tariff: Option<Tariff>) -> Usage {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let details = &told["prompt_tokens_details"];
    let read = number(&details["cached_tokens"]).max(number(&told["prompt_cache_hit_tokens"]));
    let counts = Counts::of_total(
        number(&told["prompt_tokens"]),
        number(&told["completion_tokens"]),
        read,
        number(&details["cache_write_tokens"]),
    );
    let usage = counts.usage(tariff);
    // A router says itself what it took.
    match told["cost"].as_f64().filter(|dollars| (0.0..=1e6).contains(dollars)) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was just bounded")]
        Some(dollars) if tariff != Some(Tariff::FREE) => {
            Usage { cost_micros: (dollars * 1e6).round() as u64, unpriced: false, ..usage }
        }
        _ => usage,
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
