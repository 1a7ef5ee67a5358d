//! What the driver holds, and how a session's sandbox is opened, found again and closed.

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError};

use holt_core::id::SessionId;
use holt_core::sandbox::{Group, SandboxError, SandboxInfo, SandboxSpec};
use holt_keeper::protocol::message::{self, Answer, Code, Report, Verb};
use tokio::sync::{Mutex as AsyncMutex, OnceCell, watch};

use super::client::{Client, ConnectError, Lost};
use super::identity::Identities;
use super::in_use::InUse;
use super::leftovers;
use super::machine::Machine;
use super::options::Options;
use super::places::Places;
use super::pool::Pool;
use super::problem::storage;
use super::profile;
use super::records::{Record, Records};
use super::reports::{Reports, Teller};
use super::streams::{Departures, Way};

const DRIVER: &str = "bwrap";

#[derive(Debug)]
pub struct Inner {
    pub options: Options,
    pub places: Places,
    pub records: Records,
    pub reports: Reports,
    pub pool: Pool,
    pub sockets: Arc<OwnedFd>,
    pub departures: Departures,
    pub identities: Option<Identities>,
    machine: OnceCell<Machine>,
    slots: Mutex<HashMap<SessionId, Arc<AsyncMutex<Slot>>>>,
}

/// A session's sandbox, as far as this server knows.
#[derive(Debug, Default)]
pub struct Slot {
    pub open: Option<Arc<Open>>,
}

/// A sandbox that this server is connected to.
#[derive(Debug)]
pub struct Open {
    pub client: Client,
    pub record: Record,
    /// Whose reports these are: a prepared sandbox gets its session later.
    pub session: Arc<Mutex<SessionId>>,
    pub desktop: Arc<InUse>,
    teller: Arc<Teller>,
    /// Tells the keeper's end, when it is this server's child.
    gone: Option<watch::Receiver<bool>>,
}

pub fn group(group: Group) -> message::Group {
    match group {
        Group::Agent => message::Group::Agent,
        Group::Commands => message::Group::Commands,
        Group::Desktop => message::Group::Desktop,
        Group::Browser => message::Group::Browser,
        Group::Terminals => message::Group::Terminals,
    }
}

pub fn unexpected(answer: &Answer) -> SandboxError {
    match answer {
        Answer::Refused { message, .. } => SandboxError::Faulty(message.clone()),
        other => SandboxError::Faulty(format!("it answers {other:?}")),
    }
}

impl Inner {
    pub fn new(options: Options) -> Result<Self, SandboxError> {
        let places = Places::open(&options.data_dir)?;
        let directory = places.sockets();
        let sockets = std::fs::File::open(&directory).map_err(|error| storage("open", &directory, &error))?;
        let is_root = rustix::process::geteuid().is_root();
        let records = Records::new(places.keepers());
        profile::find_again(options.profiles.as_ref(), &records);
        let record = places.keepers().join("next-user-id");
        let identities = is_root.then(|| Identities::open(record.clone())).transpose();
        Ok(Self {
            records,
            pool: Pool::new(options.prepared),
            sockets: Arc::new(sockets.into()),
            departures: Departures::new(options.outside.clone()),
            identities: identities.map_err(|error| storage("read", &record, &error))?,
            machine: OnceCell::new(),
            slots: Mutex::default(),
            reports: Reports::new(),
            options,
            places,
        })
    }

    /// What the machine has. A machine that lacks something is looked at again the next time.
    pub async fn machine(&self) -> Result<&Machine, SandboxError> {
        self.machine.get_or_try_init(|| Machine::examine(&self.options, &self.places)).await
    }

