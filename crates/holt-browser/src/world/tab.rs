//! One tab: where it is, how far its page has come, and what it logged.

use std::collections::HashMap;
use std::time::Instant;

use super::log::Ring;

/// How many requests that are under way are remembered one by one.
pub const MAX_REQUESTS: usize = 500;

/// How far a document has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reached {
    #[default]
    Begun,
    /// It was read to its end.
    DomContentLoaded,
    /// All that belongs to it was loaded too.
    Load,
}

/// A dialog that a page has opened and that holds it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    pub kind: String,
    pub message: String,
}

impl Dialog {
    pub fn in_words(&self) -> String {
        format!("{} dialog \"{}\"", self.kind, self.message)
    }
}

#[derive(Debug)]
pub struct Tab {
    pub number: u32,
    /// The browser's id of it, which is also that of its outermost frame.
    pub target: String,
    pub session: String,
    pub url: String,
    pub title: String,
    pub loading: bool,
    pub crashed: bool,
    pub dialog: Option<Dialog>,
    /// Whose document the outermost frame shows.
    pub loader: String,
    pub reached: Reached,
    /// Requests under way, each with its entry in the log.
    pub requests: HashMap<String, u64>,
    /// When the last one ended or began.
    pub busy_at: Instant,
    pub console: Ring,
    pub network: Ring,
    /// What it asks for is to be kept as a file.
    pub keeping: bool,
    /// What the server said instead of giving it.
    pub refused: Option<u64>,
}

impl Tab {
    pub fn new(number: u32, target: String, session: String) -> Self {
        Self {
            number,
            target,
            session,
            url: String::new(),
            title: String::new(),
            loading: false,
            crashed: false,
            dialog: None,
            loader: String::new(),
            reached: Reached::Begun,
            requests: HashMap::new(),
            busy_at: Instant::now(),
            console: Ring::default(),
            network: Ring::default(),
            keeping: false,
            refused: None,
        }
    }

    /// Whether it has shown its first document. Chromium's page processes do not survive being sent elsewhere before that.
    pub fn is_up(&self) -> bool {
        !self.loader.is_empty() || self.obstacle().is_some()
    }

    /// Why nothing can be asked of its page just now.
    pub fn obstacle(&self) -> Option<Obstacle> {
        match &self.dialog {
            _ if self.crashed => Some(Obstacle::Crashed),
            Some(dialog) => Some(Obstacle::Dialog(dialog.clone())),
            None => None,
        }
    }
}

/// Why a page does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    Crashed,
    Gone,
    Dialog(Dialog),
}
