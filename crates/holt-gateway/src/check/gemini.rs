//! Content as Gemini takes it. Its fields have two ways of writing.

use serde_json::{Map, Value};

use super::{each, object, only, refuse, shown};
use crate::Refusal;

const FIELDS: &[&str] = &[
    "contents",
    "generateContentRequest",
    "generate_content_request",
    "generationConfig",
    "generation_config",
    "model",
    "safetySettings",
    "safety_settings",
    "systemInstruction",
    "system_instruction",
    "toolConfig",
    "tool_config",
    "tools",
];
/// What a model may be asked to have called: what the program itself runs.
const TOOLS: &[&str] = &["functionDeclarations", "function_declarations"];
const PARTS: &[&str] = &[
    "functionCall",
    "functionResponse",
    "function_call",
    "function_response",
    "inlineData",
    "inline_data",
    "mediaResolution",
    "media_resolution",
    "text",
    "thought",
    "thoughtSignature",
    "thought_signature",
    "videoMetadata",
    "video_metadata",
];

pub fn check(body: &Map<String, Value>) -> Result<(), Refusal> {
    only(body, FIELDS, "the request")?;
    each(body.get("tools"), "tools", |tool| {
        let tool = object(tool, "a tool")?;
        match tool.keys().find(|name| !TOOLS.contains(&name.as_str())) {
            Some(name) => refuse(format!("the tool `{}`, which the provider runs", shown(name))),
            None => Ok(()),
        }
    })?;
    each(body.get("contents"), "contents", check_content)?;
    for name in ["systemInstruction", "system_instruction"] {
        body.get(name).map_or(Ok(()), check_content)?;
    }
    for name in ["generateContentRequest", "generate_content_request"] {
        if let Some(inner) = body.get(name) {
            let inner = object(inner, "a request")?;
            if inner.contains_key("generateContentRequest") || inner.contains_key("generate_content_request") {
                return refuse("a request in a request in a request");
            }
            check(inner)?;
        }
    }
    Ok(())
}

fn check_content(content: &Value) -> Result<(), Refusal> {
    let content = object(content, "content")?;
    only(content, &["parts", "role"], "content")?;
    each(content.get("parts"), "parts", |part| only(object(part, "a part")?, PARTS, "a part"))
}
