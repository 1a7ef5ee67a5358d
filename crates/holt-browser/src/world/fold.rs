//! How each of Chromium's events changes what is known.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use super::tab::{MAX_REQUESTS, Reached};
use super::{Dialog, MAX_SESSIONS, MAX_TABS, MAX_TITLE, MAX_URL, Place, Tab, World};
use crate::cdp::{Event, Say};
use crate::text::line;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attached {
    session_id: String,
    target_info: Target,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    target_id: String,
    r#type: String,
    #[serde(default)]
    url: String,
    parent_frame_id: Option<String>,
    parent_id: Option<String>,
}

/// The parameters of all other events, of which each has some.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Params {
    session_id: String,
    target_info: Option<Target>,
    target_id: String,
    frame_id: String,
    loader_id: String,
    name: String,
    frame: Option<Frame>,
    url: String,
    message: String,
    payload: String,
    r#type: Value,
    request_id: String,
    request: Option<Request>,
    response: Option<Response>,
    response_headers: Option<Vec<Value>>,
    response_status_code: Option<u64>,
    response_error_reason: Option<String>,
    error_text: String,
    canceled: bool,
    args: Vec<Argument>,
    exception_details: Option<ExceptionDetails>,
    entry: Option<Entry>,
    guid: String,
    suggested_filename: String,
    received_bytes: f64,
    total_bytes: f64,
    state: String,
    data: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    id: String,
    loader_id: String,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct Request {
    url: String,
    method: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    status: i64,
    #[serde(default)]
    mime_type: String,
}

#[derive(Deserialize)]
struct Argument {
    value: Option<Value>,
    description: Option<String>,
}

#[derive(Deserialize)]
struct ExceptionDetails {
    #[serde(default)]
    text: String,
    exception: Option<Argument>,
}

#[derive(Deserialize)]
struct Entry {
    level: String,
    text: String,
    url: Option<String>,
}

/// What tells of a page's title, which the browser itself does not.
const TITLE: &str = "holtTitle";
const TITLE_SCRIPT: &str = include_str!("title.js");
/// The world of a page in which Holt's own scripts run.
pub const OWN_WORLD: &str = "holt";

impl World {
    /// Takes an event in. What comes back is to be said.
    pub fn hear(&mut self, event: &Event) -> Vec<Say> {
        if event.method == "Target.attachedToTarget" {
            return event.read::<Attached>().map_or_else(Vec::new, |attached| self.attached(event.session.as_deref(), attached));
        }
        let Some(params) = event.read::<Params>() else { return Vec::new() };
        match event.method.as_str() {
            "Browser.downloadWillBegin" => {
                let (url, name) = (line(&params.url, MAX_URL), params.suggested_filename);
                return self.downloads.began(&params.guid, url, name);
            }
            "Browser.downloadProgress" => {
                let (received, total) = (params.received_bytes.max(0.0) as u64, params.total_bytes.max(0.0) as u64);
                return self.downloads.progressed(&params.guid, received, total, &params.state);
            }
            "Target.detachedFromTarget" => self.detached(&params.session_id),
            "Target.targetInfoChanged" => self.info_changed(params.target_info),
            "Target.targetCrashed" => self.crashed(&params.target_id),
            _ => return event.session.as_deref().map_or_else(Vec::new, |session| self.of_page(session, &event.method, params)),
        }
        Vec::new()
    }

