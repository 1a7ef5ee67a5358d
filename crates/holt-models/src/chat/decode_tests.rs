//! The decoder against streams whole, split, damaged and hostile.

use super::*;
use crate::decoder::Decoder;
use crate::decoder_trial::{Trial, call, done, events, shown};

fn chunk(delta: &Value) -> Value {
    json!({ "id": "c", "object": "chat.completion.chunk", "model": "gpt-x", "choices": [{ "index": 0, "delta": delta, "finish_reason": null }] })
}

fn stop(reason: &str) -> Value {
    json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": reason }] })
}

fn rich() -> Vec<Value> {
    let piece = |index: u64, id: Value, name: Value, arguments: &str| {
        chunk(
            &json!({ "tool_calls": [{ "index": index, "id": id, "type": "function", "function": { "name": name, "arguments": arguments } }] }),
        )
    };
    let thought = |text: &str, signature: Value| {
        chunk(
            &json!({ "reasoning": text, "reasoning_details": [{ "type": "reasoning.text", "index": 0, "text": text, "signature": signature }] }),
        )
    };
    vec![
        chunk(&json!({ "role": "assistant", "content": "" })),
        thought("Let me s", Value::Null),
        thought("ee…", json!("sig")),
        chunk(&json!({ "content": "Grüße, " })),
        chunk(&json!({ "content": "Otter 🦦", "hologram": 1 })),
        piece(0, json!("t1"), json!("look"), ""),
        piece(0, Value::Null, Value::Null, "{\"path\": \"ü"),
        piece(1, json!("t2"), json!("wait"), ""),
        piece(0, json!(""), Value::Null, "\"}"),
        stop(""),
        stop("tool_calls"),
        json!({ "choices": [], "usage": { "prompt_tokens": 1110, "completion_tokens": 40, "prompt_tokens_details": { "cached_tokens": 1000 } } }),
    ]
}

fn trial() -> Trial {
    let rich_bytes = events(&rich(), "data: [DONE]\n\n");
    let text = String::from_utf8(rich_bytes.clone()).unwrap();
    // What it stops for is the last that it must say.
    let reason = text.find("\"finish_reason\":\"tool_calls\"").unwrap();
    let whole_from = reason + text[reason..].find("\n\n").unwrap() + 2;
    let decoder = || Box::new(Decoder::of_events(Answer::new("router", Some(tariff())))) as Box<dyn crate::decoder::Decode>;
    Trial { decoder, rich: rich_bytes, end_of_message: "\n\n", whole_from }
}

fn tariff() -> Tariff {
    holt_core::model::Price { input: 3_000_000, output: 15_000_000, cache_read: 300_000, cache_write: 0 }.into()
}

#[test]
fn it_stands_whatever_comes() {
    trial().run();
}

#[test]
fn everything_that_is_known_is_read() {
    let trial = trial();
    let items = trial.decode(&[&trial.rich]);
    assert_eq!(shown(&items), ("Grüße, Otter 🦦".into(), "Let me see…".into()));
    let reply = done(&items);
    let details =
        json!({ "reasoning_details": [{ "type": "reasoning.text", "index": 0, "text": "Let me see…", "signature": "sig" }] });
    assert_eq!(
        reply.parts,
        [
            AssistantPart::Reasoning { text: "Let me see…".into() },
            AssistantPart::Opaque { provider: "router".into(), data: details },
            AssistantPart::Text { text: "Grüße, Otter 🦦".into() },
            call("t1", "look", json!({ "path": "ü" })),
            call("t2", "wait", json!({})),
        ]
    );
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Calls, "gpt-x"));
    // 110 * 3 + 1000 * 0.3 + 40 * 15 millionths of a dollar.
    let usage = Usage { input_tokens: 1110, output_tokens: 40, cached_tokens: 1000, cost_micros: 1230, unpriced: false };
    assert_eq!(reply.usage, usage);
}

#[test]
fn servers_that_do_otherwise_are_understood() {
    let trial = trial();
    let calls = |pieces: &[Value]| {
        let mut messages: Vec<Value> = pieces.iter().map(|piece| chunk(&json!({ "tool_calls": [piece] }))).collect();
        messages.push(stop("stop"));
        let reply = trial.reply(&messages);
        assert_eq!(reply.stop, StopReason::Calls, "calls without the reason for them");
        reply.parts
    };
    let whole = |id: &str, arguments: Value| json!({ "id": id, "function": { "name": "look", "arguments": arguments } });
    assert_eq!(
        calls(&[whole("a", json!("{}")), whole("b", json!("{}"))]),
        [call("a", "look", json!({})), call("b", "look", json!({}))],
        "without an index"
    );
    assert_eq!(calls(&[whole("", json!({ "x": 1 }))]), [call("call_0", "look", json!({ "x": 1 }))], "arguments that are no text");
    let same_index = |id: &str| json!({ "index": 0, "id": id, "function": { "name": "look", "arguments": "{}" } });
    assert_eq!(calls(&[same_index("a"), same_index("b")]).len(), 2, "two calls under one index");
    assert_eq!(
        calls(&[same_index("a"), json!({ "index": 0, "id": "a", "function": { "arguments": "" } })]).len(),
        1,
        "an id in each piece"
    );
}

#[test]
fn ends_are_told_apart() {
    let trial = trial();
    let said = chunk(&json!({ "content": "x" }));
    for (reason, expected) in [
        ("stop", StopReason::Finished),
        ("length", StopReason::Length),
        ("content_filter", StopReason::Refused),
        ("new", StopReason::Finished),
    ] {
        assert_eq!(trial.reply(&[said.clone(), stop(reason)]).stop, expected, "{reason}");
    }
    assert_eq!(trial.reply(&[chunk(&json!({ "refusal": "No." })), stop("stop")]).stop, StopReason::Refused);
    let cut =
        chunk(&json!({ "tool_calls": [{ "index": 0, "id": "a", "function": { "name": "write", "arguments": "{\"a\": " } }] }));
    assert_eq!(trial.reply(&[cut, stop("length")]).parts, [call("a", "write", Value::Null)]);
    assert_eq!(trial.code(&[json!({ "error": { "code": 429, "message": "slow down" } })]), "model_overloaded");
    assert_eq!(
        trial.code(&[json!({ "error": { "code": "context_length_exceeded", "message": "x" } })]),
        "model_context_too_long"
    );
    assert_eq!(trial.code(&[json!([])]), "model_malformed");
    assert_eq!(trial.code(&[said]), "model_malformed", "no end");
}

#[test]
fn what_was_used_is_what_a_router_says_and_not_nothing_when_nobody_says() {
    let trial = trial();
    let told = json!({ "choices": [], "usage": { "prompt_tokens": 10, "completion_tokens": 1, "cost": 0.00123 } });
    assert_eq!(trial.reply(&[stop("stop"), told]).usage.cost_micros, 1230);
    assert!(trial.reply(&[stop("stop")]).usage.unpriced);
}

#[test]
fn an_answer_without_end_is_refused() {
    let trial = trial();
    let flood = vec![chunk(&json!({ "content": "x".repeat(200_000) })); 40];
    assert_eq!(trial.code(&flood), "model_malformed");
    let calls: Vec<Value> =
        (0..600).map(|at| chunk(&json!({ "tool_calls": [{ "index": at, "id": format!("c{at}") }] }))).collect();
    assert_eq!(trial.code(&calls), "model_malformed");
    let line = trial.decode(&[format!("data: {}", "x".repeat(10 * 1024 * 1024)).as_bytes()]);
    assert_eq!(line.len(), 1, "ten mebibytes in one line");
}
