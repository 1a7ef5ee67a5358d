//! What a model is told of people who used the desktop in its place.

use crate::event::ControlEnd;
use crate::time::Timestamp;

/// Whether a text is one of these, and nobody's words.
pub fn is_about_takeover(text: &str) -> bool {
    text.starts_with(BEGIN) && text.ends_with(END)
}

const BEGIN: &str = "[A person used the desktop from ";
const END: &str = " UTC. The screen may have changed: look at it again before you act.]";

#[derive(Debug, Default)]
pub(super) struct Takeovers {
    driven_since: Option<Timestamp>,
    /// From when to when somebody drove, which the model has not been told.
    untold: Option<(Timestamp, Timestamp)>,
    /// The same, told with the last words of the conversation.
    told: Option<(Timestamp, Timestamp)>,
}

impl Takeovers {
    pub fn begin(&mut self, at: Timestamp) {
        self.driven_since.get_or_insert(at);
    }

    /// Whoever takes it over from somebody goes on driving, and a desktop that is closed has nothing left to look at.
    pub fn end(&mut self, at: Timestamp, why: ControlEnd) {
        match why {
            ControlEnd::Seized => {}
            ControlEnd::Closed => self.driven_since = None,
            ControlEnd::Given | ControlEnd::Left => {
                let Some(since) = self.driven_since.take() else { return };
                let first = self.untold.or(self.told).map_or(since, |(first, _)| first);
                self.untold = Some((first, at));
            }
        }
    }

    /// What is to be told. Always as long.
    pub fn words(&self) -> Option<String> {
        self.untold.map(|(from, to)| format!("{BEGIN}{} to {}{END}", clock(from), clock(to)))
    }

    /// Whether the last words of the conversation are about this.
    pub fn is_told(&self) -> bool {
        self.told.is_some()
    }

    pub fn tell(&mut self) {
        self.told = self.untold.take();
    }

    /// The conversation goes on: what was told stays.
    pub fn go_on(&mut self) {
        self.told = None;
    }
}

fn clock(at: Timestamp) -> String {
    let minutes = at.as_millis().div_euclid(60_000);
    format!("{:02}:{:02}", minutes.div_euclid(60).rem_euclid(24), minutes.rem_euclid(60))
}
