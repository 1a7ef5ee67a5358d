//! A request as the Messages interface wants it. Pure.
//!
//! The interface is strict where a conversation is not: roles alternate, a person begins and ends, every call is answered
//! at once, nothing is empty. Whatever turns come in, what goes out keeps these rules.

use std::collections::{HashMap, HashSet};

use holt_core::model::{AssistantPart, CallResult, ModelRequest, Turn};
use holt_core::tool::{ToolContent, ToolSpec};
use serde_json::{Value, json};

use super::options::PROVIDER;

/// The least that the interface takes for thinking.
const MIN_THINKING_TOKENS: u32 = 1024;
/// How many of the last turns of people get a mark, so that the next request finds the whole conversation in the cache.
const MARKED_TURNS: usize = 2;
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/// The body of the request.
pub(super) fn body(request: &ModelRequest, thinking_tokens: Option<u32>) -> Value {
    let mut body = json!({
        "model": request.model,
        "max_tokens": request.max_output_tokens.max(1),
        "stream": true,
        "messages": messages(&request.turns),
    });
    if !is_blank(&request.system) {
        body["system"] = json!([marked(text(&request.system))]);
    }
    if !request.tools.is_empty() {
        body["tools"] = tools(&request.tools);
    }
    if let Some(tokens) = thinking_tokens.filter(|_| may_think(&request.turns)) {
        let tokens = tokens.max(MIN_THINKING_TOKENS);
        body["thinking"] = json!({ "type": "enabled", "budget_tokens": tokens });
        body["max_tokens"] = json!(request.max_output_tokens.max(1).saturating_add(tokens));
    }
    body
}

fn tools(specs: &[ToolSpec]) -> Value {
    let tool = |spec: &ToolSpec| json!({ "name": spec.name, "description": spec.description, "input_schema": spec.parameters });
    let mut tools: Vec<Value> = specs.iter().map(tool).collect();
    if let Some(last) = tools.pop() {
        tools.push(marked(last));
    }
    Value::Array(tools)
}

/// While calls are being answered, a turn that began without thinking cannot go on with it.
fn may_think(turns: &[Turn]) -> bool {
    let current = turns.iter().rposition(|turn| matches!(turn, Turn::User { .. })).map_or(turns, |at| &turns[at..]);
    current.iter().all(|turn| match turn {
        Turn::Assistant { parts } => parts.iter().any(|part| own(part).is_some()),
        _ => true,
    })
}

fn messages(turns: &[Turn]) -> Value {
    let mut writer = Writer::default();
    for turn in turns {
        match turn {
            Turn::User { content } => writer.say(Role::User, content.iter().filter_map(content_block).collect()),
            Turn::Results { results } => writer.answer(results),
            Turn::Assistant { parts } => writer.reply(parts),
        }
    }
    writer.finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    User,
    Assistant,
}

/// Writes messages that alternate, with ids for calls that the interface accepts.
#[derive(Default)]
struct Writer {
    messages: Vec<(Role, Vec<Value>)>,
    /// The ids of all calls so far.
    used: HashSet<String>,
    /// The calls of the last reply that have no answer yet: the model's name for each, and its id here.
    open: Vec<(String, String)>,
}

