//! The program on a real terminal, where a person sits.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use holt_api::{CreateSession, Policy, Verdict};
use holt_client::Client;
use holt_testkit::{Script, ScriptedModel};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use crate::support::Home;

/// A terminal, and what appeared on it so far.
struct Terminal {
    side: File,
    seen: String,
}

impl Terminal {
    fn open() -> (Self, OwnedFd) {
        let side = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&side).unwrap();
        unlockpt(&side).unwrap();
        let name = ptsname(&side, Vec::new()).unwrap();
        let other = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        (Self { side: File::from(side), seen: String::new() }, other)
    }

    /// Starts a command that has this terminal and nothing else.
    fn start(home: &Home, arguments: &[&str]) -> (Self, Child) {
        let (terminal, other) = Self::open();
        let stdio = || Stdio::from(other.try_clone().unwrap());
        let child = home.command(arguments).stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
        (terminal, child)
    }

    /// Reads until this appears.
    fn expect(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            let count = self.side.read(&mut bytes).unwrap_or(0);
            assert!(count > 0, "the terminal closed without `{text}`: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    }

    /// Everything that appeared until nobody has the terminal any more.
    fn all(mut self) -> String {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = self.side.read(&mut bytes) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        self.seen
    }

    fn type_in(&mut self, text: &str) {
        self.side.write_all(text.as_bytes()).unwrap();
    }
}

#[test]
fn a_person_gets_a_sign_in_link() {
    let home = Home::new();
    let (mut terminal, mut child) = Terminal::start(&home, &["serve", "--listen", "127.0.0.1:0"]);
    terminal.expect("/#code=");
    terminal.expect("set ANTHROPIC_API_KEY");
    home.holt(&["ls"]).good();
    home.holt(&["stop", "server"]).good();
    assert!(child.wait().unwrap().success());
    let seen = terminal.all();
    assert!(!seen.contains("/v2/sessions"), "requests are not for a person: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_and_answers() {
    let hidden = "true \x1b[8m; touch allowed \u{202e}";
    let call = |command: &str| Script::default().call("execute_command", &json!({ "command": command })).into();
    let model = ScriptedModel::start([call(hidden), call("touch denied"), Script::default().text("The end.").into()]).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-x");
    let _server = home.serve();
    let policy = Some(Policy { otherwise: Verdict::Ask, ..Policy::default() });
    let client = Client::local(home.data_dir());
    client.create_session(&CreateSession { policy, ..CreateSession::default() }).await.unwrap();
    let (mut terminal, mut child) = Terminal::start(&home, &["send", "last", "try two things"]);
    terminal.expect("command: true ␛[8m; touch allowed <U+202E>");
    terminal.expect("Allow this? [y/N]");
    terminal.type_in("y\n");
    terminal.expect("command: touch denied");
    terminal.type_in("n\n");
    terminal.expect("denied");
    terminal.expect("The end.");
    assert!(child.wait().unwrap().success());
    assert!(!terminal.seen.contains(['\x1b', '\u{202e}']), "{:?}", terminal.seen);
    let files = home.holt(&["get", "last", "--list"]).good();
    assert!(files.contains("allowed") && !files.contains("denied"), "{files}");
    model.finish();
}
