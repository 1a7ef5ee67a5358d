//! The decoder against streams whole, split, damaged and hostile.

use holt_core::budget::Usage;

use super::*;
use crate::decoder::{Decode, Decoder};
use crate::decoder_trial::{Trial, done, events, shown};

fn chunk(parts: &Value) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "index": 0 }], "modelVersion": "gemini-x" })
}

fn stop(reason: &str) -> Value {
    json!({ "candidates": [{ "content": { "parts": [{ "text": "" }] }, "finishReason": reason }],
        "usageMetadata": { "promptTokenCount": 1110, "cachedContentTokenCount": 1000, "candidatesTokenCount": 30, "thoughtsTokenCount": 10 } })
}

fn rich() -> Vec<Value> {
    vec![
        chunk(&json!([{ "text": "Let me s", "thought": true }])),
        chunk(&json!([{ "text": "ee…", "thought": true }])),
        chunk(&json!([{ "text": "Grüße, " }])),
        chunk(&json!([{ "text": "Otter 🦦" }, { "hologram": {} }])),
        chunk(&json!([{ "text": "", "thoughtSignature": "c2ln" }])),
        chunk(&json!([
            { "functionCall": { "name": "look", "args": { "path": "ü" }, "id": "f1" }, "thoughtSignature": "Y2FsbA==" },
            { "functionCall": { "name": "wait" } },
        ])),
        stop("STOP"),
    ]
}

fn trial() -> Trial {
    let rich = events(&rich(), "");
    let decoder = || Box::new(Decoder::of_events(Answer::new("gemini", Some(Tariff::FREE)))) as Box<dyn Decode>;
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
    let opaque = |data| AssistantPart::Opaque { provider: "gemini".into(), data };
    let call = |reference: &str, tool: &str, arguments| AssistantPart::Call {
        reference: reference.into(),
        tool: tool.into(),
        arguments,
    };
    assert_eq!(
        reply.parts,
        [
            AssistantPart::Reasoning { text: "Let me see…".into() },
            AssistantPart::Text { text: "Grüße, Otter 🦦".into() },
            opaque(json!({ "thoughtSignature": "c2ln", "of": "text" })),
            opaque(json!({ "thoughtSignature": "Y2FsbA==", "of": "call" })),
            call("f1", "look", json!({ "path": "ü" })),
            call("call_1", "wait", json!({})),
        ]
    );
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Calls, "gemini-x"));
    let usage = Usage { input_tokens: 1110, output_tokens: 40, cached_tokens: 1000, cost_micros: 0, unpriced: false };
    assert_eq!(reply.usage, usage);
}

#[test]
fn ends_are_told_apart() {
    let trial = trial();
    for (reason, expected) in [
        ("STOP", StopReason::Finished),
        ("MAX_TOKENS", StopReason::Length),
        ("SAFETY", StopReason::Refused),
        ("PROHIBITED_CONTENT", StopReason::Refused),
        ("A_REASON_TO_COME", StopReason::Finished),
    ] {
        assert_eq!(trial.reply(&[chunk(&json!([{ "text": "x" }])), stop(reason)]).stop, expected, "{reason}");
    }
    assert_eq!(trial.code(&[stop("MALFORMED_FUNCTION_CALL")]), "model_overloaded", "asked again it does better");
    assert_eq!(trial.code(&[json!({ "promptFeedback": { "blockReason": "SAFETY" } })]), "model_refused");
    assert_eq!(trial.code(&[json!({ "error": { "code": 503, "status": "UNAVAILABLE", "message": "x" } })]), "model_overloaded");
    assert_eq!(trial.code(&[chunk(&json!([{ "text": "x" }]))]), "model_malformed", "no end");
}

#[test]
fn an_answer_without_end_is_refused() {
    let trial = trial();
    assert_eq!(trial.code(&vec![chunk(&json!([{ "text": "x".repeat(200_000) }])); 40]), "model_malformed");
    assert_eq!(trial.code(&vec![chunk(&json!([{ "functionCall": { "name": "look" } }])); 600]), "model_malformed");
}
