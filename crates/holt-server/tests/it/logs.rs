//! What the log says, and what it never says.

use std::io;
use std::sync::{Arc, Mutex};

use holt_server::VncPorts;
use serde_json::json;

use crate::harness::{Client, TestServer};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn requests_are_logged_without_what_opens_doors() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = TestServer::start_with(|options| {
        options.management_key = Some("canary-of-the-environment".into());
        let addresses = vec![[127, 0, 0, 1].into()];
        options.vnc_ports = Some(VncPorts { addresses, range: 21_000..=21_999, wide: false });
    })
    .await;
    let code = server.link.split_once("/#code=").unwrap().1.to_owned();
    let signed = server.stranger().post("/v2/sign-in", &json!({ "code": code })).await;
    let made = server.client().post("/v2/tickets", &json!({ "verb": "GET", "path": "/v2/me?x=canary-of-the-query" })).await;
    let ticket = made.json()["ticket"].as_str().unwrap().to_owned();
    let named = server.stranger().with("x-request-id", "request-of-the-test");
    assert_eq!(named.get(&format!("/v2/me?x=canary-of-the-query&ticket={ticket}")).await.status, 200);
    server.stranger().with("x-api-key", "canary-of-the-environment").get("/v2/me").await;
    server.stranger().with_key("canary-of-a-wrong-key").get("/v2/me").await;
    let session = server.session().await;
    let prompt = json!({ "text": "canary-of-the-prompt" });
    server.client().post(&format!("/v2/sessions/{session}/prompts"), &prompt).await;
    let opened = server.client().post(&format!("/v2/sessions/{session}/vnc"), &json!({})).await.json();
    let (port, url) = (opened["port"].as_u64().unwrap(), opened["vnc_url"].as_str().unwrap());
    let (_, token) = url.split_once("?token=").unwrap();
    let there = Client::new(([127, 0, 0, 1], u16::try_from(port).unwrap()).into());
    assert_eq!(there.get(&format!("/websockify?token={token}")).await.status, 426, "it is let in");
    assert_eq!(there.get(&format!("/vnc.html?token=canary{token}")).await.status, 403);
    let token = token.to_owned();
    let (key, new) = (server.key.clone(), signed.json()["key"].as_str().unwrap().to_owned());
    server.stop().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in ["holt::access", "request-of-the-test", "path=\"/v2/me\"", "status=401", "who=\"key of owner\""] {
        assert!(text.contains(said), "{said} is not in\n{text}");
    }
    for secret in [key, new, code, ticket, token, "canary".into()] {
        let found = text.lines().find(|line| line.contains(&secret));
        assert!(found.is_none(), "{secret} is in {found:?}");
    }
}
