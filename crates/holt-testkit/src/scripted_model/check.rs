//! What the provider refuses, and more: every rule of the Messages interface that a client can break. Pure.

use std::collections::HashSet;

use serde_json::{Map, Value};

const TOP_LEVEL: [&str; 14] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "stream",
    "metadata",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "thinking",
    "output_config",
];
const MAX_MARKS: usize = 4;

/// A request as it came.
pub(super) struct Incoming<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub header: &'a dyn Fn(&str) -> Option<String>,
    pub body: Option<&'a Value>,
    /// The thinking that the server has signed, as it went out.
    pub issued: &'a [Value],
}

/// Everything that is wrong with a request.
pub(super) fn violations(incoming: &Incoming<'_>) -> Vec<String> {
    let mut found = Found::default();
    found.unless(incoming.method == "POST", || format!("the method is {}", incoming.method));
    found.unless(incoming.path == "/v1/messages", || format!("the path is {}", incoming.path));
    let header = |name: &str| (incoming.header)(name).unwrap_or_default();
    found.unless(!header("x-api-key").is_empty(), || "there is no x-api-key".into());
    found.unless(header("anthropic-version") == "2023-06-01", || "anthropic-version is missing or unknown".into());
    found.unless(header("content-type").starts_with("application/json"), || "the content-type is not application/json".into());
    match incoming.body {
        Some(Value::Object(body)) => found.body(body, incoming.issued),
        Some(_) => found.say("the body is no object".into()),
        None => found.say("the body is no JSON".into()),
    }
    found.violations
}

#[derive(Default)]
struct Found {
    violations: Vec<String>,
    marks: usize,
}

impl Found {
    fn say(&mut self, what: String) {
        self.violations.push(what);
    }

    fn unless(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.say(what());
        }
    }

    fn body(&mut self, body: &Map<String, Value>, issued: &[Value]) {
        for field in body.keys() {
            self.unless(TOP_LEVEL.contains(&field.as_str()), || format!("{field}: extra inputs are not permitted"));
        }
        self.unless(body.get("model").and_then(Value::as_str).is_some_and(|model| !model.is_empty()), || {
            "model is missing".into()
        });
        let max_tokens = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0);
        self.unless(max_tokens >= 1, || "max_tokens must be at least 1".into());
        self.unless(body.get("stream") == Some(&Value::Bool(true)), || "stream is not true".into());
        if let Some(thinking) = body.get("thinking").filter(|thinking| thinking["type"] != "adaptive") {
            let budget = thinking["budget_tokens"].as_u64().unwrap_or(0);
            self.unless(thinking["type"] == "enabled" && budget >= 1024, || {
                "thinking.budget_tokens must be at least 1024".into()
            });
            self.unless(budget < max_tokens, || "max_tokens must be greater than thinking.budget_tokens".into());
        }
        self.system(body.get("system"));
        self.tools(body.get("tools"));
        match body.get("messages").and_then(Value::as_array) {
            Some(messages) if !messages.is_empty() => Conversation { found: self, issued, used: HashSet::new() }.check(messages),
            _ => self.say("messages is missing or empty".into()),
        }
        let marks = self.marks;
        self.unless(marks <= MAX_MARKS, || format!("{marks} blocks have cache_control; at most {MAX_MARKS} may"));
    }

    fn system(&mut self, system: Option<&Value>) {
        match system {
            None | Some(Value::String(_)) => {}
            Some(Value::Array(blocks)) => {
                for block in blocks {
                    self.unless(block["type"] == "text", || "system: only text blocks".into());
                    self.text(block, "system");
                    self.mark(block);
                }
            }
            Some(_) => self.say("system is neither text nor a list".into()),
        }
    }

    fn tools(&mut self, tools: Option<&Value>) {
        let Some(tools) = tools else { return };
        let Some(tools) = tools.as_array() else { return self.say("tools is no list".into()) };
        let mut names = HashSet::new();
        for tool in tools {
            let name = tool["name"].as_str().unwrap_or_default();
            self.unless(is_name(name, 128), || format!("tools: `{name}` is no name for a tool"));
            self.unless(names.insert(name), || format!("tools: two are named `{name}`"));
            self.unless(tool["description"].is_string(), || format!("tools.{name}: no description"));
            self.fields(tool, &["name", "description", "input_schema", "cache_control"], "tools");
            self.schema(&tool["input_schema"], name);
            self.mark(tool);
        }
    }

    fn schema(&mut self, schema: &Value, name: &str) {
        self.unless(schema["type"] == "object", || format!("tools.{name}.input_schema.type is not `object`"));
        let properties = schema.get("properties").and_then(Value::as_object);
        self.unless(properties.is_some(), || format!("tools.{name}.input_schema has no properties"));
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            let known = required.as_str().is_some_and(|field| properties.is_some_and(|all| all.contains_key(field)));
            self.unless(known, || format!("tools.{name}.input_schema requires {required}, which it does not have"));
        }
        for (property, schema) in properties.into_iter().flatten() {
            let typed = schema.get("type").is_some_and(Value::is_string) || schema.get("enum").is_some_and(Value::is_array);
            self.unless(typed, || format!("tools.{name}.input_schema.properties.{property} has no type"));
        }
    }

    fn fields(&mut self, value: &Value, known: &[&str], place: &str) {
        for field in value.as_object().into_iter().flat_map(Map::keys) {
            self.unless(known.contains(&field.as_str()), || format!("{place}.{field}: extra inputs are not permitted"));
        }
    }

    fn text(&mut self, block: &Value, place: &str) {
        let text = block["text"].as_str().unwrap_or_default();
        self.unless(!text.trim().is_empty(), || format!("{place}: text content blocks must be non-empty"));
        self.fields(block, &["type", "text", "cache_control"], place);
    }

    fn mark(&mut self, block: &Value) {
        if let Some(mark) = block.get("cache_control") {
            self.marks += 1;
            self.unless(mark["type"] == "ephemeral", || "cache_control.type is not `ephemeral`".into());
        }
    }
}

