//! What is said about terminals.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::Exit;

/// The most terminals of a session, those included whose program has ended until they are closed.
pub const MAX_TERMINALS: usize = 8;
/// How much of what a terminal put out is kept; then its oldest is dropped.
pub const KEPT_BYTES: usize = 1024 * 1024;
/// The most bytes that are written to a terminal at once.
pub const WRITTEN_AT_ONCE: usize = 64 * 1024;
/// The most bytes of a label.
pub const LONGEST_LABEL: usize = 2048;

/// How large a terminal is, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    pub rows: u16,
    pub cols: u16,
}

impl Size {
    pub const LEAST: Self = Self { rows: 2, cols: 4 };
    pub const MOST: Self = Self { rows: 500, cols: 1000 };

    /// Whether a terminal can be so large.
    pub fn is_sensible(self) -> bool {
        (Self::LEAST.rows..=Self::MOST.rows).contains(&self.rows) && (Self::LEAST.cols..=Self::MOST.cols).contains(&self.cols)
    }
}

/// What a server may ask of a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum TerminalAsk {
    /// Opens it, or finds it open.
    Open {
        /// Empty: a shell.
        argv: Vec<String>,
        variables: BTreeMap<String, String>,
        directory: Option<String>,
        size: Size,
        /// The server's own words about it, kept with it and not looked at.
        label: String,
    },
    Label {
        label: String,
    },
    /// Types the body, as far as its program reads within a few seconds.
    Write,
    Resize {
        size: Size,
    },
    /// What it put out from this byte on, as soon as there is something.
    Read {
        from: u64,
    },
    /// Hangs it up, ends what does not go by itself, and forgets it.
    Close,
}

/// A terminal as its keeper knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerminalStatus {
    pub terminal: String,
    pub label: String,
    pub size: Size,
    /// The first byte that is kept, and how many there have been.
    pub kept_from: u64,
    pub written: u64,
    /// How its program ended, when it has.
    pub end: Option<Exit>,
}
