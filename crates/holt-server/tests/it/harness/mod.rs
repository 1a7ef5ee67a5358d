//! A whole server in this process, and clients for it.

mod agent;
mod client;
mod disk;
mod raw;
mod sse;
mod web_socket;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holt_core::access::{KeyRecord, Scope};
use holt_core::id::{KeyId, OwnerId, SessionId};
use holt_core::store::Keys;
use holt_core::time::Timestamp;
use holt_core::vault::Vault;
use holt_engine::{Engine, Parts};
use holt_mcp::servers::{Apart, Nowhere, Servers, Timing};
use holt_mcp::shelf::Shelf;
use holt_models::{Prices, Registry, Setup};
use holt_sandbox::profiles::ProfileStore;
use holt_sandbox::recordings::RecordingStore;
use holt_sandbox::snapshots::SnapshotStore;
use holt_server::{About, AppParts, Bound, Listen, Options, Server};
use holt_store::{DataDir, FileMemories, FileVault, SqliteStore};
use holt_testkit::{Answer, FAKE_MODEL, FakeModel, FakeSandboxes, temp_dir, within};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub use agent::{Narrator, SILENCE};
pub use client::{Client, Reply};
pub use disk::Disk;
pub use raw::{exchange, open, read_head};
pub use sse::EventStream;
pub use web_socket::Feed;

/// A server that runs until the test ends it.
pub struct TestServer {
    pub address: SocketAddr,
    /// Where native viewers connect, if they may.
    pub vnc: SocketAddr,
    pub socket: PathBuf,
    pub directory: TempDir,
    pub engine: Engine,
    pub sandboxes: FakeSandboxes,
    pub profiles: ProfileStore,
    pub link: String,
    /// A key that may do everything.
    pub key: String,
    anybody: Client,
    keys: Arc<dyn Keys>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// Starts a server that is set as the test wants it.
    pub async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        let world = World::new().await;
        let mut options = world.options();
        change(&mut options);
        world.run(options).await
    }

    pub fn client(&self) -> Client {
        self.anybody.clone().with_key(&self.key)
    }

    pub fn stranger(&self) -> Client {
        self.anybody.clone()
    }

    /// A key with these scopes, made beside the server.
    pub async fn key(&self, owner: &str, scopes: &[Scope]) -> String {
        self.record(owner, scopes, None).await.0
    }

    pub async fn record(&self, owner: &str, scopes: &[Scope], expires_at: Option<Timestamp>) -> (String, KeyId) {
        add_key(&*self.keys, owner, scopes, expires_at).await
    }

    /// Makes a session and gives its id.
    pub async fn session(&self) -> SessionId {
        let made = self.client().post("/v2/sessions", &serde_json::json!({ "title": "test" })).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()["id"].as_str().unwrap().parse().unwrap()
    }

    /// Makes something happen in a session: so many events.
    pub async fn happen(&self, session: SessionId, times: usize) {
        for n in 0..times {
            let title = serde_json::json!({ "title": format!("title {n}") });
            assert_eq!(self.client().patch(&format!("/v2/sessions/{session}"), &title).await.status, 200);
        }
    }

    /// Ends the server, and checks that it ends.
    pub async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        within("the end of the server", &mut self.running).await.unwrap();
        within("the end of the engine", self.engine.shutdown(false)).await;
    }
}

/// Everything that a server needs, before there is one.
pub struct World {
    pub directory: TempDir,
    pub engine: Engine,
    pub sandboxes: FakeSandboxes,
    pub keys: Arc<dyn Keys>,
    profiles: ProfileStore,
    pub vault: Arc<dyn Vault>,
    pub providers: Arc<Registry>,
}

