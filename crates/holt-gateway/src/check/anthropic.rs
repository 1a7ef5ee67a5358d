//! Messages as Anthropic takes them.

use serde_json::{Map, Value};

use super::{each, kind, object, only, refuse, text, text_or_each};
use crate::Refusal;

const FIELDS: &[&str] = &[
    "context_management",
    "max_tokens",
    "messages",
    "metadata",
    "model",
    "output_config",
    "output_format",
    "service_tier",
    "stop_sequences",
    "stream",
    "system",
    "temperature",
    "thinking",
    "tool_choice",
    "tools",
    "top_k",
    "top_p",
];
/// Tools that the program itself runs, by how their kinds begin.
const OWN_TOOLS: &[&str] = &["bash_", "computer_", "memory_", "text_editor_", "tool_search_tool_"];
const TOOL_FIELDS: &[&str] = &[
    "allowed_callers",
    "cache_control",
    "defer_loading",
    "description",
    "eager_input_streaming",
    "input_examples",
    "input_schema",
    "name",
    "strict",
    "type",
];
/// What tools of the kinds above have besides.
const OWN_TOOL_FIELDS: &[&str] = &[
    "cache_control",
    "defer_loading",
    "display_height_px",
    "display_number",
    "display_width_px",
    "enable_zoom",
    "max_characters",
    "name",
    "type",
];
/// Content that is nothing but what it says.
const PLAIN: &[&str] = &["redacted_thinking", "text", "thinking", "tool_reference", "tool_use"];

pub fn check(body: &Map<String, Value>) -> Result<(), Refusal> {
    only(body, FIELDS, "the request")?;
    each(body.get("tools"), "tools", |tool| check_tool(object(tool, "a tool")?))?;
    text_or_each(body.get("system"), "system texts", check_block)?;
    each(body.get("messages"), "messages", |message| {
        let message = object(message, "a message")?;
        only(message, &["content", "role"], "a message")?;
        text_or_each(message.get("content"), "contents", check_block)
    })
}

fn check_tool(tool: &Map<String, Value>) -> Result<(), Refusal> {
    match text(tool, "type") {
        None | Some("custom") if matches!(tool.get("type"), None | Some(Value::String(_) | Value::Null)) => {
            only(tool, TOOL_FIELDS, "a tool")?;
        }
        Some(own) if OWN_TOOLS.iter().any(|known| own.starts_with(known)) => only(tool, OWN_TOOL_FIELDS, "a tool")?,
        _ => return refuse(format!("the tool `{}`, which the provider runs", kind(tool))),
    }
    each(tool.get("allowed_callers"), "callers", |caller| match caller.as_str() {
        Some("direct") => Ok(()),
        _ => refuse("tools that the provider's own programs call"),
    })
}

fn check_block(block: &Value) -> Result<(), Refusal> {
    let block = object(block, "content")?;
    match text(block, "type") {
        Some(plain) if PLAIN.contains(&plain) => Ok(()),
        Some("image" | "document") => check_source(block),
        Some("tool_result") => text_or_each(block.get("content"), "results", check_block),
        Some("search_result") => each(block.get("content"), "results", check_block),
        _ => refuse(format!("content of the kind `{}`", kind(block))),
    }
}

fn check_source(block: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(source) = block.get("source") else { return refuse("a picture or document without a source") };
    let source = object(source, "a source")?;
    match text(source, "type") {
        Some("base64" | "text") => only(source, &["data", "media_type", "type"], "a source"),
        Some("content") => {
            only(source, &["content", "type"], "a source")?;
            text_or_each(source.get("content"), "contents", check_block)
        }
        _ => refuse(format!("a picture or document by `{}`", kind(source))),
    }
}
