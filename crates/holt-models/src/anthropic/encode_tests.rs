//! Whatever turns come, the request keeps the rules of the interface. The judge is the test server's own, over HTTP, in
//! `tests/wire.rs`; here is what a table can say.

use holt_core::model::{AssistantPart, CallResult};
use holt_core::tool::{CallStatus, ToolContent, ToolSpec};

use super::*;
use crate::options::Effort;
use crate::wire::Wire;

const PROVIDER: &str = "anthropic";

fn words(text: &str) -> ToolContent {
    ToolContent::Text { text: text.into() }
}

fn user(text: &str) -> Turn {
    Turn::User { content: vec![words(text)] }
}

fn call(reference: &str) -> AssistantPart {
    AssistantPart::Call { reference: reference.into(), tool: "look".into(), arguments: json!({ "path": "." }) }
}

fn assistant(parts: impl IntoIterator<Item = AssistantPart>) -> Turn {
    Turn::Assistant { parts: parts.into_iter().collect() }
}

fn result(reference: &str, text: &str, is_error: bool) -> CallResult {
    CallResult { reference: reference.into(), content: vec![words(text)], status: status(is_error) }
}

fn status(is_error: bool) -> CallStatus {
    if is_error { CallStatus::Failed } else { CallStatus::Succeeded }
}

fn request(turns: Vec<Turn>) -> ModelRequest {
    ModelRequest {
        model: "claude".into(),
        system: "Be brief.".into(),
        turns,
        tools: vec![
            ToolSpec {
                name: "look".into(),
                description: "Looks.".into(),
                parameters: json!({ "type": "object", "properties": {} }),
                reads_only: true,
                parallel: true,
                screen: false,
                place: holt_core::tool::Place::Sandbox,
            };
            2
        ],
        max_output_tokens: 500,
    }
}

fn options(effort: Option<Effort>) -> Options {
    Options { effort, ..Options::new(PROVIDER, Wire::Anthropic, "https://x.example") }
}

fn body(request: &ModelRequest, effort: Option<Effort>) -> Value {
    super::body(request, &Offer { thinking: Thinking::Tokens, ..Offer::new("claude") }, &options(effort))
}

fn encoded(turns: Vec<Turn>) -> Vec<Value> {
    body(&request(turns), None)["messages"].as_array().unwrap().clone()
}

/// The conversation in short: who, and what kinds of blocks with their most telling words.
fn outline(messages: &[Value]) -> Vec<String> {
    let block = |block: &Value| match block["type"].as_str().unwrap() {
        "text" => block["text"].as_str().unwrap().to_owned(),
        "tool_use" => format!("call {}", block["id"].as_str().unwrap()),
        "tool_result" => {
            let error = if block["is_error"] == true { "!" } else { "" };
            format!(
                "result{error} {}: {}",
                block["tool_use_id"].as_str().unwrap(),
                block["content"][0]["text"].as_str().unwrap_or("?")
            )
        }
        other => other.to_owned(),
    };
    let message = |message: &Value| {
        let blocks: Vec<String> = message["content"].as_array().unwrap().iter().map(block).collect();
        format!("{}: {}", message["role"].as_str().unwrap(), blocks.join(" | "))
    };
    messages.iter().map(message).collect()
}

#[test]
fn a_conversation_becomes_messages() {
    let messages = encoded(vec![
        user("hi"),
        assistant([AssistantPart::Text { text: "Let me see.".into() }, call("a"), call("b")]),
        Turn::Results { results: vec![result("a", "x", false), result("b", "no", true)] },
        user("and?"),
        assistant([AssistantPart::Text { text: "Done.".into() }]),
        user("thanks"),
    ]);
    assert_eq!(
        outline(&messages),
        [
            "user: hi",
            "assistant: Let me see. | call a | call b",
            "user: result a: x | result! b: no | and?",
            "assistant: Done.",
            "user: thanks",
        ]
    );
}

#[test]
fn what_the_interface_would_refuse_is_put_right() {
    let messages = encoded(vec![
        assistant([call("lost")]),
        user(" \n"),
        assistant([AssistantPart::Text { text: "  ".into() }, call("same"), call("same"), call("not a name!")]),
        Turn::Results { results: vec![result("same", "", false), result("stranger", "?", false)] },
        assistant([AssistantPart::Text { text: "More.".into() }]),
        assistant([AssistantPart::Text { text: "And more.".into() }]),
    ]);
    assert_eq!(
        outline(&messages),
        [
            "user: (What was said before is left out.)",
            "assistant: call lost",
            "user: result! lost: This call has no result.",
            "assistant: call same | call call_2 | call call_3",
            "user: result same: (no output) | result call_2: (no output) | result! call_3: This call has no result.",
            "assistant: More. | And more.",
            "user: Please go on.",
        ]
    );
    assert_eq!(outline(&encoded(vec![])), ["user: Please go on."]);
}

