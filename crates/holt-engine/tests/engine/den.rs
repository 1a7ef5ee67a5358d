//! An engine on the real store, with sandboxes and a brain that a test scripts. It can be killed and started again.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use holt_core::access::{Principal, Scope};
use holt_core::agent::{Agent, Delta, DeltaTarget, Desk, FinishedTurn, Halted, SessionSummary, WorkError};
use holt_core::budget::Usage;
use holt_core::definition::Definitions;
use holt_core::elsewhere::Elsewhere;
use holt_core::event::{Event, EventBody, WhenBusy};
use holt_core::id::{CallId, MessageId, OwnerId, PromptId, SessionId};
use holt_core::model::{AssistantPart, Model, ModelError, ModelEvent, ModelInfo, ModelRequest, StopReason};
use holt_core::session::WorkspaceSpec;
use holt_core::snapshot::{Changes, Restored, SnapshotId, SnapshotInfo, Snapshots};
use holt_core::store::Store;
use holt_core::view::Snapshot;
use holt_core::workspace::{Blobs, FileError, Files, OpenFile, StoredBlob, Workspaces};
use holt_engine::{CreateSession, Engine, EngineError, Feed, FeedItem, Options, Parts, SendPrompt};
use holt_store::{DataDir, FileMemories, SqliteStore};
use holt_testkit::{FakeSandboxes, temp_dir, within};
use serde_json::{Value, json};
use uuid::Uuid;

type Work = Pin<Box<dyn Future<Output = Result<(), WorkError>> + Send>>;
/// What it says of a session between runs.
type Summarizing = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<SessionSummary>> + Send>> + Send + Sync>;
type Script = Arc<dyn Fn(Arc<dyn Desk>) -> Work + Send + Sync>;

/// A brain whose work a test writes down.
#[derive(Clone)]
pub struct ScriptedBrain(Arc<Mutex<Script>>, Arc<Mutex<Summarizing>>);

#[async_trait]
impl Agent for ScriptedBrain {
    async fn work(&self, desk: Arc<dyn Desk>) -> Result<(), WorkError> {
        let script = self.0.lock().unwrap().clone();
        script(desk).await
    }

    async fn summarize(&self, _: Arc<dyn Desk>) -> Result<Option<SessionSummary>, Halted> {
        let summarizing = self.1.lock().unwrap().clone();
        Ok(summarizing().await)
    }
}

struct OneModel;

impl Model for OneModel {
    fn models(&self) -> Vec<ModelInfo> {
        let text = String::from;
        vec![ModelInfo {
            id: text("demo"),
            label: text("Demo"),
            provider: text("test"),
            note: text(""),
            context_tokens: 1000,
            tools: true,
            pictures: false,
            price: None,
        }]
    }

    fn stream(&self, _: ModelRequest) -> BoxStream<'static, Result<ModelEvent, ModelError>> {
        Box::pin(futures::stream::once(async { Err(ModelError::Unknown("demo".into())) }))
    }
}

struct NoFiles;

impl Workspaces for NoFiles {
    fn files(&self, _: SessionId, _: &WorkspaceSpec) -> Result<Box<dyn Files>, FileError> {
        Err(FileError::NotFound("workspace".into()))
    }

    fn check_directory(&self, path: &Path) -> Result<String, FileError> {
        Ok(path.display().to_string())
    }
}

impl Blobs for NoFiles {
    fn keep(&self, _: SessionId, _: &mut dyn std::io::Read, _: u64) -> Result<StoredBlob, FileError> {
        Err(FileError::NoSpace)
    }

    fn open(&self, _: SessionId, name: &str) -> Result<OpenFile, FileError> {
        Err(FileError::NotFound(name.into()))
    }

    fn remove(&self, _: SessionId) -> Result<(), FileError> {
        Ok(())
    }
}

impl Snapshots for NoFiles {
    fn take(&self, _: SessionId, _: &dyn Files) -> Result<SnapshotInfo, FileError> {
        Ok(SnapshotInfo::of_nothing())
    }

    fn changes(&self, _: SessionId, _: &str, to: &str) -> Result<Changes, FileError> {
        Err(FileError::NotFound(to.into()))
    }

