//! Connections and what comes over them.

use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinSet, spawn_local};
use tokio::time::sleep;

use super::birth::log;
use super::calling::{self, Asked};
use super::connection::{Door, Guest, Outlet, admit};
use super::desktop;
use super::groups::Why;
use super::keeper::Keeper;
use super::processes::{Pipes, Process, spools};
use super::{ports, streams, terminals};
use crate::inside::channel::Start;
use crate::protocol::frame::Frame;
use crate::protocol::handshake::Purpose;
use crate::protocol::message::{Answer, Code, Ending, LONGEST_CALL, Message, Request, Status, Stream, Verb};

/// Connections whose handshake is not over.
const HANDSHAKES: usize = 16;
/// After the system refused a connection.
const PAUSE: Duration = Duration::from_millis(100);
/// Requests of one connection that are being worked on.
const REQUESTS: usize = 1024;
pub(super) const LONGEST_NAME: usize = 128;

/// Takes connections for ever.
pub async fn welcome(keeper: &Rc<Keeper>, listener: &UnixListener) {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            // The others wait in the socket's queue.
            accepted = listener.accept(), if handshakes.len() < HANDSHAKES => match accepted {
                Ok((stream, _)) => {
                    handshakes.spawn_local(greet(Rc::clone(keeper), stream));
                }
                Err(error) => {
                    log(&format!("a connection could not be accepted: {error}"));
                    sleep(PAUSE).await;
                }
            },
            Some(_) = handshakes.join_next() => {}
        }
    }
}

async fn greet(keeper: Rc<Keeper>, stream: UnixStream) {
    let spec = &keeper.spec;
    let door =
        Door { secret: &spec.secret, keeper: &spec.keeper, server_uid: spec.server_uid, highest_epoch: &keeper.highest_epoch };
    if let Some(guest) = admit(stream, &door).await {
        match guest.purpose {
            Purpose::Serve => spawn_local(attend(keeper, guest)),
            Purpose::Stream => spawn_local(streams::attend(keeper, guest)),
        };
    }
}

/// Serves one connection until it ends.
async fn attend(keeper: Rc<Keeper>, mut guest: Guest) {
    let (outlet, writing) = Outlet::open(guest.epoch, guest.writer);
    let writing = spawn_local(writing);
    keeper.take_server(&outlet);
    let mut work = JoinSet::new();
    loop {
        tokio::select! {
            frame = guest.reader.next_frame() => match frame {
                Ok(Some(frame)) => {
                    let Ok(request) = frame.understand::<Request>() else { break };
                    if work.len() >= REQUESTS {
                        outlet.say(&refusal(request.id, Code::Full, "too many requests at a time"), Vec::new()).await;
                        continue;
                    }
                    work.spawn_local(answer(Rc::clone(&keeper), Rc::clone(&outlet), request, frame));
                }
                Ok(None) | Err(_) => break,
            },
            () = outlet.closed() => break,
            Some(_) = work.join_next() => {}
        }
    }
    keeper.lose_server(&outlet);
    outlet.close();
    let _ = writing.await;
}

fn refusal(id: u64, code: Code, message: &str) -> Message {
    Message::Answer { id, answer: Answer::Refused { code, message: message.to_owned() } }
}

async fn answer(keeper: Rc<Keeper>, outlet: Rc<Outlet>, Request { id, verb }: Request, frame: Frame) {
    if let Verb::Call { call, tool, from, only_if_known, within_seconds } = verb {
        let asked = Asked { id: call, tool, only_if_known, within: Duration::from_secs(within_seconds.clamp(1, LONGEST_CALL)) };
        let Some(call) = calling::find_or_start(&keeper, asked, &frame.body) else {
            let text = "The keeper does not know this call.";
            outlet.say(&Message::Finished { id, ending: Ending::Unknown }, text.into()).await;
            return;
        };
        match call {
            Ok(call) => calling::follow(&outlet, id, &call, from).await,
            Err((code, message)) => outlet.say(&refusal(id, code, message), Vec::new()).await,
        }
        return;
    }
    let (answer, body) = match obey(&keeper, verb, frame.body).await {
        Ok((answer, body)) => (answer, body),
        Err(Refusal(code, message)) => (Answer::Refused { code, message }, Vec::new()),
    };
    outlet.say(&Message::Answer { id, answer }, body).await;
}

pub(super) struct Refusal(pub Code, pub String);

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self(Code::Failed, error.to_string())
    }
}

pub(super) type Obeyed = Result<(Answer, Vec<u8>), Refusal>;

