//! A request as the Responses interface wants it. Pure.

use holt_core::model::ModelRequest;
use holt_core::tool::ToolSpec;
use serde_json::{Value, json};

use crate::options::{Offer, Options, Thinking};
use crate::thread::{Entry, Outcome, Part, Piece, data_url, pictures, thread, words};

/// The least that the interface takes.
const MIN_OUTPUT_TOKENS: u32 = 16;

/// The body of the request.
pub(super) fn body(request: &ModelRequest, offer: &Offer, options: &Options) -> Value {
    let input: Vec<Value> = thread(&request.turns, &options.name, offer.pictures).iter().flat_map(items).collect();
    let effort = options.effort.filter(|_| offer.thinking != Thinking::Never);
    // What it thinks is counted among the answer.
    let most = request.max_output_tokens.saturating_add(effort.map_or(0, crate::options::Effort::tokens));
    let mut body = json!({
        "model": offer.name,
        "stream": true,
        "store": false,
        "max_output_tokens": most.max(MIN_OUTPUT_TOKENS),
        "input": input,
    });
    if !request.system.trim().is_empty() {
        body["instructions"] = json!(request.system);
    }
    if offer.tools && !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
        body["parallel_tool_calls"] = json!(true);
    }
    if let Some(effort) = effort {
        body["reasoning"] = json!({ "effort": effort.word(), "summary": "auto" });
        body["include"] = json!(["reasoning.encrypted_content"]);
    }
    body
}

fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function", "name": spec.name, "description": spec.description, "parameters": spec.parameters, "strict": false,
    })
}

fn items(entry: &Entry<'_>) -> Vec<Value> {
    match entry {
        Entry::User(pieces) => {
            let content: Vec<Value> = pieces.iter().map(part).collect();
            vec![json!({ "type": "message", "role": "user", "content": content })]
        }
        Entry::Assistant(parts) => {
            // A thought without what it led to is refused.
            let last = parts.iter().rposition(|part| !matches!(part, Part::Own(_))).map_or(0, |at| at + 1);
            parts[..last].iter().map(said).collect()
        }
        Entry::Results(outcomes) => outcomes.iter().map(result).collect(),
    }
}

fn said(part: &Part<'_>) -> Value {
    match part {
        Part::Text(text) => {
            json!({ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text, "annotations": [] }] })
        }
        Part::Call { id, tool, arguments } => {
            json!({ "type": "function_call", "call_id": id, "name": tool, "arguments": arguments.to_string() })
        }
        Part::Own(data) => (*data).clone(),
    }
}

fn result(outcome: &Outcome<'_>) -> Value {
    let output = if pictures(&outcome.pieces).next().is_none() {
        json!(words(&outcome.pieces))
    } else {
        outcome.pieces.iter().map(part).collect()
    };
    json!({ "type": "function_call_output", "call_id": outcome.id, "output": output })
}

fn part(piece: &Piece<'_>) -> Value {
    match piece {
        Piece::Text(text) => json!({ "type": "input_text", "text": text }),
        Piece::Picture { media_type, data } => {
            json!({ "type": "input_image", "image_url": data_url(media_type, data), "detail": "auto" })
        }
    }
}

/// Takes out what a model or an account is refused: a summary of its thoughts, how it is to think, what another thought.
pub(super) fn relax(refusal: &str, body: &mut Value) -> bool {
    let refusal = refusal.to_lowercase();
    let Some(fields) = body.as_object_mut() else { return false };
    if refusal.contains("encrypted")
        || refusal.contains("item of type 'reasoning'")
        || refusal.contains("of type 'reasoning' was provided")
    {
        let Some(input) = fields.get_mut("input").and_then(Value::as_array_mut) else { return false };
        let before = input.len();
        input.retain(|item| item["type"] != "reasoning");
        return input.len() < before || fields.remove("include").is_some();
    }
    if refusal.contains("summar")
        && let Some(reasoning) = fields.get_mut("reasoning").and_then(Value::as_object_mut)
    {
        return reasoning.remove("summary").is_some();
    }
    if refusal.contains("reasoning") || refusal.contains("effort") {
        let thinks = fields.remove("reasoning").is_some();
        return fields.remove("include").is_some() || thinks;
    }
    ["parallel_tool_calls", "max_output_tokens"]
        .into_iter()
        .any(|field| refusal.contains(field) && fields.remove(field).is_some())
}
