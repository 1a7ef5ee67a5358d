//! A request as Ollama's own interface wants it. Pure.

use holt_core::model::ModelRequest;
use serde_json::{Value, json};

use crate::options::{Offer, Options, Thinking};
use crate::thread::{Entry, Outcome, Part, Piece, pictures, thread, words};

/// The body of the request.
pub(super) fn body(request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
    let mut messages = Vec::new();
    if !request.system.trim().is_empty() {
        messages.push(json!({ "role": "system", "content": request.system }));
    }
    for entry in thread(&request.turns, &options.name, offer.pictures) {
        match entry {
            Entry::User(pieces) => messages.push(person(&pieces)),
            Entry::Assistant(parts) => messages.push(assistant(&parts)),
            Entry::Results(outcomes) => results(&outcomes, &mut messages),
        }
    }
    let mut body = json!({
        "model": offer.name,
        "stream": true,
        "messages": messages,
        "options": { "num_ctx": offer.context_tokens, "num_predict": request.max_output_tokens.max(1) },
    });
    if offer.tools && !request.tools.is_empty() {
        let tool = |spec: &holt_core::tool::ToolSpec| {
            let function = json!({ "name": spec.name, "description": spec.description, "parameters": spec.parameters });
            json!({ "type": "function", "function": function })
        };
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    if offer.thinking != Thinking::Never {
        body["think"] = json!(options.effort.is_some());
    }
    body
}

fn person(pieces: &[Piece<'_>]) -> Value {
    let mut message = json!({ "role": "user", "content": words(pieces) });
    let shown: Vec<Value> = pictures(pieces).filter_map(data).collect();
    if !shown.is_empty() {
        message["images"] = Value::Array(shown);
    }
    message
}

fn data(piece: &Piece<'_>) -> Option<Value> {
    if let Piece::Picture { data, .. } = piece { Some(json!(data)) } else { None }
}

fn assistant(parts: &[Part<'_>]) -> Value {
    let (mut texts, mut calls): (Vec<&str>, Vec<Value>) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Call { tool, arguments, .. } => calls.push(json!({ "function": { "name": tool, "arguments": arguments } })),
            Part::Own(_) => {}
        }
    }
    let mut message = json!({ "role": "assistant", "content": texts.join("\n") });
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    message
}

/// What results show follows as a message of the person: only there are pictures looked at.
fn results(outcomes: &[Outcome<'_>], messages: &mut Vec<Value>) {
    let mut shown = Vec::new();
    for outcome in outcomes {
        shown.extend(pictures(&outcome.pieces).filter_map(data));
        let text = words(&outcome.pieces);
        let text = if text.is_empty() { "(What it shows is in the next message.)".to_owned() } else { text };
        messages.push(json!({ "role": "tool", "tool_name": outcome.tool, "content": text }));
    }
    if !shown.is_empty() {
        messages.push(json!({ "role": "user", "content": "What the tools show:", "images": shown }));
    }
}
