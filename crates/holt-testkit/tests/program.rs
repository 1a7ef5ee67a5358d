//! The scripted model as a program.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use serde_json::json;

/// Runs the program with a script, posts one body, and gives the answer and how the program ended.
fn talk(body: &str) -> (String, Output) {
    let directory = holt_testkit::temp_dir();
    let script = directory.path().join("script.json");
    std::fs::write(&script, json!([{ "text": "Hello you", "calls": [{ "tool": "look", "arguments": {} }] }]).to_string())
        .unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_scripted-model"))
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(program.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
    let address = url.trim().strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    write!(
        connection,
        "POST /v1/messages HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-api-key: k\r\nanthropic-version: 2023-06-01\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    drop(program.stdin.take());
    (answer, program.wait_with_output().unwrap())
}

#[test]
fn it_answers_until_its_input_ends() {
    let body = json!({ "model": "m", "max_tokens": 1, "stream": true, "messages": [{ "role": "user", "content": "hi" }] });
    let (answer, ended) = talk(&body.to_string());
    assert!(answer.contains("text/event-stream") && answer.contains("Hello ") && answer.contains("message_stop"), "{answer}");
    assert!(ended.status.success(), "{ended:?}");
}

#[test]
fn it_fails_when_it_was_used_wrongly() {
    let (answer, ended) = talk("{}");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(!ended.status.success() && String::from_utf8_lossy(&ended.stderr).contains("model is missing"), "{ended:?}");
}
