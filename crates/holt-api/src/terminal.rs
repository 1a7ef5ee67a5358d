//! Terminals, and what is said over the socket of one.

use holt_core::terminal::{Terminal, TerminalExit, TerminalSize};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Opens a terminal in a session's sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenTerminal {
    /// 2 to 500.
    pub rows: u16,
    /// 4 to 1000.
    pub cols: u16,
    /// A program and its arguments; a shell when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Everybody who sees the session sees it, and types in it if they may operate. Otherwise only the key that opens it does.
    #[serde(default)]
    pub shared: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Renames a terminal, or decides who sees it. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeTerminal {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Only who opened it decides this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
}

/// The terminals that the caller may see, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TerminalList {
    pub items: Vec<Terminal>,
}

/// What a viewer of a terminal says in text. What is typed it says in binary frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum TerminalClientFrame {
    /// The terminal is to be so large from now on.
    Resize { rows: u16, cols: u16 },
    /// Everything before this byte has been shown. From the first of these on, no more than half a mebibyte is sent ahead of
    /// what was shown; a viewer that is further behind than the terminal remembers gets its screen anew.
    Shown { offset: u64 },
}

/// What the server says to a viewer of a terminal in text. What the terminal puts out comes in binary frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TerminalServerFrame {
    /// The first word. Output follows from byte `offset` on. With `screen`, one binary frame comes before it that draws the
    /// screen as it is by then, on a terminal that was cleared, and counts for no bytes.
    Attached { offset: u64, size: TerminalSize, writable: bool, screen: bool },
    /// The viewer was too slow: what it missed is left out, and its screen is drawn anew by the next binary frame, as above.
    Behind { offset: u64, size: TerminalSize },
    /// Somebody has changed the size.
    Resized { size: TerminalSize },
    /// The program does not read, and what was typed last is lost.
    NotTaken,
    /// The program has ended and all that it put out was sent. The server closes the socket.
    Exited { exit: TerminalExit },
    /// The terminal was closed, or its sandbox, or it is shown to its owner alone from now on. The server closes the socket.
    Closed,
}