    fn open(&self, _: SessionId, _: &str, path: &str) -> Result<OpenFile, FileError> {
        Err(FileError::NotFound(path.into()))
    }

    fn restore(&self, _: SessionId, snapshot: &str, _: &dyn Files, _: Option<&str>) -> Result<Restored, FileError> {
        Err(FileError::NotFound(snapshot.into()))
    }

    fn adopt(&self, _: SessionId, _: SessionId, _: &[SnapshotId]) -> Result<(), FileError> {
        Ok(())
    }

    fn remove(&self, _: SessionId) -> Result<(), FileError> {
        Ok(())
    }
}

/// What outlives an engine: the disk, the keepers, and what the brain will do.
pub struct Den {
    pub sandboxes: FakeSandboxes,
    pub options: Options,
    pub elsewhere: Vec<Arc<dyn Elsewhere>>,
    brain: ScriptedBrain,
    store: Arc<dyn Store>,
    dir: tempfile::TempDir,
    pub definitions: Arc<dyn Definitions>,
}

impl Den {
    pub fn new() -> Self {
        let dir = temp_dir();
        let data_dir = Arc::new(DataDir::acquire(dir.path()).unwrap());
        let store = SqliteStore::open(holt_store::Options::new(data_dir)).unwrap();
        let idle: Script = Arc::new(|_| Box::pin(async { Ok(()) }));
        let silent: Summarizing = Arc::new(|| Box::pin(async { None }));
        Self {
            sandboxes: FakeSandboxes::new(),
            options: Options::default(),
            elsewhere: Vec::new(),
            brain: ScriptedBrain(Arc::new(Mutex::new(idle)), Arc::new(Mutex::new(silent))),
            store: Arc::new(store),
            definitions: Arc::new(()),
            dir,
        }
    }

    /// Says what the brain does from now on.
    pub fn brain<F, W>(&self, script: F)
    where
        F: Fn(Arc<dyn Desk>) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), WorkError>> + Send + 'static,
    {
        *self.brain.0.lock().unwrap() = Arc::new(move |desk| Box::pin(script(desk)));
    }

    /// Says what the brain says of sessions between runs.
    pub fn summary<F, W>(&self, script: F)
    where
        F: Fn() -> W + Send + Sync + 'static,
        W: Future<Output = Option<SessionSummary>> + Send + 'static,
    {
        *self.brain.1.lock().unwrap() = Arc::new(move || Box::pin(script()));
    }

    pub fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    pub async fn start(&self) -> Engine {
        self.start_on(self.store.clone()).await
    }

    pub async fn start_on(&self, store: Arc<dyn Store>) -> Engine {
        let parts = Parts {
            store,
            sandboxes: Arc::new(self.sandboxes.clone()),
            workspaces: Arc::new(NoFiles),
            blobs: Arc::new(NoFiles),
            snapshots: Arc::new(NoFiles),
            agents: BTreeMap::from([("holt".to_owned(), Arc::new(self.brain.clone()) as Arc<dyn Agent>)]),
            models: Arc::new(OneModel),
            elsewhere: self.elsewhere.clone(),
            definitions: self.definitions.clone(),
            memories: Arc::new(FileMemories::new(self.dir.path())),
        };
        Engine::start(parts, self.options.clone()).await.unwrap()
    }

    /// Starts an engine in a world of its own, which can end without a word.
    pub fn start_mortal(&self) -> Mortal {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let engine = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(self.start())).join().unwrap());
        Mortal { engine, runtime: Some(runtime) }
    }
}

