//! Random operations on the store and on the simplest thing that could be one, compared after every step.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use holt_core::event::{Epoch, Event, Seq};
use holt_core::store::{Append, AppendError, Head, HeadQuery, Store as _, StoreError, StoredHead};
use holt_core::time::Timestamp;
use holt_store::SqliteStore;
use holt_testkit::store_contract::{events, head, session};
use proptest::prelude::*;

use crate::common::open;

const SESSIONS: u64 = 3;

#[derive(Debug, Clone)]
enum Step {
    Create(u64, u64),
    Claim { number: u64, who: usize },
    Append { number: u64, who: usize, off: i64, count: u64, with_head: bool },
    Remove(u64),
    Reopen,
    Forward { number: u64, after: Seq, limit: usize },
    Backward { number: u64, before: Seq, limit: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (number, who, off) = (0..SESSIONS, 0..2_usize, prop_oneof![8 => Just(0_i64), 1 => -2..3_i64]);
    let step = prop_oneof![
        2 => (number.clone(), 0..3_u64).prop_map(|(number, count)| Step::Create(number, count)),
        3 => (number.clone(), who.clone()).prop_map(|(number, who)| Step::Claim { number, who }),
        12 => (number.clone(), who, off, 0..6_u64, any::<bool>())
            .prop_map(|(number, who, off, count, with_head)| Step::Append { number, who, off, count, with_head }),
        1 => number.clone().prop_map(Step::Remove),
        2 => Just(Step::Reopen),
        4 => (number.clone(), 0..40_u64, 0..20_usize)
            .prop_map(|(number, after, limit)| Step::Forward { number, after, limit }),
        4 => (number, 0..40_u64, 0..20_usize)
            .prop_map(|(number, before, limit)| Step::Backward { number, before, limit }),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(play(&steps));
    }
}

async fn play(steps: &[Step]) {
    let directory = tempfile::tempdir().unwrap();
    let mut tried = Tried { store: Some(open(directory.path())), model: Model::default() };
    for step in steps {
        tried.step(step, directory.path()).await;
        tried.compare().await;
    }
}

/// What the contract says, without any of the reasons why stores are hard.
#[derive(Default)]
struct Model {
    sessions: BTreeMap<u64, Known>,
    /// Ids are never used twice.
    gone: Vec<u64>,
    /// Which epoch each claimer believes in.
    held: BTreeMap<(u64, usize), Epoch>,
    clock: i64,
}

struct Known {
    head: Head,
    epoch: Epoch,
    log: Vec<Event>,
}

impl Model {
    fn append(&mut self, append: &Append, number: u64) -> Result<Seq, AppendError> {
        let known = self.sessions.get_mut(&number).ok_or(StoreError::NotFound)?;
        if known.epoch != append.epoch {
            return Err(AppendError::Fenced(known.epoch));
        }
        let last = known.log.len() as Seq;
        if last != append.expected {
            return Err(AppendError::Conflict { last });
        }
        known.log.extend(append.events.iter().cloned());
        known.head = append.head.clone().unwrap_or(known.head.clone());
        Ok(known.log.len() as Seq)
    }
}

struct Tried {
    store: Option<SqliteStore>,
    model: Model,
}

impl Tried {
    fn store(&self) -> &SqliteStore {
        self.store.as_ref().unwrap()
    }

    async fn step(&mut self, step: &Step, directory: &Path) {
        match *step {
            Step::Create(number, _) if self.model.gone.contains(&number) => {}
            Step::Create(number, count) => self.create(number, count).await,
            Step::Claim { number, who } => self.claim(number, who).await,
            Step::Append { number, who, off, count, with_head } => {
                self.append((number, who), off, count, with_head).await;
            }
            Step::Remove(number) => {
                assert_eq!(self.store().remove(session(number)).await, Ok(()));
                if self.model.sessions.remove(&number).is_some() {
                    self.model.gone.push(number);
                }
            }
            Step::Reopen => {
                self.store = None;
                self.store = Some(open(directory));
            }
            Step::Forward { number, after, limit } => {
                let read = self.store().events_after(session(number), after, limit).await;
                let expected = self.log(number).map(|log| log.iter().filter(|event| event.seq > after).take(limit).cloned());
                assert_eq!(read, expected.map(Iterator::collect));
            }
            Step::Backward { number, before, limit } => {
                let read = self.store().events_before(session(number), before, limit).await;
                let earlier = self.log(number).map(|log| &log[..log.len().min(before.saturating_sub(1) as usize)]);
                assert_eq!(read, earlier.map(|log| log[log.len().saturating_sub(limit)..].to_vec()));
            }
        }
    }

    fn log(&self, number: u64) -> Result<&[Event], StoreError> {
        self.model.sessions.get(&number).map(|known| &*known.log).ok_or(StoreError::NotFound)
    }

    async fn create(&mut self, number: u64, count: u64) {
        let log = events(session(number), 1, 0, count);
        let created = self.store().create(head(number), log.clone()).await;
        let expected = match self.model.sessions.entry(number) {
            Entry::Occupied(_) => Err(StoreError::Exists),
            Entry::Vacant(free) => {
                free.insert(Known { head: head(number), epoch: 1, log });
                Ok(())
            }
        };
        assert_eq!(created, expected);
    }

    async fn claim(&mut self, number: u64, who: usize) {
        let claimed = self.store().claim(session(number)).await;
        let expected = self.model.sessions.get_mut(&number).map(|known| {
            known.epoch += 1;
            StoredHead { head: known.head.clone(), last_seq: known.log.len() as Seq, epoch: known.epoch }
        });
        if let Some(stored) = &expected {
            self.model.held.insert((number, who), stored.epoch);
        }
        assert_eq!(claimed, expected.ok_or(StoreError::NotFound));
    }

    async fn append(&mut self, (number, who): (u64, usize), off: i64, count: u64, with_head: bool) {
        let last = self.log(number).map_or(0, <[Event]>::len) as Seq;
        let expected = last.saturating_add_signed(off);
        let epoch = self.model.held.get(&(number, who)).copied().unwrap_or(1);
        self.model.clock += 1;
        let changed = Head {
            title: format!("at {}", self.model.clock),
            updated_at: Timestamp::from_millis(self.model.clock),
            unfinished: self.model.clock % 2 == 0,
            state_seq: expected + count,
            ..head(number)
        };
        let append = Append {
            session: session(number),
            epoch,
            expected,
            events: events(session(number), epoch, expected, count),
            head: with_head.then_some(changed),
            spending: None,
        };
        let written = self.store().append(append.clone()).await;
        assert_eq!(written, self.model.append(&append, number));
    }

    async fn compare(&self) {
        let listed = self.store().heads(HeadQuery { limit: 100, ..HeadQuery::default() }).await.unwrap();
        let mut expected: Vec<_> = self.model.sessions.values().map(stored).collect();
        expected.sort_by_key(|stored| std::cmp::Reverse((stored.head.updated_at, stored.head.session)));
        assert_eq!(listed, expected);
        let mut unfinished = self.store().unfinished().await.unwrap();
        unfinished.sort();
        let expected = self.model.sessions.values().filter(|known| known.head.unfinished);
        assert_eq!(unfinished, expected.map(|known| known.head.session).collect::<Vec<_>>());
    }
}

fn stored(known: &Known) -> StoredHead {
    StoredHead { head: known.head.clone(), last_seq: known.log.len() as Seq, epoch: known.epoch }
}