impl World {
    pub async fn new() -> Self {
        let directory = temp_dir();
        let data = Arc::new(DataDir::acquire(&directory.path().join("data")).unwrap());
        let store = Arc::new(SqliteStore::open(holt_store::Options::new(data)).unwrap());
        let disk = Arc::new(Disk::new(directory.path()));
        let sandboxes = FakeSandboxes::new();
        let parts = Parts {
            store: store.clone(),
            sandboxes: Arc::new(sandboxes.clone()),
            workspaces: disk.clone(),
            blobs: disk,
            agents: BTreeMap::from([("narrator".to_owned(), Arc::new(Narrator) as Arc<dyn holt_core::agent::Agent>)]),
            models: Arc::new(FakeModel::by(|_| Answer::new().done())),
            snapshots: Arc::new(SnapshotStore::new(directory.path())),
            elsewhere: Vec::new(),
            definitions: Arc::new(()),
            memories: Arc::new(FileMemories::new(directory.path())),
        };
        let options = holt_engine::Options {
            default_agent: "narrator".into(),
            default_model: FAKE_MODEL.into(),
            ..holt_engine::Options::default()
        };
        let engine = Engine::start(parts, options).await.unwrap();
        let vault: Arc<dyn Vault> = Arc::new(FileVault::new(directory.path()));
        let profiles = ProfileStore::new(directory.path(), vault.clone());
        let providers = Arc::new(Registry::new(setup(), vault.clone()).await.unwrap());
        Self { directory, engine, sandboxes, keys: store, profiles, vault, providers }
    }

    pub fn options(&self) -> Options {
        Options {
            listen: vec![Listen { address: ([127, 0, 0, 1], 0).into(), tls: false }],
            socket: Some(self.directory.path().join("holt.sock")),
            ..Options::default()
        }
    }

    pub fn parts(&self) -> AppParts {
        let environment = holt_api::EnvironmentInfo { id: "default".into(), note: "What every sandbox has.".into() };
        AppParts {
            engine: self.engine.clone(),
            keys: self.keys.clone(),
            archiver: Arc::new(|files, out| disk::pack(&*files, out)),
            recordings: Arc::new(RecordingStore::new(self.directory.path())),
            vault: self.vault.clone(),
            profiles: Arc::new(self.profiles.clone()),
            providers: self.providers.clone(),
            tool_servers: Arc::new(tool_servers(self.directory.path(), &self.sandboxes)),
            about: About { version: "1.2.3".into(), agents: Vec::new(), environments: vec![environment] },
        }
    }

    pub async fn bind(&self, options: Options) -> Bound {
        Server::bind(options, self.parts()).await.unwrap()
    }

    pub async fn run(self, options: Options) -> TestServer {
        let (key, _) = add_key(&*self.keys, "owner", &[Scope::Admin], None).await;
        let socket = options.socket.clone().unwrap_or_default();
        let bound = self.bind(options).await;
        let (address, link) = (bound.addresses()[0], bound.sign_in_link().url);
        let vnc = bound.vnc_addresses().first().copied().unwrap_or(address);
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(bound.run(async move { drop(stopped.await) }));
        let Self { directory, engine, sandboxes, keys, profiles, .. } = self;
        let anybody = Client::new(address);
        let stop = Some(stop);
        TestServer { address, vnc, socket, directory, engine, sandboxes, profiles, link, key, anybody, keys, stop, running }
    }
}

/// No provider but those that a test adds.
fn setup() -> Setup {
    Setup {
        default_model: None,
        fallbacks: Vec::new(),
        given: Vec::new(),
        find_ollama: false,
        local_context: None,
        prices: Prices::known().unwrap(),
        effort: None,
        demo: holt_models::demo::Options::default(),
    }
}

/// Outside servers, none of which is reached.
fn tool_servers(directory: &Path, sandboxes: &FakeSandboxes) -> Servers {
    Servers::new(holt_mcp::servers::Parts {
        shelf: Arc::new(Shelf::new(directory)),
        vault: Arc::new(FileVault::new(directory)),
        sandboxes: Arc::new(sandboxes.clone()),
        lookup: Arc::new(Nowhere),
        timing: Timing::default(),
        apart: Apart::default(),
    })
}

async fn add_key(keys: &dyn Keys, owner: &str, scopes: &[Scope], expires_at: Option<Timestamp>) -> (String, KeyId) {
    let random = (Uuid::new_v4(), Uuid::new_v4());
    let key = format!("holt_{:.43}", format!("{}{}", random.0.simple(), random.1.simple()));
    let id = KeyId::new(Uuid::now_v7());
    let record = KeyRecord {
        id,
        owner: OwnerId::new(owner),
        name: format!("key of {owner}"),
        scopes: scopes.to_vec(),
        hash: Sha256::digest(key.as_bytes()).into(),
        created_at: Timestamp::from_millis(0),
        expires_at,
        last_used_at: None,
        revoked_at: None,
        rules: None,
    };
    keys.add(record).await.unwrap();
    (key, id)
}
