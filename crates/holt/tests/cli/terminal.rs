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
    terminal.expect("holt models add");
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

fn size_of(terminal: &Terminal, rows: u16, cols: u16) {
    let size = rustix::termios::Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&terminal.side, size).unwrap();
}

/// As [`Terminal::start`], with the terminal as the one that controls the command, as a shell gives it to those it starts.
fn start_in_control(home: &Home, arguments: &[&str], rows: u16, cols: u16) -> (Terminal, Child) {
    let (terminal, other) = Terminal::open();
    size_of(&terminal, rows, cols);
    let holt = home.command(arguments);
    let mut command = std::process::Command::new("setsid");
    command.args(["--ctty", "--wait"]).arg(holt.get_program()).args(holt.get_args()).env_clear();
    command.envs(holt.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(home.project());
    let stdio = || Stdio::from(other.try_clone().unwrap());
    let child = command.stdin(stdio()).stdout(stdio()).stderr(stdio()).spawn().unwrap();
    (terminal, child)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_types_in_a_terminal_of_the_sandbox_leaves_it_and_comes_back() {
    let home = Home::new();
    let _server = home.serve();
    let client = Client::local(home.data_dir());
    let session = client.create_session(&CreateSession::default()).await.unwrap().id.to_string();
    let (mut terminal, mut child) = start_in_control(&home, &["terminal", &session], 30, 100);
    terminal.type_in("stty size; printf 'o\\033]52;c;ZXZpbA==\\007k \\033[31mred\\033]0;title\\007\\n'\r");
    terminal.expect("30 100");
    terminal.expect("ok \x1b[31mred\r\n");
    size_of(&terminal, 40, 120);
    terminal.type_in("until [ \"$(stty size)\" = '40 120' ]; do sleep 0.01; done; echo larg''er; here=yes\r");
    terminal.expect("larger");
    terminal.type_in("\x1d");
    terminal.expect("goes back");
    assert!(child.wait().unwrap().success());
    let seen = terminal.all();
    assert!(!seen.contains("\x1b]"), "{seen:?}");
    assert!(seen.contains("\x1b[?1049l"), "the person's terminal is put back: {seen:?}");

    let open = home.holt(&["terminal", &session, "--list"]).good();
    let id = open.split_whitespace().next().unwrap().to_owned();
    let (mut terminal, mut child) = start_in_control(&home, &["terminal", &session, "--attach", &id], 24, 80);
    terminal.expect("larger");
    terminal.type_in("echo \"still:$here\"; exit 7\r");
    terminal.expect("still:yes");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(terminal.all().contains("ended with code 7"));
    assert_eq!(home.holt(&["terminal", &session, "--list"]).good().trim(), "");

    let (terminal, mut child) = start_in_control(&home, &["terminal", &session, "--", "echo", "one", "word"], 24, 80);
    let seen = terminal.all();
    assert!(child.wait().unwrap().success(), "{seen:?}");
    assert!(seen.contains("one word"), "{seen:?}");
    home.holt(&["terminal", &session]).failed(2, &["needs a terminal"]);
}
