//! A model provider on this machine that does as a test says.
//!
//! It is a real HTTP server that speaks, each at its own path, the streaming languages of Anthropic's Messages, OpenAI's
//! Responses and Chat Completions, Gemini and Ollama, and it checks every request against the rules of its language. What a
//! client got wrong is answered as the provider would, is remembered, and fails the test when the server is finished or
//! dropped. Asked which models it has, it lists those that the test named.

mod chat;
mod check;
mod gemini;
mod language;
mod ollama;
mod request;
mod responses;
mod rules;
mod step;
mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State as Extract;
use axum::http::{Request as HttpRequest, Response, StatusCode};
use bytes::Bytes;
use futures::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use language::{Language, Voice};
pub use request::Request;
pub use step::{Failure, Script, Step};
use wire::Out;

const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;
/// How many requests are remembered, so that a benchmark does not fill the memory.
const MAX_REMEMBERED: usize = 1000;

type Rule = Box<dyn FnMut(&Request) -> Step + Send>;

/// The server. Clones are the same server; it ends with the last of them.
#[derive(Clone)]
pub struct ScriptedModel {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
    /// How many answers are being streamed.
    streaming: Arc<watch::Sender<usize>>,
}

/// An answer that is being streamed, until it is over or its client is gone.
struct Streaming(Arc<watch::Sender<usize>>);

impl Streaming {
    fn begin(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

struct State {
    queue: VecDeque<Step>,
    /// Answers when the queue is empty.
    rule: Option<Rule>,
    requests: VecDeque<Request>,
    violations: Vec<String>,
    issued: Vec<Value>,
    calls: usize,
    /// What it says that it has.
    models: Vec<String>,
    /// The one key that opens it, if not every key does.
    key: Option<String>,
}

impl ScriptedModel {
    /// Answers with these steps, one after the other. A request beyond the last is a violation.
    pub async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::serve(steps.into_iter().collect(), None).await
    }

    /// Answers by a rule.
    pub async fn answering(rule: impl FnMut(&Request) -> Step + Send + 'static) -> Self {
        Self::serve(VecDeque::new(), Some(Box::new(rule))).await
    }

    async fn serve(queue: VecDeque<Step>, rule: Option<Rule>) -> Self {
        let state = State {
            queue,
            rule,
            requests: VecDeque::new(),
            violations: Vec::new(),
            issued: Vec::new(),
            calls: 0,
            models: Vec::new(),
            key: None,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), arrived: watch::Sender::new(0), streaming: Arc::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on the loopback address");
        let url = format!("http://{}", listener.local_addr().expect("the port that was bound"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Self { inner: Arc::new(Inner { url, shared, server }) }
    }

    /// The address to give to the provider as its base.
    pub fn url(&self) -> &str {
        &self.inner.url
    }

    /// Says from now on that it has these models.
    pub fn lists(&self, models: &[&str]) {
        self.inner.shared.lock().models = models.iter().map(|&model| model.to_owned()).collect();
    }

    /// Takes from now on this key alone.
    pub fn opens_with(&self, key: &str) {
        self.inner.shared.lock().key = Some(key.to_owned());
    }

    /// Adds a step behind those that wait.
    pub fn push(&self, step: impl Into<Step>) {
        self.inner.shared.lock().queue.push_back(step.into());
    }

    /// What was asked so far, oldest first (the newest thousand).
    pub fn requests(&self) -> Vec<Request> {
        self.inner.shared.lock().requests.iter().cloned().collect()
    }

    /// How many requests came so far.
    pub fn count(&self) -> usize {
        *self.inner.shared.arrived.borrow()
    }

    /// Waits until so many requests have come.
    pub async fn asked(&self, times: usize) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.inner.shared.arrived.subscribe().wait_for(|arrived| *arrived >= times).await;
    }

    /// Waits until no answer is being streamed: all are over, or their clients are gone.
    pub async fn quiet(&self) {
        let _ = self.inner.shared.streaming.subscribe().wait_for(|count| *count == 0).await;
    }

    /// What clients got wrong so far.
    pub fn violations(&self) -> Vec<String> {
        self.inner.shared.lock().violations.clone()
    }

    /// Takes the violations out, for a test that provokes them.
    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.inner.shared.lock().violations)
    }

