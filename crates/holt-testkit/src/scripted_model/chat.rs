//! OpenAI's Chat Completions: its rules, and a script in its words.

use serde_json::{Value, json};

use super::check::Incoming;
use super::language::{Voice, each, event, halves};
use super::rules::{Rules, list};
use super::step::{Piece, Script};
use super::wire::Out;

const TOP_LEVEL: [&str; 11] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "reasoning_effort",
    "reasoning",
    "usage",
    "temperature",
];

pub(super) fn violations(incoming: &Incoming<'_>) -> Vec<String> {
    let mut rules = Rules::of(incoming, "/chat/completions");
    rules.bearer(incoming);
    let Some(body) = incoming.body else { return rules.found };
    rules.fields(body, &TOP_LEVEL, "body");
    rules.words(&body["model"], "model");
    rules.unless(body["stream"] == true, || "stream is not true".into());
    for tool in list(body, "tools") {
        rules.unless(tool["type"] == "function", || "tools: not a function".into());
        rules.tool(&tool["function"]["name"], &tool["function"]["parameters"]);
    }
    let messages = list(body, "messages");
    rules
        .unless(messages.last().is_some_and(|last| last["role"] != "assistant"), || "the last message is the assistant's".into());
    for (at, message) in messages.iter().enumerate() {
        self::message(&mut rules, at, message);
    }
    rules.all_answered("the end");
    rules.found
}

fn message(rules: &mut Rules, at: usize, message: &Value) {
    let place = format!("messages.{at}");
    match message["role"].as_str().unwrap_or_default() {
        "tool" => {
            rules.result(&message["tool_call_id"]);
            return rules.words(&message["content"], &place);
        }
        _ => rules.all_answered(&place),
    }
    match message["role"].as_str().unwrap_or_default() {
        "system" => rules.unless(at == 0, || format!("{place}: the system speaks first or never")),
        "user" if message["content"].is_string() => rules.words(&message["content"], &place),
        "user" => {
            let parts = list(message, "content");
            rules.unless(!parts.is_empty(), || format!("{place}: no content"));
            for part in parts {
                match part["type"].as_str().unwrap_or_default() {
                    "text" => rules.words(&part["text"], &place),
                    "image_url" => rules.picture(&part["image_url"]["url"], &place),
                    other => rules.found.push(format!("{place}: a person does not say `{other}`")),
                }
            }
        }
        "assistant" => {
            let calls = list(message, "tool_calls");
            let says = message["content"].as_str().is_some_and(|text| !text.trim().is_empty());
            rules.unless(says || !calls.is_empty(), || format!("{place}: the assistant says nothing"));
            for call in calls {
                rules.call(&call["id"], &call["function"]["name"], &call["function"]["arguments"]);
            }
        }
        other => rules.found.push(format!("{place}: nobody is called `{other}`")),
    }
}

pub(super) fn write(script: &Script, model: &Value, input_tokens: usize, voice: &mut Voice<'_>) -> Vec<Out> {
    let chunk = |delta: &Value, stop: Value| {
        json!({ "id": "chatcmpl-scripted", "object": "chat.completion.chunk", "model": model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": stop }] })
    };
    let mut out = vec![Out::Bytes(event(&chunk(&json!({ "role": "assistant", "content": "" }), Value::Null)).into())];
    let mut calls = 0_usize;
    let whole = each(script, &mut out, |piece| match piece {
        Piece::Text(text) => vec![event(&chunk(&json!({ "content": text }), Value::Null))],
        Piece::Thinking { text, .. } => vec![event(&chunk(&json!({ "reasoning_content": text }), Value::Null))],
        Piece::Call { id, tool, json } => {
            let id = id.clone().unwrap_or_else(|| (voice.fresh_id)());
            let index = calls;
            calls += 1;
            let first = json!({ "index": index, "id": id, "type": "function", "function": { "name": tool, "arguments": "" } });
            let rest = halves(json).map(|half| json!({ "index": index, "function": { "arguments": half } }));
            [first].into_iter().chain(rest).map(|call| event(&chunk(&json!({ "tool_calls": [call] }), Value::Null))).collect()
        }
        Piece::Event(value) => vec![event(value)],
        _ => Vec::new(),
    });
    if whole {
        let stop = script.stop.clone().unwrap_or_else(|| if calls > 0 { "tool_calls" } else { "stop" }.to_owned());
        let used = json!({ "prompt_tokens": input_tokens, "completion_tokens": 1, "total_tokens": input_tokens + 1 });
        let usage = script.usage.clone().unwrap_or(used);
        let last = json!({ "id": "chatcmpl-scripted", "model": model, "choices": [], "usage": usage });
        let end = event(&chunk(&json!({}), json!(stop))) + &event(&last) + "data: [DONE]\n\n";
        out.push(Out::Bytes(end.into()));
    }
    out
}
