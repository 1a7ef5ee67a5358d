//! What a model sees of a session: a pure function of its events, within a budget.
//!
//! What people said is whole, and that they used the desktop is told where it happened; when space is short, pictures go first,
//! then older results are cut, then the oldest turns of the agent go. All of that happens in strides, so that what a provider
//! has read before stays the same for many steps.
//!
//! Before it comes to that, a conversation is compacted: a summary stands for its older part, and beside it the words of
//! people and the plan that the agent has not finished. A compaction is an event; whoever plans begins behind the newest that
//! stands, so that planning takes as long after a hundred thousand events as after a hundred.
//!
//! A planner is fed the events as they come, each once. It keeps what a plan may still show and lets go of the rest:
//! however long a session is, it holds what people said, about the budget of what the agent did, and the newest few turns
//! whole. When it is asked, and how often, changes nothing.

mod compaction;
mod conversation;
mod fit;
mod said;
mod takeover;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::agent::GivenPart;
use crate::event::{Event, EventBody, Seq};
use crate::model::Turn;
use crate::plan::PlanItem;
use crate::time::Timestamp;

use compaction::Head;
pub use compaction::{Draft, MAX_SUMMARY_BYTES};
use conversation::Conversation;
use fit::{Placed, Size, drop_exchanges, drop_pictures, in_strides, old_before, put, shorten, size};
pub use said::Said;
pub use takeover::is_about_takeover;

/// Turns for a model out of the events so far, oldest first, of about `budget_bytes` of text.
pub fn plan<'a>(events: impl IntoIterator<Item = &'a Event> + Clone, budget_bytes: usize) -> Vec<Turn> {
    let mut planner = Planner::new(budget_bytes, standing(events.clone()));
    for (seq, at, body) in events.into_iter().filter_map(|event| Some((event.seq, event.at, event.decode()?))) {
        planner.take(seq, at, body);
    }
    planner.plan(budget_bytes)
}

/// About how much turns take of a model's window, in bytes of text.
pub fn bytes(turns: &[Turn]) -> usize {
    turns.iter().map(fit::turn_size).fold(Size::default(), Size::plus).whole
}

/// The compaction that stands after these events.
fn standing<'a>(events: impl IntoIterator<Item = &'a Event>) -> Start {
    let (mut standing, mut last) = (Vec::new(), 0);
    for event in events {
        last = event.seq;
        match &*event.kind {
            "context_compacted" => standing.push(event.seq),
            "compaction_undone" => drop(standing.pop()),
            _ => {}
        }
    }
    Start { compaction: standing.pop(), last }
}

/// A compaction that stands: where it is in the log, what it tells, and from where the log is read behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompactionPlace {
    pub at: Seq,
    pub through: Seq,
    pub reads_from: Seq,
}

/// Where a planner begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Start {
    /// The compaction that stands now. It may be given before the events that it does not tell.
    pub compaction: Option<Seq>,
    /// The last event there is now. Of the compactions before, only that one counts; every later one does.
    pub last: Seq,
}

impl Start {
    pub fn new(place: Option<&CompactionPlace>, last: Seq) -> Self {
        Self { compaction: place.map(|place| place.at), last }
    }
}

/// A conversation that grows, and its plans.
#[derive(Debug)]
pub struct Planner {
    /// The largest budget that will be asked for.
    most: usize,
    start: Start,
    conversation: Conversation,
    /// What stands for the part of the conversation that was compacted.
    head: Option<Head>,
    /// What the agent has set out to do.
    items: Vec<PlanItem>,
    /// Somebody wants a compaction, whatever is used.
    is_wanted: bool,
    /// The text there was when the last compaction was undone.
    undone_at: usize,
    /// What all turns there ever were would take together.
    ever: Size,
    /// What was let go for good.
    gone: usize,
    /// About what the conversation takes as it is, and how much it may before it is looked through.
    held: usize,
    room: usize,
}

impl Planner {
    /// A planner for budgets of up to `most` bytes.
    pub fn new(most: usize, start: Start) -> Self {
        Self {
            most,
            start,
            conversation: Conversation::default(),
            head: None,
            items: Vec::new(),
            is_wanted: false,
            undone_at: 0,
            ever: Size::default(),
            gone: 0,
            held: 0,
            room: most,
        }
    }

    /// A planner for whoever was given a part of the work: what it sees begins with its task.
    pub fn of_part(most: usize, part: &GivenPart) -> Self {
        Self { conversation: Conversation::of_part(part), ..Self::new(most, Start::default()) }
    }

