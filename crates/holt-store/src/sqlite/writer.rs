//! The thread that writes.
//!
//! It takes everything that waits, writes it in one transaction, flushes once, and then answers all: the more callers
//! there are, the less a flush costs each. Nobody hears of a change before it is on the disk, and a change that is refused
//! leaves its neighbours alone.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use holt_core::id::SessionId;
use holt_core::store::{AppendError, StoreError};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::change::{Answer, Change, Done};
use super::database::Database;
use super::fault::{Fault, Outcome};
use super::make::Fresh;
use super::mover::checkpoint;
use super::moving::Moving;
use super::reserve::Reserve;
use super::tail::Tail;
use crate::data_dir::DataDir;

/// What reaches the writer.
#[derive(Debug)]
pub(super) enum Message {
    Job(Job),
    /// The order with this number is done, or has failed.
    Moved(u64, Outcome<()>),
    /// Nothing is left of a removed session's log.
    Erased(SessionId),
    /// The last message of the store.
    Stop,
}

/// A change, and who waits for it.
#[derive(Debug)]
pub(super) struct Job {
    pub change: Box<Change>,
    pub reply: oneshot::Sender<Answer>,
    /// Its place in the queue, given back with the answer.
    pub _room: OwnedSemaphorePermit,
}

/// The most changes, and about the most bytes, that one transaction takes.
const GROUP_JOBS: usize = 1024;
const GROUP_BYTES: usize = 16 * 1024 * 1024;

/// After how long without a change the writer tidies up.
const QUIET: Duration = Duration::from_millis(100);

/// How many erased sessions are noted in one transaction, and how long the first of them waits, if no quiet moment comes
/// earlier: on a busy server none may ever come.
const ERASED: usize = 256;
const ERASED_WAITS: Duration = Duration::from_secs(1);

/// The longest that a group waits for those who wrote in the one before.
const LINGER: Duration = Duration::from_micros(200);

#[derive(Debug)]
pub(super) struct Writer {
    data_dir: Arc<DataDir>,
    /// The directory itself is on the disk.
    is_settled: bool,
    inbox: Receiver<Message>,
    /// Taken from the inbox while something else was awaited.
    backlog: VecDeque<Job>,
    /// Nothing while the files cannot be opened.
    database: Option<Database>,
    tail: Arc<Tail>,
    moving: Moving,
    /// Sessions of which nothing is left but the note that they were removed.
    erased: Vec<SessionId>,
    /// Since when the first of them waits.
    erased_since: Instant,
    reserve: Reserve,
    /// How many wrote in the last group; as many are likely to come again.
    crowd: usize,
    is_tidy: bool,
    is_stopped: bool,
    /// Files that this start has made. Closed last.
    fresh: Option<Fresh>,
}

impl Writer {
    pub(super) fn new(
        data_dir: Arc<DataDir>,
        inbox: Receiver<Message>,
        (database, moving, fresh): (Database, Moving, Option<Fresh>),
        tail: Arc<Tail>,
        reserve: Reserve,
    ) -> Self {
        let (backlog, database) = (VecDeque::new(), Some(database));
        Self {
            data_dir,
            is_settled: false,
            inbox,
            fresh,
            backlog,
            database,
            tail,
            moving,
            erased: Vec::new(),
            erased_since: Instant::now(),
            reserve,
            crowd: 0,
            is_tidy: false,
            is_stopped: false,
        }
    }

