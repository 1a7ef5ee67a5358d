//! What came in, in the words of a test.

use serde_json::Value;

/// A request that came, as far as tests look at it.
#[derive(Debug, Clone)]
pub struct Request {
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn model(&self) -> &str {
        self.body["model"].as_str().unwrap_or_default()
    }

    pub fn messages(&self) -> &[Value] {
        self.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// The system prompt, whole.
    pub fn system(&self) -> String {
        texts(&self.body["system"])
    }

    /// Everything that the last message says in words, results of calls included.
    pub fn last_words(&self) -> String {
        self.messages().last().map(|message| texts(&message["content"])).unwrap_or_default()
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
        Value::Object(block) => block.get("text").or(block.get("content")).map(texts).unwrap_or_default(),
        _ => String::new(),
    }
}
