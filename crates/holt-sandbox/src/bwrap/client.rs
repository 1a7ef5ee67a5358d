//! A server's end of the connection to a keeper: the proof on both sides, then many requests at a time.
//!
//! One task serves each connection. Output that nobody takes in time is dropped (it is live only); outcomes never are.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holt_keeper::protocol::PROTOCOL;
use holt_keeper::protocol::frame::{Frame, FrameError, FrameReader, read_only_frame};
use holt_keeper::protocol::handshake::{Answer as Proof, Attempt, Bytes32, Challenge, Hello, Purpose, Side, Verdict};
use holt_keeper::protocol::message::{Answer, Code, Ending, Message, Report, Request, Verb};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the answer for a stream may take: what serves inside may have to come first.
const ANSWER: Duration = Duration::from_secs(30);
/// Frames that may wait to be written.
const QUEUE: usize = 64;
/// Pieces of output that may wait for a slow reader.
const PIECES: usize = 256;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nobody listens: the keeper is gone.
    #[error("the keeper is gone: {0}")]
    Gone(io::Error),
    #[error("a newer server has the keeper")]
    Fenced,
    #[error("the keeper is not the one on record: {0}")]
    Strange(String),
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    Closed,
    Fenced,
    /// The sandbox has ended, and says why.
    Ended(String),
}

/// Who to talk to.
#[derive(Debug, Clone)]
pub struct Address<'a> {
    /// The directory of the sockets, open: paths to sockets have little room.
    pub directory: BorrowedFd<'a>,
    pub name: &'a str,
    pub keeper: &'a str,
    pub secret: &'a Bytes32,
    pub epoch: u64,
}

enum Waiting {
    Answer(oneshot::Sender<(Answer, Vec<u8>)>),
    Call { pieces: mpsc::Sender<(u64, Vec<u8>)>, end: oneshot::Sender<(Ending, Vec<u8>)>, refused: oneshot::Sender<Answer> },
}

/// A call that runs at the keeper.
#[derive(Debug)]
pub struct Running {
    pub pieces: mpsc::Receiver<(u64, Vec<u8>)>,
    pub end: oneshot::Receiver<(Ending, Vec<u8>)>,
    pub refused: oneshot::Receiver<Answer>,
}

#[derive(Default)]
struct Table {
    waiting: HashMap<u64, Waiting>,
    closed: bool,
}

/// A connection that has been proved.
pub struct Client {
    queue: mpsc::Sender<Vec<u8>>,
    table: Arc<Mutex<Table>>,
    next: AtomicU64,
    lost: watch::Receiver<Option<Lost>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("lost", &*self.lost.borrow()).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects and proves both sides. `heard` is told what the keeper reports by itself.
    pub async fn connect(address: Address<'_>, heard: impl Fn(Report) + Send + Sync + 'static) -> Result<Self, ConnectError> {
        let (reader, writer) = reach(&address, Purpose::Serve).await?;
        let (queue, queued) = mpsc::channel(QUEUE);
        let (tell_lost, lost) = watch::channel(None);
        let table = Arc::new(Mutex::new(Table::default()));
        let connection = Connection { reader, writer, queued, table: Arc::clone(&table), heard };
        tokio::spawn(async move {
            let table = Arc::clone(&connection.table);
            let how = connection.serve().await;
            tell_lost.send_replace(Some(how));
            // Whoever waits learns by its closed channel.
            let mut table = lock(&table);
            table.closed = true;
            table.waiting.clear();
        });
        Ok(Self { queue, table, next: AtomicU64::new(1), lost })
    }

    /// How the connection ended; none while it lives.
    pub fn lost(&self) -> Option<Lost> {
        self.lost.borrow().clone()
    }

    /// Waits until the connection has ended.
    pub async fn until_lost(&self) -> Lost {
        let mut lost = self.lost.clone();
        let how = lost.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
        how.unwrap_or(Lost::Closed)
    }

    /// Asks, and waits for the answer; none when the connection ended first.
    pub async fn ask(&self, verb: Verb, body: Vec<u8>) -> Option<(Answer, Vec<u8>)> {
        let (sender, receiver) = oneshot::channel();
        self.send(Waiting::Answer(sender), verb, body).await?;
        receiver.await.ok()
    }

    /// Starts or takes up a call; none when the connection has ended.
    pub async fn call(&self, verb: Verb, arguments: Vec<u8>) -> Option<Running> {
        let (tell_pieces, pieces) = mpsc::channel(PIECES);
        let (tell_end, end) = oneshot::channel();
        let (tell_refused, refused) = oneshot::channel();
        let waiting = Waiting::Call { pieces: tell_pieces, end: tell_end, refused: tell_refused };
        self.send(waiting, verb, arguments).await?;
        Some(Running { pieces, end, refused })
    }

    async fn send(&self, waiting: Waiting, verb: Verb, body: Vec<u8>) -> Option<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = Frame::new(&Request { id, verb }, body).ok()?.encode();
        {
            let mut table = lock(&self.table);
            if table.closed {
                return None;
            }
            table.waiting.insert(id, waiting);
        }
        self.queue.send(frame).await.ok()
    }
}

fn lock(table: &Mutex<Table>) -> std::sync::MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

type Halves = (FrameReader<OwnedReadHalf>, OwnedWriteHalf);

