//! What the sandbox tests share: a driver on a directory of its own, as root and as an ordinary user, and what must be left
//! when it is done, which is nothing.

#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses its own part of this")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::StreamExt as _;
use holt_core::id::{CallId, SessionId};
use holt_core::sandbox::{CallUpdate, SandboxInfo, SandboxSpec, Sandboxes as _, ToolCall};
use holt_core::session::{Limits, WorkspaceSpec};
use holt_core::tool::{CallOutcome, ToolContent};
use holt_sandbox::bwrap::{BwrapDriver, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// No account on the machine has it.
const ORDINARY: &str = "61234";

/// The keeper's executable, which has to be built before.
pub fn keeper() -> PathBuf {
    let path = PathBuf::from(std::env::var("HOLT_KEEPER").expect("HOLT_KEEPER names the keeper's executable"));
    assert!(path.is_file(), "the keeper is not at {}: run `make keeper`", path.display());
    path
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a test's body as an ordinary user: here, or when this is root, in a process of its own.
pub fn as_ordinary_user(test: &str, body: impl FnOnce()) {
    if !is_root() {
        return body();
    }
    let home = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(home.path(), Some(ORDINARY.parse().unwrap()), Some(ORDINARY.parse().unwrap())).unwrap();
    let status = Command::new("setpriv")
        .args([&format!("--reuid={ORDINARY}"), &format!("--regid={ORDINARY}"), "--clear-groups", "--"])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("HOME", home.path())
        .env("TMPDIR", home.path())
        .env("HOLT_KEEPER", readable_copy(home.path()))
        .status()
        .unwrap();
    assert!(status.success(), "as an ordinary user: {status}");
}

/// The executable may be where only root can reach it.
fn readable_copy(place: &Path) -> PathBuf {
    let copy = place.join("holt-keeper");
    std::fs::copy(keeper(), &copy).unwrap();
    copy
}

/// A directory of the user's. Hidden ones may not be worked in.
pub fn project() -> TempDir {
    tempfile::Builder::new().prefix("project").tempdir().unwrap()
}

pub fn within<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// A test that runs as whoever runs it, and again as an ordinary user when that is root.
#[macro_export]
macro_rules! both {
    ($(#[$doc:meta])* async fn $name:ident() $body:block) => {
        mod $name {
            use super::*;
            async fn body() $body

            #[test]
            fn here() {
                $crate::common::within(body());
            }

            #[test]
            fn as_an_ordinary_user() {
                let name = concat!(stringify!($name), "::as_an_ordinary_user");
                $crate::common::as_ordinary_user(name, || $crate::common::within(body()));
            }
        }
    };
}

pub struct Den {
    pub driver: BwrapDriver,
    pub options: Options,
    pub data: TempDir,
}

impl Den {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// A driver without prepared sandboxes, unless the change says otherwise.
    pub fn with(change: impl FnOnce(&mut Options)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path().join("data"), keeper(), 1);
        options.prepared = 0;
        change(&mut options);
        Self { driver: BwrapDriver::new(options.clone()).unwrap(), options, data }
    }

    /// Another server on the same data.
    pub fn successor(&self) -> BwrapDriver {
        BwrapDriver::new(Options { epoch: self.options.epoch + 1, ..self.options.clone() }).unwrap()
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.options.data_dir.join(below)
    }

    pub async fn open(&self) -> SessionId {
        self.open_with(|_| {}).await.0
    }

    pub async fn open_with(&self, change: impl FnOnce(&mut SandboxSpec)) -> (SessionId, SandboxInfo) {
        let mut spec = spec();
        change(&mut spec);
        let session = spec.session;
        (session, self.driver.open(spec).await.unwrap())
    }

    pub async fn run(&self, session: SessionId, command: &str) -> CallOutcome {
        run(&self.driver, session, command).await
    }
}

pub fn spec() -> SandboxSpec {
    SandboxSpec {
        session: SessionId::new(Uuid::now_v7()),
        workspace: WorkspaceSpec::Managed,
        environment: "default".into(),
        limits: Limits::default(),
        profile: None,
        read_only: false,
        variables: BTreeMap::new(),
    }
}

pub fn call(session: SessionId, tool: &str, arguments: Value) -> ToolCall {
    ToolCall { session, call: CallId::new(Uuid::now_v7()), tool: tool.into(), arguments }
}

pub async fn outcome(driver: &BwrapDriver, call: ToolCall, only_if_known: bool) -> CallOutcome {
    let mut updates = driver.call(call, only_if_known).await.unwrap();
    loop {
        match updates.next().await.expect("a call ends with its outcome") {
            CallUpdate::Output { .. } => {}
            CallUpdate::Finished(outcome) => return outcome,
        }
    }
}

pub async fn run(driver: &BwrapDriver, session: SessionId, command: &str) -> CallOutcome {
    outcome(driver, call(session, "execute_command", json!({ "command": command, "timeout_seconds": 60 })), false).await
}

pub fn text(outcome: &CallOutcome) -> String {
    let parts = outcome.content.iter().map(|part| match part {
        ToolContent::Text { text } => text.as_str(),
        ToolContent::Image { .. } => "",
    });
    parts.collect()
}

/// What is on record of a session's keeper.
pub struct Trace {
    record: Value,
    socket: PathBuf,
}

impl Den {
    pub fn trace(&self, session: SessionId) -> Trace {
        let text = std::fs::read(self.path(&format!("keepers/{session}.json"))).expect("an open sandbox is on record");
        let record: Value = serde_json::from_slice(&text).unwrap();
        let socket = self.path("run").join(format!("{}.sock", record["keeper"].as_str().unwrap()));
        Trace { record, socket }
    }
}

impl Trace {
    pub fn janitor(&self) -> i32 {
        self.record["pid"].as_i64().unwrap() as i32
    }

    pub fn keeper(&self) -> i32 {
        holt_keeper::tree::descendants(self.janitor()).iter().find(|process| process.parent == self.janitor()).unwrap().pid
    }

    pub fn socket_name(&self) -> std::ffi::OsString {
        self.socket.file_name().unwrap().to_owned()
    }

    pub fn cgroups(&self) -> Vec<PathBuf> {
        let plan = &self.record["cgroups"];
        let all = plan["directories"].as_object().map(|all| all.values().collect::<Vec<_>>()).unwrap_or_default();
        all.into_iter().chain(plan.get("directory")).map(|path| PathBuf::from(path.as_str().unwrap())).collect()
    }

    /// Everything that the sandbox has on the host, by process ids, before it ends.
    pub fn processes(&self) -> Vec<i32> {
        let below = holt_keeper::tree::descendants(self.janitor());
        below.iter().map(|process| process.pid).chain([self.janitor()]).collect()
    }

    /// What of it is still there.
    pub fn left(&self, processes: &[i32]) -> Vec<String> {
        let alive = |pid: &&i32| holt_keeper::tree::process(**pid).is_some_and(|process| process.state != 'Z');
        let mut left: Vec<String> = processes.iter().filter(alive).map(|pid| format!("process {pid}")).collect();
        let files = self.cgroups().into_iter().chain([self.socket.clone()]);
        left.extend(files.filter(|path| path.exists()).map(|path| path.display().to_string()));
        left
    }
}

/// Waits for something to become true, for as long as a slow machine may take.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("not in time: {what}");
}
