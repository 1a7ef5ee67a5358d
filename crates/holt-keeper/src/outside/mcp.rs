//! The keeper as the toolbox's MCP client. What comes from there is hostile: lines are bounded, unknown numbers and words
//! are passed over, and nothing that it says is acted upon.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Mutex;

use super::calls::{Call, MAX_OUTCOME, Outcome};
use crate::protocol::message::Ending;

/// The most bytes of a line from the toolbox.
const MAX_LINE: usize = 8 * 1024 * 1024;
const READ_AT_ONCE: usize = 16 * 1024;
const MCP_VERSION: &str = "2025-06-18";
const FIRST_NUMBER: u64 = 0;

/// One conversation with a toolbox.
#[derive(Debug)]
pub struct Client {
    write: Mutex<OwnedWriteHalf>,
    running: RefCell<BTreeMap<u64, Rc<Call>>>,
    next: Cell<u64>,
    closed: Cell<bool>,
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
    /// Begins a conversation. [`Client::listen`] has to run for anything to come of it.
    pub fn new(stream: UnixStream) -> (Rc<Self>, OwnedReadHalf) {
        let (read, write) = stream.into_split();
        let client = Self {
            write: Mutex::new(write),
            running: RefCell::default(),
            next: Cell::new(FIRST_NUMBER + 1),
            closed: Cell::new(false),
        };
        (Rc::new(client), read)
    }

    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// Introduces the keeper. What the toolbox answers changes nothing, so it is not waited for.
    pub async fn greet(&self) {
        let who = json!({ "name": "holt-keeper", "version": env!("CARGO_PKG_VERSION") });
        let params = json!({ "protocolVersion": MCP_VERSION, "capabilities": {}, "clientInfo": who });
        self.say(&json!({ "jsonrpc": "2.0", "id": FIRST_NUMBER, "method": "initialize", "params": params })).await;
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    }

    /// Sends a call. Its outcome comes to the call, also when the toolbox is gone.
    pub async fn call(&self, call: &Rc<Call>, tool: &str, arguments: Map<String, Value>) {
        let number = self.next.replace(self.next.get() + 1);
        call.number.set(Some(number));
        self.running.borrow_mut().insert(number, Rc::clone(call));
        if self.closed.get() {
            self.end_all();
            return;
        }
        let params = json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": number } });
        self.say(&json!({ "jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params })).await;
    }

    /// Tells the toolbox to stop; its answer is not waited for.
    pub async fn cancel(&self, call: &Call) {
        let Some(number) = call.number.get() else { return };
        self.running.borrow_mut().remove(&number);
        let params = json!({ "requestId": number, "reason": "cancelled" });
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params })).await;
    }

    async fn say(&self, message: &Value) {
        let mut line = message.to_string().into_bytes();
        line.push(b'\n');
        // A toolbox that cannot be written to is gone, which the listener notices.
        let _ = self.write.lock().await.write_all(&line).await;
    }

    /// Hears the toolbox until it is gone; then every call that runs has failed.
    pub async fn listen(&self, read: OwnedReadHalf) {
        let mut lines = Lines::new(read);
        while let Some(line) = lines.next_line().await {
            self.hear(&line);
        }
        self.closed.set(true);
        self.end_all();
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
            _ => {}
        }
    }

    fn hear_answer(&self, number: u64, result: Option<&RawValue>, error: Option<Problem>) {
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

    fn end_all(&self) {
        for (_, call) in std::mem::take(&mut *self.running.borrow_mut()) {
            call.finish(Outcome::text(
                Ending::Failed,
                "The toolbox died while this ran; how far it came is not known. It is started again for the next call.",
            ));
        }
    }
}

/// Lines of bytes, none longer than the bound: a longer one ends the conversation.
struct Lines<R> {
    read: R,
    buffer: Vec<u8>,
    searched: usize,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(read: R) -> Self {
        Self { read, buffer: Vec::new(), searched: 0 }
    }

    async fn next_line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(self.searched + at + 1);
                self.searched = 0;
                return Some(std::mem::replace(&mut self.buffer, rest));
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LINE {
                return None;
            }
            self.buffer.reserve(READ_AT_ONCE);
            if self.read.read_buf(&mut self.buffer).await.ok()? == 0 {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outside::calls::{Calls, Next};
    use proptest::prelude::*;

    fn within<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, future)
    }

    async fn next_line(read: &mut (impl AsyncRead + Unpin)) -> Value {
        let mut line = Vec::new();
        loop {
            let byte = read.read_u8().await.unwrap();
            if byte == b'\n' {
                return serde_json::from_slice(&line).unwrap();
            }
            line.push(byte);
        }
    }

    #[test]
    fn a_call_goes_through_and_strange_answers_do_not_matter() {
        within(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            let (client, read) = Client::new(ours);
            let listening = Rc::clone(&client);
            tokio::task::spawn_local(async move { listening.listen(read).await });
            let call = Calls::default().add("c").unwrap();
            client.call(&call, "read_file", Map::from_iter([("path".into(), json!("a\nb"))])).await;
            let asked = next_line(&mut theirs).await;
            assert_eq!(asked["params"]["arguments"]["path"], "a\nb");
            let number = asked["id"].as_u64().unwrap();
            for strange in [
                "",
                "[]",
                "nonsense",
                "{\"id\":77,\"result\":{}}",
                "{\"id\":{},\"result\":{}}",
                "{\"method\":\"notifications/progress\",\"params\":{\"progressToken\":-1}}",
            ] {
                theirs.write_all(format!("{strange}\n").as_bytes()).await.unwrap();
            }
            let progress = json!({ "method": "notifications/progress", "params": { "progressToken": number, "message": "hé" } });
            theirs.write_all(format!("{progress}\n").as_bytes()).await.unwrap();
            assert_eq!(call.next(0).await, Next::Output { offset: 0, text: "hé".into() });
            theirs.write_all(format!("{{\"id\":{number},\"result\":{{\"content\":[]}}}}\n").as_bytes()).await.unwrap();
            assert!(matches!(call.next(3).await, Next::Finished(outcome) if outcome.body == b"{\"content\":[]}"));
        });
    }

    #[test]
    fn a_toolbox_that_dies_or_floods_fails_its_calls() {
        for flood in [false, true] {
            within(async {
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                let (client, read) = Client::new(ours);
                let listening = Rc::clone(&client);
                tokio::task::spawn_local(async move { listening.listen(read).await });
                let call = Calls::default().add("c").unwrap();
                client.call(&call, "read_file", Map::new()).await;
                next_line(&mut theirs).await;
                if flood {
                    let _ = theirs.write_all(&vec![b'x'; MAX_LINE + 2 * READ_AT_ONCE]).await;
                } else {
                    drop(theirs);
                }
                assert!(matches!(call.next(0).await, Next::Finished(outcome) if outcome.ending == Ending::Failed));
                assert!(client.is_closed());
            });
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_the_client_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
            within(async {
                let (client, _read) = Client::new(UnixStream::pair().unwrap().0);
                client.hear(&line);
            });
        }
    }
}
