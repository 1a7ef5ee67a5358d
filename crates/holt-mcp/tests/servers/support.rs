//! A den with sandboxes, a shelf and a vault, and calls as the engine makes them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use holt_core::budget::{Allowance, Budget};
use holt_core::elsewhere::{Elsewhere as _, TestedServer, ToolServerError, ToolServers as _};
use holt_core::id::{CallId, OwnerId, SessionId};
use holt_core::policy::{Mode, Policy};
use holt_core::sandbox::{CallUpdate, SandboxSpec, Sandboxes as _, ToolCall};
use holt_core::session::{DesktopSpec, Limits, Network, SessionKind, SessionSpec, WorkspaceSpec};
use holt_core::tool::{CallOutcome, ToolContent};
use holt_core::vault::{SecretName, Vault as _};
use holt_mcp::remote::Lookup;
use holt_mcp::servers::{Apart, Parts, Servers, Timing};
use holt_mcp::shelf::Shelf;
use holt_sandbox::bwrap::{BwrapDriver, Options};
use holt_store::FileVault;
use holt_testkit::within;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Where set-up puts what others wrote.
pub fn installed(below: &str) -> PathBuf {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.dev/mcp");
    let found = place.canonicalize().map(|place| place.join(below)).unwrap_or_default();
    assert!(found.exists(), "{below} is missing: run `scripts/setup.sh tests`");
    found
}

/// Finds loopback and nothing else.
struct Here;

#[async_trait]
impl Lookup for Here {
    async fn look_up(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
        let address = host.parse().map_err(|_| "only addresses are found here".to_owned())?;
        Ok(vec![SocketAddr::new(address, port)])
    }
}

pub struct Den {
    pub driver: BwrapDriver,
    pub servers: Servers,
    pub vault: Arc<FileVault>,
    pub data: TempDir,
    pub session: SessionId,
}

impl Den {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A den whose sandbox is open, and in which all that set-up has installed is seen as packages.
    pub async fn with(change: impl FnOnce(&mut Timing)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut timing = Timing::default();
        change(&mut timing);
        let keeper = PathBuf::from(std::env::var("HOLT_KEEPER").expect("HOLT_KEEPER names the keeper's executable"));
        assert!(keeper.is_file(), "the keeper is missing: run `make keeper`");
        let mut options = Options::new(data.path().join("data"), keeper, 1);
        options.prepared = 0;
        options.packages = Some(installed(""));
        let driver = BwrapDriver::new(options).unwrap();
        let vault = Arc::new(FileVault::new(data.path()));
        std::fs::write(data.path().join("mcp.json"), r#"{"mcpServers":{}}"#).unwrap();
        let servers = Servers::new(Parts {
            shelf: Arc::new(Shelf::new(data.path())),
            vault: vault.clone(),
            sandboxes: Arc::new(driver.clone()),
            lookup: Arc::new(Here),
            timing,
            apart: Apart::default(),
        });
        let session = SessionId::new(Uuid::now_v7());
        driver.open(sandbox(session)).await.unwrap();
        Self { driver, servers, vault, data, session }
    }

    /// The sandbox of another session.
    pub async fn another(&self) -> SessionId {
        let session = SessionId::new(Uuid::now_v7());
        self.driver.open(sandbox(session)).await.unwrap();
        session
    }

    pub fn workspace(&self) -> PathBuf {
        self.driver.managed_workspace(self.session).unwrap()
    }

    pub async fn put(&self, server: &str, entry: Value) {
        self.servers.put(server, entry).await.unwrap();
    }

    pub async fn test(&self, server: &str) -> Result<TestedServer, ToolServerError> {
        within("a test", self.servers.test(server)).await
    }

    /// Names a server and agrees to what it says.
    pub async fn take(&self, server: &str, entry: Value) -> TestedServer {
        self.put(server, entry).await;
        let tested = self.test(server).await.unwrap();
        self.servers.agree(server, &tested.fingerprint).await.unwrap();
        tested
    }

    pub async fn keep(&self, server: &str, name: &str, secret: &str) {
        self.vault.keep(&SecretName::new(format!("mcp/{server}/{name}")).unwrap(), secret.into()).await.unwrap();
    }

    pub async fn offered(&self) -> Vec<String> {
        self.servers.tools(self.session, &spec()).await.into_iter().map(|tool| tool.name).collect()
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> CallOutcome {
        self.call_in(self.session, tool, arguments).await.expect("the tool is offered")
    }

    pub async fn call_in(&self, session: SessionId, tool: &str, arguments: Value) -> Option<CallOutcome> {
        let call = ToolCall { session, call: CallId::new(Uuid::now_v7()), tool: tool.into(), arguments };
        let mut updates = self.servers.call(&spec(), &call).await?;
        within("an outcome", async {
            loop {
                match updates.next().await.expect("a call ends with its outcome") {
                    CallUpdate::Output { .. } => {}
                    CallUpdate::Finished(outcome) => return Some(outcome),
                }
            }
        })
        .await
    }

    /// A command in the session's own sandbox.
    pub async fn run(&self, command: &str) -> String {
        let arguments = json!({ "command": command, "timeout_seconds": 30 });
        let call =
            ToolCall { session: self.session, call: CallId::new(Uuid::now_v7()), tool: "execute_command".into(), arguments };
        let mut updates = self.driver.call(call, false).await.unwrap();
        loop {
            if let CallUpdate::Finished(outcome) = updates.next().await.unwrap() {
                return text(&outcome);
            }
        }
    }

    pub async fn end(self) {
        self.servers.shutdown().await;
        self.driver.close(self.session).await.unwrap();
        assert_eq!(self.driver.opened().await.unwrap(), [], "nothing is left of any server");
        self.driver.shutdown().await;
    }
}

fn sandbox(session: SessionId) -> SandboxSpec {
    SandboxSpec {
        session,
        workspace: WorkspaceSpec::Managed,
        environment: "default".into(),
        limits: Limits::default(),
        read_only: false,
        profile: None,
        variables: BTreeMap::new(),
    }
}

pub fn spec() -> SessionSpec {
    SessionSpec {
        owner: OwnerId::new("owner"),
        kind: SessionKind::Chat,
        title: "test".into(),
        agent: "holt".into(),
        model: "demo".into(),
        environment: "default".into(),
        workspace: WorkspaceSpec::Managed,
        source: None,
        policy: Policy::default(),
        bounds: Vec::new(),
        mode: Mode::Full,
        definition: None,
        budget: Budget::default(),
        session_budget: Allowance::default(),
        key: None,
        rules: None,
        limits: Limits::default(),
        desktop: DesktopSpec::default(),
        network: Network::None,
        hosts: Vec::new(),
        record_desktop: false,
        browser_profile: None,
        origin: "holt".into(),
        expires_at: None,
        sleep_after_seconds: 60,
        keep_awake_seconds: 60,
    }
}

pub fn text(outcome: &CallOutcome) -> String {
    let parts = outcome.content.iter().map(|part| match part {
        ToolContent::Text { text } => text.as_str(),
        ToolContent::Image { media_type, .. } => media_type.as_str(),
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// A short time, for what is waited for.
pub const SOON: Duration = Duration::from_millis(200);