struct Conversation<'a> {
    found: &'a mut Found,
    issued: &'a [Value],
    used: HashSet<String>,
}

impl Conversation<'_> {
    fn check(mut self, messages: &[Value]) {
        let mut open: Vec<String> = Vec::new();
        for (at, message) in messages.iter().enumerate() {
            let wanted = if at % 2 == 0 { "user" } else { "assistant" };
            self.found
                .unless(message["role"] == wanted, || format!("messages.{at}: the role is {}, not {wanted}", message["role"]));
            self.found.fields(message, &["role", "content"], "messages");
            let whole;
            let blocks = match &message["content"] {
                Value::String(text) => {
                    whole = [serde_json::json!({ "type": "text", "text": text })];
                    &whole[..]
                }
                Value::Array(blocks) => blocks,
                _ => &[],
            };
            self.found.unless(!blocks.is_empty(), || format!("messages.{at}: no content"));
            if message["role"] == "assistant" {
                open = self.assistant(at, blocks);
            } else {
                self.user(at, blocks, &std::mem::take(&mut open));
            }
        }
        self.found.unless(messages.len() % 2 == 1, || "the last message is the assistant's".into());
        self.found.unless(open.is_empty(), || format!("calls without a result at the end: {open:?}"));
    }

    fn assistant(&mut self, at: usize, blocks: &[Value]) -> Vec<String> {
        let mut calls = Vec::new();
        for block in blocks {
            match block["type"].as_str().unwrap_or_default() {
                "text" => self.found.text(block, &format!("messages.{at}")),
                "tool_use" => calls.push(self.tool_use(at, block)),
                "thinking" | "redacted_thinking" => {
                    let known = self.issued.contains(block);
                    self.found.unless(known, || format!("messages.{at}: thinking that was never said like this: {block}"));
                }
                other => self.found.say(format!("messages.{at}: an assistant does not say `{other}`")),
            }
            self.found.mark(block);
        }
        calls
    }

    fn tool_use(&mut self, at: usize, block: &Value) -> String {
        let id = block["id"].as_str().unwrap_or_default().to_owned();
        self.found.unless(is_name(&id, 256), || format!("messages.{at}: `{id}` is no id for a call"));
        self.found.unless(self.used.insert(id.clone()), || format!("messages.{at}: the id `{id}` was used before"));
        let name = block["name"].as_str().unwrap_or_default();
        self.found.unless(is_name(name, 128), || format!("messages.{at}: `{name}` is no name for a tool"));
        self.found.unless(block["input"].is_object(), || format!("messages.{at}: the input of `{id}` is no object"));
        self.found.fields(block, &["type", "id", "name", "input", "cache_control"], "tool_use");
        id
    }

    fn user(&mut self, at: usize, blocks: &[Value], open: &[String]) {
        let mut answered: Vec<&str> = Vec::new();
        let mut others = false;
        for block in blocks {
            match block["type"].as_str().unwrap_or_default() {
                "text" => self.found.text(block, &format!("messages.{at}")),
                "image" => self.image(at, block),
                "tool_result" => {
                    self.found.unless(!others, || format!("messages.{at}: results must come first"));
                    answered.push(block["tool_use_id"].as_str().unwrap_or_default());
                    self.tool_result(at, block);
                }
                other => self.found.say(format!("messages.{at}: a user does not say `{other}`")),
            }
            others |= block["type"] != "tool_result";
            self.found.mark(block);
        }
        for id in open {
            let times = answered.iter().filter(|answered| *answered == id).count();
            self.found.unless(times == 1, || format!("messages.{at}: the call `{id}` has {times} results, not one"));
        }
        for id in answered {
            self.found.unless(open.iter().any(|open| open == id), || {
                format!("messages.{at}: a result for `{id}`, which is no open call")
            });
        }
    }

    fn tool_result(&mut self, at: usize, block: &Value) {
        self.found.fields(block, &["type", "tool_use_id", "content", "is_error", "cache_control"], "tool_result");
        for part in block["content"].as_array().into_iter().flatten() {
            match part["type"].as_str().unwrap_or_default() {
                "text" => self.found.text(part, &format!("messages.{at}.tool_result")),
                "image" if block["is_error"] != true => self.image(at, part),
                other => self.found.say(format!("messages.{at}: `{other}` cannot be in this result")),
            }
        }
    }

    fn image(&mut self, at: usize, block: &Value) {
        let source = &block["source"];
        let known = ["image/png", "image/jpeg", "image/gif", "image/webp"].iter().any(|kind| source["media_type"] == *kind);
        let data = source["data"].as_str().unwrap_or_default();
        let base64 = data.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        self.found
            .unless(source["type"] == "base64" && known && !data.is_empty() && base64, || format!("messages.{at}: a bad image"));
    }
}

fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}
