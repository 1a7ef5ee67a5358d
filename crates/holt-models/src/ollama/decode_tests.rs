//! The decoder against streams whole, split, damaged and hostile.

use holt_core::budget::Usage;

use super::*;
use crate::decoder::{Decode, Decoder};
use crate::decoder_trial::{Trial, done, shown};

fn line(message: &Value) -> Value {
    json!({ "model": "qwen3:8b", "created_at": "x", "message": message, "done": false })
}

fn end(reason: &str) -> Value {
    json!({ "model": "qwen3:8b", "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": reason,
        "prompt_eval_count": 26, "eval_count": 40 })
}

fn trial() -> Trial {
    let lines = [
        line(&json!({ "role": "assistant", "content": "", "thinking": "Let me " })),
        line(&json!({ "role": "assistant", "content": "", "thinking": "see…" })),
        line(&json!({ "content": "Grüße, " })),
        line(&json!({ "content": "Otter 🦦", "hologram": 1 })),
        line(&json!({ "content": "", "tool_calls": [
            { "function": { "name": "look", "arguments": { "path": "ü" } } }, { "id": "c", "function": { "name": "wait", "arguments": "{}" } }] })),
        end("stop"),
    ];
    let rich: Vec<u8> = lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes();
    let decoder = || Box::new(Decoder::of_lines(Answer::new(Some(Tariff::FREE)))) as Box<dyn Decode>;
    Trial { decoder, whole_from: rich.len() - 1, rich, end_of_message: "\n" }
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
    let call = |reference: &str, tool: &str, arguments| AssistantPart::Call {
        reference: reference.into(),
        tool: tool.into(),
        arguments,
    };
    assert_eq!(reply.parts[2..], [call("call_0", "look", json!({ "path": "ü" })), call("c", "wait", json!({}))]);
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Calls, "qwen3:8b"));
    assert_eq!(
        reply.usage,
        Usage { input_tokens: 26, output_tokens: 40, ..Usage::default() },
        "it costs nothing, and that is known"
    );
}

#[test]
fn ends_are_told_apart() {
    let trial = trial();
    assert_eq!(trial.reply(&[line(&json!({ "content": "x" })), end("stop")]).stop, StopReason::Finished);
    assert_eq!(trial.reply(&[line(&json!({ "content": "x" })), end("length")]).stop, StopReason::Length);
    assert_eq!(trial.code(&[json!({ "error": "model runner has unexpectedly stopped" })]), "model_malformed");
    assert_eq!(trial.code(&[line(&json!({ "content": "x" }))]), "model_malformed", "no end");
    assert_eq!(trial.code(&vec![line(&json!({ "content": "x".repeat(200_000) })); 40]), "model_malformed");
}