    fn attached(&mut self, from: Option<&str>, attached: Attached) -> Vec<Say> {
        let Attached { session_id: session, target_info: target } = attached;
        let run = Say::to(&session, "Runtime.runIfWaitingForDebugger", json!({}));
        let place = match target.r#type.as_str() {
            "page" if self.tabs.iter().any(|tab| tab.target == target.target_id) => return vec![run],
            "page" => {
                if self.tabs.len() >= MAX_TABS {
                    self.refused_tabs += 1;
                    return vec![run, Say::to_browser("Target.closeTarget", json!({ "targetId": target.target_id }))];
                }
                self.add_tab(&session, &target)
            }
            "iframe" if self.sessions.len() < MAX_SESSIONS => {
                let Some(tab) = from.and_then(|parent| self.sessions.get(parent)).map(|parent| parent.tab) else {
                    return vec![run];
                };
                Place { tab, frame: target.target_id, parent: target.parent_frame_id.or(target.parent_id) }
            }
            _ => return vec![run],
        };
        let mut say = set_up(&session, place.parent.is_none());
        say.push(run);
        self.sessions.insert(session, place);
        say
    }

    fn add_tab(&mut self, session: &str, target: &Target) -> Place {
        self.last_tab += 1;
        let mut tab = Tab::new(self.last_tab, target.target_id.clone(), session.to_owned());
        tab.url = line(&target.url, MAX_URL);
        if !self.tabs.is_empty() {
            self.note(&format!("A new tab has opened: {} {}. It is the current one now.", tab.number, tab.url));
        }
        // It has come to the front.
        self.current = Some(tab.number);
        self.tabs.push(tab);
        Place { tab: self.last_tab, frame: target.target_id.clone(), parent: None }
    }

    fn detached(&mut self, session: &str) {
        let Some(place) = self.sessions.remove(session) else { return };
        if place.parent.is_none() {
            self.sessions.retain(|_, other| other.tab != place.tab);
            self.tabs.retain(|tab| tab.number != place.tab);
            if self.current == Some(place.tab) {
                self.current = self.tabs.last().map(|tab| tab.number);
            }
        }
    }

    fn info_changed(&mut self, target: Option<Target>) {
        let Some(target) = target else { return };
        if let Some(tab) = self.tabs.iter_mut().find(|tab| tab.target == target.target_id) {
            tab.url = line(&target.url, MAX_URL);
        }
    }

    fn crashed(&mut self, target: &str) {
        if let Some(tab) = self.tabs.iter_mut().find(|tab| tab.target == target) {
            tab.crash();
        }
    }

    fn of_page(&mut self, session: &str, method: &str, params: Params) -> Vec<Say> {
        if method == "Input.dragIntercepted" {
            self.drag = params.data;
            return Vec::new();
        }
        let is_page = self.sessions.get(session).is_some_and(|place| place.parent.is_none());
        let Some(tab) = self.of_session_mut(session) else { return Vec::new() };
        match method {
            "Fetch.requestPaused" => return vec![tab.paused(session, params)],
            "Inspector.targetCrashed" if is_page => tab.crash(),
            "Runtime.bindingCalled" if is_page && params.name == TITLE => tab.title = line(&params.payload, MAX_TITLE),
            "Page.javascriptDialogOpening" => {
                let kind = params.r#type.as_str().unwrap_or("unknown").to_owned();
                tab.dialog = Some(Dialog { kind: line(&kind, 20), message: line(&params.message, 500) });
            }
            "Page.javascriptDialogClosed" => tab.dialog = None,
            method if method.starts_with("Network.") => tab.requested(method, params),
            method if method.starts_with("Page.") => tab.moved(method, params),
            _ => tab.said(method, params),
        }
        Vec::new()
    }
}

impl Tab {
    fn crash(&mut self) {
        self.crashed = true;
        self.loading = false;
        self.dialog = None;
        self.requests.clear();
    }

