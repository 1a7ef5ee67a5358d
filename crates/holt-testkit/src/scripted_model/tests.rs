//! The judge is judged: each rule is broken once, on the right request.

use serde_json::{Value, json};

use super::check::{Incoming, violations};

fn right() -> Value {
    json!({
        "model": "claude", "max_tokens": 2000, "stream": true,
        "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }],
        "tools": [{ "name": "look", "description": "Looks.", "input_schema": {
            "type": "object", "properties": { "path": { "type": "string" } }, "required": ["path"] } }],
        "messages": [
            { "role": "user", "content": "hi" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "s" },
                { "type": "tool_use", "id": "a", "name": "look", "input": { "path": "." } },
                { "type": "tool_use", "id": "b", "name": "look", "input": {} },
            ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "a", "content": [{ "type": "text", "text": "x" }] },
                { "type": "tool_result", "tool_use_id": "b", "content": "y", "is_error": true },
                { "type": "text", "text": "and?" },
            ] },
        ],
    })
}

fn check(body: &Value) -> Vec<String> {
    let header = |name: &str| match name {
        "x-api-key" => Some("key".to_owned()),
        "anthropic-version" => Some("2023-06-01".to_owned()),
        "content-type" => Some("application/json".to_owned()),
        _ => None,
    };
    let issued = [json!({ "type": "thinking", "thinking": "hm", "signature": "s" })];
    violations(&Incoming { method: "POST", path: "/v1/messages", header: &header, body: Some(body), issued: &issued })
}

#[test]
fn a_right_request_has_no_violations() {
    assert_eq!(check(&right()), Vec::<String>::new());
}

#[test]
fn each_rule_is_seen_when_it_is_broken() {
    let breaks: &[(&str, &str, Value)] = &[
        ("/model", "model", json!("")),
        ("/max_tokens", "max_tokens", json!(0)),
        ("/stream", "stream", json!(false)),
        ("/surprise", "extra inputs", json!(1)),
        ("/thinking", "budget_tokens", json!({ "type": "enabled", "budget_tokens": 10 })),
        ("/thinking", "greater than", json!({ "type": "enabled", "budget_tokens": 4000 })),
        ("/system/0/text", "non-empty", json!(" ")),
        ("/tools/0/name", "no name", json!("a b")),
        ("/tools/0/input_schema/type", "not `object`", json!("string")),
        ("/tools/0/input_schema/required", "does not have", json!(["other"])),
        ("/tools/0/input_schema/properties/path", "no type", json!({})),
        ("/messages", "missing or empty", json!([])),
        ("/messages/0/role", "the role is", json!("assistant")),
        ("/messages/0/content", "no content", json!([])),
        ("/messages/1/content/0/signature", "never said", json!("forged")),
        ("/messages/1/content/2/id", "used before", json!("a")),
        ("/messages/1/content/1/input", "no object", json!(null)),
        ("/messages/1/content/1/name", "no name", json!("")),
        ("/messages/2/content/0/tool_use_id", "no open call", json!("c")),
        ("/messages/2/content/1/tool_use_id", "has 2 results", json!("a")),
        ("/messages/2/content/2", "no open call", json!({ "type": "tool_result", "tool_use_id": "c" })),
        ("/messages/2/content/2/text", "non-empty", json!("")),
        ("/messages/2/content/1/content", "cannot be in", json!([{ "type": "image" }])),
        ("/messages/2/content/0/content/0", "bad image", json!({ "type": "image", "source": {} })),
    ];
    for (place, complaint, value) in breaks {
        let mut body = right();
        match body.pointer_mut(place) {
            Some(part) => *part = value.clone(),
            None => body[&place[1..]] = value.clone(),
        }
        let found = check(&body);
        assert!(found.iter().any(|violation| violation.contains(complaint)), "{place}: {found:?}");
    }
}

#[test]
fn the_order_of_a_conversation_is_watched() {
    let mut unanswered = right();
    unanswered["messages"].as_array_mut().unwrap().pop();
    assert!(check(&unanswered).iter().any(|violation| violation.contains("without a result")), "{:?}", check(&unanswered));

    let mut late = right();
    let content = late.pointer_mut("/messages/2/content").unwrap().as_array_mut().unwrap();
    content.rotate_right(1);
    assert!(check(&late).iter().any(|violation| violation.contains("must come first")));

    let mut marked = right();
    for block in marked.pointer_mut("/messages/2/content").unwrap().as_array_mut().unwrap() {
        block["cache_control"] = json!({ "type": "ephemeral" });
    }
    marked["tools"][0]["cache_control"] = json!({ "type": "ephemeral" });
    assert!(check(&marked).iter().any(|violation| violation.contains("5 blocks")));
}

#[test]
fn the_envelope_is_watched() {
    let none = |_: &str| None;
    let found = violations(&Incoming { method: "GET", path: "/v1/complete", header: &none, body: None, issued: &[] });
    assert_eq!(found.len(), 6, "{found:?}");
}