    /// Works until the store is closed, and leaves the journals empty if it can.
    pub(super) fn run(mut self) {
        while !self.is_stopped || !self.backlog.is_empty() {
            match self.next() {
                Ok(first) => {
                    let group = self.gather(first);
                    self.serve(group);
                }
                Err(RecvTimeoutError::Timeout) => self.tidy(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.finish();
    }

    /// The next job. Other messages are dealt with on the way.
    fn next(&mut self) -> Result<Job, RecvTimeoutError> {
        loop {
            if let Some(job) = self.backlog.pop_front() {
                return Ok(job);
            }
            if self.is_stopped {
                return Err(RecvTimeoutError::Disconnected);
            }
            let message = if self.is_tidy { self.inbox.recv()? } else { self.inbox.recv_timeout(QUIET)? };
            self.take(message);
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Job(job) => self.backlog.push_back(job),
            Message::Moved(number, result) => {
                self.is_tidy = false;
                self.moving.moved(number, result, &self.tail);
            }
            Message::Erased(session) => {
                self.is_tidy = false;
                if self.erased.is_empty() {
                    self.erased_since = Instant::now();
                }
                self.erased.push(session);
            }
            Message::Stop => self.is_stopped = true,
        }
    }

    fn gather(&mut self, first: Job) -> Vec<Job> {
        let until = Instant::now() + LINGER;
        let mut bytes = first.change.bytes();
        let mut group = vec![first];
        while group.len() < GROUP_JOBS && bytes < GROUP_BYTES {
            let Some(job) = self.backlog.pop_front().or_else(|| self.another(group.len() < self.crowd, until)) else { break };
            bytes += job.change.bytes();
            group.push(job);
        }
        group
    }

    /// Another job if one waits or, when more are expected, comes in time.
    fn another(&mut self, expects_more: bool, until: Instant) -> Option<Job> {
        loop {
            let message = self.inbox.try_recv().ok().or_else(|| {
                let patience = until.saturating_duration_since(Instant::now());
                (expects_more && !patience.is_zero()).then(|| self.inbox.recv_timeout(patience).ok()).flatten()
            })?;
            match message {
                Message::Job(job) => return Some(job),
                other => self.take(other),
            }
        }
    }

    fn serve(&mut self, group: Vec<Job>) {
        self.crowd = group.len();
        self.is_tidy = false;
        let group = self.admit(group);
        if group.is_empty() {
            return;
        }
        match self.write(&group) {
            Ok(answers) => self.answer(group, answers),
            Err(Fault::Io(why)) => {
                self.reopen(&why);
                group.into_iter().for_each(|job| refuse(job, StoreError::Unavailable(why.clone())));
            }
            // One of them may be at fault: each is tried by itself.
            Err(_) => group.into_iter().for_each(|job| self.serve_alone(job)),
        }
        self.advance(false);
        let waits = !self.erased.is_empty() && self.erased_since.elapsed() >= ERASED_WAITS;
        if waits || self.erased.len() >= ERASED {
            self.forget_erased();
        }
        self.let_mover_catch_up();
    }

    /// Not at once: nobody waits for it, and others would wait for its flush.
    fn forget_erased(&mut self) {
        let erased = std::mem::take(&mut self.erased);
        let forgotten = self.database.as_mut().map(|database| database.forget_removed(&erased));
        if let Some(Err(fault)) = forgotten {
            // The next server erases them again.
            tracing::warn!(?fault, "erased sessions are still noted as removed");
        }
    }

    /// Refuses what cannot be taken now, and returns the rest.
    fn admit(&mut self, group: Vec<Job>) -> Vec<Job> {
        if self.database.is_none() {
            self.reopen("the database was closed after an error");
        }
        let is_stuck = !self.settle() || self.database.as_ref().is_none_or(|database| Moving::is_stuck(database.journal()));
        let is_full = !self.reserve.is_held() && !self.reserve.restore();
        let mut admitted = Vec::with_capacity(group.len());
        for job in group {
            if is_stuck {
                refuse(job, StoreError::Unavailable("the database cannot be written".into()));
            } else if is_full && !job.change.is_essential() {
                refuse(job, StoreError::Full);
            } else {
                admitted.push(job);
            }
        }
        admitted
    }

    /// Once, before the first change: a database that is not on the disk, or its name, keeps nothing.
    fn settle(&mut self) -> bool {
        if !self.is_settled {
            let settled = self.fresh.as_ref().map_or(Ok(()), Fresh::settle).and_then(|()| self.data_dir.settle());
            self.is_settled = settled.is_ok();
            settled.unwrap_or_else(|error| tracing::error!(%error, "the data directory cannot be flushed"));
        }
        self.is_settled
    }

    fn serve_alone(&mut self, job: Job) {
        let group = vec![job];
        let mut written = self.write(&group);
        if matches!(written, Err(Fault::Full)) && group[0].change.is_essential() && self.give_up_reserve() {
            written = self.write(&group);
        }
        match written {
            Ok(answers) => self.answer(group, answers),
            Err(fault) => {
                if let Fault::Io(why) = &fault {
                    self.reopen(why);
                }
                let error = StoreError::from(fault);
                group.into_iter().for_each(|job| refuse(job, error.clone()));
            }
        }
    }

    fn write(&mut self, group: &[Job]) -> Outcome<Vec<Answer>> {
        let database = self.database.as_mut().ok_or_else(|| Fault::Other("the database cannot be opened".into()))?;
        database.write(group.iter().map(|job| &*job.change), &self.tail)
    }

    /// Shows what was written to readers, and then tells those who wait.
    fn answer(&mut self, group: Vec<Job>, answers: Vec<Answer>) {
        for (job, answer) in group.into_iter().zip(answers) {
            match (*job.change, &answer) {
                (Change::Create(_, events), Ok(_)) => self.tail.publish(events),
                (Change::Append(append), Ok(_)) => self.tail.publish(append.events),
                // Not when there was no such session: there may be one by the time that the mover comes to it.
                (Change::Remove(session), Ok(Done::Removed)) => {
                    self.tail.remove(session);
                    self.moving.erase(session);
                }
                _ => {}
            }
            // Whoever asked may have gone.
            let _ = job.reply.send(answer);
        }
    }

    fn give_up_reserve(&mut self) -> bool {
        let is_given = self.reserve.release();
        if is_given {
            tracing::error!("the disk is full: the reserve is given up, and only what ends something is written");
        }
        is_given
    }

    /// Opens the files afresh. Everything in the journals is then in the logs; what the old connection believed does not
    /// count.
    fn reopen(&mut self, why: &str) {
        tracing::error!(why, "the database is opened again after an error");
        self.database = None;
        match Database::open(self.data_dir.path()) {
            Ok(database) => {
                self.database = Some(database);
                self.tail.clear();
                self.moving.forget();
            }
            Err(error) => tracing::error!(?error, "the database cannot be opened"),
        }
    }

    fn advance(&mut self, is_quiet: bool) {
        if let Some(database) = &mut self.database {
            self.moving.advance(database, &self.tail, is_quiet);
        }
    }

    /// With far more written than moved, everybody waits: memory is bounded.
    fn let_mover_catch_up(&mut self) {
        while self.database.as_ref().is_some_and(|database| self.moving.is_behind(database.journal())) {
            match self.inbox.recv_timeout(QUIET) {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.advance(false);
        }
    }

    fn tidy(&mut self) {
        self.crowd = 0;
        if !self.erased.is_empty() {
            self.forget_erased();
        }
        self.advance(true);
        let Some(database) = &self.database else {
            self.is_tidy = true;
            return;
        };
        if self.moving.is_at_rest(database.journal()) {
            checkpoint(database.connection());
            self.moving.checkpoint();
            self.is_tidy = true;
        }
    }

    /// Moves what is left. What cannot be moved is found in the journals by the next server.
    fn finish(&mut self) {
        const STEPS: usize = 8;
        if !self.erased.is_empty() {
            self.forget_erased();
        }
        for _ in 0..STEPS {
            self.advance(true);
            while self.moving.is_under_way() {
                match self.inbox.recv_timeout(QUIET) {
                    Ok(message) => self.take(message),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        self.database = None;
        self.moving.stop();
    }
}

fn refuse(job: Job, error: StoreError) {
    let _ = job.reply.send(Err(AppendError::Store(error)));
}
