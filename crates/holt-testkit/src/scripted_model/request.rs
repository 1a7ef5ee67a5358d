//! What came in, in the words of a test.

use serde_json::Value;

/// A request that came, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn model(&self) -> &str {
        // Some languages have it in the path.
        let in_path = || self.path.rsplit_once("/models/").and_then(|(_, rest)| rest.split(':').next());
        self.body["model"].as_str().or_else(in_path).unwrap_or_default()
    }

    /// The conversation, whatever the language calls it.
    pub fn messages(&self) -> &[Value] {
        let list = ["messages", "input", "contents"].iter().find_map(|field| self.body[*field].as_array());
        list.map(Vec::as_slice).unwrap_or_default()
    }

    /// The system prompt, whole.
    pub fn system(&self) -> String {
        let own = ["system", "instructions", "systemInstruction"].iter().find_map(|field| self.body.get(*field));
        let first = || self.messages().first().filter(|message| message["role"] == "system");
        own.or_else(first).map(texts).unwrap_or_default()
    }

    /// Everything that the last message says in words, results of calls included.
    pub fn last_words(&self) -> String {
        self.messages().last().map(texts).unwrap_or_default()
    }

    /// The results in the last message: id, words, whether it is an error.
    pub fn results(&self) -> Vec<(String, String, bool)> {
        let last = self.messages().last().and_then(|message| message["content"].as_array());
        let results = last.into_iter().flatten().filter(|block| block["type"] == "tool_result");
        let result = |block: &Value| {
            let id = block["tool_use_id"].as_str().unwrap_or_default().to_owned();
            (id, texts(&block["content"]), block["is_error"] == true)
        };
        results.map(result).collect()
    }
}

fn texts(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().map(texts).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n"),
        Value::Object(block) => {
            let fields = ["text", "content", "parts", "output", "error", "functionResponse", "response"];
            fields.iter().find_map(|field| block.get(*field)).map(texts).unwrap_or_default()
        }
        _ => String::new(),
    }
}
