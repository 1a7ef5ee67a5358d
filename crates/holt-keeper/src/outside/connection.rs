//! A server's connection: who it is, and the way out to it.

use std::cell::Cell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use rustix::rand::{GetRandomFlags, getrandom};
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use crate::protocol::PROTOCOL;
use crate::protocol::frame::{Frame, FrameError, FrameReader};
use crate::protocol::handshake::{Answer, Attempt, Bytes32, Challenge, Hello, Side, Verdict};
use crate::protocol::message::Message;

const HANDSHAKE: Duration = Duration::from_secs(5);
/// Frames that may wait for a slow server. Whoever has more to say waits.
const QUEUE: usize = 64;

/// What a keeper knows when somebody connects.
#[derive(Debug)]
pub struct Door<'a> {
    pub secret: &'a Bytes32,
    pub keeper: &'a str,
    pub server_uid: u32,
    pub highest_epoch: &'a Cell<u64>,
}

/// Someone who has proved to be a server, and to be the newest.
#[derive(Debug)]
pub struct Guest {
    pub epoch: u64,
    pub reader: FrameReader<OwnedReadHalf>,
    pub writer: OwnedWriteHalf,
}

/// Lets a server in, or says why not and closes.
pub async fn admit(stream: UnixStream, door: &Door<'_>) -> Option<Guest> {
    if stream.peer_cred().ok()?.uid() != door.server_uid {
        return None;
    }
    timeout(HANDSHAKE, shake_hands(stream, door)).await.ok()?.ok().flatten()
}

async fn shake_hands(stream: UnixStream, door: &Door<'_>) -> Result<Option<Guest>, FrameError> {
    let (read, mut writer) = stream.into_split();
    let mut reader = FrameReader::new(read);
    let Some(hello) = reader.next_frame().await? else { return Ok(None) };
    let hello: Hello = hello.understand()?;
    let nonce = fresh_number()?;
    let attempt = Attempt {
        secret: door.secret,
        keeper: door.keeper,
        epoch: hello.epoch,
        server_nonce: hello.nonce,
        keeper_nonce: nonce,
    };
    say(&mut writer, &Challenge { protocol: PROTOCOL, nonce, proof: attempt.proof(Side::Keeper) }).await?;
    let Some(answer) = reader.next_frame().await? else { return Ok(None) };
    let verdict = judge(&hello, answer.understand()?, &attempt, door.highest_epoch);
    say(&mut writer, &verdict).await?;
    Ok((verdict == Verdict::Welcome).then_some(Guest { epoch: hello.epoch, reader, writer }))
}

fn judge(hello: &Hello, answer: Answer, attempt: &Attempt<'_>, highest: &Cell<u64>) -> Verdict {
    if hello.protocol != PROTOCOL {
        return Verdict::Refused { reason: format!("the keeper speaks protocol {PROTOCOL}") };
    }
    if !attempt.is_proof(Side::Server, &answer.proof) {
        return Verdict::Refused { reason: "the proof is wrong".into() };
    }
    if hello.epoch < highest.get() {
        return Verdict::Fenced { epoch: highest.get() };
    }
    highest.set(hello.epoch);
    Verdict::Welcome
}

pub fn fresh_number() -> io::Result<Bytes32> {
    let mut bytes = [0; 32];
    // The kernel gives so few bytes at once or not at all.
    if getrandom(&mut bytes, GetRandomFlags::empty())? == bytes.len() { Ok(Bytes32(bytes)) } else { Err(io::ErrorKind::Other.into()) }
}

async fn say<T: Serialize>(writer: &mut OwnedWriteHalf, message: &T) -> Result<(), FrameError> {
    Ok(writer.write_all(&Frame::new(message, Vec::new())?.encode()).await?)
}

/// The way out to a server, for many who have something to say.
#[derive(Debug)]
pub struct Outlet {
    pub epoch: u64,
    queue: mpsc::Sender<Vec<u8>>,
    closed: Cell<bool>,
    closing: Notify,
}

impl Outlet {
    /// The outlet, and the work of writing what is said, which ends when it is closed or the server is gone.
    pub fn open(epoch: u64, mut writer: OwnedWriteHalf) -> (Rc<Self>, impl Future<Output = ()>) {
        let (queue, mut queued) = mpsc::channel::<Vec<u8>>(QUEUE);
        let outlet = Rc::new(Self { epoch, queue, closed: Cell::new(false), closing: Notify::new() });
        let shared = Rc::clone(&outlet);
        let work = async move {
            let write = async {
                while let Some(bytes) = queued.recv().await {
                    if writer.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
            };
            tokio::select! {
                () = write => shared.close(),
                () = shared.closed() => {}
            }
            // What is already said goes out as far as it can at once.
            while let Ok(bytes) = queued.try_recv() {
                if writer.try_write(&bytes).ok() != Some(bytes.len()) {
                    break;
                }
            }
        };
        (outlet, work)
    }

    /// Says something; waits while the server is slow. A server that is gone is told nothing.
    pub async fn say(&self, message: &Message, body: Vec<u8>) {
        let Ok(frame) = Frame::new(message, body) else { return };
        tokio::select! {
            _ = self.queue.send(frame.encode()) => {}
            () = self.closed() => {}
        }
    }

    /// Says something if there is room.
    pub fn try_say(&self, message: &Message) {
        if let Ok(frame) = Frame::new(message, Vec::new()) {
            let _ = self.queue.try_send(frame.encode());
        }
    }

    pub fn close(&self) {
        self.closed.set(true);
        self.closing.notify_waiters();
    }

    pub async fn closed(&self) {
        let closing = self.closing.notified();
        if !self.closed.get() {
            closing.await;
        }
    }
}
