//! The decoder against streams whole, split, damaged and hostile.

use holt_core::budget::Usage;
use holt_core::model::Price;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::decoder::{Decode as _, Decoder, Item, MAX_PARTS, MAX_REPLY_BYTES};

/// A stream with everything in it that is known, and some that is not.
fn rich() -> Vec<u8> {
    let events = [
        json!({ "type": "message_start", "message": { "id": "m", "model": "claude-x", "role": "assistant", "content": [],
            "usage": { "input_tokens": 10, "cache_creation_input_tokens": 100, "cache_read_input_tokens": 1000, "output_tokens": 1,
                "service_tier": "standard" } } }),
        json!({ "type": "ping" }),
        json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "thinking", "thinking": "", "signature": "" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "Let me s" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "thinking_delta", "thinking": "ee…" } }),
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "signature_delta", "signature": "c2ln" } }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "content_block_start", "index": 1, "content_block": { "type": "redacted_thinking", "data": "xyz" } }),
        json!({ "type": "content_block_stop", "index": 1 }),
        json!({ "type": "content_block_start", "index": 2, "content_block": { "type": "hologram", "light": 1 } }),
        json!({ "type": "content_block_delta", "index": 2, "delta": { "type": "light_delta", "light": 2 } }),
        json!({ "type": "content_block_start", "index": 3, "content_block": { "type": "text", "text": "" } }),
        json!({ "type": "content_block_delta", "index": 3, "delta": { "type": "text_delta", "text": "Grüße, " } }),
        json!({ "type": "content_block_delta", "index": 3, "delta": { "type": "citations_delta", "citation": {} } }),
        json!({ "type": "content_block_delta", "index": 3, "delta": { "type": "text_delta", "text": "Otter 🦦" } }),
        json!({ "type": "something_new", "index": 3 }),
        json!({ "type": "content_block_start", "index": 4, "content_block": { "type": "tool_use", "id": "t1", "name": "look", "input": {} } }),
        json!({ "type": "content_block_delta", "index": 4, "delta": { "type": "input_json_delta", "partial_json": "" } }),
        json!({ "type": "content_block_delta", "index": 4, "delta": { "type": "input_json_delta", "partial_json": "{\"path\": \"ü" } }),
        json!({ "type": "content_block_delta", "index": 4, "delta": { "type": "input_json_delta", "partial_json": "\"}" } }),
        json!({ "type": "content_block_start", "index": 5, "content_block": { "type": "tool_use", "id": "t2", "name": "wait", "input": {} } }),
        json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use", "stop_sequence": null }, "usage": { "output_tokens": 40 } }),
        json!({ "type": "message_stop" }),
    ];
    let line = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(line).collect::<String>().into_bytes()
}

fn price() -> Price {
    Price { input: 3_000_000, output: 15_000_000, cache_read: 300_000, cache_write: 3_750_000 }
}

/// What a decoder says to these pieces, and to their end.
fn decode(pieces: &[&[u8]]) -> Vec<Item> {
    let mut decoder = Decoder::of_events(Answer::new("anthropic", Some(price().into())));
    let mut items: Vec<Item> = pieces.iter().flat_map(|piece| decoder.push(piece)).collect();
    items.extend(decoder.end());
    items
}

/// Text and thinking as people saw it, and how it ended.
fn shown(items: &[Item]) -> (String, String, Option<&Item>) {
    let (mut text, mut thinking) = (String::new(), String::new());
    for item in items {
        match item {
            Ok(ModelEvent::Text(more)) => text.push_str(more),
            Ok(ModelEvent::Reasoning(more)) => thinking.push_str(more),
            _ => {}
        }
    }
    (text, thinking, items.last())
}

fn assert_ends_once(items: &[Item]) {
    let ends = items.iter().filter(|item| matches!(item, Err(_) | Ok(ModelEvent::Done(_)))).count();
    assert_eq!(ends, 1, "{items:?}");
    assert!(matches!(items.last(), Some(Err(_) | Ok(ModelEvent::Done(_)))), "{items:?}");
}