    /// Takes the next event, and when it happened.
    pub fn take(&mut self, seq: Seq, at: Timestamp, event: EventBody) {
        if self.conversation.is_of_part() {
            return self.converse(seq, at, event);
        }
        match event {
            EventBody::ContextCompacted(compacted) => {
                if self.counts(seq) {
                    self.compacted(seq, compacted);
                }
            }
            EventBody::CompactionUndone(_) => {
                self.undone_at = self.text().max(1);
                self.is_wanted = false;
            }
            EventBody::CompactionWanted(_) => {
                self.is_wanted = seq > self.start.last || self.start.compaction.is_none_or(|at| at < seq);
            }
            EventBody::PlanChanged(changed) => self.items = changed.items,
            EventBody::RunStarted(_) => {
                self.is_wanted = false;
                self.converse(seq, at, event);
            }
            event => self.converse(seq, at, event),
        }
    }

    /// Whether a compaction stands, and is not known yet.
    fn counts(&self, seq: Seq) -> bool {
        let is_known = self.head.as_ref().is_some_and(|head| head.seq == seq);
        !is_known && (seq > self.start.last || self.start.compaction == Some(seq))
    }

    fn converse(&mut self, seq: Seq, at: Timestamp, event: EventBody) {
        let added = self.conversation.take(seq, at, event);
        self.ever = self.ever.plus(added);
        self.held = self.held.saturating_add(added.whole);
        if self.held > self.room {
            self.let_go();
        }
    }

    /// The turns as they are now, within this budget, or the largest there is.
    pub fn plan(&self, budget_bytes: usize) -> Vec<Turn> {
        let head = self.head.as_ref().map(Head::turn);
        let budget = budget_bytes.min(self.most).saturating_sub(self.head_size());
        let mut turns = self.conversation.turns.clone();
        let mut count = self.conversation.count;
        for turn in self.conversation.open_end() {
            turns.push(Placed { from: Seq::MAX, number: count, turn });
            count += 1;
        }
        let old = old_before(count);
        let ever = self.ever.plus(size(&turns[self.conversation.turns.len()..]));
        if ever.whole > budget {
            each_old(&mut turns, old, drop_pictures);
        }
        // Where results were let go, the text alone was more than any budget: they are short in every plan.
        if ever.text > budget || size(&turns).whole > budget {
            each_old(&mut turns, old, shorten);
        }
        let excess = size(&turns).whole.saturating_add(self.gone).saturating_sub(budget);
        let excess = in_strides(excess, budget).saturating_sub(self.gone);
        let (turns, _) = drop_exchanges(turns, excess, usize::MAX, |size| size.whole);
        let mut whole: Vec<Placed> = Vec::with_capacity(turns.len() + 1);
        for placed in head.map(|turn| Placed { from: 0, number: 0, turn }).into_iter().chain(turns) {
            put(&mut whole, placed);
        }
        let mut turns: Vec<Turn> = whole.into_iter().map(|placed| placed.turn).collect();
        self.conversation.show_desktop(&mut turns);
        turns
    }

    /// What the agent has set out to do, as it last said.
    pub fn items(&self) -> &[PlanItem] {
        &self.items
    }

    fn head_size(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.bytes)
    }

    /// Lets go of what no plan shows any more, neither now nor after whatever comes: what all turns take only grows, and
    /// so does how old a turn is.
    fn let_go(&mut self) {
        let most = self.most.saturating_sub(self.head_size());
        let old = old_before(self.conversation.count);
        let turns = &mut self.conversation.turns;
        if self.ever.whole > most {
            each_old(turns, old, drop_pictures);
        }
        if self.ever.text > most {
            each_old(turns, old, shorten);
        }
        // What would be too much even if every turn were as short as it can be, stays too much.
        let excess = size(turns).least.saturating_sub(most);
        let (kept, dropped) = drop_exchanges(std::mem::take(turns), excess, old, |size| size.least);
        *turns = kept;
        self.gone = self.gone.saturating_add(dropped);
        self.held = size(turns).whole;
        // Next when there is as much again, so that looking through takes its time once for each event.
        self.room = self.held.saturating_mul(2).saturating_add(self.most);
    }
}

fn each_old(turns: &mut [Placed], old: usize, change: fn(&mut Turn)) {
    turns.iter_mut().filter(|placed| placed.number < old).for_each(|placed| change(&mut placed.turn));
}
