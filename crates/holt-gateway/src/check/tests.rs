use proptest::prelude::*;
use serde_json::json;

use super::*;

fn refused(action: Action, body: &Value) -> Option<String> {
    check(action, body.to_string().into_bytes()).err().map(|refusal| refusal.to_string())
}

/// A body with one field changed.
fn with(body: &Value, field: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[field] = value;
    body
}

#[expect(clippy::needless_pass_by_value, reason = "what is given is made for it")]
fn message(content: Value) -> Value {
    json!([{ "role": "user", "content": content }])
}

#[test]
fn what_programs_usually_ask_of_anthropic_goes_on_as_it_came() {
    let body = json!({
        "model": "claude-sonnet-4-5", "max_tokens": 100, "stream": true, "metadata": { "user_id": "x" },
        "system": [{ "type": "text", "text": "You are.", "cache_control": { "type": "ephemeral" } }],
        "thinking": { "type": "enabled", "budget_tokens": 1024 },
        "tools": [
            { "name": "Bash", "description": "", "input_schema": { "type": "object", "properties": { "source": { "type": "url" } } } },
            { "type": "custom", "name": "x", "input_schema": {} },
            { "type": "text_editor_20250728", "name": "str_replace_based_edit_tool" },
        ],
        "messages": [
            { "role": "user", "content": "hello" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "", "signature": "s" },
                { "type": "tool_use", "id": "1", "name": "Bash", "input": { "type": "web_search", "source": { "type": "url" } } },
            ] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "1", "content": [
                { "type": "text", "text": "" },
                { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "" } },
            ] }] },
        ],
    });
    let bytes = body.to_string().into_bytes();
    let checked = check(Action::Messages, bytes.clone()).unwrap();
    assert_eq!((checked.bytes, checked.model.as_deref()), (bytes, Some("claude-sonnet-4-5")));
}

#[test]
fn what_makes_anthropic_reach_out_or_keep_something_is_refused() {
    let body = json!({ "model": "m", "max_tokens": 1, "messages": message(json!("x")) });
    assert_eq!(refused(Action::Messages, &body), None);
    for (field, value, said) in [
        ("mcp_servers", json!([]), "`mcp_servers`"),
        ("container", json!("c"), "`container`"),
        ("something_new", json!(1), "`something_new`"),
        ("tools", json!([{ "type": "web_search_20250305", "name": "web_search" }]), "`web_search_20250305`"),
        ("tools", json!([{ "type": "web_fetch_20250910", "name": "web_fetch" }]), "`web_fetch_20250910`"),
        ("tools", json!([{ "type": "code_execution_20250825", "name": "x" }]), "`code_execution_20250825`"),
        ("tools", json!([{ "type": "mcp_toolset", "mcp_server_name": "x" }]), "`mcp_toolset`"),
        ("tools", json!([{ "type": 5, "name": "x" }]), "the tool ``"),
        ("tools", json!([{ "name": "x", "input_schema": {}, "allowed_callers": ["code_execution_20250825"] }]), "own programs"),
        ("tools", json!({ "type": "web_search_20250305" }), "no list"),
        ("messages", message(json!([{ "type": "image", "source": { "type": "url", "url": "http://x" } }])), "by `url`"),
        ("messages", message(json!([{ "type": "document", "source": { "type": "file", "file_id": "x" } }])), "by `file`"),
        (
            "messages",
            message(json!([{ "type": "tool_result", "content": [{ "type": "image", "source": { "type": "url" } }] }])),
            "by `url`",
        ),
        (
            "messages",
            message(
                json!([{ "type": "document", "source": { "type": "content", "content": [{ "type": "image", "source": { "type": "url" } }] } }]),
            ),
            "by `url`",
        ),
        ("messages", message(json!([{ "type": "container_upload", "file_id": "x" }])), "`container_upload`"),
        ("messages", message(json!([{ "type": "server_tool_use" }])), "`server_tool_use`"),
        ("messages", message(json!([{ "type": "image", "source": { "type": "base64", "url": "x" } }])), "`url`"),
        ("messages", message(json!({ "type": "image" })), "no list"),
        ("system", json!([{ "type": "image", "source": { "type": "url" } }]), "by `url`"),
    ] {
        let said_there = refused(Action::Messages, &with(&body, field, value.clone()));
        assert!(said_there.as_ref().is_some_and(|there| there.contains(said)), "{field} {value}: {said_there:?}");
    }
}

