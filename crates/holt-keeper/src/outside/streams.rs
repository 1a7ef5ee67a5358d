//! Streams of bytes between a server and the sandbox: to what serves in its network, from what wants to leave, and to programs
//! that talk over their standard streams.
//!
//! Each has a connection of its own, which begins like any other and then is nothing but those bytes; each way ends by itself.
//! It ends with its server: when a newer one comes, the streams of the older are cut.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdTcpListener};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt as _, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::birth::log;
use super::connection::{Guest, say};
use super::keeper::Keeper;
use super::programs::{self, Program};
use crate::protocol::message::{Answer, Code, Door, Message, Report, Request, Verb};
use crate::spec::{OWN_PORTS, TO_MODELS, WAY_OUT};

/// Streams at a time.
const STREAMS: usize = 512;
/// Connections that wait to be taken by the server. Who comes then waits longer.
const WAITING: usize = 64;
/// How long one waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a server may take until it says what its stream is for, and what serves inside until it answers.
const ASKING: Duration = Duration::from_secs(10);
/// After a failure of the system's, such as no descriptors.
const PAUSE: Duration = Duration::from_millis(100);
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[derive(Debug)]
struct Leaving {
    stream: TcpStream,
    since: Instant,
}

#[derive(Debug)]
pub struct Streams {
    open: Cell<usize>,
    /// By their numbers, the one that has waited longest first.
    leaving: RefCell<BTreeMap<u64, Leaving>>,
    next: Cell<u64>,
    /// Somebody who waited was taken, or has gone.
    fewer: Notify,
    /// The newest server's.
    epoch: watch::Sender<u64>,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            open: Cell::new(0),
            leaving: RefCell::default(),
            next: Cell::new(1),
            fewer: Notify::new(),
            epoch: watch::Sender::new(0),
        }
    }
}

impl Streams {
    /// A server has come.
    pub fn take_server(&self, epoch: u64) {
        self.epoch.send_if_modified(|newest| epoch > std::mem::replace(newest, epoch.max(*newest)));
    }

    fn add(&self, keeper: &Keeper, stream: TcpStream, door: Door) {
        // Without a server nobody is there who could let it out.
        if keeper.has_server() {
            let number = self.next.replace(self.next.get() + 1);
            self.leaving.borrow_mut().insert(number, Leaving { stream, since: Instant::now() });
            keeper.report(Report::Leaving { number, door });
        }
    }

    fn take(&self, number: u64) -> Option<TcpStream> {
        let taken = self.leaving.borrow_mut().remove(&number)?;
        self.fewer.notify_one();
        Some(taken.stream)
    }

    /// Returns when a server has come that is newer.
    async fn outdated(&self, epoch: u64) {
        let _ = self.epoch.subscribe().wait_for(|newest| *newest > epoch).await;
    }
}

/// One of the streams, as long as it is held.
struct Held<'a>(&'a Cell<usize>);

