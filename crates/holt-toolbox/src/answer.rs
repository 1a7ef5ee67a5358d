//! What a tool answers, and how it becomes a message of the protocol.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResponse, CallToolResult, ContentBlock, ToolAnnotations};
use rustix::io::Errno;
use serde_json::{Value, json};

use crate::catalogue::Tool;

/// A tool's answer: text for the model, and facts for whoever shows the call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub text: String,
    pub facts: Value,
    /// The tool ran, and what it ran says that it failed (a command's exit code).
    pub failed: bool,
    pub pictures: Vec<Shown>,
}

/// A picture that belongs to an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn new(text: impl Into<String>, facts: Value) -> Self {
        Self { text: text.into(), facts, failed: false, pictures: Vec::new() }
    }
}

/// Why a tool could not do what it was asked for. The text says what happened, to what, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Stable; for programs.
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// What the system said about doing something to a path.
    pub fn system(action: &str, path: impl std::fmt::Display, error: impl Into<std::io::Error>) -> Self {
        use std::io::ErrorKind;
        let error = error.into();
        let (code, hint) = match error.kind() {
            _ if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                ("link_loop", "Its symbolic links lead in a circle.")
            }
            ErrorKind::NotFound => ("not_found", "Use `list_files` or `find_files` to see what is there."),
            ErrorKind::PermissionDenied => ("permission_denied", "The sandbox's user may not do that."),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("disk_full", "Delete what is no longer needed."),
            ErrorKind::ReadOnlyFilesystem => ("read_only", "This part of the sandbox cannot be changed."),
            ErrorKind::IsADirectory => ("is_a_directory", "Name a file."),
            ErrorKind::NotADirectory => ("not_a_directory", "A part of the path is a file."),
            ErrorKind::InvalidFilename => ("bad_path", "A name in the path is too long."),
            _ => ("io_error", ""),
        };
        let message = format!("could not {action} {path}: {error}. {hint}");
        Self::new(code, message.trim_end())
    }

    pub fn facts(&self) -> Value {
        json!({ "error": { "code": self.code, "message": self.message } })
    }
}

pub type Outcome = Result<Answer, Failure>;

/// A tool of the catalogue as the protocol lists it.
pub fn described(tool: &Tool) -> rmcp::model::Tool {
    let hints = ToolAnnotations::new().read_only(tool.reads_only).open_world(tool.runs_commands || tool.browser);
    rmcp::model::Tool::new(tool.name, tool.description, Arc::new(tool.input_schema.clone())).with_annotations(hints)
}

/// An answer as the protocol sends it.
pub fn answered(outcome: Outcome) -> CallToolResponse {
    let (text, facts, failed, pictures) = match outcome {
        Ok(answer) => (answer.text, answer.facts, answer.failed, answer.pictures),
        Err(failure) => {
            let facts = failure.facts();
            (failure.message, facts, true, Vec::new())
        }
    };
    let pictures = pictures.iter().map(|shown| ContentBlock::image(BASE64_STANDARD.encode(&shown.bytes), shown.media_type));
    let words = Some(text).filter(|text| !text.is_empty() || pictures.len() == 0).map(ContentBlock::text);
    let mut result = CallToolResult::success(words.into_iter().chain(pictures).collect());
    result.structured_content = Some(facts);
    result.is_error = Some(failed);
    result.into()
}

/// The answer to arguments that do not fit: the model made this mistake and can mend it, so it is told.
pub fn refused(message: String) -> CallToolResponse {
    answered(Err(Failure { code: "bad_arguments", message }))
}
