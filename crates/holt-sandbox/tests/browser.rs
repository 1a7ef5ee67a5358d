//! The browser's room: what it shares with the session's, what it does not, and that a real browser is at home in it.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::*;
use holt_core::id::{OwnerId, SessionId};
use holt_core::profile::{ProfileError, ProfileKey, ProfileName, Profiles as _};
use holt_core::sandbox::{SandboxError, SandboxReport, Sandboxes as _};
use holt_core::session::{DesktopSpec, Flavour};
use holt_core::tool::{CallOutcome, CallStatus, ToolContent};
use holt_keeper::protocol::message::{Exit, Group, Stream};
use holt_sandbox::bwrap::{Answer, BwrapDriver, Options, Verb};
use holt_sandbox::profiles::ProfileStore;
use serde_json::json;

/// Runs a shell's command in the browser's room; gives what it wrote and how it ended.
async fn in_the_browser_s_room(den: &Den, session: SessionId, process: &str, script: &str) -> (String, Exit) {
    let verb = Verb::Spawn {
        process: process.into(),
        group: Group::Browser,
        argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
        variables: BTreeMap::new(),
        directory: None,
    };
    den.driver.request(session, verb, Vec::new()).await.unwrap();
    let (mut text, mut at) = (Vec::new(), 0);
    loop {
        let verb = Verb::ReadSpool { process: process.into(), stream: Stream::Output, from: at };
        let (answer, bytes) = den.driver.request(session, verb, Vec::new()).await.unwrap();
        let Answer::Spooled { end, .. } = answer else { panic!("{answer:?}") };
        at += bytes.len() as u64;
        text.extend(bytes);
        if let Some(end) = end {
            return (String::from_utf8(text).unwrap(), end);
        }
    }
}

both! {
    async fn the_two_rooms_share_a_network_and_the_downloads_and_nothing_else() {
        let den = Den::new();
        let session = den.open().await;
        den.run(session, "echo session > /downloads/from-session; echo secret > /workspace/s; echo secret > ~/s; echo secret > /tmp/s").await;
        let look = "readlink /proc/self/ns/net; cat /downloads/from-session; cat /workspace/s ~/s /tmp/s; ls -d /workspace; id -u; \
                    echo browser > /downloads/from-browser; echo cookie > ~/cookie; ls /proc | grep -c '^[0-9]'";
        let (seen, _) = in_the_browser_s_room(&den, session, "look", look).await;
        let network = text(&den.run(session, "readlink /proc/self/ns/net").await);
        let lines: Vec<&str> = seen.lines().collect();
        assert!(network.contains(lines[0]) && lines[0].starts_with("net:"), "{seen} {network}");
        assert_eq!(lines[1..3], ["session", "1000"], "{seen}");
        assert!(lines[3].parse::<u32>().unwrap() < 10, "it sees its own processes only: {seen}");
        let back = text(&den.run(session, "cat /downloads/from-browser; cat ~/cookie; find / -name cookie 2>/dev/null").await);
        assert!(back.contains("browser") && !back.contains("cookie\n/"), "{back}");
        assert!(!den.path(&format!("sessions/{session}/home/cookie")).exists());
        den.driver.close(session).await.unwrap();
        let (again, _) = {
            den.driver.open(holt_core::sandbox::SandboxSpec { session, ..spec() }).await.unwrap();
            in_the_browser_s_room(&den, session, "again", "cat ~/cookie").await
        };
        assert_eq!(again, "cookie\n", "the profile is kept");
        let (trace, processes) = (den.trace(session), den.trace(session).processes());
        den.driver.close(session).await.unwrap();
        assert_eq!(trace.left(&processes), Vec::<String>::new());
    }
}