impl<'a> Held<'a> {
    fn take(open: &'a Cell<usize>) -> Option<Self> {
        (open.get() < STREAMS).then(|| open.set(open.get() + 1))?;
        Some(Self(open))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Where what wants to leave comes to.
#[derive(Debug)]
pub struct Doors {
    network: TcpListener,
    models: TcpListener,
}

impl Doors {
    pub fn make() -> io::Result<Self> {
        Ok(Self { network: listen(WAY_OUT)?, models: listen(TO_MODELS)? })
    }

    async fn accept(&self) -> (Door, io::Result<TcpStream>) {
        let (door, accepted) = tokio::select! {
            accepted = self.network.accept() => (Door::Network, accepted),
            accepted = self.models.accept() => (Door::Models, accepted),
        };
        (door, accepted.map(|(stream, _)| stream))
    }
}

fn listen(port: u16) -> io::Result<TcpListener> {
    let listener = StdTcpListener::bind(SocketAddr::new(LOOPBACK[0], port))
        .map_err(|error| io::Error::other(format!("the way out of the sandbox cannot be made: {error}")))?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Takes in what wants to leave, for ever, and lets go of what nobody takes.
pub async fn take_in(keeper: Rc<Keeper>, doors: Doors) {
    let streams = &keeper.streams;
    loop {
        let (waiting, oldest) = {
            let leaving = streams.leaving.borrow();
            (leaving.len(), leaving.first_key_value().map(|(number, one)| (*number, one.since + PATIENCE)))
        };
        tokio::select! {
            (door, accepted) = doors.accept(), if waiting < WAITING => match accepted {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    streams.add(&keeper, stream, door);
                }
                Err(error) => {
                    log(&format!("the way out of the sandbox: {error}"));
                    sleep(PAUSE).await;
                }
            },
            () = sleep_until(oldest.map_or_else(Instant::now, |(_, until)| until)), if oldest.is_some() => {
                oldest.and_then(|(number, _)| streams.take(number));
            }
            () = streams.fewer.notified() => {}
        }
    }
}

/// Serves a connection for a stream.
pub async fn attend(keeper: Rc<Keeper>, mut guest: Guest) {
    let streams = &keeper.streams;
    let Ok(Ok(Some(frame))) = timeout(ASKING, guest.reader.next_frame()).await else { return };
    let Ok(Request { id, verb }) = frame.understand::<Request>() else { return };
    let held = Held::take(&streams.open);
    let reached = match &held {
        Some(_) => reach(&keeper, verb).await,
        None => Err((Code::Full, "too many streams are open".to_owned())),
    };
    let answer = match &reached {
        Ok(_) => Answer::Done,
        Err((code, message)) => Answer::Refused { code: *code, message: message.clone() },
    };
    let said = say(&mut guest.writer, &Message::Answer { id, answer }).await;
    let (Ok(inside), Ok(())) = (reached, said) else { return };
    let outdated = streams.outdated(guest.epoch);
    match inside {
        Inside::Network(mut stream) => tokio::select! {
            _ = pass(guest, &mut stream) => {}
            () = outdated => {}
        },
        Inside::Program(mut program) => {
            tokio::select! {
                _ = talk(guest, &mut program.stream) => {}
                () = outdated => {}
            }
            program.end(&keeper).await;
        }
    }
}

/// What is at the sandbox's end.
enum Inside {
    Network(TcpStream),
    Program(Program),
}

async fn reach(keeper: &Rc<Keeper>, verb: Verb) -> Result<Inside, (Code, String)> {
    if let Verb::Run { argv, variables } = verb {
        return programs::start(keeper, argv, variables).await.map(Inside::Program);
    }
    reach_network(keeper, verb).await.map(Inside::Network)
}

async fn reach_network(keeper: &Keeper, verb: Verb) -> Result<TcpStream, (Code, String)> {
    match verb {
        // The way out leads to whoever asks.
        Verb::Connect { port } if !OWN_PORTS.contains(&port) => {
            connect(port).await.ok_or_else(|| (Code::Unknown, "nobody serves there".to_owned()))
        }
        Verb::Connect { .. } => Err((Code::Unknown, "nobody serves there".to_owned())),
        Verb::TakeLeaving { number } => {
            keeper.streams.take(number).ok_or_else(|| (Code::Unknown, "it does not wait any more".to_owned()))
        }
        _ => Err((Code::Invalid, "not a request for a stream".to_owned())),
    }
}

/// Connects to a port on either of the sandbox's loopback addresses.
async fn connect(port: u16) -> Option<TcpStream> {
    for address in LOOPBACK {
        if let Ok(Ok(stream)) = timeout(ASKING, TcpStream::connect((address, port))).await {
            let _ = stream.set_nodelay(true);
            return Some(stream);
        }
    }
    None
}

/// Passes bytes until both ways have ended, or one is broken.
async fn pass(guest: Guest, inside: &mut TcpStream) -> io::Result<()> {
    let mut server = begin(guest, inside).await?;
    copy_bidirectional(&mut server, inside).await.map(drop)
}

/// Passes bytes until either side has ended: a program that nobody talks to any more has no reason to go on.
async fn talk(guest: Guest, inside: &mut UnixStream) -> io::Result<()> {
    let mut server = begin(guest, inside).await?;
    let ((mut from_server, mut to_server), (mut from_program, mut to_program)) = (server.split(), inside.split());
    tokio::select! {
        copied = copy(&mut from_server, &mut to_program) => copied.map(drop),
        copied = copy(&mut from_program, &mut to_server) => copied.map(drop),
    }
}

/// The connection as nothing but bytes, the first of which are passed on.
async fn begin(guest: Guest, inside: &mut (impl AsyncWrite + Unpin)) -> io::Result<UnixStream> {
    let (reader, early) = guest.reader.into_parts();
    let server = reader.reunite(guest.writer).map_err(io::Error::other)?;
    inside.write_all(&early).await?;
    Ok(server)
}
