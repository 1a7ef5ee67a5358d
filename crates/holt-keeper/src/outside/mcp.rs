//! The keeper as the toolbox's MCP client. What comes from there is hostile: lines are bounded, unknown numbers and words
//! are passed over, and nothing that it says is acted upon.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, mpsc};

use super::calls::{Call, MAX_OUTCOME, Outcome};
use super::lines::Lines;
use super::waiting::until;
use crate::protocol::message::{Death, Ending, Page};

const MCP_VERSION: &str = "2025-06-18";
const FIRST_NUMBER: u64 = 0;
/// How a browser's toolbox tells what it shows.
const PAGE_SHOWN: &str = "notifications/holt/page";

/// One conversation with a toolbox.
#[derive(Debug)]
pub struct Client {
    /// What is to be written. A toolbox that does not read holds up nobody else; what waits here is bounded by the calls that
    /// may be unacknowledged.
    queue: mpsc::UnboundedSender<Vec<u8>>,
    running: RefCell<BTreeMap<u64, Rc<Call>>>,
    next: Cell<u64>,
    /// The question whether it is there that has not been answered yet.
    ping: Cell<Option<u64>>,
    /// How it ended, once it has.
    over: Cell<Option<Death>>,
    changed: Notify,
    doubt: Notify,
    /// What the browser shows, when that has not been told yet.
    page: RefCell<Option<Page>>,
}

#[derive(Deserialize)]
struct Line<'a> {
    id: Option<Value>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error: Option<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    progress_token: u64,
    message: Option<String>,
}

impl Client {
    /// Begins a conversation; it goes on for as long as the second is polled, and is over when that returns.
    pub fn begin(stream: UnixStream) -> (Rc<Self>, impl Future<Output = ()>) {
        let (queue, queued) = mpsc::unbounded_channel();
        let client = Rc::new(Self {
            queue,
            running: RefCell::default(),
            next: Cell::new(FIRST_NUMBER + 1),
            ping: Cell::new(None),
            over: Cell::new(None),
            changed: Notify::new(),
            doubt: Notify::new(),
            page: RefCell::default(),
        });
        let shared = Rc::clone(&client);
        let conversation = async move {
            let (read, write) = stream.into_split();
            tokio::select! {
                () = shared.listen(read) => {}
                () = write_all(queued, write) => {}
                () = until(&shared.changed, || shared.is_over()) => {}
            }
            shared.close(Death::Died);
        };
        (client, conversation)
    }

    pub fn is_over(&self) -> bool {
        self.over.get().is_some()
    }

    /// How it ended, once it has.
    pub fn death(&self) -> Option<Death> {
        self.over.get()
    }

    /// Ends the conversation, and with it every call that runs. The first reason holds.
    pub fn close(&self, death: Death) {
        if self.is_over() {
            return;
        }
        self.over.set(Some(death));
        self.end_all(death);
        self.changed.notify_waiters();
    }

    /// Introduces the keeper. What the toolbox answers changes nothing, so it is not waited for.
    pub fn greet(&self) {
        let who = json!({ "name": "holt-keeper", "version": env!("CARGO_PKG_VERSION") });
        let params = json!({ "protocolVersion": MCP_VERSION, "capabilities": {}, "clientInfo": who });
        self.say(&json!({ "jsonrpc": "2.0", "id": FIRST_NUMBER, "method": "initialize", "params": params }));
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
    }