both! {
    async fn chromium_runs_there_with_its_own_sandbox_and_sees_what_the_session_serves() {
        let den = Den::new();
        let session = den.open().await;
        den.run(session, "echo '<title>t</title><p id=otter>river</p>' > index.html").await;
        let serve = call(session, "execute_command_async", json!({ "command": "python3 -m http.server 8123 --bind 127.0.0.1" }));
        outcome(&den.driver, serve, false).await;
        let up = "for i in $(seq 100); do curl -fs http://127.0.0.1:8123/ && break; sleep 0.1; done";
        assert!(text(&den.run(session, up).await).contains("river"));
        let dump = "chromium --headless --disable-background-networking --disable-gpu --dump-dom http://127.0.0.1:8123/ 2>/dev/null";
        let (seen, exit) = in_the_browser_s_room(&den, session, "dump", dump).await;
        assert_eq!(exit, Exit::Code { code: 0 }, "{seen}");
        assert!(seen.contains("<p id=\"otter\">river</p>"), "{seen}");
        // What renders a page is in namespaces below those of the browser, and has filters of its own.
        let look = "chromium --headless --disable-background-networking --disable-gpu http://127.0.0.1:8123/ >/dev/null 2>&1 & \
                    for i in $(seq 300); do renderer=$(pgrep -f -o type=[r]enderer) && break; sleep 0.1; done; \
                    grep -E '^(NSpid|Seccomp_filters)' /proc/self/status /proc/$renderer/status; kill $!";
        let (seen, _) = in_the_browser_s_room(&den, session, "look", look).await;
        let fields = |name: &str| -> Vec<Vec<u32>> {
            let lines = seen.lines().filter_map(|line| line.split_once(name)).map(|(_, fields)| fields);
            lines.map(|fields| fields.split_whitespace().map(|field| field.parse().unwrap()).collect()).collect()
        };
        let (spaces, filters) = (fields("NSpid:"), fields("Seccomp_filters:"));
        assert!(spaces[1].len() > spaces[0].len() && filters[1][0] > filters[0][0], "{seen}");
        den.driver.close(session).await.unwrap();
    }
}

both! {
    async fn a_room_that_is_killed_is_reported_and_built_again() {
        use futures::StreamExt as _;
        let den = Den::new();
        let session = den.open().await;
        let mut reports = den.driver.reports();
        in_the_browser_s_room(&den, session, "first", "true").await;
        let below = holt_keeper::tree::descendants(den.trace(session).keeper());
        let rooms: Vec<i32> = below.iter().filter(|one| one.parent == den.trace(session).keeper()).map(|one| one.pid).collect();
        assert_eq!(rooms.len(), 2, "the session's and the browser's");
        rustix::process::kill_process(rustix::process::Pid::from_raw(rooms[1]).unwrap(), rustix::process::Signal::KILL).unwrap();
        let report = reports.next().await.unwrap();
        assert!(matches!(&report.report, SandboxReport::Noted { code, .. } if code == "browser_ended"), "{report:?}");
        let (seen, exit) = in_the_browser_s_room(&den, session, "second", "echo again").await;
        assert_eq!((seen.as_str(), exit), ("again\n", Exit::Code { code: 0 }));
        assert!(text(&den.run(session, "echo unhurt").await).contains("unhurt"));
        den.driver.close(session).await.unwrap();
    }
}

const DESKTOP: DesktopSpec = DesktopSpec { flavour: Flavour::Light, width: 1024, height: 768 };
const FORM: &str = "<title>Order</title><form onsubmit=\"event.preventDefault(); document.title = den.value\">\
                    <label>Den <input id=den></label><button>Send</button></form>";

/// Serves a page inside a session, with a desktop beside it; gives its address.
async fn serve_a_form(den: &Den, session: SessionId) -> &'static str {
    den.driver.start_desktop(session, DESKTOP).await.unwrap();
    let write = call(session, "write_file", json!({ "path": "index.html", "content": FORM }));
    outcome(&den.driver, write, false).await;
    let serve = call(session, "execute_command_async", json!({ "command": "python3 -m http.server 8124 --bind 127.0.0.1" }));
    outcome(&den.driver, serve, false).await;
    let up = "for i in $(seq 100); do curl -fs http://127.0.0.1:8124/ && break; sleep 0.1; done";
    assert!(text(&den.run(session, up).await).contains("Order"));
    "http://127.0.0.1:8124/"
}

/// Calls one of the browser's tools.
async fn browse(den: &Den, session: SessionId, tool: &str, arguments: serde_json::Value) -> CallOutcome {
    outcome(&den.driver, call(session, tool, arguments), false).await
}

async fn browsed(den: &Den, session: SessionId, tool: &str, arguments: serde_json::Value) -> String {
    let outcome = browse(den, session, tool, arguments).await;
    assert_eq!(outcome.status, CallStatus::Succeeded, "{tool}: {}", text(&outcome));
    text(&outcome)
}

/// The reference on the line of a snapshot that has this.
fn reference(snapshot: &str, part: &str) -> String {
    let line = snapshot.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in {snapshot}"));
    line.split_once("[ref=").unwrap().1.split_once(']').unwrap().0.to_owned()
}

/// The processes of a session whose command line has this and not that.
fn processes(den: &Den, session: SessionId, with: &str, without: &str) -> Vec<i32> {
    let line =
        |pid: &i32| String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()).into_owned();
    let all = den.trace(session).processes().into_iter();
    all.filter(|pid| line(pid).contains(with) && !line(pid).contains(without)).collect()
}

fn kill(pid: i32) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).unwrap();
}

