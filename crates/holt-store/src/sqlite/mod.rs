//! The embedded store: two SQLite files in the data directory.
//!
//! One thread writes what others wait for (`writer`, `database`) into `holt.db`: sessions, keys, and the newest events in
//! the order in which they came. These stand in memory too (`tail`), until another thread (`mover`) has put them into
//! `logs.db`, where each session's events stand together. So writing is quick however many sessions write, and reading one
//! of them is too. A few connections read (`readers`, `replay`).

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use async_trait::async_trait;
use holt_core::access::KeyRecord;
use holt_core::budget::Day;
use holt_core::event::{Event, Seq};
use holt_core::id::{KeyId, OwnerId, SessionId};
use holt_core::search::{Found, SearchQuery};
use holt_core::store::{Append, AppendError, Counts, Head, HeadQuery, Keys, SpentByKey, Store, StoreError, StoredHead};
use holt_core::time::Timestamp;
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use crate::data_dir::DataDir;
use change::{Answer, Change, Done};
use connect::{LOGS, SESSIONS};
use database::Database;
use make::Fresh;
use moving::Moving;
use readers::Readers;
use reserve::Reserve;
use tail::Tail;
use writer::{Job, Message, Writer};

mod change;
mod connect;
mod database;
mod fault;
mod index;
mod journal;
mod keys;
mod logs;
mod make;
mod mover;
mod moving;
mod open_error;
mod readers;
mod replay;
mod reserve;
mod sessions;
mod spending;
mod tail;
mod writer;

pub use open_error::OpenError;

const RESERVE_FILE: &str = "reserve";

/// How much may wait to be written, in pieces of `ROOM_BYTES`. Who comes later waits for room.
const ROOM: usize = 4096;
const ROOM_BYTES: usize = 16 * 1024;

/// How to open a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// The store keeps hold of it, so that nobody else opens the same files.
    pub data_dir: Arc<DataDir>,
    /// How much space to keep back for the events that end things.
    pub reserve_bytes: u64,
}

impl Options {
    pub fn new(data_dir: Arc<DataDir>) -> Self {
        Self { data_dir, reserve_bytes: 8 * 1024 * 1024 }
    }
}

/// Sessions, their events and the keys, in SQLite. Dropped, it writes what it has taken and closes the files.
#[derive(Debug)]
pub struct SqliteStore {
    inbox: Sender<Message>,
    room: Arc<Semaphore>,
    readers: Arc<Readers>,
    tail: Arc<Tail>,
    writer: Mutex<Option<JoinHandle<()>>>,
    _data_dir: Arc<DataDir>,
}

impl SqliteStore {
    /// Opens the store, making it when there is none.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let directory = options.data_dir.path().to_owned();
        let reserve = directory.join(RESERVE_FILE);
        let (database, logs, fresh) = match open_files(&directory) {
            // On a full disk the reserve of the server before makes room to start.
            Err(error) if error.wants_space() && reserve::remove(&reserve) => open_files(&directory)?,
            other => other?,
        };
        let reserve = Reserve::new(reserve, options.reserve_bytes);
        if !reserve.is_held() {
            tracing::error!(path = %directory.display(), "the disk is full: only what ends something is written");
        }
        let (inbox, messages) = mpsc::channel();
        let failed = |source: io::Error| OpenError::Io { path: directory.clone(), why: source.to_string() };
        let removed = database.removed().map_err(|fault| OpenError::new(&directory, fault.into()))?;
        let moving = Moving::start(directory.clone(), logs, inbox.clone()).map_err(failed)?;
        removed.into_iter().for_each(|session| moving.erase(session));
        let tail = Arc::new(Tail::default());
        let writer = Writer::new(Arc::clone(&options.data_dir), messages, (database, moving, fresh), Arc::clone(&tail), reserve);
        let writer = thread::Builder::new().name("store".into()).spawn(move || writer.run()).map_err(failed)?;
        Ok(Self {
            inbox,
            room: Arc::new(Semaphore::new(ROOM)),
            readers: Arc::new(Readers::new(directory)),
            tail,
            writer: Mutex::new(Some(writer)),
            _data_dir: options.data_dir,
        })
    }

    /// Has the writer do it. Once it is in the queue it is done even if nobody waits for the answer.
    async fn change(&self, change: Change) -> Answer {
        let closed = || StoreError::Unavailable("the store is closed".into());
        let pieces = (1 + change.bytes() / ROOM_BYTES).min(ROOM);
        let room = Arc::clone(&self.room).acquire_many_owned(u32::try_from(pieces).unwrap_or(u32::MAX)).await;
        let (reply, answer) = oneshot::channel();
        let job = Job { change: Box::new(change), reply, _room: room.map_err(|_| closed())? };
        self.inbox.send(Message::Job(job)).map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    async fn simple(&self, change: Change) -> Result<Done, StoreError> {
        self.change(change).await.map_err(|error| match error {
            AppendError::Store(error) => error,
            other => StoreError::Unavailable(other.to_string()),
        })
    }
}

