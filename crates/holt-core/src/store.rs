//! The port to what is kept: the event logs, the heads of sessions, and keys.
//!
//! Made for many machines: whoever wants to write a session claims it and gets an epoch; a write with an older epoch is
//! fenced off; a write that does not follow directly on the last event conflicts. No operation spans two sessions.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::access::KeyRecord;
use crate::budget::{Day, Spent};
use crate::event::{Epoch, Event, Seq};
use crate::id::{KeyId, OwnerId, SessionId};
use crate::search::{Found, SearchQuery};
use crate::session::{SessionKind, Status};
use crate::time::Timestamp;

/// What lists, schedulers and a fresh owner need of a session without reading its log: a view of the events that can
/// always be made again from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub session: SessionId,
    pub owner: OwnerId,
    pub title: String,
    pub kind: SessionKind,
    pub origin: String,
    pub status: Status,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Somebody must take it up after a crash.
    pub unfinished: bool,
    /// When it next wants attention though nobody asks: to sleep, to expire.
    pub wake_at: Option<Timestamp>,
    /// The folded state up to and with `state_seq`, as JSON; events after it are applied on top.
    pub state: String,
    pub state_seq: Seq,
}

/// A head, and the last event of its log, which may be later than the head's state.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredHead {
    pub head: Head,
    pub last_seq: Seq,
    pub epoch: Epoch,
}

/// Events to add to one session.
#[derive(Debug, Clone, PartialEq)]
pub struct Append {
    pub session: SessionId,
    /// The epoch under which the writer claimed the session.
    pub epoch: Epoch,
    /// The last event that the writer knows.
    pub expected: Seq,
    /// Consecutive, starting at `expected + 1`. May be empty when only the head changes.
    pub events: Vec<Event>,
    /// The new head, when it changed.
    pub head: Option<Head>,
    /// What the session has spent by then, when these events changed it.
    pub spending: Option<Spending>,
}

/// What a session has spent on a day by now, in place of what was noted of it before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spending {
    /// On whose account it goes; nobody's for what was made without a key.
    pub key: Option<KeyId>,
    pub day: Day,
    pub spent: Spent,
}

/// What all sessions of a key have spent, also those that are gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpentByKey {
    pub key: Option<KeyId>,
    pub total: Spent,
    /// On the day that was asked for.
    pub day: Spent,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has claimed the session since. The writer must let go of it.
    #[error("the session was taken over under epoch {0}")]
    Fenced(Epoch),
    /// The log has moved on, or back, from what the writer knows.
    #[error("the log ends at {last}, not where the writer thinks")]
    Conflict { last: Seq },
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("there is no such record")]
    NotFound,
    #[error("the record is there already")]
    Exists,
    /// Nothing was written; with space or the service back, the same request succeeds.
    #[error("the store cannot take it now: {0}")]
    Unavailable(String),
    /// There is no space left beyond the reserve.
    #[error("no space is left on the disk that holds the data directory")]
    Full,
    /// It contradicts itself or is beyond a bound: the caller is wrong, and the same request never succeeds.
    #[error("this cannot be stored: {0}")]
    Invalid(String),
    /// What is stored is not what was written. It is reported and never served.
    #[error("a stored record is damaged: {0}")]
    Damaged(String),
}

/// Which sessions a list shows. Newest activity first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadQuery {
    /// Only this owner's.
    pub owner: Option<OwnerId>,
    /// Only those made through this interface.
    pub origin: Option<String>,
    pub status: Vec<Status>,
    /// Only those whose title contains this, in any case.
    pub text: Option<String>,
    /// Where the page before ended.
    pub cursor: Option<HeadCursor>,
    pub limit: usize,
}

/// A place in a list that stays right while sessions come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadCursor {
    pub updated_at: Timestamp,
    pub session: SessionId,
}

/// How many sessions there are of each status.
pub type Counts = Vec<(Status, u64)>;

#[async_trait]
pub trait Store: Send + Sync {
    /// Adds a session with its first events, under epoch 1. `Exists` when the id is taken.
    async fn create(&self, head: Head, events: Vec<Event>) -> Result<(), StoreError>;

    /// Takes a session: raises its epoch, so that whoever held it before is fenced off.
    async fn claim(&self, session: SessionId) -> Result<StoredHead, StoreError>;

    /// Adds events durably. Returns the last sequence number once they cannot be lost.
    async fn append(&self, append: Append) -> Result<Seq, AppendError>;

    async fn head(&self, session: SessionId) -> Result<StoredHead, StoreError>;

    async fn heads(&self, query: HeadQuery) -> Result<Vec<StoredHead>, StoreError>;

    async fn counts(&self, owner: Option<OwnerId>) -> Result<Counts, StoreError>;

    /// The events after `after`, oldest first, at most `limit` and about `MAX_PAGE_BYTES` of them, but at least one if there is one.
    async fn events_after(&self, session: SessionId, after: Seq, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// The events before `before`, oldest first: those nearest to it, with the same bounds.
    async fn events_before(&self, session: SessionId, before: Seq, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// The sessions that somebody must take up after a crash, from an index.
    async fn unfinished(&self) -> Result<Vec<SessionId>, StoreError>;

    /// The sessions whose `wake_at` has come, earliest first.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError>;

    /// The earliest `wake_at` of all.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// What was said in sessions, newest first. What came last may be missing for a moment, nothing of somebody else's is there.
    async fn search(&self, query: SearchQuery) -> Result<Vec<Found>, StoreError>;

    /// What was spent, by key, and how much of it on this day.
    async fn spent(&self, day: Day) -> Result<Vec<SpentByKey>, StoreError>;

    /// Removes a session with its log; what it has spent stays. Removing what is not there does nothing.
    async fn remove(&self, session: SessionId) -> Result<(), StoreError>;

    /// Whether it can write now, for `/ready`.
    async fn check(&self) -> Result<(), StoreError>;
}

/// The most bytes of bodies that one page of events carries, roughly.
pub const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Keys, by their hash.
#[async_trait]
pub trait Keys: Send + Sync {
    async fn add(&self, key: KeyRecord) -> Result<(), StoreError>;

    async fn find(&self, hash: [u8; 32]) -> Result<Option<KeyRecord>, StoreError>;

    async fn list(&self, owner: Option<OwnerId>) -> Result<Vec<KeyRecord>, StoreError>;

    async fn revoke(&self, key: KeyId, at: Timestamp) -> Result<(), StoreError>;

    async fn used(&self, key: KeyId, at: Timestamp) -> Result<(), StoreError>;
}
