//! The lines of a streamed answer. Pure.

use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelReply, StopReason};
use serde_json::{Value, json};

use crate::chat;
use crate::decoder::{
    Size, Understand, Understood, arguments, check_parts, distrust_last_call, malformed, name, natural_stop, parse,
};
use crate::price::{Counts, Tariff};

/// Understands one answer.
#[derive(Debug)]
pub(super) struct Answer {
    tariff: Option<Tariff>,
    size: Size,
    reasoning: String,
    text: String,
    calls: Vec<AssistantPart>,
}

impl Understand for Answer {
    fn take(&mut self, data: &str) -> Understood {
        let line: Value = parse(data)?;
        if !line.is_object() {
            return Err(malformed("a line that is no object"));
        }
        if !line["error"].is_null() {
            return Err(chat::from_event(&line));
        }
        let mut shown = Vec::new();
        let message = &line["message"];
        if let Some(more) = message["thinking"].as_str() {
            self.size.grow(more.len())?;
            self.reasoning.push_str(more);
            shown.push(ModelEvent::Reasoning(more.to_owned()));
        }
        if let Some(more) = message["content"].as_str() {
            self.size.grow(more.len())?;
            self.text.push_str(more);
            shown.push(ModelEvent::Text(more.to_owned()));
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.call(call)?;
        }
        if line["done"] == true {
            shown.push(self.finish(&line));
        }
        Ok(shown)
    }
}

impl Answer {
    pub fn new(tariff: Option<Tariff>) -> Self {
        Self { tariff, size: Size::default(), reasoning: String::new(), text: String::new(), calls: Vec::new() }
    }

    fn call(&mut self, call: &Value) -> Result<(), ModelError> {
        check_parts(self.calls.len())?;
        let function = &call["function"];
        let arguments = match &function["arguments"] {
            Value::Null => json!({}),
            Value::String(text) => arguments(text),
            whole => whole.clone(),
        };
        self.size.grow(arguments.to_string().len())?;
        let reference = call["id"].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        self.calls.push(AssistantPart::Call {
            reference: reference.unwrap_or_else(|| format!("call_{}", self.calls.len())),
            tool: name(function["name"].as_str().unwrap_or_default()),
            arguments,
        });
        Ok(())
    }

    fn finish(&mut self, line: &Value) -> ModelEvent {
        let mut parts = Vec::new();
        if !self.reasoning.is_empty() {
            parts.push(AssistantPart::Reasoning { text: std::mem::take(&mut self.reasoning) });
        }
        if !self.text.is_empty() {
            parts.push(AssistantPart::Text { text: std::mem::take(&mut self.text) });
        }
        parts.append(&mut self.calls);
        let stop = if line["done_reason"] == "length" { StopReason::Length } else { natural_stop(&parts) };
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        let number = |field: &str| line[field].as_u64().unwrap_or(0);
        let counts = Counts { input: number("prompt_eval_count"), output: number("eval_count"), ..Counts::default() };
        let model = name(line["model"].as_str().unwrap_or_default());
        ModelEvent::Done(ModelReply { parts, stop, usage: counts.usage(self.tariff), model })
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
