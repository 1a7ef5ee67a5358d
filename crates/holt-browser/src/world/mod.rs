//! What the browser has open, folded from what Chromium reports: tabs, frames, dialogs, downloads, logs. Pure: an event goes
//! in, and what is to be said to Chromium comes out.
//!
//! Everything is bounded, whatever pages do: tabs, frames, requests that are under way, entries of logs, and text.

pub mod downloads;
pub mod fold;
pub mod log;
pub mod tab;

use std::collections::{BTreeMap, VecDeque};

use crate::text::line;
use downloads::Downloads;
pub use tab::{Dialog, Tab};

/// How many tabs may be open. A page that opens more has them closed.
pub const MAX_TABS: usize = 20;
/// How many frames of all tabs are known by sessions of their own.
pub const MAX_SESSIONS: usize = 400;
const MAX_NOTES: usize = 12;
pub const MAX_URL: usize = 2048;
pub const MAX_TITLE: usize = 200;

/// What a session is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The number of the tab.
    pub tab: u32,
    /// The frame that is its root.
    pub frame: String,
    /// The frame that contains this one, when it is a part of a page.
    pub parent: Option<String>,
}

#[derive(Debug, Default)]
pub struct World {
    pub tabs: Vec<Tab>,
    /// The number of the tab that the tools act on.
    pub current: Option<u32>,
    last_tab: u32,
    pub sessions: BTreeMap<String, Place>,
    /// How many tabs were closed at once because too many were open.
    pub refused_tabs: u64,
    told_refused: u64,
    /// What happened since somebody was last told.
    notes: VecDeque<String>,
    pub downloads: Downloads,
    /// What a drag carries, once one has begun.
    pub drag: Option<serde_json::Value>,
}

/// What is open, for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct PageState {
    pub url: String,
    pub title: String,
    pub loading: bool,
    pub tabs: Vec<TabState>,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TabState {
    pub tab: u32,
    pub url: String,
    pub title: String,
    pub current: bool,
}

impl World {
    pub fn tab(&self, number: u32) -> Option<&Tab> {
        self.tabs.iter().find(|tab| tab.number == number)
    }

    pub fn tab_mut(&mut self, number: u32) -> Option<&mut Tab> {
        self.tabs.iter_mut().find(|tab| tab.number == number)
    }

    pub fn current(&self) -> Option<&Tab> {
        self.current.and_then(|number| self.tab(number)).or_else(|| self.tabs.last())
    }

    /// The tab that a session belongs to.
    pub fn of_session(&self, session: &str) -> Option<&Tab> {
        self.tab(self.sessions.get(session)?.tab)
    }

    fn of_session_mut(&mut self, session: &str) -> Option<&mut Tab> {
        let number = self.sessions.get(session)?.tab;
        self.tab_mut(number)
    }

    /// The sessions of a tab: its page first, then frames that run elsewhere.
    pub fn sessions_of(&self, tab: u32) -> Vec<(String, Place)> {
        let mut all: Vec<_> = self.sessions.iter().filter(|(_, place)| place.tab == tab).collect();
        all.sort_by_key(|(_, place)| place.parent.is_some());
        all.into_iter().map(|(session, place)| (session.clone(), place.clone())).collect()
    }

    pub fn state(&self) -> PageState {
        let Some(current) = self.current() else { return PageState::default() };
        let tabs = self.tabs.iter().map(|tab| TabState {
            tab: tab.number,
            url: tab.url.clone(),
            title: tab.title.clone(),
            current: tab.number == current.number,
        });
        PageState { url: current.url.clone(), title: current.title.clone(), loading: current.loading, tabs: tabs.collect() }
    }

    /// Notes something that whoever calls next should know.
    pub fn note(&mut self, text: &str) {
        if self.notes.len() == MAX_NOTES {
            self.notes.pop_front();
        }
        self.notes.push_back(line(text, 400));
    }

    /// What happened since this was last asked.
    pub fn take_notes(&mut self) -> Vec<String> {
        let refused = self.refused_tabs - self.told_refused;
        self.told_refused = self.refused_tabs;
        let mut notes: Vec<String> = self.notes.drain(..).collect();
        if refused > 0 {
            notes.push(format!("{refused} new tabs were closed at once: at most {MAX_TABS} may be open."));
        }
        notes
    }
}

#[cfg(test)]
mod tests;