both! {
    async fn the_agent_opens_what_it_serves_fills_a_form_by_reference_and_sees_the_result() {
        let den = Den::new();
        let session = den.open().await;
        let address = serve_a_form(&den, session).await;
        browsed(&den, session, "browser_open", json!({ "url": address })).await;
        let snapshot = browsed(&den, session, "browser_snapshot", json!({})).await;
        let fill = json!({ "target": reference(&snapshot, "textbox \"Den\""), "text": "river bank" });
        browsed(&den, session, "browser_fill", fill).await;
        browsed(&den, session, "browser_click", json!({ "target": reference(&snapshot, "button \"Send\"") })).await;
        browsed(&den, session, "browser_evaluate", json!({ "script": "document.body.style.background = 'rgb(200, 20, 120)'" })).await;
        let state = browsed(&den, session, "browser_state", json!({})).await;
        assert!(state.contains("\"river bank\"") && state.contains(address), "{state}");
        eventually("it is on the screen", async || {
            let windows = json!({ "namePattern": "river bank" });
            browsed(&den, session, "gui_find_window", windows).await.contains("Chromium")
        })
        .await;
        let kept = browse(&den, session, "browser_screenshot", json!({ "name": "seen" })).await;
        assert!(kept.content.iter().any(|part| matches!(part, ToolContent::Image { .. })), "{}", text(&kept));
        assert!(text(&den.run(session, "file -b /downloads/seen.png || head -c 4 /downloads/seen.png").await).contains("PNG"));
        let download = json!({ "url": address, "name": "form.html" });
        assert!(browsed(&den, session, "browser_download", download).await.contains("/downloads/form.html"));
        assert!(browsed(&den, session, "read_file", json!({ "path": "/downloads/form.html" })).await.contains("Order"));
        let browser = processes(&den, session, "/chromium\0", "--type=");
        let line = std::fs::read_to_string(format!("/proc/{}/cmdline", browser[0])).unwrap();
        assert!(!line.contains("--no-sandbox") && !line.contains("--remote-debugging-port"), "{line}");
        let spaces = |pid: i32| {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            status.lines().find_map(|line| line.strip_prefix("NSpid:").map(|pids| pids.split_whitespace().count())).unwrap()
        };
        let renderer = processes(&den, session, "--type=renderer", "nothing")[0];
        assert!(spaces(renderer) > spaces(browser[0]), "its own sandbox is on");
        let outside = browse(&den, session, "browser_open", json!({ "url": "http://169.254.169.254/", "timeout_seconds": 10 })).await;
        assert_eq!(outside.status, CallStatus::Failed, "{}", text(&outside));
        let (trace, all) = (den.trace(session), den.trace(session).processes());
        den.driver.close(session).await.unwrap();
        assert_eq!(trace.left(&all), Vec::<String>::new());
    }
}

both! {
    async fn a_browser_or_a_screen_that_dies_comes_back_and_the_session_is_unhurt() {
        let den = Den::new();
        let session = den.open().await;
        let address = serve_a_form(&den, session).await;
        browsed(&den, session, "browser_open", json!({ "url": address })).await;
        kill(processes(&den, session, "/chromium\0", "--type=")[0]);
        let again = eventually_browsed(&den, session, address).await;
        assert!(again.contains("started again"), "{again}");
        kill(processes(&den, session, "openbox", "nothing")[0]);
        browsed(&den, session, "browser_snapshot", json!({})).await;
        kill(processes(&den, session, "tigervnc", "nothing")[0]);
        eventually_browsed(&den, session, address).await;
        let part = processes(&den, session, "holt-keeper\0browser", "nothing");
        kill(part[0]);
        eventually_browsed(&den, session, address).await;
        assert!(text(&den.run(session, "echo unhurt").await).contains("unhurt"));
        den.driver.close(session).await.unwrap();
    }
}

/// Opens a page, with a browser whose death may just be noticed.
async fn eventually_browsed(den: &Den, session: SessionId, address: &str) -> String {
    let mut said = String::new();
    for _ in 0..20 {
        // As before every call that is about the screen.
        let _ = den.driver.start_desktop(session, DESKTOP).await;
        let opened = browse(den, session, "browser_open", json!({ "url": address })).await;
        said.push_str(&text(&opened));
        if opened.status == CallStatus::Succeeded {
            return said;
        }
    }
    panic!("the browser does not come back: {said}");
}

/// Says who it is talking to by their cookies; at `/login` it gives two, of which one ends with the browser.
const SIGN_IN: &str = "
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        if self.path == '/login':
            self.send_header('Set-Cookie', 'stays=CANARY-stays; Max-Age=86400; Path=/; HttpOnly')
            self.send_header('Set-Cookie', 'passes=CANARY-passes; Path=/')
        self.end_headers()
        self.wfile.write(('<p>[' + self.headers.get('Cookie', 'nobody') + ']').encode())
HTTPServer(('127.0.0.1', 8126), Handler).serve_forever()
";

