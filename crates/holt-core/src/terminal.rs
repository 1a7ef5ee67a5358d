//! Terminals in a sandbox: programs that people drive from a keyboard, and that outlive whoever looks at them.
//!
//! What a terminal puts out is counted in bytes from its beginning, and the newest of it is kept; so whoever comes back with
//! the last byte that they saw goes on there, or is told that it is gone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{SessionId, TerminalId};
use crate::time::Timestamp;

/// The most bytes that are typed at once.
pub const MAX_TYPED: usize = 64 * 1024;

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TerminalSize {
    #[cfg_attr(feature = "openapi", schema(minimum = 2, maximum = 500))]
    pub rows: u16,
    #[cfg_attr(feature = "openapi", schema(minimum = 4, maximum = 1000))]
    pub cols: u16,
}

impl TerminalSize {
    /// Whether a terminal can be so large.
    pub fn is_sensible(self) -> bool {
        (2..=500).contains(&self.rows) && (4..=1000).contains(&self.cols)
    }
}

/// A terminal to open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSpec {
    pub session: SessionId,
    pub terminal: TerminalId,
    /// Empty: a shell.
    pub argv: Vec<String>,
    pub variables: BTreeMap<String, String>,
    pub size: TerminalSize,
    /// Words of whoever opens it, kept with it.
    pub label: String,
}

/// A terminal as its keeper knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalStatus {
    pub terminal: TerminalId,
    pub label: String,
    pub size: TerminalSize,
    /// The first byte that is kept.
    pub kept_from: u64,
    /// How many bytes it has put out.
    pub written: u64,
    /// How its program ended, when it has.
    pub exit: Option<TerminalExit>,
}

/// What a terminal put out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalOutput {
    /// Where it begins: later than asked for when that is not kept any more.
    pub from: u64,
    /// Hostile: it comes from the sandbox.
    pub bytes: Vec<u8>,
    /// Told with the last byte behind.
    pub exit: Option<TerminalExit>,
}

/// How the program of a terminal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TerminalExit {
    Code {
        code: i32,
    },
    Signal {
        signal: i32,
    },
    /// Nobody knows how.
    Lost,
}

/// A terminal as people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Terminal {
    pub id: TerminalId,
    pub title: String,
    /// Everybody who sees the session sees it, and types in it if they may operate. Otherwise only the key that opened it does.
    pub shared: bool,
    /// Who opened it.
    pub by: String,
    /// It was opened with the caller's key.
    pub mine: bool,
    pub opened_at: Timestamp,
    pub size: TerminalSize,
    /// The first byte of what it put out that is kept.
    pub kept_from: u64,
    /// How many bytes it has put out.
    pub written: u64,
    /// How its program ended, when it has.
    pub exit: Option<TerminalExit>,
}
