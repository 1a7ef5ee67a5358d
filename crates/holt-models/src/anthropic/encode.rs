//! A request as the Messages interface wants it. Pure.

use holt_core::model::{ModelRequest, Turn};
use holt_core::tool::ToolSpec;
use serde_json::{Value, json};

use crate::options::{Offer, Options, Thinking};
use crate::thread::{Entry, Outcome, Part, Piece, thread};

/// How many of the last turns of people get a mark, so that the next request finds the whole conversation in the cache.
const MARKED_TURNS: usize = 2;

/// The body of the request.
pub(super) fn body(request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
    let entries = thread(&request.turns, &options.name, offer.pictures);
    let mut body = json!({
        "model": offer.name,
        "max_tokens": request.max_output_tokens.max(1),
        "stream": true,
        "messages": messages(entries),
    });
    if !request.system.trim().is_empty() {
        body["system"] = json!([marked(text(&request.system))]);
    }
    if offer.tools && !request.tools.is_empty() {
        body["tools"] = tools(&request.tools);
    }
    think(&mut body, request, offer, options);
    body
}

fn think(body: &mut Value, request: &ModelRequest, offer: &Offer, options: &Options) {
    let Some(effort) = options.effort else { return };
    match offer.thinking {
        Thinking::Tokens if may_think(&request.turns, &options.name) => {
            let tokens = effort.tokens();
            body["thinking"] = json!({ "type": "enabled", "budget_tokens": tokens });
            body["max_tokens"] = json!(request.max_output_tokens.max(1).saturating_add(tokens));
        }
        Thinking::Effort => {
            // What it thinks, and what it says between its calls, is otherwise left out of the answer.
            body["thinking"] = json!({ "type": "adaptive", "display": "summarized" });
            body["output_config"] = json!({ "effort": effort.word() });
        }
        Thinking::Tokens | Thinking::Never => {}
    }
}

/// Takes out what a model or a proxy refuses: how it is to think, or what another model thought.
pub(super) fn relax(refusal: &str, body: &mut Value) -> bool {
    let refusal = refusal.to_lowercase();
    let Some(fields) = body.as_object_mut() else { return false };
    if refusal.contains("output_config") || refusal.contains("effort") {
        return fields.remove("output_config").is_some();
    }
    if refusal.contains("display")
        && let Some(thinking) = fields.get_mut("thinking").and_then(Value::as_object_mut)
    {
        return thinking.remove("display").is_some();
    }
    if !refusal.contains("thinking") {
        return false;
    }
    if refusal.contains("block") || refusal.contains("signature") {
        let thought = |block: &Value| matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"));
        return without_blocks(fields.get_mut("messages"), thought);
    }
    fields.remove("thinking").is_some()
}

/// Takes blocks out of all messages that keep others. False when there were none.
fn without_blocks(messages: Option<&mut Value>, unwanted: impl Fn(&Value) -> bool) -> bool {
    let mut found = false;
    for message in messages.and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(blocks) = message["content"].as_array_mut() else { continue };
        if blocks.iter().all(&unwanted) {
            continue;
        }
        let before = blocks.len();
        blocks.retain(|block| !unwanted(block));
        found |= blocks.len() < before;
    }
    found
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
fn may_think(turns: &[Turn], provider: &str) -> bool {
    let current = turns.iter().rposition(|turn| matches!(turn, Turn::User { .. })).map_or(turns, |at| &turns[at..]);
    current.iter().all(|turn| match turn {
        Turn::Assistant { parts } => parts
            .iter()
            .any(|part| matches!(part, holt_core::model::AssistantPart::Opaque { provider: of, .. } if of == provider)),
        _ => true,
    })
}

/// Results belong to the turn of the person, and come first in it.
fn messages(entries: Vec<Entry<'_>>) -> Value {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for entry in entries {
        let (role, blocks): (&str, Vec<Value>) = match entry {
            Entry::User(pieces) => ("user", pieces.iter().map(block).collect()),
            Entry::Results(outcomes) => ("user", outcomes.iter().map(result).collect()),
            Entry::Assistant(parts) => ("assistant", parts.iter().map(said).collect()),
        };
        match messages.last_mut() {
            Some((last, content)) if *last == role => content.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    for (_, blocks) in messages.iter_mut().rev().filter(|(role, _)| *role == "user").take(MARKED_TURNS) {
        if let Some(last) = blocks.last_mut() {
            *last = marked(last.take());
        }
    }
    messages.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
}

fn said(part: &Part<'_>) -> Value {
    match part {
        Part::Text(words) => text(words),
        Part::Call { id, tool, arguments } => json!({ "type": "tool_use", "id": id, "name": tool, "input": arguments }),
        Part::Own(data) => (*data).clone(),
    }
}

fn result(outcome: &Outcome<'_>) -> Value {
    let content = outcome.pieces.iter().map(|piece| match piece {
        // A result that is an error may hold only text.
        Piece::Picture { .. } if outcome.is_error => text("[a picture that is not shown]"),
        other => block(other),
    });
    let content: Vec<Value> = content.collect();
    json!({ "type": "tool_result", "tool_use_id": outcome.id, "is_error": outcome.is_error, "content": content })
}

fn block(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Text(words) => text(words),
        Piece::Picture { media_type, data } => {
            json!({ "type": "image", "source": { "type": "base64", "media_type": media_type, "data": data } })
        }
    }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// Asks the provider to keep everything up to here in its cache.
fn marked(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
