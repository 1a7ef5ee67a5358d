//! Streams of bytes to and from a sandbox, through its keeper: to what serves inside, from what wants to leave, and to programs.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use holt_core::id::SessionId;
use holt_core::sandbox::{Authority, Departure, Door, Link, Outside, ProgramSpec, SandboxError};
use holt_keeper::protocol::handshake::Bytes32;
use holt_keeper::protocol::message::{self, Answer, Code, MOST_PORTS, Verb};
use tokio::net::UnixStream;
use tokio_util::compat::TokioAsyncReadCompatExt as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::birth::socket_name;
use super::client::{Address, ConnectError, stream};
use super::driver::{Inner, unexpected};
use super::records::Record;
use super::reports::Teller;

/// How a keeper is reached.
#[derive(Debug, Clone)]
pub struct Way {
    sockets: Arc<OwnedFd>,
    name: String,
    keeper: String,
    secret: Bytes32,
    epoch: u64,
}

impl Way {
    pub fn new(inner: &Inner, record: &Record) -> Self {
        Self {
            sockets: Arc::clone(&inner.sockets),
            name: socket_name(&record.keeper),
            keeper: record.keeper.clone(),
            secret: record.secret,
            epoch: inner.options.epoch,
        }
    }

    pub fn address(&self) -> Address<'_> {
        Address {
            directory: self.sockets.as_fd(),
            name: &self.name,
            keeper: &self.keeper,
            secret: &self.secret,
            epoch: self.epoch,
        }
    }
}

/// The ports on which something inside serves.
pub async fn ports(inner: &Inner, session: SessionId) -> Result<Vec<u16>, SandboxError> {
    match inner.ask(session, Verb::Ports).await? {
        Answer::Ports { mut ports } => {
            ports.truncate(MOST_PORTS);
            Ok(ports)
        }
        other => Err(unexpected(&other)),
    }
}

/// Reaches what serves on a port inside.
pub async fn connect(inner: &Inner, session: SessionId, port: u16) -> Result<Box<dyn Link>, SandboxError> {
    let open = inner.find(session).await?;
    let way = Way::new(inner, &open.record);
    match stream(way.address(), Verb::Connect { port }).await {
        Ok(Ok(stream)) => Ok(link(stream)),
        Ok(Err((Code::Unknown, _))) => Err(SandboxError::NobodyServes(port)),
        Ok(Err((_, message))) => Err(SandboxError::Faulty(message)),
        Err(error) => Err(unreached(error)),
    }
}

/// Starts a program inside and talks to it.
pub async fn run(inner: &Inner, program: ProgramSpec) -> Result<Box<dyn Link>, SandboxError> {
    let open = inner.find(program.session).await?;
    let way = Way::new(inner, &open.record);
    let ProgramSpec { argv, variables, .. } = program;
    match stream(way.address(), Verb::Run { argv, variables }).await {
        Ok(Ok(stream)) => Ok(link(stream)),
        Ok(Err((_, message))) => Err(SandboxError::Faulty(message)),
        Err(error) => Err(unreached(error)),
    }
}

fn unreached(error: ConnectError) -> SandboxError {
    match error {
        ConnectError::Fenced => SandboxError::Fenced,
        ConnectError::Gone(_) => SandboxError::Gone,
        ConnectError::Strange(why) => SandboxError::Faulty(why),
    }
}

fn link(stream: UnixStream) -> Box<dyn Link> {
    Box::new(stream.compat())
}

/// Hands what wants to leave to whoever lets it out. What is under way ends with it.
#[derive(Debug)]
pub struct Departures {
    outside: Option<Arc<dyn Outside>>,
    ended: CancellationToken,
    _ends: DropGuard,
}

impl Departures {
    pub fn new(outside: Option<Arc<dyn Outside>>) -> Self {
        let ended = CancellationToken::new();
        Self { outside, _ends: ended.clone().drop_guard(), ended }
    }

    /// Those of one sandbox.
    pub fn of(&self, way: Way, record: &Record, teller: &Arc<Teller>) -> Gate {
        let (token, authority) = (record.token.clone(), record.authority.clone().map(Arc::new));
        Gate { outside: self.outside.clone(), ended: self.ended.clone(), way, token, authority, teller: Arc::clone(teller) }
    }
}

/// Where one sandbox is left. Its keeper bounds how many wait, whoever serves them how many are under way.
#[derive(Debug, Clone)]
pub struct Gate {
    outside: Option<Arc<dyn Outside>>,
    ended: CancellationToken,
    way: Way,
    token: String,
    authority: Option<Arc<Authority>>,
    teller: Arc<Teller>,
}

impl Gate {
    /// Takes one that waits.
    pub fn take(&self, number: u64, door: message::Door) {
        let gate = self.clone();
        tokio::spawn(async move {
            let _ = gate.ended.clone().run_until_cancelled(gate.serve(number, door)).await;
        });
    }

    async fn serve(self, number: u64, door: message::Door) {
        // One that is taken by nobody is closed: so whoever waits inside is told soonest.
        let taken = stream(self.way.address(), Verb::TakeLeaving { number }).await;
        let (Ok(Ok(stream)), Some(outside)) = (taken, self.outside) else { return };
        let teller = self.teller;
        outside
            .serve(Departure {
                session: teller.session(),
                door: match door {
                    message::Door::Network => Door::Network,
                    message::Door::Models => Door::Models,
                },
                token: self.token,
                authority: self.authority,
                link: link(stream),
                tell: Box::new(move |report| teller.tell_in_words(report)),
            })
            .await;
    }
}
