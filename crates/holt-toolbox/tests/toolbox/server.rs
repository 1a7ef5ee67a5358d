//! The protocol: what the server says of itself, many calls at once, and messages that are no good.

use std::process::{Command, Stdio};

use crate::support::{launch, session, wait};
use holt_toolbox::MAX_REQUEST_BYTES;
use holt_toolbox::catalogue::catalogue;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, BufStream};
use tokio::net::UnixStream;

#[tokio::test]
async fn the_server_lists_what_the_catalogue_has() {
    let session = session().await;
    let tools = session.client.list_all_tools().await.unwrap();
    let here = || catalogue().iter().filter(|tool| !tool.browser);
    assert_eq!(tools.len(), here().count());
    for (listed, known) in tools.iter().zip(here()) {
        assert_eq!(listed.name, known.name);
        assert_eq!(listed.description.as_deref(), Some(known.description));
        assert_eq!(*listed.input_schema, known.input_schema);
        assert_eq!(listed.annotations.as_ref().unwrap().read_only_hint, Some(known.reads_only));
    }
    let info = session.client.peer_info().unwrap();
    assert_eq!(info.server_info.as_ref().unwrap().name, "holt-toolbox");
    session.close().await;
}

#[tokio::test]
async fn calls_run_beside_each_other() {
    let session = session().await;
    // Each waits for the other, so one after the other they would never end.
    let first = session
        .start(
            "execute_command",
            json!({"command": "mkfifo a; echo from-first > b-done; until [ -e c-done ]; do sleep 0.01; done"}),
        )
        .await;
    let second =
        session.start("execute_command", json!({"command": "until [ -e b-done ]; do sleep 0.01; done; touch c-done"})).await;
    let read = session.call("list_files", json!({})).await;
    assert!(!read.failed);
    assert!(!first.reply().await.failed && !second.reply().await.failed);
    session.close().await;
}

#[tokio::test]
async fn too_many_commands_are_refused_and_others_still_answered() {
    let session = session().await;
    let mut running = Vec::new();
    for _ in 0..24 {
        let command = json!({"command": "echo on; until [ -e go ]; do sleep 0.05; done", "timeout_seconds": 600});
        running.push(session.start("execute_command", command).await);
    }
    for running in &running {
        running.prints("on").await;
    }
    let refused = session.run("true").await;
    assert_eq!(refused.code(), "too_many_calls");
    assert!(refused.text.contains("24 commands are running already"), "{}", refused.text);
    session.call("list_processes", json!({})).await.ok();
    session.call("write_file", json!({"path": "go", "content": ""})).await.ok();
    for running in running {
        running.reply().await.ok();
    }
    session.run("true").await.ok();
    session.close().await;
}

#[tokio::test]
async fn a_wrong_call_is_told_and_ends_nothing() {
    let session = session().await;
    let wrong = session.call("read_file", json!({"file": "x"})).await;
    assert!(wrong.failed && wrong.code() == "bad_arguments" && wrong.text.contains("`path`"), "{wrong:?}");
    let unknown = rmcp::model::CallToolRequestParams::new("rm_rf");
    assert!(session.client.call_tool(unknown).await.unwrap_err().to_string().contains("no tool named `rm_rf`"));
    assert!(session.client.list_all_prompts().await.map(|prompts| prompts.is_empty()).unwrap_or(true));
    session.run("true").await.ok();
    session.close().await;
}

/// Speaks the protocol by hand, as the keeper does.
struct Wire {
    stream: BufStream<UnixStream>,
}

impl Wire {
    async fn send(&mut self, line: &str) {
        self.stream.write_all(line.as_bytes()).await.unwrap();
        self.stream.write_all(b"\n").await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn ask(&mut self, message: Value) -> Value {
        self.send(&message.to_string()).await;
        self.receive().await
    }

    async fn shake_hands(&mut self) {
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "keeper", "version": "1"}}});
        let answer = self.ask(hello).await;
        assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
        self.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    }
}

fn call(id: u64, name: &str, arguments: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
}