async fn obey(keeper: &Rc<Keeper>, verb: Verb, body: Vec<u8>) -> Obeyed {
    if verb == Verb::End {
        keeper.end_with("the server ended it");
        return Ok((Answer::Done, Vec::new()));
    }
    keeper.ready().await.map_err(|reason| Refusal(Code::Failed, reason))?;
    let groups = &keeper.groups;
    let done = match verb {
        Verb::Status => return Ok((Answer::Status(status(keeper)), Vec::new())),
        Verb::Busy => return Ok((Answer::Busy { busy: keeper.is_busy() }, Vec::new())),
        Verb::Ports => return Ok((Answer::Ports { ports: ports::serving()? }, Vec::new())),
        Verb::Connect { .. } | Verb::TakeLeaving { .. } | Verb::Run { .. } => {
            return Err(Refusal(Code::Invalid, "a stream has a connection of its own".into()));
        }
        Verb::Measure { group } => {
            let mut measured = groups.measure(group);
            measured.disk_bytes = keeper.used.get();
            return Ok((Answer::Measured(measured), Vec::new()));
        }
        Verb::Acknowledge { call } => known(keeper.calls.borrow_mut().acknowledge(&call)),
        Verb::Cancel { call } => known(calling::cancel(keeper, &call)),
        Verb::StartDesktop { flavour, width, height, wait } => {
            desktop::start(keeper, flavour, width, height).await?;
            if wait {
                desktop::until_ready(keeper).await?;
            }
            Ok(())
        }
        Verb::RestDesktop => Ok(desktop::rest(keeper).await?),
        Verb::Freeze { group } => Ok(groups.freeze(group, Why::Asked).await?),
        Verb::Thaw { group } => Ok(groups.thaw(group, Why::Asked)?),
        Verb::Terminal { terminal, ask } => return terminals::obey(keeper, terminal, ask, &body).await,
        Verb::Kill { group } => Ok(groups.kill(group).await?),
        Verb::Call { .. } | Verb::End => Ok(()),
        other => return obey_about_process(keeper, other, &body).await,
    };
    done.map(|()| (Answer::Done, Vec::new()))
}

async fn obey_about_process(keeper: &Rc<Keeper>, verb: Verb, body: &[u8]) -> Obeyed {
    let find = |name: &str| keeper.processes.find(name).ok_or_else(unknown);
    match verb {
        Verb::Spawn { .. } => return spawn(keeper, verb).await,
        Verb::ReadSpool { process, stream, from } => return read_spool(&*find(&process)?, stream, from).await,
        Verb::Write { process } => find(&process)?.write(body).await?,
        Verb::CloseInput { process } => find(&process)?.close_input().await,
        Verb::Signal { process, signal } => find(&process)?.running.signal(signal).await?,
        Verb::Forget { process } => known(keeper.processes.forget(&process))?,
        _ => return Err(Refusal(Code::Invalid, "not a request about a process".into())),
    }
    Ok((Answer::Done, Vec::new()))
}

pub(super) fn unknown() -> Refusal {
    Refusal(Code::Unknown, "the keeper does not know it".into())
}

fn known(known: bool) -> Result<(), Refusal> {
    if known { Ok(()) } else { Err(unknown()) }
}

fn status(keeper: &Keeper) -> Status {
    Status {
        keeper_pid: std::process::id().cast_signed(),
        calls: keeper.calls.borrow().ids(),
        processes: keeper.processes.names(),
        terminals: keeper.terminals.status(),
        frozen: keeper.groups.frozen(),
    }
}

async fn spawn(keeper: &Rc<Keeper>, verb: Verb) -> Obeyed {
    let Verb::Spawn { process, group, argv, variables, directory } = verb else { return Err(unknown()) };
    if keeper.processes.find(&process).is_some() {
        return Ok((Answer::Started { found: true }, Vec::new()));
    }
    if keeper.disk_floor.get().is_some() {
        return Err(Refusal(Code::Failed, Why::Disk.words().into()));
    }
    if keeper.processes.is_full() {
        return Err(Refusal(Code::Full, "too many processes are known; forget some".into()));
    }
    if process.len() > LONGEST_NAME || argv.is_empty() {
        return Err(Refusal(Code::Invalid, "a process needs a short name and a program".into()));
    }
    let room = keeper.spec.room_of(group);
    let mut all = room.variables.clone();
    all.extend(variables);
    let directory = directory.or_else(|| Some(room.directory.to_string_lossy().into_owned()));
    let start = Start { id: 0, argv, variables: all, directory, descriptors: vec![0, 1, 2], terminal: None };
    let (pipes, spools) = (Pipes::new()?, spools(&keeper.spool)?);
    let inside = pipes.inside.each_ref().map(|descriptor| descriptor.as_fd());
    let running = keeper.start(group, start, &inside).await?;
    keeper.processes.add(process, Process::new(running, pipes, spools));
    Ok((Answer::Started { found: false }, Vec::new()))
}

async fn read_spool(process: &Process, stream: Stream, from: u64) -> Obeyed {
    let (from, body) = process.spool(stream).read(from).await?;
    let end = if body.is_empty() { Some(process.end().await) } else { None };
    Ok((Answer::Spooled { from, end }, body))
}
