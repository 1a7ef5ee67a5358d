//! A screen, the browser's part on it, and a client that calls its tools.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Pair;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holt_testkit::Xvnc;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientRequest, CustomNotification, Request, ServerResult};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestHandle, RunningService};
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use serde_json::{Value, json};
use tokio::net::UnixStream;
use tokio::sync::Notify;

use crate::server::Site;

/// So long nothing takes unless it hangs.
const HANGS: Duration = Duration::from_secs(90);

#[derive(Clone, Default)]
pub struct Listener {
    states: Arc<Mutex<Vec<Value>>>,
    news: Arc<Notify>,
}

impl ClientHandler for Listener {
    async fn on_custom_notification(&self, notification: CustomNotification, _context: NotificationContext<RoleClient>) {
        assert_eq!(notification.method, holt_browser::PAGE_NOTIFICATION);
        self.states.lock().unwrap().push(notification.params.unwrap());
        self.news.notify_waiters();
    }
}

pub struct Session {
    pub client: RunningService<RoleClient, Listener>,
    pub site: Site,
    pub directory: PathBuf,
    process: Child,
    _screen: Xvnc,
    _directory: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Reply {
    pub text: String,
    pub facts: Value,
    pub failed: bool,
    pub pictures: Vec<Vec<u8>>,
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(!self.failed, "{self:?}");
        self
    }

    pub fn code(&self) -> &str {
        self.facts["error"]["code"].as_str().unwrap_or_default()
    }

    /// The reference of the line of a snapshot that contains this.
    #[track_caller]
    pub fn reference(&self, part: &str) -> String {
        let line = self.text.lines().find(|line| line.contains(part));
        let line = line.unwrap_or_else(|| panic!("no line with {part:?} in:\n{}", self.text));
        let (_, rest) = line.split_once("[ref=").unwrap_or_else(|| panic!("no reference in {line:?}"));
        rest.split_once(']').unwrap().0.to_owned()
    }
}

pub async fn session() -> Session {
    session_with(&[]).await
}

/// A session whose Chromium gets more arguments.
pub async fn session_with(arguments: &[&str]) -> Session {
    let temporary = tempfile::tempdir().unwrap();
    let directory = temporary.path().canonicalize().unwrap();
    let screen = Xvnc::start("1280x800");
    let (ours, theirs) = Pair::pair().unwrap();
    let process = Command::new(env!("CARGO_BIN_EXE_holt-browser"))
        .arg(&directory)
        .args(arguments)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("DISPLAY", &screen.display), ("HOME", directory.to_str().unwrap())])
        .process_group(0)
        .spawn()
        .unwrap();
    ours.set_nonblocking(true).unwrap();
    let client = Listener::default().serve(UnixStream::from_std(ours).unwrap()).await.unwrap();
    Session { client, site: Site::new().await, directory, process, _screen: screen, _directory: temporary }
}

pub struct Running(RequestHandle<RoleClient>);

impl Running {
    pub async fn reply(self) -> Reply {
        let result = tokio::time::timeout(HANGS, self.0.await_response()).await.expect("the call hangs");
        match result.expect("the call is answered") {
            ServerResult::CallToolResult(CallToolResult { content, structured_content, is_error, .. }) => Reply {
                text: content.iter().filter_map(|part| part.as_text()).map(|part| part.text.as_str()).collect(),
                facts: structured_content.unwrap_or_default(),
                failed: is_error.unwrap_or_default(),
                pictures: content
                    .iter()
                    .filter_map(|part| part.as_image())
                    .map(|image| BASE64_STANDARD.decode(&image.data).unwrap())
                    .collect(),
            },
            other => panic!("not an answer of a tool: {other:?}"),
        }
    }

    pub async fn cancel(self) {
        self.0.cancel(Some("the test says so".into())).await.unwrap();
    }
}

impl Session {
    pub async fn start(&self, tool: &str, arguments: Value) -> Running {
        let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
        let call = CallToolRequestParams::new(format!("browser_{tool}")).with_arguments(arguments);
        let request = ClientRequest::CallToolRequest(Request::new(call));
        Running(self.client.send_cancellable_request(request, PeerRequestOptions::no_options()).await.unwrap())
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Reply {
        self.start(tool, arguments).await.reply().await
    }

    pub async fn open(&self, url: &str) -> Reply {
        self.call("open", json!({ "url": url })).await
    }

    pub async fn snapshot(&self) -> Reply {
        self.call("snapshot", json!({})).await.ok()
    }

    /// What a script gives in the page.
    pub async fn value(&self, script: &str) -> Value {
        self.call("evaluate", json!({ "script": script })).await.ok().facts["result"].clone()
    }

    /// Waits until what is told of the browser is so.
    pub async fn until_told(&self, what: &str, is_so: impl Fn(&Value) -> bool) {
        let listener = self.client.service();
        let waiting = async {
            loop {
                let news = listener.news.notified();
                if listener.states.lock().unwrap().last().is_some_and(&is_so) {
                    return;
                }
                news.await;
            }
        };
        let told = tokio::time::timeout(HANGS, waiting).await;
        told.unwrap_or_else(|_| panic!("never told: {what}; but {:?}", listener.states.lock().unwrap().last()));
    }

    pub fn downloads(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.directory.join("downloads")).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".partial");
        names.sort();
        names
    }

    /// The process of Chromium itself.
    pub fn chromium(&self) -> i32 {
        let mark = format!("--user-data-dir={}", self.directory.join("profile").display());
        let is_it = |pid: &i32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            line.contains(&mark) && !line.contains("--type=") && !line.starts_with("/bin/sh") && !line.contains("crashpad")
        };
        let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
        pids.into_iter().find(is_it).expect("Chromium runs")
    }

    /// Closes the stream, and sees to it that everything ends.
    pub async fn close(mut self) {
        self.client.close().await.unwrap();
        let begun = std::time::Instant::now();
        while self.process.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < HANGS, "the browser's part does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mark = self.directory.display().to_string();
        let left = || {
            let pids = std::fs::read_dir("/proc").unwrap();
            let lines = pids.filter_map(|entry| std::fs::read(entry.unwrap().path().join("cmdline")).ok());
            lines.filter(|line| String::from_utf8_lossy(line).contains(&format!("--user-data-dir={mark}"))).count()
        };
        while left() > 0 {
            assert!(begun.elapsed() < HANGS, "Chromium does not end");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