    /// Sends a call. Its outcome comes to the call, also when the toolbox is gone.
    pub fn call(&self, call: &Rc<Call>, tool: &str, arguments: &Map<String, Value>) {
        let number = self.number();
        call.number.set(Some(number));
        self.running.borrow_mut().insert(number, Rc::clone(call));
        if let Some(death) = self.death() {
            return self.end_all(death);
        }
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": number } });
        self.say(&json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params }));
        self.changed.notify_waiters();
    }

    /// Tells the toolbox to stop a call that runs in this conversation; its answer is not waited for, but it is to show
    /// that it is there.
    pub fn cancel(&self, call: &Rc<Call>) {
        let Some(number) = call.number.get() else { return };
        let is_here = self.running.borrow().get(&number).is_some_and(|running| Rc::ptr_eq(running, call));
        if is_here {
            self.running.borrow_mut().remove(&number);
            let params = json!({ "requestId": number, "reason": "cancelled" });
            self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }));
            self.doubt.notify_one();
        }
    }

    /// Asks the toolbox whether it is there; returns when it has answered.
    pub async fn ping(&self) {
        let number = self.number();
        self.ping.set(Some(number));
        self.say(&json!({ "jsonrpc": "2.0", "id": number, "method": "ping" }));
        until(&self.changed, || self.ping.get() != Some(number)).await;
    }

    pub fn is_at_work(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    /// Waits until a call runs.
    pub async fn at_work(&self) {
        until(&self.changed, || self.is_at_work()).await;
    }

    /// Waits until there is a particular reason to ask whether the toolbox is there.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// What the browser shows now, as soon as that has changed since it was last asked for.
    pub async fn next_page(&self) -> Page {
        until(&self.changed, || self.page.borrow().is_some()).await;
        self.page.take().unwrap_or_default()
    }

    fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    fn say(&self, message: &Value) {
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        // When the conversation is over, nobody is told anything.
        let _ = self.queue.send(line);
    }

    /// Hears the toolbox until it is gone.
    async fn listen(&self, read: OwnedReadHalf) {
        let mut lines = Lines::new(read);
        while let Some(line) = lines.next_line().await {
            self.hear(&line);
        }
    }

    fn hear(&self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(line) else { return };
        match (line.id, line.method.as_deref()) {
            (Some(id), None) => {
                if let Some(number) = id.as_u64() {
                    self.hear_answer(number, line.result, line.error);
                }
            }
            (None, Some("notifications/progress")) => {
                let progress = line.params.and_then(|params| serde_json::from_str::<Progress>(params.get()).ok());
                let Some(Progress { progress_token, message: Some(text) }) = progress else { return };
                if let Some(call) = self.running.borrow().get(&progress_token) {
                    call.put_out(&text);
                }
            }
            (None, Some(PAGE_SHOWN)) => {
                let page = line.params.and_then(|params| serde_json::from_str::<Page>(params.get()).ok());
                let Some(page) = page else { return };
                self.page.replace(Some(page.bounded()));
                self.changed.notify_waiters();
            }
            _ => {}
        }
    }

    fn hear_answer(&self, number: u64, result: Option<&RawValue>, error: Option<Problem>) {
        if self.ping.get() == Some(number) {
            self.ping.set(None);
            self.changed.notify_waiters();
        }
        let Some(call) = self.running.borrow_mut().remove(&number) else { return };
        call.finish(match (result, error) {
            (Some(result), _) if result.get().len() <= MAX_OUTCOME => {
                Outcome { ending: Ending::Result, body: result.get().as_bytes().to_vec() }
            }
            (Some(_), _) => Outcome::text(Ending::Failed, "The tool's answer is too long to be kept. Ask for less of it."),
            (None, Some(Problem { message })) => Outcome::text(Ending::Failed, &message),
            (None, None) => Outcome::text(Ending::Failed, "The toolbox gave no answer."),
        });
    }

    fn end_all(&self, death: Death) {
        let why = match death {
            Death::Died => {
                "The toolbox died while this ran; how far it came is not known. It is started again for the next call."
            }
            Death::Silent => {
                "The toolbox did not answer any more while this ran, so it was ended with everything that commands had started; \
                 how far this came is not known. It is started again for the next call."
            }
        };
        for (_, call) in std::mem::take(&mut *self.running.borrow_mut()) {
            call.finish(Outcome::text(Ending::Failed, why));
        }
    }
}

/// Writes what is said. A toolbox that cannot be written to is gone, which the listener notices.
async fn write_all(mut queued: mpsc::UnboundedReceiver<Vec<u8>>, mut write: OwnedWriteHalf) {
    while let Some(line) = queued.recv().await {
        if write.write_all(&line).await.is_err() {
            break;
        }
    }
    std::future::pending::<()>().await;
}

#[cfg(test)]
mod tests;
