//! The decoder against streams whole, split, damaged and hostile.

use holt_core::budget::Usage;

use super::*;
use crate::decoder::{Decode, Decoder};
use crate::decoder_trial::{Trial, call, done, events, shown};

fn begin(index: u64, item: &Value) -> Value {
    json!({ "type": "response.output_item.added", "output_index": index, "item": item })
}

fn whole(index: u64, item: &Value) -> Value {
    json!({ "type": "response.output_item.done", "output_index": index, "item": item })
}

fn delta(kind: &str, index: u64, delta: &str) -> Value {
    json!({ "type": format!("response.{kind}.delta"), "output_index": index, "item_id": "i", "delta": delta })
}

fn completed(more: &Value) -> Value {
    let mut response = json!({ "id": "r", "model": "gpt-x", "status": "completed", "output": [],
        "usage": { "input_tokens": 1110, "input_tokens_details": { "cached_tokens": 1000 }, "output_tokens": 40 } });
    for (field, value) in more.as_object().unwrap() {
        response[field] = value.clone();
    }
    json!({ "type": "response.completed", "response": response })
}

fn rich() -> Vec<Value> {
    let call =
        |arguments: &str| json!({ "type": "function_call", "id": "fc", "call_id": "t1", "name": "look", "arguments": arguments });
    vec![
        json!({ "type": "response.created", "response": { "id": "r", "model": "gpt-x" } }),
        begin(0, &json!({ "type": "reasoning", "id": "rs", "summary": [] })),
        json!({ "type": "response.reasoning_summary_part.added", "output_index": 0, "summary_index": 0 }),
        delta("reasoning_summary_text", 0, "Let me "),
        delta("reasoning_summary_text", 0, "see…"),
        whole(
            0,
            &json!({ "type": "reasoning", "id": "rs", "summary": [{ "type": "summary_text", "text": "Let me see…" }], "encrypted_content": "sealed" }),
        ),
        begin(1, &json!({ "type": "message", "content": [] })),
        json!({ "type": "response.content_part.added", "output_index": 1, "part": {} }),
        delta("output_text", 1, "Grüße, "),
        delta("output_text", 1, "Otter 🦦"),
        whole(1, &json!({ "type": "message", "content": [{ "type": "output_text", "text": "Grüße, Otter 🦦" }] })),
        begin(2, &call("")),
        delta("function_call_arguments", 2, "{\"path\": \"ü"),
        delta("function_call_arguments", 2, "\"}"),
        whole(2, &call("{\"path\": \"ü\"}")),
        whole(3, &json!({ "type": "function_call", "call_id": "t2", "name": "wait", "arguments": "{}" })),
        begin(4, &json!({ "type": "hologram_call" })),
        json!({ "type": "response.hologram.delta", "output_index": 4 }),
        completed(&json!({})),
    ]
}

fn trial() -> Trial {
    let rich = events(&rich(), "");
    let decoder = || Box::new(Decoder::of_events(Answer::new("openai", None))) as Box<dyn Decode>;
    Trial { decoder, whole_from: rich.len() - 1, rich, end_of_message: "\n\n" }
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
    let sealed = json!({ "type": "reasoning", "id": "rs", "summary": [{ "type": "summary_text", "text": "Let me see…" }], "encrypted_content": "sealed" });
    assert_eq!(
        reply.parts,
        [
            AssistantPart::Reasoning { text: "Let me see…".into() },
            AssistantPart::Opaque { provider: "openai".into(), data: sealed },
            AssistantPart::Text { text: "Grüße, Otter 🦦".into() },
            call("t1", "look", json!({ "path": "ü" })),
            call("t2", "wait", json!({})),
        ]
    );
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Calls, "gpt-x"));
    let usage = Usage { input_tokens: 1110, output_tokens: 40, cached_tokens: 1000, cost_micros: 0, unpriced: true };
    assert_eq!(reply.usage, usage, "a model without a price");
}

#[test]
fn ends_are_told_apart() {
    let trial = trial();
    let said = delta("output_text", 0, "x");
    let incomplete = |reason: &str| {
        let response = json!({ "status": "incomplete", "incomplete_details": { "reason": reason } });
        json!({ "type": "response.incomplete", "response": response })
    };
    assert_eq!(trial.reply(&[said.clone(), completed(&json!({}))]).stop, StopReason::Finished);
    assert_eq!(trial.reply(&[said.clone(), incomplete("max_output_tokens")]).stop, StopReason::Length);
    assert_eq!(trial.reply(&[said.clone(), incomplete("content_filter")]).stop, StopReason::Refused);
    assert_eq!(trial.reply(&[delta("refusal", 0, "No."), completed(&json!({}))]).stop, StopReason::Refused);
    let cut = [
        begin(0, &json!({ "type": "function_call", "call_id": "a", "name": "write", "arguments": "" })),
        delta("function_call_arguments", 0, "{\"a\": "),
        incomplete("max_output_tokens"),
    ];
    assert_eq!(trial.reply(&cut).parts, [call("a", "write", Value::Null)]);
    let failed = |code: &str| json!({ "type": "response.failed", "response": { "error": { "code": code, "message": "x" } } });
    assert_eq!(trial.code(&[failed("server_error")]), "model_overloaded");
    assert_eq!(trial.code(&[failed("context_length_exceeded")]), "model_context_too_long");
    assert_eq!(trial.code(&[json!({ "type": "error", "code": "rate_limit_exceeded", "message": "x" })]), "model_overloaded");
    assert_eq!(trial.code(&[said]), "model_malformed", "no end");
    assert_eq!(trial.code(&[delta("output_text", 0, "x"), delta("function_call_arguments", 0, "x")]), "model_malformed");
}

#[test]
fn what_is_only_said_at_the_end_is_taken_from_there() {
    let trial = trial();
    let output = json!([{ "type": "message", "content": [{ "type": "output_text", "text": "All of it." }] }]);
    let reply = trial.reply(&[completed(&json!({ "output": output }))]);
    assert_eq!(reply.parts, [AssistantPart::Text { text: "All of it.".into() }]);
    let message = whole(0, &json!({ "type": "message", "content": [{ "type": "output_text", "text": "At once." }] }));
    let items = trial.decode(&[&events(&[message, completed(&json!({}))], "")]);
    assert_eq!(shown(&items).0, "At once.");
}

#[test]
fn an_answer_without_end_is_refused() {
    let trial = trial();
    assert_eq!(trial.code(&vec![delta("output_text", 0, &"x".repeat(200_000)); 40]), "model_malformed");
    let many: Vec<Value> = (0..600).map(|at| begin(at, &json!({ "type": "message" }))).collect();
    assert_eq!(trial.code(&many), "model_malformed");
}