/// Opens a session with that page on a desktop.
async fn with_sign_in(den: &Den, profile: Option<&ProfileKey>) -> SessionId {
    let (session, _) = den.open_with(|spec| spec.profile = profile.cloned()).await;
    den.driver.start_desktop(session, DESKTOP).await.unwrap();
    outcome(&den.driver, call(session, "write_file", json!({ "path": "page.py", "content": SIGN_IN })), false).await;
    outcome(&den.driver, call(session, "execute_command_async", json!({ "command": "python3 page.py" })), false).await;
    let up = "for i in $(seq 100); do curl -fs http://127.0.0.1:8126/ && break; sleep 0.1; done";
    assert!(text(&den.run(session, up).await).contains("nobody"));
    session
}

async fn who(den: &Den, session: SessionId) -> String {
    browsed(den, session, "browser_open", json!({ "url": "http://127.0.0.1:8126/" })).await;
    let script = "document.body.innerText + ' ' + localStorage.getItem('who')";
    browsed(den, session, "browser_evaluate", json!({ "script": script })).await
}

/// Whether any file below a directory has this in it.
fn is_written(below: &std::path::Path, canary: &str) -> bool {
    let Ok(entries) = std::fs::read_dir(below) else { return false };
    entries.flatten().any(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => is_written(&entry.path(), canary),
        kind if kind.is_file() => {
            std::fs::read(entry.path()).unwrap().windows(canary.len()).any(|bytes| bytes == canary.as_bytes())
        }
        _ => false,
    })
}

both! {
    async fn who_signed_in_once_is_known_wherever_that_profile_is_and_nowhere_else() {
        let den = Den::with(|options| {
            let vault = std::sync::Arc::new(holt_store::FileVault::new(&options.data_dir));
            options.profiles = Some(ProfileStore::new(&options.data_dir, vault));
        });
        let profiles = den.options.profiles.clone().unwrap();
        let owner = OwnerId::new("owner");
        let profile = ProfileKey { owner: owner.clone(), name: ProfileName::new("work").unwrap() };
        let first = with_sign_in(&den, Some(&profile)).await;
        assert!(who(&den, first).await.contains("[nobody] null"));
        browsed(&den, first, "browser_open", json!({ "url": "http://127.0.0.1:8126/login" })).await;
        browsed(&den, first, "browser_evaluate", json!({ "script": "localStorage.setItem('who', 'CANARY-stored')" })).await;
        let known = who(&den, first).await;
        assert!(known.contains("stays=CANARY-stays") && known.contains("passes=CANARY-passes"), "{known}");

        let other = den.driver.open(holt_core::sandbox::SandboxSpec { profile: Some(profile.clone()), ..spec() }).await.unwrap_err();
        assert!(matches!(&other, SandboxError::CannotOpen { code, .. } if code == "profile_held"), "{other:?}");
        assert_eq!(profiles.list(&owner).unwrap()[0].held_by, Some(first));
        assert!(matches!(profiles.forget(&profile), Err(ProfileError::Held(_))));

        den.driver.close(first).await.unwrap();
        let kept = &profiles.list(&owner).unwrap()[0];
        assert!(kept.bytes > 0 && kept.kept_at.is_some() && kept.held_by.is_none(), "{kept:?}");
        let workspace = den.path(&format!("sessions/{first}/workspace"));
        assert!(is_written(&workspace, "CANARY"), "what is looked for can be found");
        std::fs::remove_dir_all(workspace).unwrap();
        assert!(!is_written(&den.options.data_dir, "CANARY"), "what the browser knew is in the clear on the disk");

        let without = with_sign_in(&den, None).await;
        assert!(who(&den, without).await.contains("[nobody] null"));
        den.driver.close(without).await.unwrap();

        let second = with_sign_in(&den, Some(&profile)).await;
        let known = who(&den, second).await;
        for canary in ["stays=CANARY-stays", "passes=CANARY-passes", "CANARY-stored"] {
            assert!(known.contains(canary), "{canary}: {known}");
        }
        // The next server finds it where it is, and seals it when that session's sandbox is gone.
        let next = ProfileStore::new(&den.options.data_dir, std::sync::Arc::new(holt_store::FileVault::new(&den.options.data_dir)));
        let successor = BwrapDriver::new(Options { epoch: 2, profiles: Some(next.clone()), ..den.options.clone() }).unwrap();
        assert_eq!(next.list(&owner).unwrap()[0].held_by, Some(second));
        successor.close(second).await.unwrap();
        assert!(!is_written(&den.path(&format!("sessions/{second}/browser")), "CANARY"));
        assert!(next.forget(&profile).unwrap());
        assert!(next.list(&owner).unwrap().is_empty());
    }
}
