//! The gateway between programs as they are inside and providers as they are outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use holt_core::budget::{Bound, Reach, Reached, Usage};
use holt_core::id::SessionId;
use holt_gateway::{Gateway, House, Limits, Provider, Upstream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};

const SESSION: &str = "01920000-0000-7000-8000-000000000001";

type Used = (Provider, String, Usage);

struct TestHouse {
    address: SocketAddr,
    bound: Option<Reached>,
    used: mpsc::UnboundedSender<Used>,
}

#[async_trait]
impl House for TestHouse {
    async fn upstream(&self, _: Provider) -> Option<Upstream> {
        Some(Upstream { address: format!("http://{}", self.address), key: "sk-real".into() })
    }

    async fn refused(&self, _: SessionId) -> Result<Option<Reached>, ()> {
        Ok(self.bound)
    }

    async fn used(&self, session: SessionId, provider: Provider, model: String, usage: Usage) {
        assert_eq!(session.to_string(), SESSION);
        self.used.send((provider, model, usage)).unwrap();
    }
}

struct Street {
    gateway: Gateway,
    used: mpsc::UnboundedReceiver<Used>,
    /// What the provider was sent.
    asked: Arc<Mutex<String>>,
}

fn street(address: SocketAddr, bound: Option<Reached>) -> Street {
    let (sender, used) = mpsc::unbounded_channel();
    let house = TestHouse { address, bound, used: sender };
    let gateway = Gateway::new(Arc::new(house), Limits { body: 4096, ..Limits::default() });
    Street { gateway, used, asked: Arc::default() }
}

/// With a provider that answers one request with this, and ends, or waits until whoever asked has gone, which it tells.
async fn with_provider(answer: &'static str, ends: bool, bound: Option<Reached>) -> (Street, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let street = street(listener.local_addr().unwrap(), bound);
    let (tell, gone) = oneshot::channel();
    let asked = Arc::clone(&street.asked);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut request, mut length) = (vec![0; 64 * 1024], 0);
        while !is_whole(&request[..length]) {
            length += stream.read(&mut request[length..]).await.unwrap();
        }
        *asked.lock().unwrap() = String::from_utf8_lossy(&request[..length]).into_owned();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if !ends {
            let _ = stream.read(&mut request).await;
            let _ = tell.send(());
        }
    });
    (street, gone)
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |text| text.parse().unwrap())
}

impl Street {
    async fn post(&self, path: &str, token: &str, body: &str) -> DuplexStream {
        let (mut ours, theirs) = tokio::io::duplex(256 * 1024);
        let gateway = self.gateway.clone();
        tokio::spawn(async move { gateway.serve(SESSION.parse().unwrap(), "holt-token", theirs).await });
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        ours.write_all(request.as_bytes()).await.unwrap();
        ours
    }

    async fn say(&self, path: &str, body: &Value) -> String {
        let mut answer = String::new();
        self.post(path, "holt-token", &body.to_string()).await.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn asked(&self) -> String {
        self.asked.lock().unwrap().clone()
    }
}

fn usage(input: u64, output: u64) -> Usage {
    Usage { input_tokens: input, output_tokens: output, ..Usage::default() }
}

const CHAT: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nset-cookie: a=b\r\nconnection: close\r\n\r\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"otter\"}}]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn a_stream_of_chat_is_counted_without_its_program_noticing() {
    let (mut street, _) = with_provider(CHAT, true, None).await;
    let body = json!({ "model": "gpt-x", "stream": true, "messages": [{ "role": "user", "content": "x" }] });
    let answer = street.say("/openai/v1/chat/completions", &body).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("otter") && answer.contains("[DONE]"), "{answer}");
    assert!(!answer.contains("usage") && !answer.contains("set-cookie"), "{answer}");
    assert_eq!(street.used.recv().await.unwrap(), (Provider::OpenAi, "gpt-x".into(), usage(5, 2)));
    let asked = street.asked();
    assert!(asked.starts_with("POST /v1/chat/completions ") && asked.contains("authorization: Bearer sk-real"), "{asked}");
    assert!(asked.contains("include_usage") && !asked.contains("holt-token"), "{asked}");
}

#[tokio::test]
async fn the_model_of_gemini_is_in_the_path_and_its_token_goes_no_further() {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
        {\"candidates\":[],\"usageMetadata\":{\"promptTokenCount\":3,\"candidatesTokenCount\":4}}";
    let (mut street, _) = with_provider(answer, true, None).await;
    let body = json!({ "contents": [{ "parts": [{ "text": "x" }] }] });
    let answer = street.say("/gemini/v1beta/models/gemini-x:generateContent?key=holt-token", &body).await;
    assert!(answer.contains("candidatesTokenCount"), "{answer}");
    assert_eq!(street.used.recv().await.unwrap(), (Provider::Gemini, "gemini-x".into(), usage(3, 4)));
    let asked = street.asked();
    assert!(asked.contains("x-goog-api-key: sk-real") && !asked.contains("holt-token"), "{asked}");
}

#[tokio::test]
async fn who_goes_in_the_middle_stops_the_provider_and_has_used_what_was_said() {
    let begun = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n\
        data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":9,\"output_tokens\":1}}}\n\n";
    let (mut street, gone) = with_provider(begun, false, None).await;
    let body = json!({ "model": "m", "max_tokens": 1, "stream": true, "messages": [] }).to_string();
    let mut stream = street.post("/anthropic/v1/messages", "holt-token", &body).await;
    let (mut heard, mut buffer) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&heard).contains("message_start") {
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&buffer[..length]);
    }
    drop(stream);
    gone.await.unwrap();
    assert_eq!(street.used.recv().await.unwrap(), (Provider::Anthropic, "m".into(), usage(9, 1)));
}

#[tokio::test]
async fn what_is_refused_is_said_as_the_provider_would_and_reaches_nobody() {
    let (street, _) =
        with_provider(CHAT, true, Some(Reached { bound: Bound::Cost, of: Reach::Session, used: 1, limit: 1 })).await;
    let chat = |content: &str| json!({ "model": "m", "messages": [{ "role": "user", "content": content }] });
    let spent = street.say("/openai/v1/chat/completions", &chat("x")).await;
    assert!(spent.starts_with("HTTP/1.1 403") && spent.contains(r#""code":"holt_budget""#), "{spent}");
    let large = street.say("/openai/v1/chat/completions", &chat(&"x".repeat(5000))).await;
    assert!(large.starts_with("HTTP/1.1 413"), "{large}");
    let other = street.say("/gemini/v1beta/files", &json!({})).await;
    assert!(other.starts_with("HTTP/1.1 404") && other.contains(r#""status":"NOT_FOUND""#), "{other}");
    let mut answer = String::new();
    let mut stranger = street.post("/anthropic/v1/messages", "holt-tokem", "{}").await;
    stranger.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("authentication_error"), "{answer}");
    assert_eq!(street.asked(), "", "nothing of it went out");
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_said_to_be_out_of_reach() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let answer = street(gone, None).say("/openai/v1/responses", &json!({ "model": "m", "input": "x" })).await;
    assert!(answer.starts_with("HTTP/1.1 502") && answer.contains("holt_unreachable"), "{answer}");
    assert!(!answer.contains("127.0.0.1"), "where it would be is nobody's business inside: {answer}");
}
