//! The desk that a brain works at: its words go to the session's owner, its knowledge comes from the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use holt_core::agent::{Brief, Delta, Desk, FinishedTurn, Halted};
use holt_core::context::CompactionPlace;
use holt_core::event::{ContextCompacted, Event, Seq};
use holt_core::id::{CallId, MessageId};
use holt_core::model::StoodIn;
use holt_core::store::Store;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::owner::Word;

/// How many events are read from the log at once.
const PAGE: usize = 1024;

pub(crate) struct EngineDesk {
    brief: Brief,
    store: Arc<dyn Store>,
    words: mpsc::Sender<Word>,
    /// A compaction that is given before everything else, until it is.
    first: AtomicU64,
    /// The last event that the brain has been given, and the last that it is to know in this step.
    seen: AtomicU64,
    until: AtomicU64,
}

impl EngineDesk {
    /// A desk for whoever begins behind this compaction.
    pub fn new(brief: Brief, place: Option<&CompactionPlace>, store: Arc<dyn Store>, words: mpsc::Sender<Word>) -> Self {
        let seen = place.map_or(0, |place| place.reads_from.saturating_sub(1));
        let first = place.map_or(0, |place| place.at);
        Self { brief, store, words, first: AtomicU64::new(first), seen: AtomicU64::new(seen), until: AtomicU64::new(0) }
    }

    /// A desk for whoever does a part of a run's work, which was given after this event.
    pub fn for_part(brief: Brief, after: Seq, store: Arc<dyn Store>, words: mpsc::Sender<Word>) -> Self {
        let desk = Self::new(brief, None, store, words);
        desk.seen.store(after, Ordering::Relaxed);
        desk
    }

    /// The same, where no step is taken: it gives what there is.
    pub fn to_read(brief: Brief, place: Option<&CompactionPlace>, store: Arc<dyn Store>, words: mpsc::Sender<Word>) -> Self {
        let until = brief.start.last;
        let desk = Self::new(brief, place, store, words);
        desk.until.store(until, Ordering::Relaxed);
        desk
    }

    /// The call that gave the part of the work that is done here.
    fn part(&self) -> Option<CallId> {
        self.brief.part.as_ref().map(|part| part.call)
    }

    /// Says something to the owner and waits for its answer. An owner that does not answer has halted the run.
    async fn ask<T>(&self, word: impl FnOnce(oneshot::Sender<Result<T, Halted>>) -> Word) -> Result<T, Halted> {
        let (reply, answer) = oneshot::channel();
        self.words.send(word(reply)).await.map_err(|_| Halted)?;
        answer.await.map_err(|_| Halted)?
    }

    async fn page(&self) -> Result<Vec<Arc<Event>>, Halted> {
        let first = self.first.swap(0, Ordering::Relaxed);
        if first > 0 {
            return self.read(first - 1, 1).await;
        }
        let (seen, until) = (self.seen.load(Ordering::Relaxed), self.until.load(Ordering::Relaxed));
        if seen >= until {
            return Ok(Vec::new());
        }
        let page = self.read(seen, PAGE).await?;
        // Where the log ends before it should, there is no more to give.
        self.seen.store(page.last().map_or(until, |last| last.seq), Ordering::Relaxed);
        Ok(page)
    }

    async fn read(&self, after: Seq, limit: usize) -> Result<Vec<Arc<Event>>, Halted> {
        let page = self.store.events_after(self.brief.session, after, limit).await;
        let page = page.inspect_err(|error| tracing::error!(session = %self.brief.session, %error, "the log cannot be read"));
        Ok(page.map_err(|_| Halted)?.into_iter().map(Arc::new).collect())
    }
}

#[async_trait]
impl Desk for EngineDesk {
    fn brief(&self) -> &Brief {
        &self.brief
    }

    async fn next_step(&self) -> Result<Vec<Arc<Event>>, Halted> {
        let run = self.brief.run;
        let until = self.ask(|reply| Word::NextStep { run, within: self.part(), reply }).await?;
        self.until.store(until, Ordering::Relaxed);
        self.page().await
    }

    async fn more(&self) -> Result<Vec<Arc<Event>>, Halted> {
        self.page().await
    }

    /// Of those who were given parts of the work only what is finished is shown: there may be several.
    async fn begin(&self, message: MessageId) -> Result<(), Halted> {
        if self.part().is_some() {
            return Ok(());
        }
        let run = self.brief.run;
        self.ask(|reply| Word::Begin { run, message, reply }).await
    }

    async fn show(&self, delta: Delta) -> Result<(), Halted> {
        if self.part().is_some() {
            return Ok(());
        }
        self.words.send(Word::Show { delta }).await.map_err(|_| Halted)
    }

    async fn finish(&self, turn: FinishedTurn) -> Result<(), Halted> {
        let run = self.brief.run;
        let seen = self.until.load(Ordering::Relaxed);
        let (within, tools) = (self.part(), self.brief.tools.clone());
        self.ask(|reply| Word::Turn { run, turn: Box::new(turn), within, tools, seen, reply }).await
    }

    async fn compact(&self, compacted: ContextCompacted) -> Result<(), Halted> {
        self.ask(|reply| Word::Compacted { compacted: Box::new(compacted), reply }).await
    }

    async fn stood_in(&self, stood_in: StoodIn) -> Result<(), Halted> {
        let run = self.brief.run;
        self.ask(|reply| Word::StoodIn { run, stood_in, reply }).await
    }

    fn fresh_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
