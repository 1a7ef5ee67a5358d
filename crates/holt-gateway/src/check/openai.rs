//! Chat completions and responses as OpenAI takes them.

use serde_json::{Map, Value};

use super::{each, is_data, kind, object, only, refuse, text, text_or_each};
use crate::Refusal;

const CHAT: &[&str] = &[
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "modalities",
    "model",
    "n",
    "parallel_tool_calls",
    "prediction",
    "presence_penalty",
    "prompt_cache_key",
    "reasoning_effort",
    "response_format",
    "safety_identifier",
    "seed",
    "service_tier",
    "stop",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
    "verbosity",
];
const MESSAGE: &[&str] =
    &["content", "function_call", "name", "reasoning", "reasoning_content", "refusal", "role", "tool_call_id", "tool_calls"];
const RESPONSES: &[&str] = &[
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "stream_options",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
];
/// What a response may bring along besides.
const INCLUDES: &[&str] = &["message.output_text.logprobs", "reasoning.encrypted_content"];
/// Tools that the program itself runs.
const OWN_TOOLS: &[&str] = &["apply_patch", "computer", "computer_use_preview", "custom", "function", "local_shell"];
/// What was said and done before, each with what it says in itself.
const ITEMS: &[&str] = &[
    "apply_patch_call",
    "apply_patch_call_output",
    "compaction",
    "computer_call",
    "custom_tool_call",
    "function_call",
    "local_shell_call",
    "local_shell_call_output",
    "reasoning",
];

pub fn check_chat(body: &Map<String, Value>) -> Result<(), Refusal> {
    only(body, CHAT, "the request")?;
    keeps_nothing(body)?;
    each(body.get("modalities"), "modalities", |one| if one == "text" { Ok(()) } else { refuse("answers that are not text") })?;
    each(body.get("tools"), "tools", check_tool)?;
    each(body.get("messages"), "messages", |message| {
        let message = object(message, "a message")?;
        only(message, MESSAGE, "a message")?;
        text_or_each(message.get("content"), "contents", check_part)
    })
}

pub fn asks_for_usage(body: &Map<String, Value>) -> bool {
    body.get("stream_options").and_then(|options| options.get("include_usage")) == Some(&Value::Bool(true))
}

pub fn check_responses(body: &Map<String, Value>) -> Result<(), Refusal> {
    only(body, RESPONSES, "the request")?;
    keeps_nothing(body)?;
    each(body.get("include"), "includes", |one| match one.as_str() {
        Some(known) if INCLUDES.contains(&known) => Ok(()),
        _ => refuse("including that"),
    })?;
    each(body.get("tools"), "tools", check_tool)?;
    text_or_each(body.get("input"), "inputs", check_item)
}

fn keeps_nothing(body: &Map<String, Value>) -> Result<(), Refusal> {
    match body.get("store") {
        None | Some(Value::Bool(false)) => Ok(()),
        Some(_) => refuse("storing the answer at the provider (`store`)"),
    }
}

fn check_tool(tool: &Value) -> Result<(), Refusal> {
    let tool = object(tool, "a tool")?;
    match text(tool, "type") {
        Some(own) if OWN_TOOLS.contains(&own) => Ok(()),
        _ => refuse(format!("the tool `{}`, which the provider runs", kind(tool))),
    }
}

fn check_item(item: &Value) -> Result<(), Refusal> {
    let item = object(item, "an input")?;
    match text(item, "type") {
        None if item.contains_key("role") && !item.contains_key("type") => {
            text_or_each(item.get("content"), "contents", check_part)
        }
        Some("message") => text_or_each(item.get("content"), "contents", check_part),
        Some("function_call_output" | "custom_tool_call_output") => text_or_each(item.get("output"), "outputs", check_part),
        Some("computer_call_output") => item.get("output").map_or(Ok(()), check_part),
        Some(known) if ITEMS.contains(&known) => Ok(()),
        _ => refuse(format!("an input of the kind `{}`", kind(item))),
    }
}

fn check_part(part: &Value) -> Result<(), Refusal> {
    let part = object(part, "content")?;
    let of_itself = |field: &str| part.get(field).is_none_or(Value::is_null);
    match text(part, "type") {
        Some("text" | "input_text" | "output_text" | "refusal" | "summary_text" | "reasoning_text" | "input_audio") => Ok(()),
        Some("image_url") if is_data(part.get("image_url").and_then(|image| image.get("url"))) => Ok(()),
        Some("input_image" | "computer_screenshot") if is_data(part.get("image_url")) && of_itself("file_id") => Ok(()),
        Some("input_file") if of_itself("file_id") && of_itself("file_url") => Ok(()),
        Some("file") if part.get("file").is_some_and(|file| file.get("file_id").is_none_or(Value::is_null)) => Ok(()),
        Some("image_url" | "input_image" | "computer_screenshot" | "input_file" | "file") => {
            refuse("pictures and files that are not in the request itself")
        }
        _ => refuse(format!("content of the kind `{}`", kind(part))),
    }
}
