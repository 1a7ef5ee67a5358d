//! The events of a response. Pure.
//!
//! Items grow by pieces and are said whole at their end; where the two differ, the whole counts.

use std::collections::BTreeMap;

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
    provider: String,
    tariff: Option<Tariff>,
    size: Size,
    items: BTreeMap<u64, Output>,
}

#[derive(Debug, Default)]
struct Output {
    kind: Kind,
    /// What was said, thought or given as arguments so far.
    text: String,
    refused: bool,
    call_id: String,
    tool: String,
    /// The thought as the provider seals it.
    sealed: Option<Value>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    Message,
    Call,
    Reasoning,
    #[default]
    Unknown,
}

impl Understand for Answer {
    fn take(&mut self, data: &str) -> Understood {
        let event: Value = parse(data)?;
        let Some(kind) = event["type"].as_str() else { return Err(malformed("an event without a type")) };
        let shown = match kind {
            "response.output_item.added" => self.item(&event, false)?,
            "response.output_item.done" => self.item(&event, true)?,
            "response.output_text.delta" => self.delta(&event, Kind::Message)?.map(ModelEvent::Text),
            "response.refusal.delta" => {
                let shown = self.delta(&event, Kind::Message)?.map(ModelEvent::Text);
                self.output(&event)?.refused = true;
                shown
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.delta(&event, Kind::Reasoning)?.map(ModelEvent::Reasoning)
            }
            "response.reasoning_summary_part.added" => self.next_paragraph(&event)?,
            "response.function_call_arguments.delta" => {
                self.delta(&event, Kind::Call)?;
                None
            }
            "response.completed" | "response.incomplete" | "response.done" => Some(self.finish(&event["response"])?),
            "response.failed" => return Err(chat::from_event(&event["response"])),
            "error" => return Err(chat::from_event(&event)),
            _ => None,
        };
        Ok(shown.into_iter().collect())
    }
}

impl Answer {
    pub fn new(provider: &str, tariff: Option<Tariff>) -> Self {
        Self { provider: provider.to_owned(), tariff, size: Size::default(), items: BTreeMap::new() }
    }

    fn output(&mut self, event: &Value) -> Result<&mut Output, ModelError> {
        let index = event["output_index"].as_u64().ok_or_else(|| malformed("a piece of nothing"))?;
        if !self.items.contains_key(&index) {
            check_parts(self.items.len())?;
        }
        Ok(self.items.entry(index).or_default())
    }

    fn delta(&mut self, event: &Value, kind: Kind) -> Result<Option<String>, ModelError> {
        let more = event["delta"].as_str().unwrap_or_default();
        self.size.grow(more.len())?;
        let output = self.output(event)?;
        if output.kind == Kind::Unknown {
            output.kind = kind;
        } else if output.kind != kind {
            return Err(malformed("a piece of another kind than its item"));
        }
        output.text.push_str(more);
        Ok(Some(more.to_owned()))
    }

    fn next_paragraph(&mut self, event: &Value) -> Result<Option<ModelEvent>, ModelError> {
        let output = self.output(event)?;
        if output.text.is_empty() {
            return Ok(None);
        }
        output.text.push_str("\n\n");
        Ok(Some(ModelEvent::Reasoning("\n\n".into())))
    }

    /// An item as it begins, or whole at its end. What was not shown of it in pieces is shown now.
    fn item(&mut self, event: &Value, whole: bool) -> Result<Option<ModelEvent>, ModelError> {
        let item = &event["item"];
        // What comes whole was counted in its pieces, if it came in pieces.
        let so_far = self.output(event)?.text.len();
        self.size.grow(item["arguments"].as_str().map_or(0, str::len).saturating_sub(so_far))?;
        let output = self.output(event)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match item["type"].as_str().unwrap_or_default() {
            "message" => {
                output.kind = Kind::Message;
                let parts = item["content"].as_array().into_iter().flatten();
                let said: String = parts.filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str())).collect();
                if whole && output.text.is_empty() && !said.is_empty() {
                    output.text.clone_from(&said);
                    self.size.grow(said.len())?;
                    return Ok(Some(ModelEvent::Text(said)));
                }
            }
            "function_call" => {
                output.kind = Kind::Call;
                (output.call_id, output.tool) = (text(&item["call_id"]), text(&item["name"]));
                let arguments = text(&item["arguments"]);
                if whole && (output.text.is_empty() || !arguments.is_empty()) {
                    output.text = arguments;
                }
            }
            "reasoning" => {
                output.kind = Kind::Reasoning;
                if whole && item["encrypted_content"].as_str().is_some_and(|sealed| !sealed.is_empty()) {
                    let sealed = json!({
                        "type": "reasoning", "id": item["id"], "summary": item["summary"].as_array().cloned().unwrap_or_default(),
                        "encrypted_content": item["encrypted_content"],
                    });
                    output.sealed = Some(sealed);
                    self.size.grow(item["encrypted_content"].as_str().map_or(0, str::len))?;
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn finish(&mut self, response: &Value) -> Result<ModelEvent, ModelError> {
        if !response.is_object() {
            return Err(malformed("an end that says nothing"));
        }
        if self.items.is_empty() {
            for (index, item) in response["output"].as_array().into_iter().flatten().enumerate() {
                self.item(&json!({ "output_index": index, "item": item }), true)?;
            }
        }
        let items: Vec<Output> = std::mem::take(&mut self.items).into_values().collect();
        let refused = items.iter().any(|item| item.refused);
        let mut parts: Vec<AssistantPart> = items.into_iter().flat_map(|item| item.into_parts(&self.provider)).collect();
        let stop = match response["incomplete_details"]["reason"].as_str() {
            Some("content_filter") => StopReason::Refused,
            Some(_) => StopReason::Length,
            None if refused => StopReason::Refused,
            None => natural_stop(&parts),
        };
        if stop == StopReason::Length {
            distrust_last_call(&mut parts);
        }
        let usage = usage(&response["usage"], self.tariff);
        let model = name(response["model"].as_str().unwrap_or_default());
        Ok(ModelEvent::Done(ModelReply { parts, stop, usage, model }))
    }
}

fn usage(told: &Value, tariff: Option<Tariff>) -> holt_core::budget::Usage {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let details = &told["input_tokens_details"];
    let (read, written) = (number(&details["cached_tokens"]), number(&details["cache_write_tokens"]));
    Counts::of_total(number(&told["input_tokens"]), number(&told["output_tokens"]), read, written).usage(tariff)
}

impl Output {
    fn into_parts(self, provider: &str) -> Vec<AssistantPart> {
        let mut parts = Vec::new();
        match self.kind {
            Kind::Message if !self.text.is_empty() => parts.push(AssistantPart::Text { text: self.text }),
            Kind::Call => {
                parts.push(AssistantPart::Call { reference: self.call_id, tool: self.tool, arguments: arguments(&self.text) });
            }
            Kind::Reasoning => {
                if !self.text.trim().is_empty() {
                    parts.push(AssistantPart::Reasoning { text: self.text });
                }
                parts.extend(self.sealed.map(|data| AssistantPart::Opaque { provider: provider.to_owned(), data }));
            }
            Kind::Message | Kind::Unknown => {}
        }
        parts
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
