//! What a toolbox answers, made into what the log holds. The answer is hostile: whatever is not understood is left out,
//! and the rest is bounded.

use holt_core::tool::{CallOutcome, CallStatus, ToolContent};
use serde::Deserialize;
use serde_json::Value;

/// Media types of pictures that are passed on.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The most parts of an answer that are kept.
const MOST_PARTS: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(default)]
    content: Vec<Value>,
    #[serde(default)]
    is_error: bool,
    structured_content: Option<Value>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text {
        text: String,
    },
    #[serde(rename_all = "camelCase")]
    Image {
        data: String,
        mime_type: String,
    },
}

/// Reads a `CallToolResult`.
pub fn of_answer(bytes: &[u8]) -> CallOutcome {
    let Ok(answer) = serde_json::from_slice::<Answer>(bytes) else {
        return CallOutcome::text(CallStatus::Failed, "The toolbox's answer is not understood.");
    };
    let parts = answer.content.into_iter().take(MOST_PARTS).filter_map(|part| serde_json::from_value(part).ok());
    CallOutcome {
        status: if answer.is_error { CallStatus::Failed } else { CallStatus::Succeeded },
        content: parts.filter_map(content).collect(),
        details: answer.structured_content,
    }
    .bounded()
}

fn content(part: Part) -> Option<ToolContent> {
    match part {
        Part::Text { text } => Some(ToolContent::Text { text }),
        Part::Image { data, mime_type } => {
            PICTURES.contains(&mime_type.as_str()).then_some(ToolContent::Image { media_type: mime_type, data })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::tool::MAX_RESULT_BYTES;
    use serde_json::json;

    #[test]
    fn text_pictures_and_facts_are_kept() {
        let answer = json!({
            "content": [{ "type": "text", "text": "hello" }, { "type": "image", "data": "AAAA", "mimeType": "image/png" }],
            "structuredContent": { "exit_code": 0 },
            "isError": false,
        });
        let outcome = of_answer(answer.to_string().as_bytes());
        assert_eq!(outcome.status, CallStatus::Succeeded);
        assert_eq!(outcome.content.len(), 2);
        assert_eq!(outcome.details, Some(json!({ "exit_code": 0 })));
    }

    #[test]
    fn what_is_strange_is_left_out() {
        let answer = json!({
            "content": [7, { "type": "resource" }, { "type": "image", "data": "x", "mimeType": "image/svg+xml" }, { "type": "text", "text": "kept" }],
            "isError": true,
        });
        let outcome = of_answer(answer.to_string().as_bytes());
        assert_eq!(outcome, CallOutcome::text(CallStatus::Failed, "kept"));
        assert_eq!(of_answer(b"[").status, CallStatus::Failed);
        assert_eq!(of_answer(b"{}").status, CallStatus::Succeeded);
    }

    #[test]
    fn a_flood_is_bounded() {
        let parts: Vec<_> = (0..1000).map(|_| json!({ "type": "text", "text": "x".repeat(5000) })).collect();
        let outcome = of_answer(json!({ "content": parts }).to_string().as_bytes());
        assert!(serde_json::to_string(&outcome).unwrap().len() < MAX_RESULT_BYTES + 16 * 1024);
    }
}
