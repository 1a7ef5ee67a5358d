//! The newest events, in memory: those that are durable in a journal, and perhaps not in the logs yet.
//!
//! Readers look here first and into the logs second. What is moved in between is then found in both places, and never in
//! neither.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holt_core::event::{Event, Seq};
use holt_core::id::SessionId;

use super::logs::{Page, Room};

/// Consecutive events of each session.
pub(super) type Logs = HashMap<SessionId, Vec<Event>>;

#[derive(Debug, Default)]
pub(super) struct Tail {
    parts: Mutex<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    /// Being moved to the logs.
    older: Arc<Logs>,
    newer: Logs,
}

/// What the tail has of a session's events on one side of a place.
#[derive(Debug)]
pub(super) struct Cut {
    pub page: Page,
    /// The first event in the tail; those before it are in the logs.
    pub first: Option<Seq>,
}

impl Tail {
    pub(super) fn publish(&self, events: Vec<Event>) {
        let Some(first) = events.first() else { return };
        self.parts().newer.entry(first.session).or_default().extend(events);
    }

    /// Sets what there is aside to be moved.
    pub(super) fn freeze(&self) {
        let mut parts = self.parts();
        parts.older = Arc::new(std::mem::take(&mut parts.newer));
    }

    /// What is set aside.
    pub(super) fn older(&self) -> Arc<Logs> {
        Arc::clone(&self.parts().older)
    }

    /// What was set aside is in the logs.
    pub(super) fn drop_older(&self) {
        self.parts().older = Arc::default();
    }

    pub(super) fn clear(&self) {
        *self.parts() = Parts::default();
    }

    pub(super) fn remove(&self, session: SessionId) {
        let mut parts = self.parts();
        parts.newer.remove(&session);
        if parts.older.contains_key(&session) {
            Arc::make_mut(&mut parts.older).remove(&session);
        }
    }

    pub(super) fn last(&self, session: SessionId) -> Option<Seq> {
        self.parts().of(session).last().map(|event| event.seq)
    }

    /// The events after `after`, oldest first. When the tail begins later, from its beginning.
    pub(super) fn after(&self, session: SessionId, after: Seq, room: &mut Room) -> Cut {
        let parts = self.parts();
        let first = parts.of(session).next().map(|event| event.seq);
        let passed = after.saturating_add(1).saturating_sub(first.unwrap_or(0));
        let wanted = parts.of(session).skip(usize::try_from(passed).unwrap_or(usize::MAX));
        Cut { page: take(wanted, room), first }
    }

    /// The events before `before`, newest first.
    pub(super) fn before(&self, session: SessionId, before: Seq, room: &mut Room) -> Cut {
        let parts = self.parts();
        let first = parts.of(session).next().map(|event| event.seq);
        let wanted = parts.of(session).rev().skip_while(|event| event.seq >= before);
        Cut { page: take(wanted, room), first }
    }

    /// The events that are looked for, newest first in each session.
    pub(super) fn search(&self, is_wanted: &dyn Fn(&Event) -> bool) -> Vec<Event> {
        // Looking through takes a while, and whoever writes must not wait for it.
        let (older, newer) = {
            let parts = self.parts();
            (Arc::clone(&parts.older), parts.newer.clone())
        };
        let found = |logs: &Logs| -> Vec<Event> {
            logs.values().flat_map(|events| events.iter().rev().filter(|event| is_wanted(event)).cloned()).collect()
        };
        [found(&newer), found(&older)].concat()
    }

    fn parts(&self) -> MutexGuard<'_, Parts> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    fn of(&self, session: SessionId) -> impl DoubleEndedIterator<Item = &Event> {
        [self.older.get(&session), self.newer.get(&session)].into_iter().flatten().flatten()
    }
}

fn take<'a>(events: impl Iterator<Item = &'a Event>, room: &mut Room) -> Page {
    let mut page = Page::new();
    for event in events {
        if !room.take(event) {
            page.cut = true;
            break;
        }
        page.events.push(event.clone());
    }
    page
}
