//! Following a session: a snapshot or a place to go on from, then every event after it, live.
//!
//! Promises: every follower sees the same events in the same order, none missing and none twice, from any place of the
//! session's life. A follower that is slow is sent back to the log; it costs a bounded queue and delays nobody.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use holt_core::agent::Delta;
use holt_core::event::Seq;
use holt_core::id::SessionId;
use holt_core::store::Store;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::error::EngineError;
use crate::hub::{self, Frame, Hub};

/// How many events are read from the log at once while catching up.
const CATCH_UP: usize = 256;

/// One thing that a follower gets. The bytes are a whole JSON text, shared with all other followers.
#[derive(Debug, Clone)]
pub enum FeedItem {
    /// `{"type":"snapshot","session":…,"snapshot":{…}}`; the first item, when the follower did not bring a place.
    Snapshot { seq: Seq, frame: Bytes },
    /// `{"type":"event","event":{…}}`
    Event { seq: Seq, frame: Bytes },
    /// `{"type":"delta","session":…,"delta":{…}}`; live only.
    Delta { frame: Bytes },
    /// The session was removed; the last item.
    Removed,
}

impl FeedItem {
    /// The event alone, for transports that say in their own way what it is.
    pub fn event_json(&self) -> Option<Bytes> {
        match self {
            Self::Event { frame, .. } => Some(hub::event_json(frame)),
            _ => None,
        }
    }
}

/// Which text a follower wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Also while it is written.
    Live,
    /// That of finished messages alone.
    Finished,
}

/// A follower's place. Dropping it leaves.
pub struct Feed {
    session: SessionId,
    store: Arc<dyn Store>,
    hub: Arc<Hub>,
    text: Text,
    frames: broadcast::Receiver<Frame>,
    /// The last event that the follower got.
    seen: Seq,
    /// The log is known to go at least this far.
    reach: Seq,
    ready: VecDeque<FeedItem>,
    /// Live text to show once the follower has caught up with the log.
    partials: Vec<Delta>,
    over: bool,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feed").field("session", &self.session).field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Feed {
    pub(crate) fn new(store: Arc<dyn Store>, hub: Arc<Hub>, after: Option<Seq>, text: Text) -> Self {
        let joined = hub.join();
        let partials = if text == Text::Live { joined.partials } else { Vec::new() };
        let session = joined.state.id;
        let last = joined.state.last_seq;
        let mut feed = Self {
            session,
            store,
            hub,
            text,
            frames: joined.frames,
            seen: after.unwrap_or(last),
            reach: last,
            ready: VecDeque::new(),
            partials: Vec::new(),
            over: false,
        };
        match after {
            // A place that does not exist yet is one that the follower cannot have seen.
            Some(place) if place <= last => feed.partials = partials,
            _ => {
                feed.seen = last;
                let snapshot = feed.hub.snapshot_of(&joined.state, partials);
                feed.ready.push_back(FeedItem::Snapshot { seq: last, frame: hub::snapshot_frame(&snapshot) });
            }
        }
        feed
    }

    pub fn session(&self) -> SessionId {
        self.session
    }

    /// The next thing, when there is one; waits for it. `None` after the session was removed. Safe to cancel.
    pub async fn next(&mut self) -> Option<Result<FeedItem, EngineError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if self.over {
                return None;
            }
            if self.seen < self.reach {
                if let Err(error) = self.catch_up().await {
                    return Some(Err(error));
                }
                continue;
            }
            if !self.partials.is_empty() {
                let session = self.session;
                let shown = std::mem::take(&mut self.partials);
                self.ready.extend(shown.iter().map(|delta| FeedItem::Delta { frame: hub::delta_frame(session, delta) }));
                continue;
            }
            let frame = self.frames.recv().await;
            self.take(frame);
        }
    }

    async fn catch_up(&mut self) -> Result<(), EngineError> {
        let events = self.store.events_after(self.session, self.seen, CATCH_UP).await?;
        if events.is_empty() {
            // The log is shorter than was said: it was removed under us.
            self.reach = self.seen;
            return Ok(());
        }
        // What the log has beyond that is about to be shown; seen here first, it would be ahead of the session's own state.
        for event in events.into_iter().take_while(|event| event.seq <= self.reach) {
            self.seen = event.seq;
            self.ready.push_back(FeedItem::Event { seq: event.seq, frame: hub::event_frame(&event) });
        }
        Ok(())
    }

    fn take(&mut self, frame: Result<Frame, RecvError>) {
        match frame {
            Ok(Frame::Event { seq, bytes }) if seq == self.seen + 1 => {
                self.seen = seq;
                self.reach = self.reach.max(seq);
                self.ready.push_back(FeedItem::Event { seq, frame: bytes });
            }
            Ok(Frame::Event { seq, .. }) => self.reach = self.reach.max(seq),
            Ok(Frame::Delta { .. }) if self.text == Text::Finished => {}
            Ok(Frame::Delta { bytes }) => self.ready.push_back(FeedItem::Delta { frame: bytes }),
            Ok(Frame::Removed) => {
                self.over = true;
                self.ready.push_back(FeedItem::Removed);
            }
            Err(RecvError::Lagged(_)) => {
                let joined = self.hub.join();
                self.frames = joined.frames;
                self.reach = joined.state.last_seq;
                self.partials = if self.text == Text::Live { joined.partials } else { Vec::new() };
            }
            Err(RecvError::Closed) => self.over = true,
        }
    }
}