#[tokio::test]
async fn rubbish_on_the_wire_ends_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut process, stream) = launch(path, path, path, &[]);
    let mut wire = Wire { stream: BufStream::new(stream) };
    wire.shake_hands().await;
    for rubbish in ["", "{", "nonsense", "[]", "\u{0}", r#"{"jsonrpc":"2.0","method":"notifications/unheard-of"}"#] {
        wire.send(rubbish).await;
    }
    wire.send(&"x".repeat(MAX_REQUEST_BYTES + 10)).await;
    wire.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}"#).await;
    let mut answer = wire.ask(call(1, "execute_command", &json!({"command": "echo fine"}))).await;
    while answer["id"] != 1 {
        assert!(answer["error"].is_object(), "only complaints come before: {answer}");
        answer = wire.receive().await;
    }
    assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains("STDOUT:\nfine"));
    assert_eq!(answer["result"]["isError"], false);
    let unknown = wire.ask(json!({"jsonrpc": "2.0", "id": 2, "method": "no/such/method"})).await;
    assert_eq!(unknown["error"]["code"], -32601);
    drop(wire);
    assert!(wait(&mut process).await.success());
}

#[tokio::test]
async fn large_contents_go_both_ways() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut process, stream) = launch(path, path, path, &[]);
    let mut wire = Wire { stream: BufStream::new(stream) };
    wire.shake_hands().await;
    let content = "ünïcödé\n".repeat(400_000);
    let answer = wire.ask(call(1, "write_file", &json!({"path": "large", "content": content}))).await;
    assert_eq!(answer["result"]["structuredContent"]["size"], content.len());
    assert_eq!(std::fs::read_to_string(path.join("large")).unwrap(), content);
    drop(wire);
    assert!(wait(&mut process).await.success());
}

#[tokio::test]
async fn no_progress_is_sent_to_who_does_not_ask() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut process, stream) = launch(path, path, path, &[]);
    let mut wire = Wire { stream: BufStream::new(stream) };
    wire.shake_hands().await;
    let answer = wire.ask(call(1, "execute_command", &json!({"command": "seq 1 3"}))).await;
    assert_eq!(answer["id"], 1);
    let mut asking = call(2, "execute_command", &json!({"command": "echo heard"}));
    asking["params"]["_meta"] = json!({"progressToken": "call-2"});
    let progress = wire.ask(asking).await;
    assert_eq!(progress["method"], "notifications/progress");
    assert_eq!(progress["params"]["progressToken"], "call-2");
    assert_eq!(progress["params"]["message"], "heard\n");
    assert_eq!(wire.receive().await["id"], 2);
    drop(wire);
    assert!(wait(&mut process).await.success());
}

#[tokio::test]
async fn a_reader_that_does_not_read_holds_up_only_its_command() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut process, stream) = launch(path, path, path, &[]);
    let mut wire = Wire { stream: BufStream::new(stream) };
    wire.shake_hands().await;
    let mut flood = call(1, "execute_command", &json!({"command": "seq 1 300000; echo last"}));
    flood["params"]["_meta"] = json!({"progressToken": 1});
    wire.send(&flood.to_string()).await;
    // Nothing is read until the pipe and the socket are full; then everything comes, in order.
    let mut heard = String::new();
    let answer = loop {
        let message = wire.receive().await;
        match message["params"]["message"].as_str() {
            Some(piece) => heard.push_str(piece),
            None => break message,
        }
    };
    assert_eq!(answer["id"], 1);
    let expected: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(heard, format!("{expected}last\n"));
    drop(wire);
    assert!(wait(&mut process).await.success());
}

#[tokio::test]
async fn leaving_before_a_word_is_no_failure_and_a_missing_workspace_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut process, stream) = launch(path, path, path, &[]);
    drop(stream);
    assert!(wait(&mut process).await.success());
    let (mut process, stream) = launch(&path.join("none"), path, path, &[]);
    assert!(!wait(&mut process).await.success());
    let mut line = String::new();
    assert_eq!(BufReader::new(stream).read_line(&mut line).await.unwrap(), 0);
    let usage = Command::new(env!("CARGO_BIN_EXE_holt-toolbox")).stdin(Stdio::null()).status().unwrap();
    assert_eq!(usage.code(), Some(2));
}
