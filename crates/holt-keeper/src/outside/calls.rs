//! Tool calls by their ids: what runs, what it has put out so far, and outcomes until they are acknowledged.
//!
//! Everything is bounded: the newest part of a call's output is kept, an outcome has at most [`MAX_OUTCOME`] bytes, and when
//! too much is unacknowledged no further call is taken.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::waiting::until;
use crate::protocol::message::{Ending, OUTPUT_AT_ONCE};

/// The most calls that run or wait to be acknowledged.
pub const MAX_CALLS: usize = 256;
/// The most bytes of an outcome.
pub const MAX_OUTCOME: usize = 4 * 1024 * 1024;
/// The most bytes that all outcomes have together before no further call is taken.
const MAX_OUTCOMES: usize = 24 * 1024 * 1024;
/// How much of a running call's output is kept.
const MAX_TAIL: usize = 256 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub ending: Ending,
    pub body: Vec<u8>,
}

impl Outcome {
    pub fn text(ending: Ending, text: &str) -> Self {
        Self { ending, body: text.as_bytes().to_vec() }
    }
}

/// The newest part of a text, by byte offset from its beginning.
#[derive(Debug, Default)]
struct Tail {
    start: u64,
    text: String,
}

impl Tail {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        let over = self.text.len().saturating_sub(MAX_TAIL);
        if over > 0 {
            let cut = self.text.ceil_char_boundary(over);
            self.text.drain(..cut);
            self.start += cut as u64;
        }
    }

    /// A piece from `offset` on, or from where the text is still there. Pieces end between characters.
    fn piece(&self, offset: u64) -> Option<(u64, &str)> {
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX).min(self.text.len());
        let from = self.text.ceil_char_boundary(from);
        let to = self.text.floor_char_boundary((from + OUTPUT_AT_ONCE).min(self.text.len()));
        (from < to).then(|| (self.start + from as u64, &self.text[from..to]))
    }
}

#[derive(Debug, Default)]
pub struct Call {
    /// Its number in the conversation with the toolbox.
    pub number: Cell<Option<u64>>,
    tail: RefCell<Tail>,
    outcome: RefCell<Option<Rc<Outcome>>>,
    changed: Notify,
}

/// What a follower of a call gets next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Output { offset: u64, text: String },
    Finished(Rc<Outcome>),
}

impl Call {
    pub fn put_out(&self, text: &str) {
        if self.outcome.borrow().is_none() {
            self.tail.borrow_mut().push(text);
            self.changed.notify_waiters();
        }
    }

    /// The first outcome holds.
    pub fn finish(&self, outcome: Outcome) {
        let mut slot = self.outcome.borrow_mut();
        if slot.is_none() {
            *slot = Some(Rc::new(outcome));
            self.changed.notify_waiters();
        }
    }

    pub fn is_finished(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    /// Waits until there is an outcome.
    pub async fn finished(&self) {
        until(&self.changed, || self.is_finished()).await;
    }

    fn size(&self) -> usize {
        self.outcome.borrow().as_ref().map_or(0, |outcome| outcome.body.len()) + self.tail.borrow().text.len()
    }

    /// What comes after `offset` bytes of output.
    pub async fn next(&self, offset: u64) -> Next {
        loop {
            let changed = self.changed.notified();
            if let Some((offset, text)) = self.tail.borrow().piece(offset) {
                return Next::Output { offset, text: text.to_owned() };
            }
            if let Some(outcome) = &*self.outcome.borrow() {
                return Next::Finished(Rc::clone(outcome));
            }
            changed.await;
        }
    }
}

#[derive(Debug, Default)]
pub struct Calls {
    calls: BTreeMap<String, Rc<Call>>,
}

impl Calls {
    pub fn find(&self, id: &str) -> Option<Rc<Call>> {
        self.calls.get(id).cloned()
    }

    /// A new call; none when too much is unacknowledged.
    pub fn add(&mut self, id: &str) -> Option<Rc<Call>> {
        let bytes: usize = self.calls.values().map(|call| call.size()).sum();
        if self.calls.len() >= MAX_CALLS || bytes >= MAX_OUTCOMES {
            return None;
        }
        let call = Rc::new(Call::default());
        self.calls.insert(id.to_owned(), Rc::clone(&call));
        Some(call)
    }

    /// Forgets a finished call. One that runs is kept: nobody can know its outcome yet.
    pub fn acknowledge(&mut self, id: &str) -> bool {
        let finished = self.calls.get(id).is_some_and(|call| call.is_finished());
        finished && self.calls.remove(id).is_some()
    }

    pub fn ids(&self) -> Vec<String> {
        self.calls.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_tail_gives_back_the_end_of_what_went_in(parts in prop::collection::vec((any::<char>(), 0usize..9000), 0..40), from in 0u64..600_000) {
            let parts: Vec<String> = parts.iter().map(|(one, times)| one.to_string().repeat(*times)).collect();
            let (mut tail, whole) = (Tail::default(), parts.concat());
            parts.iter().for_each(|part| tail.push(part));
            prop_assert!(tail.text.len() <= MAX_TAIL);
            let (mut at, mut got, mut first) = (from, String::new(), None);
            while let Some((offset, text)) = tail.piece(at) {
                first.get_or_insert(offset);
                prop_assert_eq!(&whole[offset as usize..offset as usize + text.len()], text);
                prop_assert!(offset >= at && text.len() <= OUTPUT_AT_ONCE);
                at = offset + text.len() as u64;
                got.push_str(text);
            }
            if let Some(first) = first {
                prop_assert_eq!(&whole[first as usize..], got);
            } else {
                prop_assert!(from as usize >= whole.len() || whole.is_empty() || !whole.is_char_boundary(from as usize));
            }
        }
    }

    #[test]
    fn the_first_outcome_holds_and_only_finished_calls_are_forgotten() {
        let mut calls = Calls::default();
        let call = calls.add("a").unwrap();
        assert!(!calls.acknowledge("a"));
        call.finish(Outcome::text(Ending::Cancelled, "stopped"));
        call.finish(Outcome::text(Ending::Result, "late"));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let next = runtime.block_on(call.next(0));
        assert_eq!(next, Next::Finished(Rc::new(Outcome::text(Ending::Cancelled, "stopped"))));
        assert!(calls.acknowledge("a"));
        assert!(calls.find("a").is_none());
    }

    #[test]
    fn too_much_unacknowledged_is_refused() {
        let mut calls = Calls::default();
        for index in 0..MAX_CALLS {
            calls.add(&index.to_string()).unwrap();
        }
        assert!(calls.add("more").is_none());
        calls.find("0").unwrap().finish(Outcome::text(Ending::Result, ""));
        assert!(calls.acknowledge("0"));
        assert!(calls.add("more").is_some());
        calls.find("1").unwrap().finish(Outcome { ending: Ending::Result, body: vec![0; MAX_OUTCOMES] });
        assert!(calls.acknowledge("more") || calls.add("again").is_none());
    }
}
