//! A real toolbox in a process of its own, and the official client to speak to it.
//!
//! Every test ends with [`Session::close`], which asserts that the toolbox ends well and leaves no process behind.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientRequest, ProgressNotificationParam, Request, ServerResult};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceError, ServiceExt};
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::sync::Notify;

/// Longer than anything may take; reached only when something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Hears what a call prints while it runs.
#[derive(Clone, Default)]
pub struct Listener {
    heard: Arc<Mutex<BTreeMap<String, BTreeMap<u64, String>>>>,
    news: Arc<Notify>,
}

impl ClientHandler for Listener {
    async fn on_progress(&self, progress: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let token = serde_json::to_string(&progress.progress_token).unwrap();
        let at = progress.progress as u64;
        let former = self.heard.lock().unwrap().entry(token).or_default().insert(at, progress.message.unwrap());
        assert_eq!(former, None, "progress increases");
        self.news.notify_waiters();
    }
}

pub struct Session {
    pub client: RunningService<RoleClient, Listener>,
    pub workspace: PathBuf,
    pub home: PathBuf,
    pub temporary: PathBuf,
    process: Child,
    _directory: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Reply {
    pub text: String,
    pub facts: Value,
    pub failed: bool,
    /// The media types and bytes of its pictures.
    pub pictures: Vec<(String, Vec<u8>)>,
}

impl Reply {
    /// The stable code of a failure.
    pub fn code(&self) -> &str {
        self.facts["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn ok(self) -> Self {
        assert!(!self.failed, "{self:?}");
        self
    }
}

pub struct Running {
    handle: RequestHandle<RoleClient>,
    listener: Listener,
}

impl Running {
    /// What was printed so far, as far as it came without a gap.
    pub fn printed(&self) -> String {
        let token = serde_json::to_string(&self.handle.progress_token).unwrap();
        self.listener.printed(&token)
    }

