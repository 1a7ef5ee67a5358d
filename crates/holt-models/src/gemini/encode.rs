//! A request as Gemini wants it. Pure.
//!
//! What the model thought comes back to it as signatures on the parts that it led to; the newer models refuse calls without.

use holt_core::model::ModelRequest;
use holt_core::tool::ToolSpec;
use serde_json::{Map, Value, json};

use crate::options::{Effort, Offer, Options, Thinking};
use crate::thread::{Entry, Outcome, Part, Piece, pictures, thread, words};

/// What the provider documents for calls that another model made: it then does not look for a signature.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The body of the request.
pub(super) fn body(request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
    let entries = thread(&request.turns, &options.name, offer.pictures);
    let effort = options.effort.filter(|_| offer.thinking != Thinking::Never);
    // What it thinks is counted among the answer.
    let most = request.max_output_tokens.max(1).saturating_add(effort.map_or(0, Effort::tokens));
    let mut body =
        json!({ "contents": contents(&entries, is_new(&offer.name)), "generationConfig": { "maxOutputTokens": most } });
    if !request.system.trim().is_empty() {
        body["systemInstruction"] = json!({ "parts": [{ "text": request.system }] });
    }
    if offer.tools && !request.tools.is_empty() {
        let declarations: Vec<Value> = request.tools.iter().map(tool).collect();
        body["tools"] = json!([{ "functionDeclarations": declarations }]);
    }
    if let Some(effort) = effort {
        let mut config = json!({ "includeThoughts": true });
        match offer.thinking {
            Thinking::Tokens => config["thinkingBudget"] = json!(effort.tokens()),
            _ => config["thinkingLevel"] = json!(effort.word()),
        }
        body["generationConfig"]["thinkingConfig"] = config;
    }
    body
}

/// From the third generation on results may hold pictures, and signatures must come back.
fn is_new(model: &str) -> bool {
    !["gemini-1", "gemini-2", "gemma"].iter().any(|old| model.starts_with(old))
}

fn tool(spec: &ToolSpec) -> Value {
    json!({ "name": spec.name, "description": spec.description, "parametersJsonSchema": spec.parameters })
}

/// Results come before whatever else the person says in the same turn.
fn contents(entries: &[Entry<'_>], new: bool) -> Value {
    let mut contents: Vec<(&str, Vec<Value>)> = Vec::new();
    for entry in entries {
        let (role, parts) = match entry {
            Entry::User(pieces) => ("user", pieces.iter().map(part).collect()),
            Entry::Results(outcomes) => ("user", results(outcomes, new)),
            Entry::Assistant(parts) => ("model", said(parts, new)),
        };
        match contents.last_mut() {
            // A turn of results is a turn of its own.
            Some((last, so_far)) if *last == role && !matches!(entry, Entry::Results(_)) => so_far.extend(parts),
            _ => contents.push((role, parts)),
        }
    }
    contents.into_iter().map(|(role, parts)| json!({ "role": role, "parts": parts })).collect()
}

fn said(parts: &[Part<'_>], new: bool) -> Vec<Value> {
    let mut written: Vec<Value> = Vec::new();
    let mut for_the_call: Option<&Value> = None;
    let mut calls = 0;
    for part in parts {
        match part {
            Part::Text(text) => written.push(json!({ "text": text })),
            Part::Own(data) => match data["of"].as_str() {
                Some("call") => for_the_call = Some(&data["thoughtSignature"]),
                of => sign(&mut written, of, &data["thoughtSignature"]),
            },
            Part::Call { id, tool, arguments } => {
                let mut call = Map::from_iter([("functionCall".to_owned(), json!({ "name": tool, "args": arguments }))]);
                name_call(&mut call, "functionCall", id);
                match for_the_call.take() {
                    Some(signature) => _ = call.insert("thoughtSignature".into(), signature.clone()),
                    None if new && calls == 0 => _ = call.insert("thoughtSignature".into(), json!(NO_SIGNATURE)),
                    None => {}
                }
                calls += 1;
                written.push(Value::Object(call));
            }
        }
    }
    if written.is_empty() { vec![json!({ "text": "…" })] } else { written }
}

/// Puts a signature on the text that it came with, or on an empty part where that is gone.
fn sign(written: &mut Vec<Value>, of: Option<&str>, signature: &Value) {
    match written.last_mut().and_then(Value::as_object_mut) {
        Some(last) if of == Some("text") && last.contains_key("text") && !last.contains_key("thoughtSignature") => {
            last.insert("thoughtSignature".into(), signature.clone());
        }
        _ if of == Some("thought") => written.push(json!({ "text": "", "thought": true, "thoughtSignature": signature })),
        _ => written.push(json!({ "text": "", "thoughtSignature": signature })),
    }
}

/// Names that this program made up mean nothing to the provider.
fn name_call(part: &mut Map<String, Value>, field: &str, id: &str) {
    if !id.starts_with("call_")
        && let Some(call) = part.get_mut(field)
    {
        call["id"] = json!(id);
    }
}

fn results(outcomes: &[Outcome<'_>], new: bool) -> Vec<Value> {
    let mut beside = Vec::new();
    let mut written: Vec<Value> = Vec::new();
    for outcome in outcomes {
        let field = if outcome.is_error { "error" } else { "output" };
        let response = json!({ "name": outcome.tool, "response": { field: words(&outcome.pieces) } });
        let mut result = Map::from_iter([("functionResponse".to_owned(), response)]);
        name_call(&mut result, "functionResponse", &outcome.id);
        let shown: Vec<Value> = pictures(&outcome.pieces).map(part).collect();
        if new && !shown.is_empty() {
            result["functionResponse"]["parts"] = Value::Array(shown);
        } else {
            beside.extend(shown);
        }
        written.push(Value::Object(result));
    }
    written.extend(beside);
    written
}

fn part(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Text(text) => json!({ "text": text }),
        Piece::Picture { media_type, data } => json!({ "inlineData": { "mimeType": media_type, "data": data } }),
    }
}

/// Takes out how the model is to think, or what another thought, where that is refused.
pub(super) fn relax(refusal: &str, body: &mut Value) -> bool {
    let refusal = refusal.to_lowercase();
    if refusal.contains("signature") {
        return forget_signatures(&mut body["contents"]);
    }
    if !refusal.contains("think") {
        return false;
    }
    let Some(config) = body["generationConfig"].as_object_mut() else { return false };
    let told = config.get_mut("thinkingConfig").and_then(Value::as_object_mut);
    let how = told.is_some_and(|told| ["thinkingLevel", "thinkingBudget"].into_iter().any(|field| told.remove(field).is_some()));
    how || config.remove("thinkingConfig").is_some()
}

fn forget_signatures(contents: &mut Value) -> bool {
    let mut found = false;
    let parts = contents.as_array_mut().into_iter().flatten().filter_map(|content| content["parts"].as_array_mut()).flatten();
    for part in parts {
        if let Some(signature) = part.get_mut("thoughtSignature").filter(|signature| **signature != NO_SIGNATURE) {
            *signature = json!(NO_SIGNATURE);
            found = true;
        }
    }
    found
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
