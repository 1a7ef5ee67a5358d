//! A failure as the person at the terminal gets it: what happened, what to do next, a stable code, and the exit code.

use std::fmt;
use std::io;

use holt_client::ClientError;

/// What the process ends with. Listed in `holt help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Good = 0,
    /// It was tried and did not work out.
    Failed = 1,
    /// The command line or the configuration makes no sense.
    Usage = 2,
    /// A run stopped at a bound of its budget.
    Budget = 3,
    /// No server answers.
    NoServer = 4,
    /// The server does not let us.
    NotAllowed = 5,
    AddressInUse = 10,
    DataDirInUse = 11,
    DataDirUnusable = 12,
    DataDirNewer = 13,
    NoSandbox = 14,
    /// Cancelled from the keyboard.
    Interrupted = 130,
}

/// Why a command ends without success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    pub code: String,
    pub message: String,
    pub hint: String,
}

impl Failure {
    pub fn new(exit: Exit, code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit, code: code.to_owned(), message: message.into(), hint: hint.into() }
    }

    pub fn usage(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, code, message, hint)
    }

    pub fn failed(code: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Failed, code, message, hint)
    }

    /// Ends the process with a code and without a word: everything was said already.
    pub fn silent(exit: Exit) -> Self {
        Self::new(exit, "", "", "")
    }

    pub fn is_silent(&self) -> bool {
        self.message.is_empty()
    }

    /// A file or directory of this machine that does not do as it should.
    pub fn file(path: impl AsRef<std::path::Path>, error: &io::Error) -> Self {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => "Check the path.",
            io::ErrorKind::PermissionDenied => "Check who may read and write there.",
            io::ErrorKind::StorageFull => "Free space on that disk.",
            _ => "Check the file and its file system.",
        };
        Self::failed("file", format!("{}: {error}", path.as_ref().display()), hint)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let exit = match &error {
            ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => Exit::NoServer,
            ClientError::BadAddress { .. } => Exit::Usage,
            ClientError::Refused(refusal) if matches!(refusal.status, 401 | 403) => Exit::NotAllowed,
            _ => Exit::Failed,
        };
        Self::new(exit, error.code(), error.to_string(), error.hint())
    }
}

/// Writing to standard output fails when its reader has gone, as with `| head`: that is no failure of ours.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(Exit::Good),
            _ => Self::failed("io", error.to_string(), "Look at what the system says."),
        }
    }
}