#[test]
fn chat_completions_are_metered_and_name_no_files_or_addresses() {
    let body = json!({ "model": "m", "stream": true, "messages": message(json!([
        { "type": "text", "text": "x" }, { "type": "image_url", "image_url": { "url": "data:image/png;base64,AA" } } ])) });
    let checked = check(Action::ChatCompletions, body.to_string().into_bytes()).unwrap();
    assert!(checked.hides_usage && checked.bytes.starts_with(br#"{"stream_options":{"include_usage":true},"#));
    let asked = with(&body, "stream_options", json!({ "include_usage": true }));
    assert!(!check(Action::ChatCompletions, asked.to_string().into_bytes()).unwrap().hides_usage);
    for (field, value) in [
        ("stream_options", json!({ "include_usage": false })),
        ("store", json!(true)),
        ("store", json!(null)),
        ("web_search_options", json!({})),
        ("metadata", json!({})),
        ("modalities", json!(["text", "audio"])),
        ("tools", json!([{ "type": "mcp", "server_url": "http://x" }])),
        ("messages", message(json!([{ "type": "image_url", "image_url": { "url": "https://x/y.png" } }]))),
        ("messages", message(json!([{ "type": "file", "file": { "file_id": "x" } }]))),
        ("messages", json!([{ "role": "user", "content": "", "audio": { "id": "x" } }])),
    ] {
        assert!(refused(Action::ChatCompletions, &with(&body, field, value.clone())).is_some(), "{field} {value}");
    }
}

#[test]
fn responses_are_not_kept_and_lead_nowhere() {
    let body = json!({ "model": "m", "input": [
        { "role": "user", "content": "x" },
        { "type": "message", "role": "user", "content": [{ "type": "input_image", "image_url": "data:image/png;base64,AA" }] },
        { "type": "function_call", "call_id": "1", "name": "shell", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "1", "output": "done" },
        { "type": "reasoning", "encrypted_content": "x", "summary": [] },
    ], "include": ["reasoning.encrypted_content"], "tools": [{ "type": "function", "name": "shell", "parameters": {} }, { "type": "custom", "name": "apply_patch" }] });
    let checked = check(Action::Responses, body.to_string().into_bytes()).unwrap();
    assert!(checked.bytes.starts_with(br#"{"store":false,"#));
    let off = with(&body, "store", json!(false)).to_string().into_bytes();
    assert_eq!(check(Action::Responses, off.clone()).unwrap().bytes, off);
    for (field, value) in [
        ("store", json!(true)),
        ("previous_response_id", json!("x")),
        ("conversation", json!("x")),
        ("background", json!(true)),
        ("prompt", json!({ "id": "x" })),
        ("prompt_cache_retention", json!("24h")),
        ("include", json!(["web_search_call.action.sources"])),
        ("tools", json!([{ "type": "web_search" }])),
        ("tools", json!([{ "type": "file_search" }])),
        ("tools", json!([{ "type": "code_interpreter" }])),
        ("tools", json!([{ "type": "image_generation" }])),
        ("tools", json!([{ "type": "mcp", "server_url": "https://x" }])),
        ("tools", json!([{ "type": "shell", "environment": { "type": "container_auto" } }])),
        ("input", json!([{ "type": "item_reference", "id": "x" }])),
        ("input", json!([{ "type": "mcp_approval_response" }])),
        ("input", json!([{ "role": "user", "content": [{ "type": "input_image", "image_url": "https://x" }] }])),
        ("input", json!([{ "role": "user", "content": [{ "type": "input_file", "file_id": "x" }] }])),
        ("input", json!([{ "role": "user", "type": null, "content": "x" }])),
        ("input", json!([{ "type": "function_call_output", "output": [{ "type": "input_file", "file_url": "https://x" }] }])),
    ] {
        assert!(refused(Action::Responses, &with(&body, field, value.clone())).is_some(), "{field} {value}");
    }
}

#[test]
fn gemini_calls_nothing_but_the_program_s_own_functions() {
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "x" }, { "inlineData": { "mimeType": "image/png", "data": "" } }] }],
        "tools": [{ "functionDeclarations": [{ "name": "f" }] }], "systemInstruction": { "parts": [{ "text": "x" }] } });
    assert_eq!(refused(Action::Generate, &body), None);
    for (field, value) in [
        ("cachedContent", json!("cachedContents/x")),
        ("tools", json!([{ "googleSearch": {} }])),
        ("tools", json!([{ "functionDeclarations": [], "urlContext": {} }])),
        ("tools", json!([{ "code_execution": {} }])),
        ("contents", json!([{ "parts": [{ "fileData": { "fileUri": "gs://x" } }] }])),
        ("contents", json!([{ "parts": [{ "text": "", "file_data": {} }] }])),
        ("system_instruction", json!({ "parts": [{ "fileData": {} }] })),
        ("generateContentRequest", json!({ "tools": [{ "googleSearch": {} }] })),
    ] {
        assert!(refused(Action::Generate, &with(&body, field, value.clone())).is_some(), "{field} {value}");
    }
}

proptest! {
    #[test]
    fn any_body_is_let_through_or_refused(text in r#"[\{\}\[\]",:a-z0-9 ]{0,80}"#) {
        for action in [Action::Messages, Action::ChatCompletions, Action::Responses, Action::Generate] {
            if let Ok(checked) = check(action, text.clone().into_bytes()) {
                prop_assert!(serde_json::from_slice::<Value>(&checked.bytes).is_ok());
            }
        }
    }
}
