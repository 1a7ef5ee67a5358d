//! Downloads, as Chromium reports them.

use std::collections::BTreeMap;

use serde_json::json;

use crate::cdp::Say;

/// The largest file that is downloaded.
pub const MAX_BYTES: u64 = 512 * 1024 * 1024;
/// How many may be under way.
const MAX_RUNNING: usize = 8;
/// How many that have ended are remembered.
const MAX_KNOWN: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    pub url: String,
    pub name: String,
    pub received: u64,
    pub state: State,
    /// Which one it is, counted from the first.
    pub order: u64,
    /// Somebody takes care of it.
    pub claimed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Running,
    /// Its bytes are in the file that is named after it.
    Complete,
    Cancelled(&'static str),
}

#[derive(Debug)]
pub struct Downloads {
    /// By the id that Chromium gave.
    pub all: BTreeMap<String, Download>,
    pub begun: u64,
    pub limit: u64,
}

impl Default for Downloads {
    fn default() -> Self {
        Self { all: BTreeMap::new(), begun: 0, limit: MAX_BYTES }
    }
}

impl Downloads {
    pub fn began(&mut self, id: &str, url: String, name: String) -> Vec<Say> {
        self.forget_old();
        self.begun += 1;
        let running = self.all.values().filter(|download| download.state == State::Running).count();
        let state = if running < MAX_RUNNING { State::Running } else { State::Cancelled("too many downloads at a time") };
        let say = if state == State::Running { Vec::new() } else { vec![cancel(id)] };
        self.all.insert(id.to_owned(), Download { url, name, received: 0, state, order: self.begun, claimed: false });
        say
    }

    pub fn progressed(&mut self, id: &str, received: u64, total: u64, state: &str) -> Vec<Say> {
        let limit = self.limit;
        let Some(download) = self.all.get_mut(id).filter(|download| download.state == State::Running) else { return Vec::new() };
        download.received = received;
        if received.max(total) > limit {
            download.state = State::Cancelled("it is larger than a download may be");
            return vec![cancel(id)];
        }
        match state {
            "completed" => download.state = State::Complete,
            "canceled" => download.state = State::Cancelled("it was broken off"),
            _ => {}
        }
        Vec::new()
    }

    /// The oldest one that has ended, and that nobody took care of.
    pub fn ended(&self) -> Option<(&String, &Download)> {
        let ended = self.all.iter().filter(|(_, download)| !download.claimed && download.state != State::Running);
        ended.min_by_key(|(_, download)| download.order)
    }

    fn forget_old(&mut self) {
        while self.all.len() >= MAX_KNOWN {
            let ended = self.all.iter().filter(|(_, download)| download.state != State::Running);
            let Some(oldest) = ended.min_by_key(|(_, download)| download.order).map(|(id, _)| id.clone()) else { return };
            self.all.remove(&oldest);
        }
    }
}

fn cancel(id: &str) -> Say {
    Say::to_browser("Browser.cancelDownload", json!({ "guid": id }))
}