#[test]
fn pictures_go_where_they_may() {
    let picture = |media_type: &str| ToolContent::Image { media_type: media_type.into(), data: "aGk=".into() };
    let with = |is_error| CallResult {
        reference: "a".into(),
        content: vec![picture("image/png"), picture("image/tiff")],
        status: status(is_error),
    };
    let content = |is_error| {
        let turns = vec![user("hi"), assistant([call("a")]), Turn::Results { results: vec![with(is_error)] }];
        encoded(turns)[2]["content"][0]["content"].clone()
    };
    assert_eq!(content(false)[0]["source"], json!({ "type": "base64", "media_type": "image/png", "data": "aGk=" }));
    assert_eq!(content(false)[1]["type"], "text");
    assert_eq!(content(true)[0]["type"], "text", "an error holds no picture");
}

#[test]
fn own_thinking_goes_back_as_it_came_and_foreign_stays_away() {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
    let opaque = |provider: &str, data: &Value| AssistantPart::Opaque { provider: provider.into(), data: data.clone() };
    let parts = [
        AssistantPart::Reasoning { text: "hm".into() },
        opaque(PROVIDER, &thinking),
        opaque("other", &json!({ "secret": 1 })),
        call("a"),
    ];
    let turns = vec![user("hi"), assistant(parts), Turn::Results { results: vec![result("a", "x", false)] }];
    let content = encoded(turns.clone())[1]["content"].as_array().unwrap().clone();
    assert_eq!(content.len(), 2);
    assert_eq!(content[0], thinking);

    let body = body(&request(turns), Some(Effort::Low));
    assert_eq!(body["thinking"]["budget_tokens"], 2048);
    assert_eq!(body["max_tokens"], 2548);
    let begun_without = vec![user("hi"), assistant([call("a")]), Turn::Results { results: vec![result("a", "x", false)] }];
    assert_eq!(super::tests::body(&request(begun_without), Some(Effort::Low)).get("thinking"), None);
}

#[test]
fn the_cache_is_marked_at_four_places() {
    let turns = vec![
        user("1"),
        assistant([AssistantPart::Text { text: "2".into() }]),
        user("3"),
        assistant([call("a")]),
        Turn::Results { results: vec![result("a", "x", false)] },
    ];
    let body = body(&request(turns), None);
    let marked = |place: &str| body.pointer(place).unwrap().get("cache_control").is_some();
    assert!(marked("/system/0") && marked("/tools/1") && marked("/messages/2/content/0") && marked("/messages/4/content/0"));
    assert_eq!(body.to_string().matches("cache_control").count(), 4);
}

#[test]
fn newer_models_are_told_how_much_and_decide_themselves() {
    let offer = Offer { thinking: Thinking::Effort, ..Offer::new("claude") };
    let mut body = super::body(&request(vec![user("hi")]), &offer, &options(Some(Effort::High)));
    assert_eq!(body["thinking"]["type"], "adaptive");
    assert_eq!(body["output_config"]["effort"], "high");
    assert_eq!(body["max_tokens"], 500);
    assert!(relax("output_config.effort: not supported by this model", &mut body) && body.get("output_config").is_none());
    assert!(relax("thinking.display: Extra inputs are not permitted", &mut body) && body["thinking"].get("display").is_none());
    assert!(relax("thinking: adaptive is not supported", &mut body) && body.get("thinking").is_none());
    assert!(!relax("thinking: adaptive is not supported", &mut body), "there is nothing more to take out");
}

#[test]
fn what_another_model_thought_is_taken_out_where_it_is_refused() {
    let thinking = json!({ "type": "thinking", "thinking": "hm", "signature": "s" });
    let opaque = AssistantPart::Opaque { provider: PROVIDER.into(), data: thinking };
    let turns = vec![user("hi"), assistant([opaque, call("a")]), Turn::Results { results: vec![result("a", "x", false)] }];
    let mut body = body(&request(turns), None);
    assert!(relax("messages.1.content.0: Invalid `signature` in `thinking` block", &mut body));
    assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 1);
}
