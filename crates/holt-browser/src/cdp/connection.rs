//! One conversation with Chromium: what is asked gets its answer, and events go to whoever listens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};

use super::decoder::{Decoder, Frame};
use super::message::{self, Event, Heard, Say};

/// How many messages may wait for a Chromium that does not read. One that lets more pile up is given up.
const MAX_WAITING: usize = 4096;
const READ_AT_ONCE: usize = 64 * 1024;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CdpError {
    #[error("the browser has ended")]
    Closed,
    #[error("{0}")]
    Refused(String),
    #[error("the browser's answer is too long")]
    TooLong,
    #[error("the browser's answer cannot be understood")]
    Unreadable,
}

type Answer = Result<Box<RawValue>, CdpError>;

#[derive(Debug, Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: mpsc::Sender<Vec<u8>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
    closed: bool,
}

impl Connection {
    /// Begins a conversation. It goes on for as long as the second is polled, and is over when that returns. What `listen`
    /// answers to an event is said.
    pub fn begin<Read, Write>(
        read: Read,
        write: Write,
        most: usize,
        listen: impl FnMut(Event) -> Vec<Say>,
    ) -> (Self, impl Future<Output = ()>)
    where
        Read: AsyncRead + Unpin,
        Write: AsyncWrite + Unpin,
    {
        let (queue, queued) = mpsc::channel(MAX_WAITING);
        let connection = Self { shared: Arc::new(Shared { queue, state: Mutex::default() }) };
        let talking = connection.clone();
        let conversation = async move {
            tokio::select! {
                () = talking.hear_all(read, most, listen) => {}
                () = write_all(queued, write) => {}
            }
            talking.close();
        };
        (connection, conversation)
    }

    /// Says something whose answer does not matter.
    pub fn say(&self, say: &Say) {
        let number = self.state().number();
        self.send(say.encode(number));
    }

    /// Asks, and reads the answer. Nobody waits for it any more when this is dropped.
    pub async fn ask<T: DeserializeOwned>(&self, say: Say) -> Result<T, CdpError> {
        let answer = self.ask_raw(say).await?;
        serde_json::from_str(answer.get()).map_err(|_| CdpError::Unreadable)
    }

    async fn ask_raw(&self, say: Say) -> Answer {
        let (sender, answer) = oneshot::channel();
        let number = {
            let mut state = self.state();
            if state.closed {
                return Err(CdpError::Closed);
            }
            let number = state.number();
            state.waiting.insert(number, sender);
            number
        };
        let _forgotten_when_dropped = Waiting { connection: self, number };
        self.send(say.encode(number));
        answer.await.unwrap_or(Err(CdpError::Closed))
    }

    pub fn is_closed(&self) -> bool {
        self.state().closed
    }

    fn send(&self, message: Vec<u8>) {
        if self.shared.queue.try_send(message).is_err() {
            self.close();
        }
    }

    fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        for (_, waiting) in state.waiting.drain() {
            let _ = waiting.send(Err(CdpError::Closed));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn hear_all(&self, mut read: impl AsyncRead + Unpin, most: usize, mut listen: impl FnMut(Event) -> Vec<Say>) {
        let (mut decoder, mut buffer) = (Decoder::new(most), vec![0; READ_AT_ONCE]);
        while let Ok(length @ 1..) = read.read(&mut buffer).await {
            decoder.take(&buffer[..length], |frame| match frame {
                Frame::Message(bytes) => match message::read(&bytes) {
                    Some(Heard::Answer { number, result }) => self.answer(number, result.map_err(CdpError::Refused)),
                    Some(Heard::Event(event)) => listen(event).iter().for_each(|say| self.say(say)),
                    None => {}
                },
                Frame::TooLong(head) => {
                    if let Some(number) = message::number_of(&head) {
                        self.answer(number, Err(CdpError::TooLong));
                    }
                }
            });
            if self.is_closed() {
                return;
            }
        }
    }

    fn answer(&self, number: u64, answer: Answer) {
        let waiting = self.state().waiting.remove(&number);
        if let Some(waiting) = waiting {
            let _ = waiting.send(answer);
        }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

struct Waiting<'a> {
    connection: &'a Connection,
    number: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.connection.state().waiting.remove(&self.number);
    }
}

async fn write_all(mut queued: mpsc::Receiver<Vec<u8>>, mut write: impl AsyncWrite + Unpin) {
    while let Some(message) = queued.recv().await {
        if write.write_all(&message).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn question() -> Say {
        Say::to_browser("Browser.getVersion", json!({}))
    }

    /// A conversation with a peer that does what `play` says with each message that it gets.
    async fn with_peer(most: usize, replies: Vec<Vec<u8>>) -> (Connection, tokio::task::JoinHandle<Vec<Event>>) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let (read, write) = tokio::io::split(ours);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let events = Arc::clone(&heard);
        let (connection, conversation) = Connection::begin(read, write, most, move |event| {
            events.lock().unwrap().push(event);
            Vec::new()
        });
        tokio::spawn(async move {
            let mut byte = [0; 1];
            while theirs.read_exact(&mut byte).await.is_ok() && byte[0] != 0 {}
            for reply in replies {
                theirs.write_all(&reply).await.unwrap();
            }
        });
        let over = tokio::spawn(async move {
            conversation.await;
            heard.lock().unwrap().drain(..).collect()
        });
        (connection, over)
    }

    #[tokio::test]
    async fn nonsense_around_an_answer_changes_nothing() {
        let replies = vec![
            b"\0\xff\xfe\0nonsense\0{\"id\":99,\"result\":{}}\0[1,2]\0".to_vec(),
            b"{\"method\":\"A.b\",\"params\":{}}\0{\"id\":1,\"res".to_vec(),
            b"ult\":{\"product\":\"X\"}}\0".to_vec(),
        ];
        let (connection, over) = with_peer(1000, replies).await;
        let answer: Value = connection.ask(question()).await.unwrap();
        assert_eq!(answer["product"], "X");
        assert_eq!(over.await.unwrap().len(), 1, "one event");
        assert_eq!(connection.ask::<Value>(question()).await.unwrap_err(), CdpError::Closed);
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_is_an_error_of_its_question_alone() {
        let mut long = b"{\"id\":1,\"result\":\"".to_vec();
        long.extend(vec![b'x'; 5000]);
        long.extend(b"\"}\0");
        let (connection, _over) = with_peer(1000, vec![long]).await;
        assert_eq!(connection.ask::<Value>(question()).await.unwrap_err(), CdpError::TooLong);
    }

    #[tokio::test]
    async fn a_peer_that_leaves_answers_every_question() {
        let (connection, _over) = with_peer(1000, vec![b"{\"id\":1".to_vec()]).await;
        assert_eq!(connection.ask::<Value>(question()).await.unwrap_err(), CdpError::Closed);
        assert!(connection.is_closed());
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_is_given_up() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let (read, write) = tokio::io::split(ours);
        let (connection, conversation) = Connection::begin(read, write, 1000, |_| Vec::new());
        let _conversation = tokio::spawn(conversation);
        for _ in 0..=MAX_WAITING {
            connection.say(&question());
        }
        assert!(connection.is_closed());
    }
}