/// An engine that can be killed: all of its tasks stop where they are.
pub struct Mortal {
    pub engine: Engine,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Mortal {
    pub fn kill(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Does something in its world, so that what this sets going ends with it.
    pub async fn within<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        self.runtime.as_ref().unwrap().spawn(work).await.unwrap()
    }

    /// Kills it and waits until nothing of it does anything any more.
    pub async fn kill_for_sure(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            tokio::task::spawn_blocking(|| runtime.shutdown_timeout(Duration::from_secs(60))).await.unwrap();
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn owner() -> Principal {
    who("owner", &[Scope::Admin])
}

pub fn who(owner: &str, scopes: &[Scope]) -> Principal {
    Principal { owner: OwnerId::new(owner), name: owner.into(), scopes: scopes.to_vec(), key: None, rules: None }
}

pub fn say(text: &str) -> SendPrompt {
    say_when_busy(text, WhenBusy::Queue)
}

pub fn say_when_busy(text: &str, when_busy: WhenBusy) -> SendPrompt {
    SendPrompt { id: Some(PromptId::new(Uuid::now_v7())), text: text.into(), attachments: Vec::new(), when_busy }
}

pub async fn session(engine: &Engine) -> SessionId {
    engine.create(&owner(), CreateSession::default()).await.unwrap().id
}

/// A turn that calls these tools, each once.
pub fn calling(tools: &[(&str, Value)]) -> FinishedTurn {
    let reference = |at: usize| format!("call-{at}");
    let part = |(at, (tool, arguments)): (usize, &(&str, Value))| AssistantPart::Call {
        reference: reference(at),
        tool: (*tool).into(),
        arguments: arguments.clone(),
    };
    FinishedTurn {
        message: MessageId::new(Uuid::now_v7()),
        parts: tools.iter().enumerate().map(part).collect(),
        calls: (0..tools.len()).map(|at| (reference(at), CallId::new(Uuid::now_v7()))).collect(),
        usage: Usage { input_tokens: 1, output_tokens: 1, ..Usage::default() },
        stop: if tools.is_empty() { StopReason::Finished } else { StopReason::Calls },
        model: "demo".into(),
    }
}

/// Says a text as a message, piece by piece.
pub async fn tell(desk: &Arc<dyn Desk>, pieces: &[&str]) -> Result<(), WorkError> {
    let message = MessageId::new(desk.fresh_id());
    desk.begin(message).await?;
    let mut offset = 0;
    for piece in pieces {
        desk.show(Delta { target: DeltaTarget::Message(message), offset, text: (*piece).into() }).await?;
        offset += piece.len() as u64;
    }
    let parts = vec![AssistantPart::Text { text: pieces.concat() }];
    desk.finish(FinishedTurn { message, parts, ..calling(&[]) }).await?;
    Ok(())
}

/// A brain that calls a command once in its run and is then done, wherever it is taken up.
pub async fn call_once(desk: Arc<dyn Desk>) -> Result<(), WorkError> {
    let known = desk.next_step().await?;
    if !known.iter().any(|event| &*event.kind == "call_proposed") {
        desk.finish(calling(&[("execute_command", json!({"command": "make"}))])).await?;
        desk.next_step().await?;
    }
    Ok(())
}

pub async fn wait_for(feed: &mut Feed, kind: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    loop {
        let item = next(feed, kind).await;
        if let Some(json) = item.event_json() {
            let event: Value = serde_json::from_slice(&json).unwrap();
            let found = event["kind"] == kind;
            seen.push(event);
            if found {
                return seen;
            }
        }
    }
}

pub async fn next(feed: &mut Feed, what: &str) -> FeedItem {
    within(what, feed.next()).await.expect("the feed goes on").unwrap()
}

/// The whole log of a session, after checking that it is gapless and in order of time.
pub async fn log(engine: &Engine, id: SessionId) -> Vec<EventBody> {
    let events = events(engine, id).await;
    assert!(events.iter().enumerate().all(|(at, event)| event.seq == at as u64 + 1), "gapless");
    assert!(events.is_sorted_by(|one, next| one.at < next.at), "in order of time");
    events.iter().map(|event| event.decode().expect("a kind of ours")).collect()
}

pub async fn events(engine: &Engine, id: SessionId) -> Vec<Event> {
    engine.events_after(&owner(), id, 0, 5000).await.unwrap()
}

pub async fn kinds(engine: &Engine, id: SessionId) -> Vec<&'static str> {
    log(engine, id).await.iter().map(EventBody::kind).collect()
}

/// Waits until the session is so.
pub async fn until(engine: &Engine, id: SessionId, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    within(what, async {
        loop {
            let snapshot = engine.session(&owner(), id).await.unwrap();
            if is_so(&snapshot) {
                return snapshot;
            }
            feed.next().await.expect("the feed goes on").unwrap();
        }
    })
    .await
}

pub fn code(error: &EngineError) -> String {
    error.code().to_owned()
}
