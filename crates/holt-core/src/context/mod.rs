//! What a model sees of a session: a pure function of its events, within a budget.
//!
//! What people said is always whole, and that they used the desktop is told where it happened; when space is short, pictures go first, then older results are cut, then the oldest
//! turns of the agent go.
//!
//! A planner is fed the events as they come, each once. It keeps what a plan may still show and lets go of the rest:
//! however long a session is, it holds what people said, about the budget of what the agent did, and the newest few turns
//! whole. When it is asked, and how often, changes nothing.

mod conversation;
mod fit;
mod takeover;
#[cfg(test)]
mod tests;

use crate::event::{Event, EventBody};
use crate::model::Turn;
use crate::time::Timestamp;

use conversation::Conversation;
use fit::{Size, WHOLE_TURNS, drop_exchanges, drop_pictures, shorten, size};
pub use takeover::is_about_takeover;

/// Turns for a model out of the events so far, oldest first, of about `budget_bytes` of text.
pub fn plan<'a>(events: impl IntoIterator<Item = &'a Event>, budget_bytes: usize) -> Vec<Turn> {
    let mut planner = Planner::new(budget_bytes);
    for (at, body) in events.into_iter().filter_map(|event| Some((event.at, event.decode()?))) {
        planner.take(at, body);
    }
    planner.plan(budget_bytes)
}

/// A conversation that grows, and its plans.
#[derive(Debug)]
pub struct Planner {
    /// The largest budget that will be asked for.
    most: usize,
    conversation: Conversation,
    /// What all turns there ever were would take together.
    ever: Size,
    /// About what the conversation takes as it is, and how much it may before it is looked through.
    held: usize,
    room: usize,
}

impl Planner {
    /// A planner for budgets of up to `most` bytes.
    pub fn new(most: usize) -> Self {
        Self { most, conversation: Conversation::default(), ever: Size::default(), held: 0, room: most }
    }

    /// Takes the next event, and when it happened.
    pub fn take(&mut self, at: Timestamp, event: EventBody) {
        let added = self.conversation.take(at, event);
        self.ever = self.ever.plus(added);
        self.held = self.held.saturating_add(added.whole);
        if self.held > self.room {
            self.let_go();
        }
    }

    /// The turns as they are now, within this budget, or the largest there is.
    pub fn plan(&self, budget_bytes: usize) -> Vec<Turn> {
        let budget = budget_bytes.min(self.most);
        let mut turns = self.conversation.turns.clone();
        let end = self.conversation.open_end();
        let ever = self.ever.plus(size(&end));
        turns.extend(end);
        let old = turns.len().saturating_sub(WHOLE_TURNS);
        if ever.whole > budget {
            turns[..old].iter_mut().for_each(drop_pictures);
        }
        // Where results were let go, the text alone was more than any budget: they are short in every plan.
        if ever.text > budget || size(&turns).whole > budget {
            turns[..old].iter_mut().for_each(shorten);
        }
        let excess = size(&turns).whole.saturating_sub(budget);
        let mut turns = drop_exchanges(turns, excess, |size| size.whole);
        self.conversation.show_desktop(&mut turns);
        turns
    }

    /// Lets go of what no plan shows any more, neither now nor after whatever comes: what all turns take only grows, and
    /// so does how old a turn is.
    fn let_go(&mut self) {
        let turns = &mut self.conversation.turns;
        let old = turns.len().saturating_sub(WHOLE_TURNS);
        if self.ever.whole > self.most {
            turns[..old].iter_mut().for_each(drop_pictures);
        }
        if self.ever.text > self.most {
            turns[..old].iter_mut().for_each(shorten);
        }
        // What would be too much even if every turn were as short as it can be, stays too much.
        let excess = size(turns).least.saturating_sub(self.most);
        *turns = drop_exchanges(std::mem::take(turns), excess, |size| size.least);
        self.held = size(turns).whole;
        // Next when there is as much again, so that looking through takes its time once for each event.
        self.room = self.held.saturating_mul(2).saturating_add(self.most);
    }
}
