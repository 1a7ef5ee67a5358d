//! OpenAI's Responses: its rules, and a script in its words.

use serde_json::{Value, json};

use super::check::Incoming;
use super::language::{Voice, each, event, halves};
use super::rules::{Rules, list};
use super::step::{Piece, Script};
use super::wire::Out;

const TOP_LEVEL: [&str; 10] = [
    "model",
    "input",
    "instructions",
    "stream",
    "store",
    "tools",
    "parallel_tool_calls",
    "max_output_tokens",
    "reasoning",
    "include",
];

pub(super) fn violations(incoming: &Incoming<'_>) -> Vec<String> {
    let mut rules = Rules::of(incoming, "/responses");
    rules.bearer(incoming);
    let Some(body) = incoming.body else { return rules.found };
    rules.fields(body, &TOP_LEVEL, "body");
    rules.words(&body["model"], "model");
    rules.unless(body["stream"] == true, || "stream is not true".into());
    rules.unless(body["store"] == false, || "the provider would store it".into());
    rules.unless(body["max_output_tokens"].as_u64().is_some_and(|most| most >= 16), || "max_output_tokens is below 16".into());
    for tool in list(body, "tools") {
        rules.unless(tool["type"] == "function", || "tools: not a function".into());
        rules.tool(&tool["name"], &tool["parameters"]);
    }
    let input = list(body, "input");
    rules.unless(!input.is_empty(), || "input is missing or empty".into());
    for (at, item) in input.iter().enumerate() {
        self::item(&mut rules, incoming, at, item, input.get(at + 1));
    }
    rules.all_answered("the end");
    rules.found
}

fn item(rules: &mut Rules, incoming: &Incoming<'_>, at: usize, item: &Value, next: Option<&Value>) {
    let place = format!("input.{at}");
    match item["type"].as_str().unwrap_or_default() {
        "message" => {
            if item["role"] == "user" {
                rules.all_answered(&place);
            }
            let mine = if item["role"] == "assistant" { "output_text" } else { "input_text" };
            rules.unless(!list(item, "content").is_empty(), || format!("{place}: no content"));
            for part in list(item, "content") {
                self::part(rules, part, mine, &place);
            }
        }
        "function_call" => rules.call(&item["call_id"], &item["name"], &item["arguments"]),
        "function_call_output" => {
            rules.result(&item["call_id"]);
            if item["output"].is_string() {
                return rules.words(&item["output"], &place);
            }
            rules.unless(!list(item, "output").is_empty(), || format!("{place}: no output"));
            for part in list(item, "output") {
                self::part(rules, part, "input_text", &place);
            }
        }
        "reasoning" => {
            rules.unless(incoming.issued.contains(item), || {
                format!("{place}: a thought that was never thought like this: {item}")
            });
            let followed = next.is_some_and(|next| next["type"] != "function_call_output" && next["role"] != "user");
            rules.unless(followed, || format!("{place}: a thought without its required following item"));
        }
        other => rules.found.push(format!("{place}: there is no `{other}`")),
    }
}

fn part(rules: &mut Rules, part: &Value, mine: &str, place: &str) {
    match part["type"].as_str().unwrap_or_default() {
        "input_image" if mine == "input_text" => rules.picture(&part["image_url"], place),
        kind if kind == mine => rules.words(&part["text"], place),
        other => rules.found.push(format!("{place}: `{other}` cannot be here")),
    }
}

pub(super) fn write(script: &Script, model: &Value, input_tokens: usize, voice: &mut Voice<'_>) -> Vec<Out> {
    let started =
        json!({ "type": "response.created", "response": { "id": "resp_scripted", "model": model, "status": "in_progress" } });
    let mut out = vec![Out::Bytes(event(&started).into())];
    let (mut index, mut message) = (0_u64, None);
    let whole = each(script, &mut out, |piece| {
        if let Piece::Text(text) = piece {
            let mut events = Vec::new();
            let at = *message.get_or_insert_with(|| {
                index += 1;
                let item = json!({ "type": "message", "role": "assistant", "content": [] });
                events.push(event(&json!({ "type": "response.output_item.added", "output_index": index, "item": item })));
                index
            });
            events.push(event(
                &json!({ "type": "response.output_text.delta", "output_index": at, "content_index": 0, "delta": text }),
            ));
            return events;
        }
        message = None;
        index += 1;
        match piece {
            Piece::Thinking { text, signature } => thinking(index, text, signature, voice),
            Piece::Redacted(data) => thinking(index, "", data, voice),
            Piece::Call { id, tool, json } => call(index, &id.clone().unwrap_or_else(|| (voice.fresh_id)()), tool, json),
            Piece::Event(value) => vec![event(value)],
            _ => Vec::new(),
        }
    });
    if whole {
        let used = json!({ "input_tokens": input_tokens, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 1 });
        let usage = script.usage.clone().unwrap_or(used);
        let cut = script.stop.as_ref().map(|reason| json!({ "reason": reason }));
        let kind = if cut.is_some() { "incomplete" } else { "completed" };
        let response = json!({ "id": "resp_scripted", "model": model, "status": kind, "output": [], "usage": usage, "incomplete_details": cut });
        out.push(Out::Bytes(event(&json!({ "type": format!("response.{kind}"), "response": response })).into()));
    }
    out
}

fn thinking(index: u64, text: &str, sealed: &str, voice: &mut Voice<'_>) -> Vec<String> {
    let summary = if text.is_empty() { json!([]) } else { json!([{ "type": "summary_text", "text": text }]) };
    let item = json!({ "type": "reasoning", "id": format!("rs_{index}"), "summary": summary, "encrypted_content": sealed });
    (voice.issue)(item.clone());
    vec![
        event(
            &json!({ "type": "response.output_item.added", "output_index": index, "item": { "type": "reasoning", "summary": [] } }),
        ),
        event(
            &json!({ "type": "response.reasoning_summary_text.delta", "output_index": index, "summary_index": 0, "delta": text }),
        ),
        event(&json!({ "type": "response.output_item.done", "output_index": index, "item": item })),
    ]
}

fn call(index: u64, id: &str, tool: &str, arguments: &str) -> Vec<String> {
    let item = |arguments: &str| json!({ "type": "function_call", "id": format!("fc_{index}"), "call_id": id, "name": tool, "arguments": arguments });
    let mut events = vec![event(&json!({ "type": "response.output_item.added", "output_index": index, "item": item("") }))];
    let deltas = halves(arguments)
        .map(|half| json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": half }));
    events.extend(deltas.iter().map(event));
    events.push(event(&json!({ "type": "response.output_item.done", "output_index": index, "item": item(arguments) })));
    events
}
