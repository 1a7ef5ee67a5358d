//! What can be in the way of a sandbox, in words that help.

use std::fmt::Display;
use std::io;
use std::path::Path;

use holt_core::sandbox::SandboxError;

const ADVICE: &str = "Run `holt doctor` to see what this machine lacks.";

pub fn cannot_open(code: &str, message: impl Into<String>, hint: impl Into<String>) -> SandboxError {
    SandboxError::CannotOpen { code: code.to_owned(), message: message.into(), hint: hint.into() }
}

pub fn missing_bubblewrap(path: &Path) -> SandboxError {
    cannot_open(
        "sandbox_missing_bubblewrap",
        format!("The program bubblewrap (`{}`), in which agents are closed in, is not installed.", path.display()),
        "Install it (`apt install bubblewrap`, `dnf install bubblewrap`), then try again; `holt doctor` checks the rest.",
    )
}

pub fn missing_keeper(path: &Path) -> SandboxError {
    cannot_open(
        "sandbox_missing_keeper",
        format!("The keeper's executable is not at {}.", path.display()),
        "Build it with `make keeper`, or name it with HOLT_KEEPER.",
    )
}

pub fn failed(what: impl Display) -> SandboxError {
    cannot_open("sandbox_failed", format!("The sandbox did not open: {what}"), ADVICE)
}

/// Something about Holt's own files.
pub fn storage(what: &str, path: &Path, error: &io::Error) -> SandboxError {
    cannot_open(
        "sandbox_storage",
        format!("Cannot {what} {}: {error}.", path.display()),
        "Check that the data directory belongs to the user who runs Holt and that its disk has room.",
    )
}
