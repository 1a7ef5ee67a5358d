//! Terminals over the real routes and sockets; what would run in them is played.

use futures::{SinkExt as _, StreamExt as _};
use holt_core::access::Scope;
use holt_core::id::{SessionId, TerminalId};
use holt_core::terminal::{TerminalExit, TerminalSize};
use holt_testkit::{Operation, within};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Feed, TestServer};

async fn open_with(server: &TestServer, key: &str, session: SessionId, body: Value) -> TerminalId {
    let made = server.stranger().with_key(key).post(&format!("/v2/sessions/{session}/terminals"), &body).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["id"].as_str().unwrap().parse().unwrap()
}

async fn open(server: &TestServer, session: SessionId) -> TerminalId {
    open_with(server, &server.key, session, json!({ "rows": 24, "cols": 80 })).await
}

async fn ids(server: &TestServer, key: &str, session: SessionId) -> Vec<String> {
    let list = server.stranger().with_key(key).get(&format!("/v2/sessions/{session}/terminals")).await.json();
    list["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

fn path(session: SessionId, terminal: TerminalId) -> String {
    format!("/v2/sessions/{session}/terminals/{terminal}")
}

/// One viewer. What it is sent, in the order in which it came.
struct Viewer {
    feed: Feed,
    attached: Value,
    seen: Vec<u8>,
}

/// What comes over the socket.
#[derive(Debug)]
enum Said {
    Bytes(Vec<u8>),
    Word(Value),
    End,
}

impl Viewer {
    async fn open(
        server: &TestServer,
        key: &str,
        session: SessionId,
        terminal: TerminalId,
        from: Option<u64>,
    ) -> Result<Self, u16> {
        let query = from.map_or_else(String::new, |from| format!("?from={from}"));
        let target = format!("{}/socket{query}", path(session, terminal));
        let mut feed = Feed::try_open(server.address, &target, &[("authorization", &format!("Bearer {key}"))]).await?;
        let attached = feed.next().await.expect("the first word");
        assert_eq!(attached["type"], "attached");
        Ok(Self { feed, attached, seen: Vec::new() })
    }

    async fn next(&mut self) -> Said {
        loop {
            match within("something of the terminal", self.feed.socket.next()).await {
                Some(Ok(Message::Binary(bytes))) => return Said::Bytes(bytes.to_vec()),
                Some(Ok(Message::Text(text))) => return Said::Word(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Said::End,
                Some(Ok(_)) => {}
            }
        }
    }

    async fn sees(&mut self, text: &str) {
        while !String::from_utf8_lossy(&self.seen).contains(text) {
            match self.next().await {
                Said::Bytes(bytes) => self.seen.extend(bytes),
                Said::Word(_) => {}
                Said::End => panic!("the end before {text:?}; seen: {:?}", String::from_utf8_lossy(&self.seen)),
            }
        }
    }

    async fn hears(&mut self, word: &str) -> Value {
        loop {
            match self.next().await {
                Said::Word(said) if said["type"] == word => return said,
                Said::End => panic!("the end before `{word}`"),
                Said::Bytes(_) | Said::Word(_) => {}
            }
        }
    }

    async fn types(&mut self, text: &str) {
        self.feed.socket.send(Message::binary(text.as_bytes().to_vec())).await.unwrap();
    }

    async fn ended(&mut self) {
        while !matches!(self.next().await, Said::End) {}
    }
}

#[tokio::test]
async fn a_terminal_is_opened_typed_in_resized_and_closed() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let body = json!({ "rows": 24, "cols": 80, "title": "build", "command": ["top", "-d", "1"] });
    let terminal = open_with(&server, &server.key, session, body).await;
    let spec = server.sandboxes.terminal(session, terminal).expect("the session was woken for it");
    assert_eq!((spec.argv, spec.size), (vec!["top".into(), "-d".into(), "1".into()], TerminalSize { rows: 24, cols: 80 }));
    let mut viewer = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    assert_eq!((&viewer.attached["writable"], &viewer.attached["size"]["cols"]), (&json!(true), &json!(80)));
    viewer.types("hello").await;
    viewer.sees("hello").await;
    let mut other = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    viewer.feed.say(r#"{"type":"resize","rows":30,"cols":100}"#).await;
    assert_eq!(other.hears("resized").await["size"], json!({ "rows": 30, "cols": 100 }));
    assert_eq!(server.sandboxes.terminal(session, terminal).unwrap().size, TerminalSize { rows: 30, cols: 100 });
    viewer.feed.say(r#"{"type":"resize","rows":0,"cols":65535}"#).await;
    viewer.types("!").await;
    viewer.sees("!").await;
    assert_eq!(server.sandboxes.terminal(session, terminal).unwrap().size, TerminalSize { rows: 30, cols: 100 }, "nonsense");
    let listed = server.client().get(&format!("/v2/sessions/{session}/terminals")).await.json();
    assert_eq!((&listed["items"][0]["title"], &listed["items"][0]["mine"]), (&json!("build"), &json!(true)));
    assert_eq!(server.client().delete(&path(session, terminal)).await.status, 204);
    viewer.hears("closed").await;
    viewer.ended().await;
    assert_eq!(server.client().delete(&path(session, terminal)).await.code(), "terminal_not_found");
    let log = server.client().get(&format!("/v2/sessions/{session}/events?limit=1000")).await;
    assert!(log.text().contains("terminal_opened") && log.text().contains("terminal_closed"));
    assert!(!log.text().contains("hello"), "what is typed is in no log");
    drop((viewer, other));
    server.stop().await;
}

#[tokio::test]
async fn nonsense_is_refused() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}/terminals");
    for (body, code) in [
        (json!({ "rows": 0, "cols": 80 }), "bad_size"),
        (json!({ "rows": 24, "cols": 5000 }), "bad_size"),
        (json!({ "rows": 24, "cols": 80, "command": [""] }), "bad_command"),
        (json!({ "rows": 24, "cols": 80, "command": ["a\u{0}b"] }), "bad_command"),
        (json!({ "rows": 24, "cols": 80, "command": ["x".repeat(20_000)] }), "bad_command"),
        (json!({ "rows": 24, "cols": 80, "title": "a\nb" }), "bad_title"),
    ] {
        let refused = server.client().post(&path, &body).await;
        assert_eq!((refused.status, refused.code().as_str()), (400, code), "{body}");
    }
    let terminal = open(&server, session).await;
    let mut viewer = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    viewer.feed.say("nonsense").await;
    viewer.ended().await;
    let plain = server.client().get(&format!("{path}/{terminal}/socket")).await;
    assert_eq!((plain.status, plain.code()), (426, "upgrade_required".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn a_private_terminal_is_there_for_its_key_alone() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let other = server.key("owner", &[Scope::Operate]).await;
    let terminal = open(&server, session).await;
    assert_eq!(ids(&server, &server.key, session).await, [terminal.to_string()]);
    assert!(ids(&server, &other, session).await.is_empty());
    assert_eq!(Viewer::open(&server, &other, session, terminal, None).await.err(), Some(404));
    let others = server.stranger().with_key(&other);
    assert_eq!(others.delete(&path(session, terminal)).await.code(), "terminal_not_found");
    assert_eq!(others.patch(&path(session, terminal), &json!({ "shared": true })).await.code(), "terminal_not_found");

    let shared = server.client().patch(&path(session, terminal), &json!({ "shared": true, "title": "ours" })).await;
    assert_eq!((shared.status, &shared.json()["title"]), (200, &json!("ours")));
    let mut watching = Viewer::open(&server, &other, session, terminal, None).await.unwrap();
    watching.types("from the other").await;
    watching.sees("from the other").await;
    let refused = others.patch(&path(session, terminal), &json!({ "shared": false })).await;
    assert_eq!(refused.code(), "terminal_of_another");
    server.client().patch(&path(session, terminal), &json!({ "shared": false })).await;
    watching.hears("closed").await;
    watching.ended().await;
    let stranger = server.key("somebody", &[Scope::Operate]).await;
    assert_eq!(Viewer::open(&server, &stranger, session, terminal, None).await.err(), Some(404));
    server.stop().await;
}

#[tokio::test]
async fn who_may_only_look_watches_a_shared_one_and_writes_nothing() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let terminal = open_with(&server, &server.key, session, json!({ "rows": 24, "cols": 80, "shared": true })).await;
    let looking = server.stranger().with_key(&key);
    let body = json!({ "rows": 24, "cols": 80 });
    assert_eq!(looking.post(&format!("/v2/sessions/{session}/terminals"), &body).await.status, 403);
    assert_eq!(looking.delete(&path(session, terminal)).await.status, 403);
    let mut viewer = Viewer::open(&server, &key, session, terminal, None).await.unwrap();
    assert_eq!(viewer.attached["writable"], false);
    viewer.types("not allowed").await;
    viewer.feed.say(r#"{"type":"resize","rows":30,"cols":100}"#).await;
    let mut owner = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    owner.types("allowed").await;
    viewer.sees("allowed").await;
    assert_eq!(server.sandboxes.asked(Operation::WriteTerminal, Some(session)), 1);
    assert_eq!(server.sandboxes.terminal(session, terminal).unwrap().size.cols, 80);
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    viewer.ended().await;
    drop(owner);
    server.stop().await;
}

#[tokio::test]
async fn a_browser_comes_with_a_ticket_for_this_terminal_alone() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (one, other) = (open(&server, session).await, open(&server, session).await);
    let target = format!("{}/socket", path(session, one));
    let ticket = async || {
        let made = server.client().post("/v2/tickets", &json!({ "verb": "GET", "path": target })).await;
        made.json()["ticket"].as_str().unwrap().to_owned()
    };
    let ticket_used = ticket().await;
    let with = format!("{target}?ticket={ticket_used}");
    assert!(Feed::try_open(server.address, &with, &[]).await.is_ok());
    assert_eq!(Feed::try_open(server.address, &with, &[]).await.err(), Some(401), "once");
    let elsewhere = format!("{}/socket?ticket={}", path(session, other), ticket().await);
    assert_eq!(Feed::try_open(server.address, &elsewhere, &[]).await.err(), Some(401));
    assert_eq!(Feed::try_open(server.address, &target, &[]).await.err(), Some(401));
    server.stop().await;
}

#[tokio::test]
async fn who_comes_back_gets_exactly_what_came_since() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let terminal = open(&server, session).await;
    let mut stream: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    server.sandboxes.put_out(session, terminal, &stream);
    for from in [0, 1, 65_535, 65_536, 131_071, 199_999, 200_000] {
        let mut viewer = Viewer::open(&server, &server.key, session, terminal, Some(from)).await.unwrap();
        assert_eq!((&viewer.attached["offset"], &viewer.attached["screen"]), (&json!(from), &json!(false)));
        while viewer.seen.len() < stream.len() - from as usize {
            let Said::Bytes(bytes) = viewer.next().await else { panic!("no bytes") };
            viewer.seen.extend(bytes);
        }
        assert!(viewer.seen == stream[from as usize..], "from {from}");
        server.sandboxes.put_out(session, terminal, b"+more");
        stream.extend(b"+more");
        viewer.sees("+more").await;
    }
    let ahead = Viewer::open(&server, &server.key, session, terminal, Some(9_999_999)).await.unwrap();
    assert_eq!(ahead.attached["screen"], true, "an offset that never was");
    server.stop().await;
}

#[tokio::test]
async fn who_comes_late_or_is_too_slow_sees_the_present_screen() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let terminal = open(&server, session).await;
    server.sandboxes.put_out(session, terminal, &b"old line\r\n".repeat(150_000));
    server.sandboxes.put_out(session, terminal, b"\x1b[2J\x1b[Hthe present screen");
    let mut late = Viewer::open(&server, &server.key, session, terminal, Some(10)).await.unwrap();
    assert_eq!(late.attached["screen"], true, "what came after its offset is not kept");
    assert_eq!(late.attached["offset"], 150_000 * 10 + 25);
    late.sees("the present screen").await;
    late.seen.clear();
    late.feed.say(r#"{"type":"shown","offset":1500025}"#).await;
    late.types("heard").await;
    late.sees("heard").await;
    server.sandboxes.put_out(session, terminal, &b"x".repeat(600_000));
    let mut got = 0;
    while got < 500_000 {
        let Said::Bytes(bytes) = late.next().await else { panic!("no bytes") };
        got += bytes.len();
    }
    assert!(got < 600_000, "no more than it can show: {got}");
    server.sandboxes.put_out(session, terminal, &b"y".repeat(2_000_000));
    server.sandboxes.put_out(session, terminal, b"\x1b[2J\x1b[Hthe newest screen");
    let written = 1_500_025 + 5 + 2_600_000 + 24;
    let other = Viewer::open(&server, &server.key, session, terminal, Some(written)).await.unwrap();
    assert_eq!(other.attached["screen"], false, "all of it is read");
    late.feed.say(&json!({ "type": "shown", "offset": 1_500_030 + got }).to_string()).await;
    let behind = late.hears("behind").await;
    assert_eq!(behind["offset"], written);
    late.seen.clear();
    late.sees("the newest screen").await;
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_a_program_comes_after_its_last_words() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let terminal = open(&server, session).await;
    let mut viewer = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    server.sandboxes.put_out(session, terminal, b"last words");
    server.sandboxes.end_terminal(session, terminal, TerminalExit::Code { code: 3 });
    viewer.sees("last words").await;
    assert_eq!(viewer.hears("exited").await["exit"], json!({ "how": "code", "code": 3 }));
    viewer.ended().await;
    let list = server.client().get(&format!("/v2/sessions/{session}/terminals")).await.json();
    assert_eq!(list["items"][0]["exit"]["code"], 3);
    let mut late = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    late.sees("last words").await;
    late.hears("exited").await;
    server.stop().await;
}

#[tokio::test]
async fn a_program_that_does_not_read_is_said_to_whoever_types() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let terminal = open(&server, session).await;
    let mut viewer = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    let full = holt_core::sandbox::SandboxError::Faulty("the program does not read what is typed".into());
    server.sandboxes.fail(Operation::WriteTerminal, 1, full);
    viewer.types("lost").await;
    viewer.hears("not_taken").await;
    viewer.types("taken").await;
    viewer.sees("taken").await;
    drop(viewer);
    server.stop().await;
}

#[tokio::test]
async fn the_end_of_the_sandbox_ends_its_viewers() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let terminal = open(&server, session).await;
    let mut viewer = Viewer::open(&server, &server.key, session, terminal, None).await.unwrap();
    server.sandboxes.lose(session);
    viewer.hears("closed").await;
    assert!(ids(&server, &server.key, session).await.is_empty());
    server.stop().await;
}
