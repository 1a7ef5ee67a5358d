//! Signatures and pictures go where the provider looks for them.

use holt_core::model::{AssistantPart, CallResult, Turn};
use holt_core::tool::{CallStatus, ToolContent};

use super::*;
use crate::wire::Wire;

fn turns(parts: Vec<AssistantPart>) -> Vec<Turn> {
    let picture = ToolContent::Image { media_type: "image/png".into(), data: "aGk=".into() };
    let results = parts.iter().filter_map(|part| match part {
        AssistantPart::Call { reference, .. } => Some(CallResult {
            reference: reference.clone(),
            content: vec![ToolContent::Text { text: "seen".into() }, picture.clone()],
            status: CallStatus::Succeeded,
        }),
        _ => None,
    });
    let results = results.collect();
    let user = Turn::User { content: vec![ToolContent::Text { text: "hi".into() }] };
    vec![user, Turn::Assistant { parts }, Turn::Results { results }]
}

fn encoded(model: &str, parts: Vec<AssistantPart>) -> Value {
    let request =
        ModelRequest { model: "x".into(), system: String::new(), turns: turns(parts), tools: vec![], max_output_tokens: 10 };
    let options = Options::new("gemini", Wire::Gemini, "https://x.example");
    body(&request, &Offer::new(model), &options)
}

fn call(reference: &str) -> AssistantPart {
    AssistantPart::Call { reference: reference.into(), tool: "look".into(), arguments: json!({}) }
}

fn signature(text: &str, of: &str) -> AssistantPart {
    AssistantPart::Opaque { provider: "gemini".into(), data: json!({ "thoughtSignature": text, "of": of }) }
}

#[test]
fn signatures_come_back_where_they_were() {
    let said = AssistantPart::Text { text: "Let me look.".into() };
    let body = encoded("gemini-3.8-flash", vec![said, signature("a", "text"), signature("b", "call"), call("f1"), call("f2")]);
    let parts = &body["contents"][1]["parts"];
    assert_eq!(parts[0], json!({ "text": "Let me look.", "thoughtSignature": "a" }));
    assert_eq!(parts[1]["thoughtSignature"], "b");
    assert_eq!(parts[1]["functionCall"]["id"], "f1");
    assert_eq!(parts[2].get("thoughtSignature"), None, "only the first of side-by-side calls has one");
}

#[test]
fn calls_of_other_models_are_let_pass() {
    let body = encoded("gemini-3.8-flash", vec![call("call_0")]);
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], NO_SIGNATURE);
    assert_eq!(body["contents"][1]["parts"][0]["functionCall"].get("id"), None, "a name that was made up here");
    let old = encoded("gemini-2.5-pro", vec![call("call_0")]);
    assert_eq!(old["contents"][1]["parts"][0].get("thoughtSignature"), None);

    let mut body = encoded("gemini-3.8-flash", vec![signature("stale", "call"), call("f1")]);
    assert!(relax("Thought signature is not valid.", &mut body));
    assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], NO_SIGNATURE);
    assert!(!relax("Thought signature is not valid.", &mut body), "once is enough");
}

#[test]
fn pictures_are_in_the_result_or_beside_it() {
    let new = encoded("gemini-3.8-flash", vec![call("f1")]);
    let result = &new["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(result["response"]["output"], "seen");
    assert_eq!(result["parts"][0]["inlineData"]["data"], "aGk=");
    let old = encoded("gemini-2.5-pro", vec![call("f1"), call("f2")]);
    let parts = old["contents"][2]["parts"].as_array().unwrap();
    assert_eq!(parts.len(), 4);
    assert!(parts[0].get("functionResponse").is_some() && parts[1].get("functionResponse").is_some(), "results come first");
    assert!(parts[2].get("inlineData").is_some());
}
