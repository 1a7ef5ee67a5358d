//! A request as Chat Completions wants it. Pure.
//!
//! A tool's message holds words alone: what it shows follows as a message of the person, after the last result.

use holt_core::model::ModelRequest;
use holt_core::tool::ToolSpec;
use serde_json::{Value, json};

use crate::options::{Offer, Options, Thinking};
use crate::thread::{Entry, Outcome, Part, Piece, data_url, pictures, thread, words};

/// The body of the request.
pub(super) fn body(request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
    let mut messages = Vec::new();
    if !request.system.trim().is_empty() {
        messages.push(json!({ "role": "system", "content": request.system }));
    }
    let mut writer = Writer { messages, shown: Vec::new() };
    for entry in thread(&request.turns, &options.name, offer.pictures) {
        writer.entry(&entry);
    }
    let mut body = json!({
        "model": offer.name,
        "stream": true,
        "stream_options": { "include_usage": true },
        "max_tokens": request.max_output_tokens.max(1),
        "messages": writer.finish(),
    });
    if offer.tools && !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    let effort = options.effort.filter(|_| offer.thinking != Thinking::Never);
    if is_router(options) {
        body["usage"] = json!({ "include": true });
        if let Some(effort) = effort {
            body["reasoning"] = json!({ "effort": effort.word() });
        }
        if offer.name.starts_with("anthropic/") {
            mark_for_cache(&mut body);
        }
    } else if let Some(effort) = effort {
        body["reasoning_effort"] = json!(effort.word());
    }
    body
}

/// OpenRouter says more and can be told more.
fn is_router(options: &Options) -> bool {
    options.name == "openrouter" || options.base_url.contains("//openrouter.ai")
}

/// The models behind a router whose cache has to be asked for: the system prompt and the newest turn of the person.
fn mark_for_cache(body: &mut Value) {
    let Some(messages) = body["messages"].as_array_mut() else { return };
    let last = messages.iter().rposition(|message| message["role"] == "user");
    for at in [Some(0), last].into_iter().flatten() {
        let Some(message) = messages.get_mut(at) else { continue };
        if let Some(text) = message["content"].as_str() {
            message["content"] = json!([{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }]);
        }
    }
}

pub(super) fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": { "name": spec.name, "description": spec.description, "parameters": spec.parameters },
    })
}

/// Takes out, or names otherwise, what a server does not know.
pub(super) fn relax(refusal: &str, body: &mut Value) -> bool {
    let refusal = refusal.to_lowercase();
    let Some(fields) = body.as_object_mut() else { return false };
    if refusal.contains("max_completion_tokens")
        && let Some(most) = fields.remove("max_tokens")
    {
        fields.insert("max_completion_tokens".into(), most);
        return true;
    }
    let optional = ["stream_options", "reasoning_effort", "reasoning", "usage", "max_tokens"];
    optional.into_iter().any(|field| refusal.contains(field) && fields.remove(field).is_some())
}

struct Writer {
    messages: Vec<Value>,
    /// What results show, still to be put before the person's eyes.
    shown: Vec<Value>,
}

impl Writer {
    fn entry(&mut self, entry: &Entry<'_>) {
        match entry {
            Entry::User(pieces) => {
                let mut parts = std::mem::take(&mut self.shown);
                if parts.is_empty() && pictures(pieces).next().is_none() {
                    self.messages.push(json!({ "role": "user", "content": words(pieces) }));
                    return;
                }
                parts.extend(pieces.iter().map(part));
                self.messages.push(json!({ "role": "user", "content": parts }));
            }
            Entry::Assistant(parts) => {
                self.show();
                self.messages.push(assistant(parts));
            }
            Entry::Results(outcomes) => {
                for outcome in outcomes {
                    self.result(outcome);
                }
            }
        }
    }

    fn result(&mut self, outcome: &Outcome<'_>) {
        let mut text = words(&outcome.pieces);
        let mut shown: Vec<Value> = pictures(&outcome.pieces).map(part).collect();
        if !shown.is_empty() {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str("(What it shows is in the next message.)");
            self.shown.push(json!({ "type": "text", "text": format!("What `{}` shows ({}):", outcome.tool, outcome.id) }));
            self.shown.append(&mut shown);
        }
        self.messages.push(json!({ "role": "tool", "tool_call_id": outcome.id, "content": text }));
    }

    fn show(&mut self) {
        if !self.shown.is_empty() {
            let shown = std::mem::take(&mut self.shown);
            self.messages.push(json!({ "role": "user", "content": shown }));
        }
    }

    fn finish(mut self) -> Vec<Value> {
        self.show();
        self.messages
    }
}

fn assistant(parts: &[Part<'_>]) -> Value {
    let mut message = json!({ "role": "assistant" });
    let (mut texts, mut calls): (Vec<&str>, Vec<Value>) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Call { id, tool, arguments } => calls.push(json!({
                "id": id, "type": "function", "function": { "name": tool, "arguments": arguments.to_string() },
            })),
            Part::Own(data) => message["reasoning_details"] = data["reasoning_details"].clone(),
        }
    }
    message["content"] = if texts.is_empty() && !calls.is_empty() { Value::Null } else { json!(texts.join("\n")) };
    if !calls.is_empty() {
        message["tool_calls"] = Value::Array(calls);
    }
    message
}

fn part(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Text(text) => json!({ "type": "text", "text": text }),
        Piece::Picture { media_type, data } => {
            json!({ "type": "image_url", "image_url": { "url": data_url(media_type, data) } })
        }
    }
}
