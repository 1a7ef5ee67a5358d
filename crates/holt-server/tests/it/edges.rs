//! What no well-behaved client does.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::harness::{TestServer, exchange, open, read_head};

async fn impatient() -> TestServer {
    TestServer::start_with(|options| {
        options.timing.head = Duration::from_millis(300);
        options.timing.stall = Duration::from_millis(300);
        options.timing.body = Duration::from_millis(300);
    })
    .await
}

#[tokio::test]
async fn a_giant_head_is_refused() {
    let server = TestServer::start().await;
    let giant = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    assert!(exchange(server.address, giant.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET /health HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(200));
    assert!(exchange(server.address, many.as_bytes()).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(100_000));
    let head = exchange(server.address, long.as_bytes()).await;
    assert!(head.starts_with("HTTP/1.1 4"), "{head}");
    server.stop().await;
}

#[tokio::test]
async fn a_slow_or_silent_sender_is_let_go() {
    let server = impatient().await;
    for beginning in ["", "G", "PRI * HT", "GET /health HTTP/1.1\r\nHost: loc"] {
        let mut stream = open(server.address).await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = holt_testkit::within("the end of the connection", stream.read_to_end(&mut rest)).await;
        assert!(ended.is_err() || rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{beginning:?}");
    }
    // One that sends its body a little at a time is let go too.
    let mut stream = open(server.address).await;
    let head = format!(
        "POST /v2/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        server.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    holt_testkit::within("the end of the connection", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"body_timeout\""), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_let_go() {
    let server = impatient().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}");
    let mut stream = open(server.address).await;
    let head = format!(
        "GET {path}/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: Bearer {}\r\n\r\n",
        server.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 200"));
    // It hears of ever more and never reads: once nothing fits any more, it has its time, and then it is gone.
    let prompt = json!({ "text": "x".repeat(250_000), "when_busy": "interrupt" });
    holt_testkit::within("the end of the follower", async {
        while server.engine.status().await.followers > 0 {
            let _ = server.client().post(&format!("{path}/prompts"), &prompt).await;
        }
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn smuggled_requests_are_refused() {
    let server = TestServer::start().await;
    let key = &server.key;
    let framings = ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 5"];
    for framing in framings {
        let both = format!(
            "POST /v2/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n{framing}\r\n\r\n0\r\n\r\nGET /v2/me HTTP/1.1\r\nHost: localhost\r\n\r\n"
        );
        let mut stream = open(server.address).await;
        stream.write_all(both.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut text = String::new();
        holt_testkit::within("the answers", stream.read_to_string(&mut text)).await.unwrap();
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "the second request is nobody's: {framing}: {text}");
        assert!(text.contains("connection: close"), "{framing}: {text}");
    }
    for bad in [
        "POST /v2/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v2/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: +2\r\n\r\n{}",
        "POST /v2/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n{}",
        "GET /health HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\n Host: localhost\r\n\r\n",
        "NONSENSE\r\n\r\n",
    ] {
        let head = exchange(server.address, bad.as_bytes()).await;
        assert!(head.is_empty() || head.starts_with("HTTP/1.1 4"), "{bad:?}: {head}");
    }
    server.stop().await;
}

#[tokio::test]
async fn bodies_are_bounded_and_refused_in_words() {
    let server = TestServer::start().await;
    let client = server.client();
    let send = |kind: &'static str, body: Vec<u8>| {
        let request = client.request(Method::POST, "/v2/sessions").header("content-type", kind).body(body);
        let client = client.clone();
        async move { client.send(request).await }
    };
    let large = send("application/json", vec![b' '; 2_000_000]).await;
    assert_eq!((large.status, large.code().as_str()), (413, "too_large"));
    assert_eq!(send("text/plain", b"{}".to_vec()).await.code(), "unsupported_media_type");
    assert_eq!(send("application/x-www-form-urlencoded", b"{}".to_vec()).await.code(), "unsupported_media_type");
    assert_eq!(send("application/json", b"{".to_vec()).await.code(), "bad_json");
    let unknown = send("application/json", br#"{"titel":"x"}"#.to_vec()).await;
    assert_eq!(unknown.code(), "unknown_field");
    assert!(unknown.json()["message"].as_str().unwrap().contains("titel"));
    assert_eq!(send("application/json", br#"{"limits":{"memory_bytes":1}}"#.to_vec()).await.code(), "bad_limits");
    assert_eq!(send("application/json; charset=utf-8", b"{}".to_vec()).await.status, 201);
    assert_eq!(send("application/json", Vec::new()).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_same_words_everywhere() {
    let server = TestServer::start().await;
    let client = server.client();
    assert_eq!(client.get("/v2/nothing").await.code(), "route_not_found");
    assert_eq!(client.clone().with("accept", "text/html").get("/v2/nothing").await.code(), "route_not_found");
    assert_eq!(client.post("/nothing", &json!({})).await.code(), "route_not_found");
    assert_eq!(client.delete("/v2/sessions").await.code(), "method_not_allowed");
    assert_eq!(client.get("/v2/sessions/not-an-id").await.code(), "bad_id");
    assert_eq!(client.get("/v2/sessions/01920000000070008000000000000000").await.code(), "bad_id");
    assert_eq!(client.get("/v2/sessions?cursor=x").await.code(), "bad_cursor");
    assert_eq!(client.get("/v2/sessions?status=odd").await.code(), "bad_query");
    let odd = client.send(client.request(Method::from_bytes(b"ODD").unwrap(), "/v2/sessions")).await;
    assert_eq!(odd.code(), "method_not_allowed");
    server.stop().await;
}

#[tokio::test]
async fn every_answer_is_safe_and_has_an_id() {
    let server = TestServer::start().await;
    let client = server.client();
    for path in ["/", "/health", "/v2/me", "/v2/nothing", "/docs", "/openapi.json", "/nothing.js"] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(reply.header("x-request-id").len(), 36, "{path}");
        assert_eq!(reply.header("set-cookie"), "", "{path}");
    }
    let named = client.clone().with("x-request-id", "trace-7").get("/v2/nothing").await;
    assert_eq!((named.header("x-request-id"), &named.json()["request_id"]), ("trace-7", &json!("trace-7")));
    assert_ne!(client.with("x-request-id", "a b").get("/v2/me").await.header("x-request-id"), "a b");
    server.stop().await;
}