impl Writer {
    fn say(&mut self, role: Role, blocks: Vec<Value>) {
        if role == Role::Assistant || !blocks.is_empty() {
            self.answer(&[]);
        }
        if blocks.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some((last, content)) if *last == role => content.extend(blocks),
            None if role == Role::Assistant => {
                self.messages.push((Role::User, vec![text("(What was said before is left out.)")]));
                self.messages.push((role, blocks));
            }
            _ => self.messages.push((role, blocks)),
        }
    }

    fn reply(&mut self, parts: &[AssistantPart]) {
        let mut calls = Vec::new();
        let mut blocks = Vec::new();
        for part in parts {
            match part {
                AssistantPart::Text { text: said } if !is_blank(said) => blocks.push(text(said)),
                AssistantPart::Call { reference, tool, arguments } => {
                    let id = self.id_for(reference);
                    let input = if arguments.is_object() { arguments.clone() } else { json!({}) };
                    blocks.push(json!({ "type": "tool_use", "id": id, "name": tool_name(tool), "input": input }));
                    calls.push((reference.clone(), id));
                }
                other => blocks.extend(own(other).cloned()),
            }
        }
        self.say(Role::Assistant, blocks);
        self.open.extend(calls);
    }

    /// Answers the open calls, in their order; one that has no result is said to have none. Results of no call are left out.
    fn answer(&mut self, results: &[CallResult]) {
        if self.open.is_empty() {
            return;
        }
        let mut by_reference: HashMap<&str, &CallResult> = HashMap::new();
        for result in results {
            by_reference.entry(&result.reference).or_insert(result);
        }
        let blocks = std::mem::take(&mut self.open).into_iter().map(|(reference, id)| {
            let result = by_reference.get(reference.as_str());
            let is_error = result.is_none_or(|result| result.is_error());
            let content = result.map_or_else(|| vec![text("This call has no result.")], |result| result_blocks(result));
            json!({ "type": "tool_result", "tool_use_id": id, "is_error": is_error, "content": content })
        });
        let blocks = blocks.collect();
        self.messages.push((Role::User, blocks));
    }

    /// The model's own name for a call where the interface takes it, else one like it.
    fn id_for(&mut self, reference: &str) -> String {
        let mut id = safe_name(reference, 64);
        let mut number = self.used.len();
        while id.is_empty() || self.used.contains(&id) {
            id = format!("call_{number}");
            number += 1;
        }
        self.used.insert(id.clone());
        id
    }

    fn finish(mut self) -> Value {
        self.answer(&[]);
        if self.messages.last().is_none_or(|(role, _)| *role == Role::Assistant) {
            self.messages.push((Role::User, vec![text("Please go on.")]));
        }
        let from_people = self.messages.iter_mut().rev().filter(|(role, _)| *role == Role::User);
        for (_, blocks) in from_people.take(MARKED_TURNS) {
            if let Some(last) = blocks.last_mut() {
                *last = marked(last.take());
            }
        }
        let message = |(role, content): (Role, Vec<Value>)| {
            let role = if role == Role::User { "user" } else { "assistant" };
            json!({ "role": role, "content": content })
        };
        self.messages.into_iter().map(message).collect()
    }
}

/// What this provider said and no one else understands, as it came.
fn own(part: &AssistantPart) -> Option<&Value> {
    match part {
        AssistantPart::Opaque { provider, data } if provider == PROVIDER => Some(data),
        _ => None,
    }
}

fn result_blocks(result: &CallResult) -> Vec<Value> {
    let blocks: Vec<Value> = result
        .content
        .iter()
        .filter_map(|content| match content {
            // A result that is an error may hold only text.
            ToolContent::Image { .. } if result.is_error() => Some(text("[a picture that is not shown]")),
            other => content_block(other),
        })
        .collect();
    if blocks.is_empty() { vec![text("(no output)")] } else { blocks }
}

fn content_block(content: &ToolContent) -> Option<Value> {
    match content {
        ToolContent::Text { text: words } => (!is_blank(words)).then(|| text(words)),
        ToolContent::Image { media_type, data } if PICTURES.contains(&media_type.as_str()) => {
            Some(json!({ "type": "image", "source": { "type": "base64", "media_type": media_type, "data": data } }))
        }
        ToolContent::Image { media_type, .. } => Some(text(&format!("[a picture of the type {media_type}, which is not shown]"))),
    }
}

/// Ids and names are letters, digits, `_` and `-` to this interface.
fn safe_name(name: &str, longest: usize) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.len() <= longest && name.chars().all(fits) { name.to_owned() } else { String::new() }
}

fn tool_name(tool: &str) -> String {
    let name = safe_name(tool, 64);
    if name.is_empty() { "unknown_tool".into() } else { name }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// Asks the provider to keep everything up to here in its cache.
fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
