//! Servers over HTTP: real ones of the protocol's makers, and answers that are none.

use std::process::Stdio;

use holt_core::elsewhere::ToolServerError;
use holt_core::tool::CallStatus;
use holt_testkit::within;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use crate::support::{Den, installed, text};

/// The makers' own server over streamable HTTP, and its port.
async fn everything() -> (tokio::process::Child, u16) {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let mut child = tokio::process::Command::new("node")
        .arg(installed("node_modules/@modelcontextprotocol/server-everything/dist/index.js"))
        .arg("streamableHttp")
        .env("PORT", port.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    within("the server", async { while !lines.next_line().await.unwrap().unwrap_or_default().contains("listening") {} }).await;
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, port)
}

#[tokio::test]
async fn a_server_is_reached_over_http() {
    let den = Den::new().await;
    let (mut child, port) = everything().await;
    den.take("far", json!({ "type": "http", "url": format!("http://127.0.0.1:{port}/mcp") })).await;
    let echoed = den.call("far__echo", json!({ "message": "otters" })).await;
    assert!(echoed.status == CallStatus::Succeeded && text(&echoed).contains("otters"), "{echoed:?}");
    child.kill().await.unwrap();
    let gone = den.call("far__echo", json!({ "message": "otters" })).await;
    assert!(matches!(gone.status, CallStatus::Failed | CallStatus::Interrupted), "{gone:?}");
    den.end().await;
}

/// Answers every request with these bytes.
async fn answering(bytes: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _ = stream.read(&mut head).await;
                let _ = stream.write_all(&bytes).await;
            });
        }
    });
    port
}

#[tokio::test]
async fn answers_that_are_none_are_refused_in_words() {
    let den = Den::new().await;
    let giant = "x".repeat(9 << 20);
    let secret = "location: http://127.0.0.1:1/secret";
    for (answer, word) in [
        (format!("HTTP/1.1 307 Gone\r\n{secret}\r\ncontent-length: 0\r\n\r\n"), "307"),
        ("HTTP/1.1 401 No\r\nwww-authenticate: Bearer\r\ncontent-length: 0\r\n\r\n".to_owned(), "login"),
        ("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\nhome".to_owned(), "MCP"),
        ("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}".to_owned(), "MCP"),
        (format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{giant}"), "MCP"),
    ] {
        let port = answering(answer.into_bytes()).await;
        den.put("far", json!({ "type": "http", "url": format!("http://127.0.0.1:{port}/mcp") })).await;
        let refused = den.test("far").await.unwrap_err();
        let ToolServerError::Unusable { why, .. } = &refused else { panic!("{refused:?}") };
        assert!(why.contains(word), "{word}: {why}");
    }
    den.end().await;
}

#[tokio::test]
async fn a_secret_goes_to_its_server_in_a_header() {
    let den = Den::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let headers = json!({ "Authorization": "Bearer ${TOKEN}" });
    den.put("far", json!({ "type": "http", "url": format!("http://127.0.0.1:{port}/mcp"), "headers": headers })).await;
    den.keep("far", "TOKEN", "canary-77").await;
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let refused = den.test("far").await.unwrap_err();
    assert!(!refused.to_string().contains("canary"), "{refused}");
    assert!(within("a request", heard).await.unwrap().to_lowercase().contains("authorization: bearer canary-77"));
    den.end().await;
}
