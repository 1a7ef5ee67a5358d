//! Gemini's `generateContent`: its rules, and a script in its words.

use serde_json::{Value, json};

use super::check::Incoming;
use super::language::{Voice, each, event};
use super::rules::{Rules, is_base64, is_name, list};
use super::step::{Piece, Script};
use super::wire::Out;

const TOP_LEVEL: [&str; 4] = ["contents", "systemInstruction", "tools", "generationConfig"];
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

pub(super) fn violations(incoming: &Incoming<'_>) -> Vec<String> {
    let mut rules = Rules::of(incoming, ":streamGenerateContent");
    rules.unless((incoming.header)("x-goog-api-key").is_some_and(|key| !key.is_empty()), || "there is no x-goog-api-key".into());
    let Some(body) = incoming.body else { return rules.found };
    rules.fields(body, &TOP_LEVEL, "body");
    for tool in list(&body["tools"][0], "functionDeclarations") {
        rules.tool(&tool["name"], &tool["parametersJsonSchema"]);
    }
    let contents = list(body, "contents");
    rules.unless(contents.first().is_some_and(|first| first["role"] == "user"), || "a person begins".into());
    rules.unless(contents.last().is_some_and(|last| last["role"] == "user"), || "a person ends".into());
    let mut open: Vec<String> = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        let place = format!("contents.{at}");
        rules.unless(!list(content, "parts").is_empty(), || format!("{place}: no parts"));
        let answered: Vec<String> = list(content, "parts")
            .iter()
            .filter_map(|part| part["functionResponse"]["name"].as_str())
            .map(str::to_owned)
            .collect();
        rules.unless(answered == open, || format!("{place}: the responses {answered:?} are not those to the calls {open:?}"));
        open.clear();
        for part in list(content, "parts") {
            self::part(&mut rules, incoming, part, content["role"] == "model", &place);
        }
        if content["role"] == "model" {
            let calls = list(content, "parts").iter().filter(|part| part["functionCall"].is_object());
            let calls: Vec<&Value> = calls.collect();
            let signed =
                calls.first().is_none_or(|call| call["thoughtSignature"].is_string() || !incoming.path.contains("gemini-3"));
            rules.unless(signed, || format!("{place}: the first call has no thought signature"));
            open = calls.iter().filter_map(|call| call["functionCall"]["name"].as_str()).map(str::to_owned).collect();
        }
    }
    rules.unless(open.is_empty(), || format!("calls without a response at the end: {open:?}"));
    rules.found
}

fn part(rules: &mut Rules, incoming: &Incoming<'_>, part: &Value, is_models: bool, place: &str) {
    if let Some(signature) = part["thoughtSignature"].as_str() {
        let known = signature == NO_SIGNATURE || incoming.issued.contains(&json!(signature));
        rules.unless(known && is_models, || format!("{place}: the signature `{signature}` was never given"));
    }
    if let Some(data) = part["inlineData"]["data"].as_str() {
        rules.unless(is_base64(data) && !is_models, || format!("{place}: a bad picture"));
    } else if part["functionCall"].is_object() {
        let call = &part["functionCall"];
        rules.unless(is_models && call["args"].is_object(), || format!("{place}: no arguments"));
        rules.unless(call["name"].as_str().is_some_and(is_name), || format!("{place}: {} is no name for a tool", call["name"]));
    } else if part["functionResponse"].is_object() {
        let response = &part["functionResponse"]["response"];
        rules.unless(!is_models && response.is_object(), || format!("{place}: a response that is no object"));
    } else {
        rules.unless(part["text"].is_string(), || format!("{place}: a part with nothing in it"));
    }
}

pub(super) fn write(script: &Script, model: &Value, input_tokens: usize, voice: &mut Voice<'_>) -> Vec<Out> {
    let chunk = |parts: Value| json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "index": 0 }], "modelVersion": model });
    let mut out = Vec::new();
    let mut signature: Option<String> = None;
    let whole = each(script, &mut out, |piece| match piece {
        Piece::Text(text) => vec![event(&chunk(json!([{ "text": text }])))],
        Piece::Thinking { text, signature: sealed } => {
            (voice.issue)(json!(sealed));
            signature = Some(sealed.clone());
            vec![event(&chunk(json!([{ "text": text, "thought": true }])))]
        }
        Piece::Call { tool, json, .. } => {
            let arguments: Value = serde_json::from_str(json).unwrap_or_else(|_| json!({}));
            let mut call = json!({ "functionCall": { "name": tool, "args": arguments, "id": (voice.fresh_id)() } });
            if let Some(signature) = signature.take() {
                call["thoughtSignature"] = json!(signature);
            }
            vec![event(&chunk(json!([call])))]
        }
        Piece::Event(value) => vec![event(value)],
        _ => Vec::new(),
    });
    if whole {
        let stop = script.stop.clone().unwrap_or_else(|| "STOP".to_owned());
        let usage =
            script.usage.clone().unwrap_or_else(|| json!({ "promptTokenCount": input_tokens, "candidatesTokenCount": 1 }));
        let mut last = chunk(json!([{ "text": "" }]));
        last["candidates"][0]["finishReason"] = json!(stop);
        last["usageMetadata"] = usage;
        out.push(Out::Bytes(event(&last).into()));
    }
    out
}