#[test]
fn everything_that_is_known_is_read_and_the_rest_left_out() {
    let items = decode(&[&rich()]);
    let (text, thinking, last) = shown(&items);
    assert_eq!((text.as_str(), thinking.as_str()), ("Grüße, Otter 🦦", "Let me see…"));
    let Some(Ok(ModelEvent::Done(reply))) = last else { panic!("{last:?}") };
    let call = |reference: &str, tool: &str, arguments| AssistantPart::Call {
        reference: reference.into(),
        tool: tool.into(),
        arguments,
    };
    let opaque = |data| AssistantPart::Opaque { provider: "anthropic".into(), data };
    assert_eq!(
        reply.parts,
        [
            AssistantPart::Reasoning { text: thinking },
            opaque(json!({ "type": "thinking", "thinking": "Let me see…", "signature": "c2ln" })),
            opaque(json!({ "type": "redacted_thinking", "data": "xyz" })),
            AssistantPart::Text { text },
            call("t1", "look", json!({ "path": "ü" })),
            call("t2", "wait", json!({})),
        ]
    );
    assert_eq!((reply.stop, reply.model.as_str()), (StopReason::Calls, "claude-x"));
    // 10 * 3 + 40 * 15 + 1000 * 0.3 + 100 * 3.75 millionths of a dollar.
    let usage = Usage { input_tokens: 1110, output_tokens: 40, cached_tokens: 1000, cost_micros: 1305, unpriced: false };
    assert_eq!(reply.usage, usage);
}

#[test]
fn the_answer_is_the_same_wherever_the_bytes_are_split() {
    let bytes = rich();
    let whole = decode(&[&bytes]);
    for at in 0..=bytes.len() {
        assert_eq!(decode(&[&bytes[..at], &bytes[at..]]), whole, "split at {at}");
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(decode(&single), whole);
}

#[test]
fn a_stream_that_breaks_off_anywhere_ends_in_one_error() {
    let bytes = rich();
    for at in 0..bytes.len() - 1 {
        let items = decode(&[&bytes[..at]]);
        assert_ends_once(&items);
        assert!(matches!(items.last(), Some(Err(ModelError::Malformed(_)))), "cut at {at}: {:?}", items.last());
    }
}

#[test]
fn nothing_comes_after_the_end() {
    let mut bytes = rich();
    bytes.extend(rich());
    let items = decode(&[&bytes]);
    assert_ends_once(&items);
    assert_eq!(items, decode(&[&rich()]));
}

fn stream(events: &[Value]) -> Vec<Item> {
    let start = json!({ "type": "message_start", "message": { "model": "m" } });
    let text: String = [&start].into_iter().chain(events).map(|event| format!("data: {event}\n\n")).collect();
    decode(&[text.as_bytes()])
}

fn begin(index: u64, block: &Value) -> Value {
    json!({ "type": "content_block_start", "index": index, "content_block": block })
}

fn stop(reason: &str) -> [Value; 2] {
    [json!({ "type": "message_delta", "delta": { "stop_reason": reason } }), json!({ "type": "message_stop" })]
}

fn reply(events: &[Value]) -> ModelReply {
    match stream(events).pop() {
        Some(Ok(ModelEvent::Done(reply))) => reply,
        other => panic!("{other:?}"),
    }
}

#[test]
fn reasons_to_stop_are_told_apart() {
    for (reason, expected) in [
        ("end_turn", StopReason::Finished),
        ("stop_sequence", StopReason::Finished),
        ("tool_use", StopReason::Calls),
        ("max_tokens", StopReason::Length),
        ("model_context_window_exceeded", StopReason::Length),
        ("refusal", StopReason::Refused),
        ("a reason to come", StopReason::Finished),
    ] {
        assert_eq!(reply(&stop(reason)).stop, expected, "{reason}");
    }
    let call = begin(0, &json!({ "type": "tool_use", "id": "t", "name": "look", "input": {} }));
    let silent = reply(&[call, json!({ "type": "message_stop" })]);
    assert_eq!(silent.stop, StopReason::Calls, "a stream that does not say why");
}

#[test]
fn a_call_that_was_cut_off_has_no_arguments() {
    let call = || begin(0, &json!({ "type": "tool_use", "id": "t", "name": "write_file", "input": {} }));
    let json = |json: &str| json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "input_json_delta", "partial_json": json } });
    let arguments = |events: &[Value]| match reply(events).parts.pop() {
        Some(AssistantPart::Call { arguments, .. }) => arguments,
        other => panic!("{other:?}"),
    };
    let [delta, end] = stop("max_tokens");
    assert_eq!(arguments(&[call(), json("{\"path\": \"a"), delta.clone(), end.clone()]), Value::Null);
    assert_eq!(arguments(&[call(), delta.clone(), end.clone()]), Value::Null, "cut off before the first of them");
    assert_eq!(arguments(&[call(), json("{\"path\": \"a\"}"), delta, end]), json!({ "path": "a" }), "it was whole");
    let [delta, end] = stop("tool_use");
    assert_eq!(arguments(&[call(), delta, end]), json!({}), "it has none");
}