/// A connection that becomes a stream with its one answer.
///
/// # Errors
/// Beside those of connecting, the keeper's refusal is the inner one.
pub async fn stream(address: Address<'_>, verb: Verb) -> Result<Result<UnixStream, (Code, String)>, ConnectError> {
    let (reader, mut writer) = reach(&address, Purpose::Stream).await?;
    let (mut reader, early) = reader.into_parts();
    let ask = async {
        writer.write_all(&Frame::new(&Request { id: 1, verb }, Vec::new())?.encode()).await?;
        read_only_frame(&mut reader).await?.understand::<Message>()
    };
    let answer = timeout(ANSWER, ask).await.map_err(|_| ConnectError::Strange("it does not answer".into()))?;
    let strange = |what: String| Err(ConnectError::Strange(what));
    match answer.map_err(in_words)? {
        Message::Answer { answer: Answer::Done, .. } => {}
        Message::Answer { answer: Answer::Refused { code, message }, .. } => return Ok(Err((code, message))),
        other => return strange(format!("it answers {other:?}")),
    }
    if !early.is_empty() {
        return strange("it is too early".into());
    }
    reader.reunite(writer).map(Ok).map_err(|error| ConnectError::Strange(error.to_string()))
}

async fn reach(address: &Address<'_>, purpose: Purpose) -> Result<Halves, ConnectError> {
    let path = format!("/proc/self/fd/{}/{}", address.directory.as_raw_fd(), address.name);
    let stream = UnixStream::connect(path).await.map_err(ConnectError::Gone)?;
    match timeout(HANDSHAKE, shake_hands(stream, address, purpose)).await {
        Err(_) => Err(ConnectError::Strange("it does not answer".into())),
        Ok(shaken) => shaken.map_err(in_words)?,
    }
}

fn in_words(error: FrameError) -> ConnectError {
    match error {
        FrameError::Io(error) => ConnectError::Gone(error),
        FrameError::Cut => ConnectError::Gone(io::ErrorKind::ConnectionReset.into()),
        other => ConnectError::Strange(other.to_string()),
    }
}

async fn shake_hands(
    stream: UnixStream,
    address: &Address<'_>,
    purpose: Purpose,
) -> Result<Result<Halves, ConnectError>, FrameError> {
    let strange = |why: &str| Ok(Err(ConnectError::Strange(why.to_owned())));
    let (read, mut writer) = stream.into_split();
    let mut reader = FrameReader::new(read);
    let nonce = Bytes32(rand::random());
    let hello = Hello { protocol: PROTOCOL, epoch: address.epoch, nonce, purpose };
    writer.write_all(&Frame::new(&hello, Vec::new())?.encode()).await?;
    let challenge: Challenge = reader.next_frame().await?.ok_or(FrameError::Cut)?.understand()?;
    let attempt = Attempt {
        secret: address.secret,
        keeper: address.keeper,
        epoch: address.epoch,
        purpose,
        server_nonce: nonce,
        keeper_nonce: challenge.nonce,
    };
    if challenge.protocol != PROTOCOL {
        return strange("it speaks another protocol");
    }
    if !attempt.is_proof(Side::Keeper, &challenge.proof) {
        return strange("its proof is wrong");
    }
    let proof = Proof { proof: attempt.proof(Side::Server) };
    writer.write_all(&Frame::new(&proof, Vec::new())?.encode()).await?;
    match reader.next_frame().await?.ok_or(FrameError::Cut)?.understand()? {
        Verdict::Welcome => Ok(Ok((reader, writer))),
        Verdict::Fenced { .. } => Ok(Err(ConnectError::Fenced)),
        Verdict::Refused { reason } => strange(&reason),
    }
}

struct Connection<H> {
    reader: FrameReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    queued: mpsc::Receiver<Vec<u8>>,
    table: Arc<Mutex<Table>>,
    heard: H,
}

impl<H: Fn(Report)> Connection<H> {
    async fn serve(mut self) -> Lost {
        let mut how = Lost::Closed;
        loop {
            tokio::select! {
                frame = self.reader.next_frame() => match frame {
                    Ok(Some(frame)) => match self.hear(frame) {
                        Ok(Some(last)) => how = last,
                        Ok(None) => {}
                        Err(_) => return how,
                    },
                    Ok(None) | Err(_) => return how,
                },
                queued = self.queued.recv() => match queued {
                    // A keeper always reads, so this does not wait for long.
                    Some(bytes) => if self.writer.write_all(&bytes).await.is_err() { return how },
                    None => return how,
                },
            }
        }
    }

    /// Passes a message on. Some messages tell how the connection is about to end.
    fn hear(&self, frame: Frame) -> Result<Option<Lost>, FrameError> {
        match frame.understand()? {
            Message::Answer { id, answer } => match lock(&self.table).waiting.remove(&id) {
                Some(Waiting::Answer(sender)) => drop(sender.send((answer, frame.body))),
                Some(Waiting::Call { refused, .. }) => drop(refused.send(answer)),
                None => {}
            },
            Message::Output { id, offset } => {
                if let Some(Waiting::Call { pieces, .. }) = lock(&self.table).waiting.get(&id) {
                    let _ = pieces.try_send((offset, frame.body));
                }
            }
            Message::Finished { id, ending } => {
                if let Some(Waiting::Call { end, .. }) = lock(&self.table).waiting.remove(&id) {
                    let _ = end.send((ending, frame.body));
                }
            }
            Message::Happened { report } => {
                let ended = match &report {
                    Report::Ended { reason } => Some(Lost::Ended(reason.clone())),
                    _ => None,
                };
                (self.heard)(report);
                return Ok(ended);
            }
            Message::Fenced { .. } => return Ok(Some(Lost::Fenced)),
        }
        Ok(None)
    }
}