    /// What its outermost frame does.
    fn moved(&mut self, method: &str, params: Params) {
        if let Some(frame) = params.frame.filter(|frame| frame.id == self.target && method == "Page.frameNavigated") {
            self.url = line(&frame.url, MAX_URL);
            self.begin(frame.loader_id);
            self.crashed = false;
            return;
        }
        if params.frame_id != self.target {
            return;
        }
        match method {
            "Page.frameStartedLoading" => self.loading = true,
            "Page.frameStoppedLoading" => self.loading = false,
            "Page.navigatedWithinDocument" => self.url = line(&params.url, MAX_URL),
            "Page.lifecycleEvent" => {
                if params.loader_id != self.loader {
                    self.begin(params.loader_id);
                }
                match params.name.as_str() {
                    "DOMContentLoaded" => self.reached = self.reached.max(Reached::DomContentLoaded),
                    "load" => self.reached = Reached::Load,
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Another document begins.
    pub fn begin(&mut self, loader: String) {
        if self.loader != loader {
            self.loader = loader;
            self.title.clear();
            self.reached = Reached::Begun;
        }
    }

    fn requested(&mut self, method: &str, params: Params) {
        let kind = params.r#type.as_str().unwrap_or_default();
        match (method, self.requests.get(&params.request_id).copied()) {
            ("Network.requestWillBeSent", _) => {
                let Some(request) = params.request else { return };
                // What stays open does not make a page busy.
                let url = line(&request.url, 300);
                let entry = self.network.push(&format!("{} {url}", request.method));
                if self.requests.len() < MAX_REQUESTS && !matches!(kind, "EventSource" | "WebSocket" | "Ping") {
                    self.requests.insert(params.request_id, entry);
                    self.busy_at = Instant::now();
                }
            }
            ("Network.responseReceived", Some(entry)) => {
                if let Some(Response { status, mime_type }) = params.response {
                    self.network.extend(entry, &format!("→ {status} {mime_type}"));
                }
            }
            ("Network.loadingFailed", Some(entry)) => {
                let why = if params.canceled { "cancelled" } else { &params.error_text };
                self.network.extend(entry, &format!("→ failed: {why}"));
                self.ended(&params.request_id);
            }
            ("Network.loadingFinished", Some(_)) => self.ended(&params.request_id),
            _ => {}
        }
    }

    fn ended(&mut self, request: &str) {
        self.requests.remove(request);
        self.busy_at = Instant::now();
    }

    fn said(&mut self, method: &str, params: Params) {
        let in_words = |argument: &Argument| match (&argument.value, &argument.description) {
            (Some(Value::String(text)), _) | (None, Some(text)) => text.chars().take(500).collect(),
            (Some(value), _) => value.to_string(),
            (None, None) => "undefined".to_owned(),
        };
        match method {
            "Runtime.consoleAPICalled" => {
                let text: Vec<String> = params.args.iter().take(20).map(in_words).collect();
                self.console.push(&format!("[{}] {}", params.r#type.as_str().unwrap_or("log"), text.join(" ")));
            }
            "Runtime.exceptionThrown" => {
                let Some(details) = params.exception_details else { return };
                let what = details.exception.as_ref().map(in_words).unwrap_or_default();
                self.console.push(&format!("[exception] {} {what}", details.text));
            }
            "Log.entryAdded" => {
                let Some(entry) = params.entry else { return };
                self.console.push(&format!("[{}] {} {}", entry.level, entry.text, entry.url.unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// A document whose answer has come, and that somebody wants to have as a file.
    fn paused(&mut self, session: &str, params: Params) -> Say {
        if let (true, Some(status @ 400..)) = (self.keeping, params.response_status_code) {
            self.refused = Some(status);
            return Say::to(session, "Fetch.failRequest", json!({ "requestId": params.request_id, "errorReason": "Aborted" }));
        }
        let mut answer = json!({ "requestId": params.request_id });
        if let (true, Some(mut headers), None) = (self.keeping, params.response_headers, params.response_error_reason) {
            let is_disposition =
                |header: &Value| header["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("content-disposition"));
            let is_redirection = matches!(params.response_status_code, Some(300..=399));
            if !is_redirection && !headers.iter().any(is_disposition) {
                headers.push(json!({ "name": "Content-Disposition", "value": "attachment" }));
                answer["responseHeaders"] = json!(headers);
                answer["responseCode"] = json!(params.response_status_code.unwrap_or(200));
            }
        }
        Say::to(session, "Fetch.continueResponse", answer)
    }
}

/// What is said to a page or frame when it is met first.
fn set_up(session: &str, is_page: bool) -> Vec<Say> {
    let mut say = vec![
        Say::to(session, "Page.enable", json!({})),
        Say::to(session, "Page.setLifecycleEventsEnabled", json!({ "enabled": true })),
        Say::to(session, "Runtime.enable", json!({})),
        Say::to(session, "Network.enable", json!({ "maxTotalBufferSize": 1 << 20, "maxResourceBufferSize": 1 << 18 })),
        Say::to(session, "Log.enable", json!({})),
        Say::to(session, "Target.setAutoAttach", auto_attach()),
    ];
    if is_page {
        let script = json!({ "source": TITLE_SCRIPT, "worldName": OWN_WORLD, "runImmediately": true });
        say.extend([
            Say::to(session, "Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            Say::to(session, "Runtime.addBinding", json!({ "name": TITLE, "executionContextName": OWN_WORLD })),
            Say::to(session, "Page.addScriptToEvaluateOnNewDocument", script),
        ]);
    }
    say
}

/// Pages and frames are met before they run; nothing else is.
pub fn auto_attach() -> Value {
    let filter = json!([{ "type": "page" }, { "type": "iframe" }]);
    json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": filter })
}
