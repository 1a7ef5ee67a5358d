//! Ollama's own interface: its rules, and a script in its words.

use serde_json::{Value, json};

use super::check::Incoming;
use super::language::{Voice, each};
use super::rules::{Rules, is_base64, list};
use super::step::{Piece, Script};
use super::wire::Out;

const TOP_LEVEL: [&str; 6] = ["model", "messages", "stream", "options", "tools", "think"];

pub(super) fn violations(incoming: &Incoming<'_>) -> Vec<String> {
    let mut rules = Rules::of(incoming, "/api/chat");
    let Some(body) = incoming.body else { return rules.found };
    rules.fields(body, &TOP_LEVEL, "body");
    rules.words(&body["model"], "model");
    rules.unless(body["options"]["num_ctx"].as_u64().is_some_and(|tokens| tokens >= 2048), || {
        "without num_ctx the conversation is cut in silence".into()
    });
    for tool in list(body, "tools") {
        rules.tool(&tool["function"]["name"], &tool["function"]["parameters"]);
    }
    let mut open = 0_usize;
    for (at, message) in list(body, "messages").iter().enumerate() {
        let place = format!("messages.{at}");
        rules.unless(message["content"].is_string(), || format!("{place}: no content"));
        let right = list(message, "images").iter().all(|data| data.as_str().is_some_and(is_base64));
        rules.unless(right && (message["role"] == "user" || message.get("images").is_none()), || {
            format!("{place}: a bad picture")
        });
        match message["role"].as_str().unwrap_or_default() {
            "tool" => {
                rules.unless(open > 0 && message["tool_name"].is_string(), || format!("{place}: a result of no call"));
                open = open.saturating_sub(1);
            }
            _ => rules.unless(open == 0, || format!("{place}: {open} calls without a result")),
        }
        if message["role"] == "assistant" {
            let calls = list(message, "tool_calls");
            open = calls.len();
            rules.unless(calls.iter().all(|call| call["function"]["arguments"].is_object()), || format!("{place}: no arguments"));
        }
    }
    rules.unless(open == 0, || format!("{open} calls without a result at the end"));
    rules.found
}

pub(super) fn write(script: &Script, model: &Value, input_tokens: usize, _: &mut Voice<'_>) -> Vec<Out> {
    let line = |message: &Value| format!("{}\n", json!({ "model": model, "message": message, "done": false }));
    let mut out = Vec::new();
    let whole = each(script, &mut out, |piece| match piece {
        Piece::Text(text) => vec![line(&json!({ "role": "assistant", "content": text }))],
        Piece::Thinking { text, .. } => vec![line(&json!({ "role": "assistant", "content": "", "thinking": text }))],
        Piece::Call { tool, json, .. } => {
            let arguments: Value = serde_json::from_str(json).unwrap_or_else(|_| json!({}));
            let calls = json!([{ "function": { "name": tool, "arguments": arguments } }]);
            vec![line(&json!({ "role": "assistant", "content": "", "tool_calls": calls }))]
        }
        Piece::Event(value) => vec![format!("{value}\n")],
        _ => Vec::new(),
    });
    if whole {
        let stop = script.stop.clone().unwrap_or_else(|| "stop".to_owned());
        let last = json!({ "model": model, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": stop,
            "prompt_eval_count": input_tokens, "eval_count": 1 });
        out.push(Out::Bytes(format!("{last}\n").into()));
    }
    out
}