#[test]
fn errors_in_the_stream_and_nonsense_end_it() {
    let error = |kind: &str| json!({ "type": "error", "error": { "type": kind, "message": "x" } });
    let code = |events: &[Value]| match stream(events).pop() {
        Some(Err(error)) => error.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&[error("overloaded_error")]), "model_overloaded");
    assert_eq!(code(&[error("something_else")]), "model_malformed");
    let text = json!({ "type": "text", "text": "" });
    let delta = |index: u64| json!({ "type": "content_block_delta", "index": index, "delta": { "type": "input_json_delta", "partial_json": "" } });
    assert_eq!(code(&[delta(7)]), "model_malformed");
    assert_eq!(code(&[begin(0, &text), delta(0)]), "model_malformed");
    assert_eq!(code(&[begin(0, &text), begin(0, &text)]), "model_malformed");
    assert_eq!(code(&[json!({ "type": "content_block_start" })]), "model_malformed");
    assert_eq!(decode(&[b"data: not json\n\n"]).len(), 1);
    assert_eq!(decode(&[b"data: {\"type\":\"message_stop\"}\n\n"]).len(), 1, "an end without a beginning");
}

#[test]
fn an_answer_without_end_is_refused() {
    let delta =
        json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": "x".repeat(200_000) } });
    let mut events = vec![begin(0, &json!({ "type": "text", "text": "" }))];
    events.extend(std::iter::repeat_n(delta, 40));
    let items = stream(&events);
    assert_ends_once(&items);
    let (text, ..) = shown(&items);
    assert!(text.len() <= MAX_REPLY_BYTES);

    let many: Vec<Value> = (0..=MAX_PARTS as u64).map(|index| begin(index, &json!({ "type": "text", "text": "" }))).collect();
    assert_ends_once(&stream(&many));
}

proptest! {
    /// Whatever comes: no panic, one end, nothing after it.
    #[test]
    fn garbage_ends_once(bytes in proptest::collection::vec(any::<u8>(), 0..400), at in 0usize..400) {
        let at = at.min(bytes.len());
        assert_ends_once(&decode(&[&bytes[..at], &bytes[at..]]));
    }

    #[test]
    fn a_damaged_stream_ends_once(place in 0usize..2500, byte in any::<u8>(), cut in 0usize..2500) {
        let mut bytes = rich();
        let place = place % bytes.len();
        bytes[place] = byte;
        let cut = cut % bytes.len();
        assert_ends_once(&decode(&[&bytes[..cut], &bytes[cut..]]));
    }

    #[test]
    fn known_events_in_any_order_end_once(order in proptest::collection::vec(0usize..23, 0..40)) {
        let lines: Vec<Vec<u8>> = String::from_utf8(rich()).unwrap().split_inclusive("\n\n").map(|line| line.as_bytes().to_vec()).collect();
        let pieces: Vec<&[u8]> = order.iter().map(|at| lines[*at % lines.len()].as_slice()).collect();
        assert_ends_once(&decode(&pieces));
    }
}
