//! Previews: what serves in a sandbox, on an origin of its own, for whoever was let in.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::response::{AppendHeaders, IntoResponse, Redirect};
use axum::routing::{any, get};
use futures::{SinkExt as _, StreamExt as _};
use holt_core::access::Scope;
use holt_core::id::SessionId;
use holt_testkit::within;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Feed, TestServer, open, read_head};

const PORT: u16 = 5173;

/// What serves inside: it says back what it was asked.
async fn inside() -> (SocketAddr, JoinHandle<()>) {
    let said = async |request: Request| {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let cookies = AppendHeaders([("set-cookie", "own=1; Domain=localhost"), ("set-cookie", "holt_preview=stolen")]);
        (cookies, format!("{} {}\n{:?}\n{}", parts.method, parts.uri, parts.headers, String::from_utf8_lossy(&body)))
    };
    let talk = async |headers: HeaderMap, upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async move |mut socket| {
            let _ = socket.send(format!("{headers:?}").into()).await;
            while let Some(Ok(message)) = socket.recv().await {
                let _ = socket.send(message).await;
            }
        })
    };
    let drip = async || {
        let drops = futures::stream::iter(["first"]).chain(futures::stream::pending()).map(Ok::<_, std::io::Error>);
        Body::from_stream(drops).into_response()
    };
    let router = Router::new()
        .route("/socket", any(talk))
        .route("/drip", get(drip))
        .route("/away", get(async || Redirect::to(&format!("http://localhost:{PORT}/there"))))
        .fallback(said);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    (at, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

struct Den {
    server: TestServer,
    session: SessionId,
    _inside: JoinHandle<()>,
}

impl Den {
    async fn new() -> Self {
        Self::with(TestServer::start().await).await
    }

    async fn with(server: TestServer) -> Self {
        let (at, inside) = inside().await;
        server.sandboxes.serve(PORT, at);
        let session = server.session().await;
        let woken = server.client().post(&format!("/v2/sessions/{session}/wake"), &json!({})).await;
        assert_eq!(woken.status, 200, "{woken:?}");
        Self { server, session, _inside: inside }
    }

    fn path(&self) -> String {
        format!("/v2/sessions/{}/previews", self.session)
    }

    async fn open(&self) -> Value {
        let made = self.server.client().post(&self.path(), &json!({ "port": PORT })).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json()
    }

    /// The answer to a request to this name, whole.
    async fn ask(&self, host: &str, line: &str, headers: &str) -> String {
        let mut stream = open(self.server.address).await;
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = within("an answer", stream.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Lets a browser in, and gives its cookie.
    async fn enter(&self, opened: &Value) -> (String, String) {
        let (host, ticket) = parts(opened);
        let answer = self.ask(&host, &format!("GET /?{ticket}"), "").await;
        assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
        let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
        (host, format!("Cookie: {}\r\n", cookie.split(';').next().unwrap()))
    }
}

/// The host and the query of a preview's link.
fn parts(opened: &Value) -> (String, String) {
    let url = opened["url"].as_str().unwrap().strip_prefix("http://").unwrap();
    let (host, query) = url.split_once("/?").unwrap();
    (host.to_owned(), query.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_one_browser_in_once_and_nobody_else() {
    let den = Den::new().await;
    let opened = den.open().await;
    let (host, ticket) = parts(&opened);
    let name = host.strip_suffix(&format!(".localhost:{}", den.server.address.port())).unwrap();
    assert_eq!(name.len(), 32);
    let stranger = den.ask(&host, "GET /", "Accept: text/html\r\n").await;
    assert!(
        stranger.starts_with("HTTP/1.1 403") && stranger.contains("preview_not_opened") && stranger.contains("<h1>"),
        "{stranger}"
    );
    let key = format!("Authorization: Bearer {}\r\n", den.server.key);
    assert!(den.ask(&host, "GET /v2/me", &key).await.starts_with("HTTP/1.1 403"), "no route of Holt's is there");

    let answer = den.ask(&host, &format!("GET /a?x=1&{ticket}&y=2"), "").await;
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /a?x=1&y=2\r\n"), "{answer}");
    assert!(den.ask(&host, &format!("GET /?{ticket}"), "").await.starts_with("HTTP/1.1 403"), "it works once");

    let again = den.open().await;
    assert_eq!(again["origin"], opened["origin"], "the same port is the same origin");
    let (host, cookie) = den.enter(&again).await;
    let said = den.ask(&host, "GET /v2/me?q", &cookie).await;
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("GET /v2/me?q"), "what serves inside answers: {said}");
    let other = format!("{}.localhost:{}", "0".repeat(32), den.server.address.port());
    assert!(den.ask(&other, "GET /", &cookie).await.starts_with("HTTP/1.1 404"));
    assert!(
        den.ask(&host.replace(name, "x"), "GET /", &cookie).await.starts_with("HTTP/1.1 421"),
        "the check of hosts is as it was"
    );
    den.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_holt_goes_in_and_nothing_reaches_beyond_its_origin() {
    let den = Den::new().await;
    let (host, cookie) = den.enter(&den.open().await).await;
    let more = "Authorization: Bearer x-key\r\nX-Forwarded-For: 1.2.3.4\r\nReferer: http://127.0.0.1/x-page\r\n";
    let cookie = cookie.trim_end().to_owned() + "; app=2\r\n";
    let body = format!("Origin: http://{host}\r\nContent-Length: 5\r\n");
    let mut stream = open(den.server.address).await;
    let request = format!("POST /a HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{cookie}{more}{body}\r\nhello");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    let (head, said) = answer.split_once("\r\n\r\n").unwrap();
    assert!(said.contains("hello") && said.contains("\"app=2\""), "{answer}");
    assert!(
        said.contains(&format!("\"origin\": \"http://localhost:{PORT}\""))
            && said.contains(&format!("\"host\": \"localhost:{PORT}\"")),
        "{said}"
    );
    for gone in ["holt_preview", "x-key", "1.2.3.4", "x-page", &host] {
        assert!(!said.contains(gone), "{gone} in {said}");
    }
    assert!(head.contains("set-cookie: own=1\r\n") && !head.contains("stolen") && !head.contains("Domain"), "{head}");
    assert!(
        head.contains("frame-ancestors 'self'") && !head.contains("access-control") && !head.contains("default-src"),
        "{head}"
    );
    let away = den.ask(&host, "GET /away", &cookie).await;
    assert!(away.contains("location: /there\r\n"), "{away}");
    let foreign = den.ask(&host, "POST /", &format!("{cookie}Origin: http://evil.example\r\n")).await;
    assert!(foreign.starts_with("HTTP/1.1 403") && foreign.contains("foreign_site"), "{foreign}");
    den.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_holt_s_page_has_a_cookie_of_its_own() {
    let den = Den::new().await;
    let page = format!("http://127.0.0.1:{}", den.server.address.port());
    let key = format!(
        "Authorization: Bearer {}\r\nOrigin: {page}\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{{\"port\":5173}}",
        den.server.key
    );
    let made = den.ask(page.strip_prefix("http://").unwrap(), &format!("POST {}", den.path()), &key).await;
    let opened: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let (host, ticket) = parts(&opened);
    let framed = "Sec-Fetch-Dest: iframe\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n";
    let answer = den.ask(&host, &format!("GET /?{ticket}"), framed).await;
    assert!(answer.contains("; SameSite=None; Secure; Partitioned"), "{answer}");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap().split(';').next().unwrap().to_owned();
    let shown = den.ask(&host, "GET /", &format!("Cookie: {cookie}\r\n{framed}")).await;
    assert!(shown.contains(&format!("frame-ancestors 'self' {page}\r\n")), "{shown}");
    den.server.stop().await;
}

async fn talk(den: &Den, host: &str, cookie: &str, origin: &str) -> Result<Feed, u16> {
    let cookie = cookie.trim().strip_prefix("Cookie: ").unwrap();
    let headers = [("host", host), ("cookie", cookie), ("origin", origin)];
    Feed::try_open(den.server.address, "/socket", &headers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_and_streams_go_through_until_the_preview_is_closed() {
    let den = Den::new().await;
    let opened = den.open().await;
    let (host, cookie) = den.enter(&opened).await;
    let origin = format!("http://{host}");
    assert_eq!(talk(&den, &host, &cookie, "http://evil.example").await.err(), Some(403));
    let mut feed = talk(&den, &host, &cookie, &origin).await.unwrap();
    let Some(Ok(Message::Text(headers))) = within("its headers", feed.socket.next()).await else { panic!("no text") };
    assert!(headers.contains(&format!("http://localhost:{PORT}")) && !headers.contains("holt_preview"), "{headers}");
    feed.socket.send(Message::text("hello")).await.unwrap();
    let back = within("the echo", feed.socket.next()).await;
    assert!(matches!(&back, Some(Ok(Message::Text(text))) if text.as_str() == "hello"), "{back:?}");
    let mut drip = open(den.server.address).await;
    drip.write_all(format!("GET /drip HTTP/1.1\r\nHost: {host}\r\n{cookie}\r\n").as_bytes()).await.unwrap();
    assert!(read_head(&mut drip).await.starts_with("HTTP/1.1 200"));
    let mut first = [0; 8];
    within("what comes first", drip.read_exact(&mut first)).await.unwrap();
    assert_eq!(&first, b"5\r\nfirst");

    let listed = den.server.client().get(&den.path()).await.json();
    assert_eq!((&listed["ports"], &listed["items"][0]["id"]), (&json!([PORT]), &opened["id"]));
    assert!(listed["items"][0].get("url").is_none(), "a list lets nobody in");
    let path = format!("{}/{}", den.path(), opened["id"].as_str().unwrap());
    assert_eq!(den.server.client().delete(&path).await.status, 204);
    assert_eq!(den.server.client().delete(&path).await.status, 404);
    within("the end of the socket", async { while let Some(Ok(_)) = feed.socket.next().await {} }).await;
    within("the end of the stream", drip.read_to_end(&mut Vec::new())).await.ok();
    assert!(den.ask(&host, "GET /", &cookie).await.starts_with("HTTP/1.1 404"));
    den.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_ends_with_the_key_that_opened_it_and_is_nobody_else_s() {
    let den = Den::new().await;
    let (key, id) = den.server.record("owner", &[Scope::Operate, Scope::View], None).await;
    let opened = den.server.stranger().with_key(&key).post(&den.path(), &json!({ "port": PORT })).await.json();
    let (host, cookie) = den.enter(&opened).await;
    assert!(den.ask(&host, "GET /", &cookie).await.starts_with("HTTP/1.1 200"));
    let looker = den.server.stranger().with_key(&den.server.key("owner", &[Scope::View]).await);
    assert_eq!(looker.post(&den.path(), &json!({ "port": PORT })).await.status, 403);
    let other = den.server.stranger().with_key(&den.server.key("other", &[Scope::Operate, Scope::View]).await);
    assert_eq!(other.post(&den.path(), &json!({ "port": PORT })).await.status, 404);
    assert_eq!(other.get(&den.path()).await.status, 404);
    assert_eq!(den.server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    assert!(den.ask(&host, "GET /", &cookie).await.starts_with("HTTP/1.1 404"));
    den.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shown_says_why() {
    let den = Den::new().await;
    let made = den.server.client().post(&den.path(), &json!({ "port": 8080 })).await.json();
    let (host, cookie) = den.enter(&made).await;
    let nobody = den.ask(&host, "GET /", &format!("{cookie}Accept: text/html\r\n")).await;
    assert!(nobody.starts_with("HTTP/1.1 502") && nobody.contains("port 8080") && nobody.contains("refresh: 2"), "{nobody}");
    let slept = den.server.client().post(&format!("/v2/sessions/{}/sleep", den.session), &json!({})).await;
    assert_eq!(slept.status, 200, "{slept:?}");
    let asleep = den.ask(&host, "GET /", &cookie).await;
    assert!(asleep.starts_with("HTTP/1.1 503") && asleep.contains("sandbox_closed"), "{asleep}");
    assert_eq!(den.server.client().get(&den.path()).await.json()["ports"], json!([]));
    let ended = den.server.client().post(&format!("/v2/sessions/{}/stop", den.session), &json!({})).await;
    assert_eq!(ended.status, 200, "{ended:?}");
    assert!(den.ask(&host, "GET /", &cookie).await.starts_with("HTTP/1.1 404"), "a preview ends with its session");
    let refused = den.server.client().post(&den.path(), &json!({ "port": 0 })).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("bad_port")));
    den.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn elsewhere_than_at_localhost_it_takes_a_domain() {
    let named = |options: &mut holt_server::Options| options.allowed_hosts = vec!["holt.example".into()];
    let den = Den::with(TestServer::start_with(named).await).await;
    let body = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{{\"port\":5173}}",
        den.server.key
    );
    let refused = den.ask("holt.example", &format!("POST {}", den.path()), &body).await;
    assert!(
        refused.starts_with("HTTP/1.1 409") && refused.contains("preview_origin_missing") && refused.contains("preview_domain"),
        "{refused}"
    );
    den.server.stop().await;
    let with_domain = |options: &mut holt_server::Options| {
        options.allowed_hosts = vec!["holt.example".into()];
        options.preview_domain = Some("p.example:8080".into());
    };
    let den = Den::with(TestServer::start_with(with_domain).await).await;
    let body = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{{\"port\":5173}}",
        den.server.key
    );
    let made = den.ask("holt.example", &format!("POST {}", den.path()), &body).await;
    let opened: Value = serde_json::from_str(made.split_once("\r\n\r\n").unwrap().1).unwrap();
    let (host, cookie) = den.enter(&opened).await;
    assert!(host.ends_with(".p.example:8080"), "{host}");
    assert!(den.ask(&host, "GET /there", &cookie).await.contains("GET /there"));
    den.server.stop().await;
}