    /// Ends the test's use of it.
    ///
    /// # Panics
    /// When a client got something wrong, or steps are left that nobody asked for.
    pub fn finish(self) {
        self.inner.shared.assert_clean();
        let left = self.inner.shared.lock().queue.len();
        assert_eq!(left, 0, "steps of the script that nobody asked for");
    }
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedModel").field("url", &self.inner.url).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.server.abort();
        if !std::thread::panicking() {
            self.shared.assert_clean();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assert_clean(&self) {
        let violations = std::mem::take(&mut self.lock().violations);
        assert!(violations.is_empty(), "the model's interface was used wrongly:\n  {}", violations.join("\n  "));
    }

    /// Whether it comes with another key than the one that opens.
    fn refuse(&self, parts: &axum::http::request::Parts, language: Language) -> Option<Failure> {
        let key = self.lock().key.clone()?;
        let names = ["authorization", "x-api-key", "x-goog-api-key"];
        let given = names.iter().filter_map(|name| parts.headers.get(*name)).filter_map(|value| value.to_str().ok());
        let fits = given.map(|given| given.trim_start_matches("Bearer ")).any(|given| given == key);
        let kind = match language {
            Language::Anthropic => "authentication_error",
            Language::Gemini => "UNAUTHENTICATED",
            _ => "invalid_api_key",
        };
        let message = "this key is not known".to_owned();
        (!fits).then(|| Failure { status: 401, kind: kind.into(), message, retry_after: None, body: None })
    }

    /// Looks at a request and decides what to do with it.
    fn take(&self, parts: &axum::http::request::Parts, bytes: &[u8]) -> Step {
        let mut state = self.lock();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let body = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        let request = Request { path: parts.uri.path().to_owned(), headers: headers.collect(), body };
        let found = Language::of(&request.path).violations(&check::Incoming {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            header: &|name| request.header(name).map(str::to_owned),
            body: Some(&request.body).filter(|body| !body.is_null()),
            issued: &state.issued,
        });
        if state.requests.len() == MAX_REMEMBERED {
            state.requests.pop_front();
        }
        state.requests.push_back(request.clone());
        let step = state.step(&request, found);
        drop(state);
        self.arrived.send_modify(|arrived| *arrived += 1);
        step
    }
}

impl State {
    fn step(&mut self, request: &Request, found: Vec<String>) -> Step {
        if !found.is_empty() {
            let step = Step::fail(400, "invalid_request_error", &found.join("; "));
            self.violations.extend(found);
            return step;
        }
        if let Some(step) = self.queue.pop_front() {
            return step;
        }
        match &mut self.rule {
            Some(rule) => rule(request),
            None => {
                self.violations.push(format!("a request beyond the script: {}", request.last_words()));
                Step::fail(400, "invalid_request_error", "the script is over")
            }
        }
    }

    fn write(&mut self, script: &Script, request: &Request, bytes: usize) -> Vec<Out> {
        let Self { calls, issued, .. } = self;
        let mut fresh_id = || {
            *calls += 1;
            format!("toolu_{calls:04}")
        };
        let mut issue = |block| issued.push(block);
        let mut voice = Voice { fresh_id: &mut fresh_id, issue: &mut issue };
        Language::of(&request.path).write(script, request, bytes / 4, &mut voice)
    }
}

async fn answer(Extract(shared): Extract<Arc<Shared>>, request: HttpRequest<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY_BYTES).await.unwrap_or_default();
    let path = parts.uri.path();
    let language = Language::of(path);
    if let Some(refused) = shared.refuse(&parts, language) {
        return fail(language, refused);
    }
    if parts.method == "GET" && (path.ends_with("/models") || path == "/api/tags") || path == "/api/show" {
        let listing = language.listing(path, &shared.lock().models);
        return respond(StatusCode::OK, "application/json", Body::from(listing.to_string()));
    }
    let mut step = shared.take(&parts, &bytes);
    while let Step::Hold(gate, next) = step {
        gate.pass().await;
        step = *next;
    }
    match step {
        Step::Stream(script) => {
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            let request = Request { path: path.to_owned(), headers: Vec::new(), body };
            let out = shared.lock().write(&script, &request, bytes.len());
            respond(StatusCode::OK, language.media_type(), stream_body(out, Streaming::begin(&shared.streaming)))
        }
        Step::Fail(failure) => fail(language, failure),
        Step::HangUp | Step::Hold(..) => {
            respond(StatusCode::OK, language.media_type(), stream_body(vec![Out::Cut], Streaming::begin(&shared.streaming)))
        }
    }
}

fn fail(language: Language, failure: Failure) -> Response<Body> {
    let own = language.failure(&failure);
    let body = failure.body.unwrap_or_else(|| own.to_string());
    let status = StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, "application/json", Body::from(body));
    if let Some(seconds) = failure.retry_after.and_then(|seconds| seconds.parse().ok()) {
        response.headers_mut().insert("retry-after", seconds);
    }
    response
}

fn respond(status: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", axum::http::HeaderValue::from_static(kind));
    response
}

fn stream_body(out: Vec<Out>, streaming: Streaming) -> Body {
    let pieces = stream::unfold((VecDeque::from(out), streaming), |(mut out, streaming)| async {
        loop {
            match out.pop_front()? {
                Out::Bytes(bytes) => return Some((Ok::<Bytes, io::Error>(bytes), (out, streaming))),
                Out::Wait(gate) => gate.pass().await,
                Out::Cut => {
                    // The server writes out what it holds when the body makes it wait.
                    tokio::task::yield_now().await;
                    let error = io::Error::other("the script cuts the connection here");
                    return Some((Err(error), (VecDeque::new(), streaming)));
                }
            }
        }
    });
    Body::from_stream(pieces)
}

#[cfg(test)]
mod tests;