    /// Waits until the call has printed `text`.
    pub async fn prints(&self, text: &str) {
        tokio::time::timeout(HANGS, async {
            loop {
                let news = self.listener.news.notified();
                if self.printed().contains(text) {
                    return;
                }
                news.await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{text:?} was never printed, but: {:?}", self.printed()));
    }

    pub async fn reply(self) -> Reply {
        self.reply_and_printed().await.0
    }

    /// The answer, and everything that was printed before it.
    pub async fn reply_and_printed(self) -> (Reply, String) {
        let token = serde_json::to_string(&self.handle.progress_token).unwrap();
        let result = tokio::time::timeout(HANGS, self.handle.await_response()).await.expect("the call hangs");
        // The client hands what it hears to tasks of its own, which run before this one goes on.
        tokio::task::yield_now().await;
        (reply(result), self.listener.printed(&token))
    }

    pub async fn cancel(self) {
        self.handle.cancel(Some("the test says so".into())).await.unwrap();
    }
}

impl Listener {
    fn printed(&self, token: &str) -> String {
        let heard = self.heard.lock().unwrap();
        let mut text = String::new();
        for (at, piece) in heard.get(token).into_iter().flatten() {
            assert_eq!(*at as usize, text.len() + piece.len(), "a piece is missing");
            text.push_str(piece);
        }
        text
    }
}

fn reply(result: Result<ServerResult, ServiceError>) -> Reply {
    match result.expect("the call is answered") {
        ServerResult::CallToolResult(CallToolResult { content, structured_content, is_error, .. }) => Reply {
            text: content.iter().filter_map(|part| part.as_text()).map(|part| part.text.as_str()).collect(),
            facts: structured_content.unwrap_or_default(),
            failed: is_error.unwrap_or_default(),
            pictures: content
                .iter()
                .filter_map(|part| part.as_image())
                .map(|image| (image.mime_type.clone(), BASE64_STANDARD.decode(&image.data).unwrap()))
                .collect(),
        },
        other => panic!("not an answer of a tool: {other:?}"),
    }
}

/// Starts a toolbox on one end of a socket pair and returns the other.
pub fn launch(workspace: &Path, temporary: &Path, home: &Path, launcher: &[&str]) -> (Child, UnixStream) {
    launch_at(workspace, temporary, home, launcher, None)
}

fn launch_at(workspace: &Path, temporary: &Path, home: &Path, launcher: &[&str], display: Option<&str>) -> (Child, UnixStream) {
    let (ours, theirs) = Pair::pair().unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_holt-toolbox"))
        .args([workspace, temporary, home])
        .args(launcher)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", home)
        .envs(display.map(|display| ("DISPLAY", display)))
        .spawn()
        .unwrap();
    ours.set_nonblocking(true).unwrap();
    (process, UnixStream::from_std(ours).unwrap())
}

pub async fn session() -> Session {
    session_with_launcher(&[]).await
}

/// A session whose commands are started through another program.
pub async fn session_with_launcher(launcher: &[&str]) -> Session {
    session_with(launcher, None).await
}

/// A session with a screen.
pub async fn session_at(display: &str) -> Session {
    session_with(&[], Some(display)).await
}

async fn session_with(launcher: &[&str], display: Option<&str>) -> Session {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().canonicalize().unwrap();
    let [workspace, temporary, home] = ["workspace", "tmp", "home"].map(|name| base.join(name));
    for path in [&workspace, &temporary, &home] {
        std::fs::create_dir(path).unwrap();
    }
    let (process, stream) = launch_at(&workspace, &temporary, &home, launcher, display);
    let client = Listener::default().serve(stream).await.unwrap();
    Session { client, workspace, home, temporary, process, _directory: directory }
}

impl Session {
    pub async fn start(&self, name: &str, arguments: Value) -> Running {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let call = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(call));
        let handle = self.client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap();
        Running { handle, listener: self.client.service().clone() }
    }

    pub async fn call(&self, name: &str, arguments: Value) -> Reply {
        self.start(name, arguments).await.reply().await
    }

    pub async fn run(&self, command: &str) -> Reply {
        self.call("execute_command", json!({ "command": command })).await
    }

    /// Reads the output of a background command until it is as it should be.
    pub async fn output_of(&self, pid: &Value, as_it_should_be: impl Fn(&Reply) -> bool) {
        let reading = async {
            loop {
                let reply = self.call("read_process_output", json!({ "pid": pid })).await.ok();
                if as_it_should_be(&reply) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(HANGS, reading).await.expect("the output never becomes what it should be");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.workspace.join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn content(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Stops the toolbox, as a sandbox that is held does, and lets it go on.
    pub async fn stand_still(&self, time: Duration) {
        let toolbox = rustix::process::Pid::from_raw(self.pid() as i32).unwrap();
        rustix::process::kill_process(toolbox, rustix::process::Signal::STOP).unwrap();
        eventually("it stands still", || state_of(self.pid()).filter(|state| *state == 'T')).await;
        tokio::time::sleep(time).await;
        rustix::process::kill_process(toolbox, rustix::process::Signal::CONT).unwrap();
    }

    /// Closes the stream and sees to it that everything ends with it.
    pub async fn close(mut self) {
        self.client.close().await.unwrap();
        let status = wait(&mut self.process).await;
        assert!(status.success(), "{status}");
        assert_eq!(left_behind(self.pid()), Vec::<String>::new());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A test that failed has not closed its session.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub async fn wait(process: &mut Child) -> std::process::ExitStatus {
    let ended = eventually("the toolbox ends", || process.try_wait().unwrap());
    ended.await
}

/// Looks until there is something to see.
pub async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(HANGS, looking).await.unwrap_or_else(|_| panic!("never seen: {what}"))
}

/// The processes that carry the mark of a toolbox.
fn left_behind(toolbox: u32) -> Vec<String> {
    let mark = format!("HOLT_COMMAND={toolbox}.");
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let marked = entries.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable.starts_with(mark.as_bytes()))
    });
    marked.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

pub fn is_alive(pid: &str) -> bool {
    state_of(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

fn state_of(pid: impl std::fmt::Display) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}
