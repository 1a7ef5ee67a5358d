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
use crate::protocol::handshake::{Answer, Attempt, Bytes32, Challenge, Hello, Purpose, Side, Verdict};
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
    pub purpose: Purpose,
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
        purpose: hello.purpose,
        server_nonce: hello.nonce,
        keeper_nonce: nonce,
    };
    say(&mut writer, &Challenge { protocol: PROTOCOL, nonce, proof: attempt.proof(Side::Keeper) }).await?;
    let Some(answer) = reader.next_frame().await? else { return Ok(None) };
    let verdict = judge(&hello, &answer.understand()?, &attempt, door.highest_epoch);
    say(&mut writer, &verdict).await?;
    Ok((verdict == Verdict::Welcome).then_some(Guest { epoch: hello.epoch, purpose: hello.purpose, reader, writer }))
}

fn judge(hello: &Hello, answer: &Answer, attempt: &Attempt<'_>, highest: &Cell<u64>) -> Verdict {
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
    if getrandom(&mut bytes, GetRandomFlags::empty())? == bytes.len() {
        Ok(Bytes32(bytes))
    } else {
        Err(io::ErrorKind::Other.into())
    }
}

pub async fn say<T: Serialize>(writer: &mut OwnedWriteHalf, message: &T) -> Result<(), FrameError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: Bytes32 = Bytes32([3; 32]);

    /// A server that answers a challenge with this secret and epoch; its hello and proof can be sent again.
    struct Server {
        secret: Bytes32,
        epoch: u64,
        nonce: Bytes32,
    }

    impl Server {
        fn new(secret: Bytes32, epoch: u64) -> Self {
            Self { secret, epoch, nonce: Bytes32([5; 32]) }
        }

        async fn knock(&self, stream: UnixStream, replayed: Option<Bytes32>) -> (Verdict, Bytes32) {
            let (read, mut writer) = stream.into_split();
            let mut reader = FrameReader::new(read);
            say(&mut writer, &Hello { protocol: PROTOCOL, epoch: self.epoch, nonce: self.nonce, purpose: Purpose::Serve })
                .await
                .unwrap();
            let challenge: Challenge = reader.next_frame().await.unwrap().unwrap().understand().unwrap();
            let (epoch, server_nonce, keeper_nonce) = (self.epoch, self.nonce, challenge.nonce);
            let attempt =
                Attempt { secret: &self.secret, keeper: "k", epoch, purpose: Purpose::Serve, server_nonce, keeper_nonce };
            let proof = replayed.unwrap_or_else(|| attempt.proof(Side::Server));
            say(&mut writer, &Answer { proof }).await.unwrap();
            (reader.next_frame().await.unwrap().unwrap().understand().unwrap(), proof)
        }
    }

    async fn meet(server: &Server, replayed: Option<Bytes32>, highest: &Cell<u64>, uid: u32) -> Option<(Verdict, Bytes32)> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let door = Door { secret: &SECRET, keeper: "k", server_uid: uid, highest_epoch: highest };
        if uid != rustix::process::geteuid().as_raw() {
            assert!(admit(ours, &door).await.is_none());
            return None;
        }
        let (guest, said) = tokio::join!(admit(ours, &door), server.knock(theirs, replayed));
        assert_eq!(guest.is_some(), said.0 == Verdict::Welcome);
        Some(said)
    }

    fn within<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn only_the_newest_server_with_the_secret_comes_in() {
        within(async {
            let (highest, uid) = (Cell::new(0), rustix::process::geteuid().as_raw());
            let verdict = async |secret, epoch| meet(&Server::new(secret, epoch), None, &highest, uid).await.unwrap().0;
            assert!(matches!(verdict(Bytes32([4; 32]), 9).await, Verdict::Refused { .. }));
            assert_eq!(highest.get(), 0, "an epoch without a proof is not believed");
            assert_eq!(verdict(SECRET, 5).await, Verdict::Welcome);
            assert_eq!(verdict(SECRET, 4).await, Verdict::Fenced { epoch: 5 });
            assert_eq!(verdict(SECRET, 5).await, Verdict::Welcome, "the same server may come again");
            assert_eq!(verdict(SECRET, 6).await, Verdict::Welcome);
        });
    }

    #[test]
    fn a_proof_that_was_overheard_is_worth_nothing() {
        within(async {
            let (highest, uid) = (Cell::new(0), rustix::process::geteuid().as_raw());
            let server = Server::new(SECRET, 5);
            let (verdict, proof) = meet(&server, None, &highest, uid).await.unwrap();
            assert_eq!(verdict, Verdict::Welcome);
            let (verdict, _) = meet(&server, Some(proof), &highest, uid).await.unwrap();
            assert!(matches!(verdict, Verdict::Refused { .. }));
        });
    }

    #[test]
    fn another_user_is_not_even_answered() {
        within(async {
            let other = rustix::process::geteuid().as_raw() + 1;
            assert!(meet(&Server::new(SECRET, 5), None, &Cell::new(0), other).await.is_none());
        });
    }
}
