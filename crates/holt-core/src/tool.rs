//! Tools as the domain knows them: what they are called, what they take, what they may touch, what came of a call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The most bytes of a result that are kept in the log and shown to a model.
pub const MAX_RESULT_BYTES: usize = 256 * 1024;
/// The most bytes that all pictures of a result have together, as text.
pub const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;
/// The most bytes that the arguments of one call may have.
pub const MAX_ARGUMENT_BYTES: usize = 4 * 1024 * 1024;

/// A tool that an agent is offered. It comes from Holt's own catalogue, never from the sandbox.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON schema of the arguments.
    pub parameters: Value,
    /// Changes nothing.
    pub reads_only: bool,
    /// Calls of it may run side by side with others of its kind.
    pub parallel: bool,
    /// Looks at the screen or acts on it, so that the desktop has to run, and nobody else may be driving.
    #[serde(default)]
    pub screen: bool,
    #[serde(default)]
    pub place: Place,
}

/// Where a tool's calls are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Place {
    /// By the toolbox, in the session's sandbox.
    #[default]
    Sandbox,
    /// By the session itself (`machine::own`): nothing happens but a change of its state.
    Session,
    /// By something that is not in the sandbox (`elsewhere`).
    Elsewhere,
}

impl Place {
    /// Where nearly all calls are answered, which need not be said.
    pub fn is_sandbox(&self) -> bool {
        *self == Self::Sandbox
    }
}

/// One part of what a tool answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ToolContent {
    Text {
        text: String,
    },
    /// Base64, with its media type.
    Image {
        media_type: String,
        data: String,
    },
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum CallStatus {
    Succeeded,
    /// The tool ran and says that it failed.
    Failed,
    /// A policy or a person said no; nothing ran.
    Denied,
    /// Someone cancelled; it may have done a part.
    Cancelled,
    /// The keeper that ran it is gone; nobody knows how far it came.
    Interrupted,
}

/// What came of a call, bounded and ready for the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallOutcome {
    pub status: CallStatus,
    pub content: Vec<ToolContent>,
    /// The tool's own structured facts (exit code, duration), for display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub details: Option<Value>,
}

impl CallOutcome {
    pub fn text(status: CallStatus, text: impl Into<String>) -> Self {
        Self { status, content: vec![ToolContent::Text { text: text.into() }], details: None }
    }

    /// Cuts what is too long for the log. What comes from a sandbox is hostile, so this is applied to every outcome.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        let (mut left, mut left_for_pictures) = (MAX_RESULT_BYTES, MAX_PICTURE_BYTES);
        self.content.retain_mut(|part| match part {
            ToolContent::Text { text } => {
                if text.len() > left {
                    *text = cut_in_the_middle(text, left);
                }
                left = left.saturating_sub(text.len());
                true
            }
            ToolContent::Image { data, .. } => {
                let fits = data.len() <= left_for_pictures;
                left_for_pictures = left_for_pictures.saturating_sub(if fits { data.len() } else { 0 });
                fits
            }
        });
        self.details = self.details.filter(|details| details.to_string().len() <= MAX_RESULT_BYTES / 4);
        self
    }
}

/// Keeps the beginning and the end of a text, which tell most, within `limit` bytes of the original text and a note.
pub fn cut_in_the_middle(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let head = text.floor_char_boundary(limit / 2);
    let tail = text.ceil_char_boundary(text.len() - limit / 2);
    format!("{}\n[… {} bytes left out …]\n{}", &text[..head], tail - head, &text[tail..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cut_text_keeps_both_ends(text in "\\PC{0,400}", limit in 0usize..200) {
            let cut = cut_in_the_middle(&text, limit);
            if text.len() <= limit {
                prop_assert_eq!(cut, text);
            } else {
                prop_assert!(cut.len() <= limit + 60);
                prop_assert!(text.starts_with(cut.split("\n[…").next().unwrap()));
                prop_assert!(text.ends_with(cut.rsplit("…]\n").next().unwrap()));
            }
        }
    }

    #[test]
    fn an_outcome_is_bounded() {
        let flood = "x".repeat(MAX_PICTURE_BYTES + 1);
        let outcome = CallOutcome {
            status: CallStatus::Succeeded,
            content: vec![
                ToolContent::Text { text: flood.clone() },
                ToolContent::Image { media_type: "image/png".into(), data: flood.clone() },
            ],
            details: Some(Value::String(flood)),
        };
        let size = serde_json::to_string(&outcome.bounded()).unwrap().len();
        assert!(size < MAX_RESULT_BYTES + 1024, "{size}");
        let picture = ToolContent::Image { media_type: "image/jpeg".into(), data: "x".repeat(MAX_RESULT_BYTES + 1) };
        let two = CallOutcome { status: CallStatus::Succeeded, content: vec![picture.clone(), picture], details: None };
        assert_eq!(two.clone().bounded(), two, "pictures of a screen fit");
    }
}