    fn slot(&self, session: SessionId) -> Arc<AsyncMutex<Slot>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(session).or_default())
    }

    /// Forgets a slot that nobody else holds, so that a closed sandbox costs nothing.
    fn forget(&self, session: SessionId, slot: &Arc<AsyncMutex<Slot>>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::strong_count(slot) == 2 {
            slots.remove(&session);
        }
    }

    pub async fn open(self: &Arc<Self>, spec: SandboxSpec) -> Result<SandboxInfo, SandboxError> {
        let session = spec.session;
        let slot = self.slot(session);
        let opened = {
            let mut slot = slot.lock().await;
            match self.find_in(&mut slot, session).await {
                Ok(open) if open.record.read_only == spec.read_only => Ok(info(&open.record, true)),
                Ok(_) | Err(SandboxError::NotOpen | SandboxError::Gone) => {
                    if let Some(open) = slot.open.take() {
                        self.end(&open).await;
                    }
                    let opened = self.open_in(&mut slot, &spec).await;
                    if let Some(open) = &slot.open {
                        open.teller.tell_newcomer();
                    }
                    opened
                }
                Err(error) => Err(error),
            }
        };
        if opened.is_err() {
            self.forget(session, &slot);
        }
        opened
    }

    pub async fn connect(&self, record: Record, gone: Option<watch::Receiver<bool>>) -> Result<Open, ConnectError> {
        let session = Arc::new(Mutex::new(record.session));
        let teller = self.reports.teller(&session);
        let heard = Arc::clone(&teller);
        let way = Way::new(self, &record);
        let depart = self.departures.of(way.clone(), &record, &heard);
        let hear = move |report| match report {
            Report::Leaving { number, door } => depart.take(number, door),
            other => heard.tell(other),
        };
        let client = Client::connect(way.address(), hear).await?;
        Ok(Open { client, record, session, desktop: Arc::default(), teller, gone })
    }

    /// The session's open sandbox, connected.
    pub async fn find(&self, session: SessionId) -> Result<Arc<Open>, SandboxError> {
        let slot = self.slot(session);
        let found = self.find_in(&mut *slot.lock().await, session).await;
        if found.is_err() {
            self.forget(session, &slot);
        }
        found
    }

    async fn find_in(&self, slot: &mut Slot, session: SessionId) -> Result<Arc<Open>, SandboxError> {
        let (record, gone) = match &slot.open {
            Some(open) => match open.client.lost() {
                None => return Ok(Arc::clone(open)),
                Some(Lost::Fenced) => return Err(SandboxError::Fenced),
                Some(Lost::Closed | Lost::Ended(_)) => (open.record.clone(), open.gone.clone()),
            },
            None => (self.records.get(session).ok_or(SandboxError::NotOpen)?, None),
        };
        slot.open = None;
        match self.connect(record.clone(), gone).await {
            Ok(open) => Ok(Arc::clone(slot.open.insert(Arc::new(open)))),
            Err(ConnectError::Fenced) => Err(SandboxError::Fenced),
            Err(error) => {
                tracing::info!(%session, %error, "a sandbox is gone");
                self.clean_up(record, false).await;
                Err(SandboxError::Gone)
            }
        }
    }

    /// Makes sure that nothing of a keeper is left, and forgets it.
    pub async fn clean_up(&self, record: Record, expected_to_end: bool) {
        let (sockets, session, profile) = (self.places.sockets(), record.session, record.profile.clone());
        let _ = tokio::task::spawn_blocking(move || leftovers::end(&record, &sockets, expected_to_end)).await;
        self.give_back_profile(profile.as_ref(), session).await;
        if let Err(error) = self.records.remove(session) {
            tracing::warn!(%session, %error, "a record could not be removed");
        }
    }

    /// The sessions with an open sandbox. Connects to each, so that their keepers know that a server is there.
    pub async fn opened(&self) -> Vec<SessionId> {
        let connected: HashSet<_> = {
            let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            slots.keys().copied().collect()
        };
        let on_record = self.records.all().into_iter().filter(|session| !connected.contains(session));
        let all: Vec<SessionId> = connected.iter().copied().chain(on_record).collect();
        let mut open = Vec::new();
        for session in all {
            let is_session = self.records.get(session).is_some_and(|record| !record.prepared);
            if is_session && self.find(session).await.is_ok() {
                open.push(session);
            }
        }
        open
    }

    /// Asks the session's keeper.
    pub async fn request(&self, session: SessionId, verb: Verb, body: Vec<u8>) -> Result<(Answer, Vec<u8>), SandboxError> {
        let open = self.find(session).await?;
        match open.client.ask(verb, body).await {
            Some(answered) => Ok(answered),
            None => match open.client.until_lost().await {
                Lost::Fenced => Err(SandboxError::Fenced),
                Lost::Closed | Lost::Ended(_) => Err(SandboxError::Gone),
            },
        }
    }

    pub async fn ask(&self, session: SessionId, verb: Verb) -> Result<Answer, SandboxError> {
        Ok(self.request(session, verb, Vec::new()).await?.0)
    }

    /// Asks for something to be done. What the keeper does not know needs no doing.
    pub async fn tell(&self, session: SessionId, verb: Verb) -> Result<(), SandboxError> {
        match self.ask(session, verb).await? {
            Answer::Done | Answer::Refused { code: Code::Unknown, .. } => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    pub async fn close(&self, session: SessionId) -> Result<(), SandboxError> {
        let slot = self.slot(session);
        let closed = {
            let mut slot = slot.lock().await;
            match self.find_in(&mut slot, session).await {
                Ok(open) => {
                    slot.open = None;
                    self.end(&open).await;
                    Ok(())
                }
                Err(SandboxError::NotOpen | SandboxError::Gone) => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.forget(session, &slot);
        closed
    }

    /// Ends an open sandbox and waits until nothing is left of it.
    pub async fn end(&self, open: &Open) {
        let told = open.client.ask(Verb::End, Vec::new()).await.is_some();
        let mut record = open.record.clone();
        record.session = *open.session.lock().unwrap_or_else(PoisonError::into_inner);
        self.clean_up(record, told).await;
    }

    pub async fn remove(&self, session: SessionId) -> Result<(), SandboxError> {
        self.close(session).await?;
        let directory = self.places.session(session);
        let removed = tokio::task::spawn_blocking(move || directory.remove()).await;
        removed
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| storage("remove a session's files in", &self.places.sessions(), &error))
    }
}

pub fn info(record: &Record, found: bool) -> SandboxInfo {
    SandboxInfo {
        driver: DRIVER.to_owned(),
        workspace_path: record.workspace_path.clone(),
        found,
        warnings: record.warnings.clone(),
    }
}
