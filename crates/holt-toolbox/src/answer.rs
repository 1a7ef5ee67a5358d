//! What a tool answers, before it becomes a message of the protocol.

use rustix::io::Errno;
use serde_json::{Value, json};

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