/// The logs first: what is left in the journals is moved there.
fn open_files(directory: &Path) -> Result<(Database, Connection, Option<Fresh>), OpenError> {
    let fresh = make::both(directory).map_err(|error| OpenError::new(directory, error.into()))?;
    let logs = LOGS.open(directory).map_err(|error| OpenError::new(&LOGS.path(directory), error))?;
    let database = Database::open(directory).map_err(|error| OpenError::new(&SESSIONS.path(directory), error))?;
    Ok((database, logs, fresh))
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Readers first: the last connection to close copies the write-ahead log, which one that only reads cannot.
        self.readers.close();
        let _ = self.inbox.send(Message::Stop);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes had panicked");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, head: Head, events: Vec<Event>) -> Result<(), StoreError> {
        self.simple(Change::Create(head, events)).await.map(drop)
    }

    async fn claim(&self, session: SessionId) -> Result<StoredHead, StoreError> {
        match self.simple(Change::Claim(session)).await? {
            Done::Head(head) => Ok(*head),
            other => Err(unexpected(&other)),
        }
    }

    async fn append(&self, append: Append) -> Result<Seq, AppendError> {
        match self.change(Change::Append(append)).await? {
            Done::At(last) => Ok(last),
            other => Err(unexpected(&other).into()),
        }
    }

    async fn head(&self, session: SessionId) -> Result<StoredHead, StoreError> {
        let tail = Arc::clone(&self.tail);
        self.readers.ask(move |db| replay::head(db, &tail, session)).await?.ok_or(StoreError::NotFound)
    }

    async fn heads(&self, query: HeadQuery) -> Result<Vec<StoredHead>, StoreError> {
        let tail = Arc::clone(&self.tail);
        self.readers.ask(move |db| replay::heads(db, &tail, &query)).await
    }

    async fn counts(&self, owner: Option<OwnerId>) -> Result<Counts, StoreError> {
        self.readers.ask(move |db| sessions::counts(db, owner.as_ref())).await
    }

    async fn events_after(&self, session: SessionId, after: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        let recent = replay::Recent::after(&self.tail, session, after, limit);
        if let Some(events) = recent.suffices() {
            return Ok(events);
        }
        self.readers.ask(move |db| recent.complete(db)).await?.ok_or(StoreError::NotFound)
    }

    async fn events_before(&self, session: SessionId, before: Seq, limit: usize) -> Result<Vec<Event>, StoreError> {
        let recent = replay::Earlier::before(&self.tail, session, before, limit);
        if let Some(events) = recent.suffices() {
            return Ok(events);
        }
        self.readers.ask(move |db| recent.complete(db)).await?.ok_or(StoreError::NotFound)
    }

    async fn unfinished(&self) -> Result<Vec<SessionId>, StoreError> {
        self.readers.ask(sessions::unfinished).await
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<SessionId>, StoreError> {
        self.readers.ask(move |db| sessions::due(db, now, limit)).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.readers.ask(sessions::next_due).await
    }

    async fn search(&self, query: SearchQuery) -> Result<Vec<Found>, StoreError> {
        let tail = Arc::clone(&self.tail);
        self.readers.ask(move |db| index::find(db, &tail, &query)).await
    }

    async fn spent(&self, day: Day) -> Result<Vec<SpentByKey>, StoreError> {
        self.readers.ask(move |db| spending::of_day(db, day)).await
    }

    async fn remove(&self, session: SessionId) -> Result<(), StoreError> {
        self.simple(Change::Remove(session)).await.map(drop)
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.simple(Change::Probe).await.map(drop)
    }
}

#[async_trait]
impl Keys for SqliteStore {
    async fn add(&self, key: KeyRecord) -> Result<(), StoreError> {
        self.simple(Change::AddKey(key)).await.map(drop)
    }

    async fn find(&self, hash: [u8; 32]) -> Result<Option<KeyRecord>, StoreError> {
        self.readers.ask(move |db| keys::find(db, &hash)).await
    }

    async fn list(&self, owner: Option<OwnerId>) -> Result<Vec<KeyRecord>, StoreError> {
        self.readers.ask(move |db| keys::list(db, owner.as_ref())).await
    }

    async fn revoke(&self, key: KeyId, at: Timestamp) -> Result<(), StoreError> {
        self.simple(Change::RevokeKey(key, at)).await.map(drop)
    }

    async fn used(&self, key: KeyId, at: Timestamp) -> Result<(), StoreError> {
        self.simple(Change::UseKey(key, at)).await.map(drop)
    }
}

fn unexpected(done: &Done) -> StoreError {
    StoreError::Unavailable(format!("the writer answered something else: {done:?}"))
}
