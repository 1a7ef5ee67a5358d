//! A port for one session's desktop: who gets in, what stands there, and when it is given back.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use holt_core::access::Scope;
use holt_core::id::SessionId;
use holt_server::VncPorts;
use holt_testkit::{eventually, within};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::desktop::{Viewer, Xvnc};
use crate::harness::{Client, Feed, Reply, TestServer, exchange};

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Two ports side by side; this test has the first one.
fn pair() -> (TcpListener, u16) {
    loop {
        let first = TcpListener::bind((LOOPBACK, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && TcpListener::bind((LOOPBACK, port + 1)).is_ok() {
            return (first, port);
        }
    }
}

async fn serve_at(range: std::ops::RangeInclusive<u16>) -> TestServer {
    TestServer::start_with(|options| {
        let page = options.socket.as_ref().unwrap().with_file_name("page");
        std::fs::create_dir(&page).unwrap();
        std::fs::write(page.join("index.html"), "<title>the page</title>").unwrap();
        std::fs::write(page.join("theme.js"), "1").unwrap();
        options.page_dir = Some(page);
        options.vnc_ports = Some(VncPorts { addresses: vec![LOOPBACK.into()], range, wide: false });
    })
    .await
}

/// A server with some ports.
async fn serve() -> TestServer {
    let (first, port) = pair();
    drop(first);
    serve_at(port..=port.saturating_add(50)).await
}

async fn ask(client: &Client, session: SessionId, body: Value) -> Reply {
    client.post(&format!("/v2/sessions/{session}/vnc"), &body).await
}

struct Door {
    address: SocketAddr,
    token: String,
}

impl Door {
    async fn open(client: &Client, session: SessionId, drive: bool) -> Self {
        let reply = ask(client, session, json!({ "drive": drive })).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["drive"], drive);
        let url = reply.json()["vnc_url"].as_str().unwrap().to_owned();
        let (address, token) = url.strip_prefix("http://").unwrap().split_once("/vnc.html?token=").unwrap();
        let address: SocketAddr = address.parse().unwrap();
        assert_eq!(reply.json()["port"], address.port());
        Self { address, token: token.to_owned() }
    }

    async fn get(&self, target: &str, headers: &[(&str, &str)]) -> String {
        self.send("GET", target, headers).await
    }

    async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let host =
            if headers.iter().any(|(name, _)| *name == "host") { String::new() } else { format!("host: {}\r\n", self.address) };
        exchange(self.address, format!("{method} {target} HTTP/1.1\r\n{host}{more}\r\n").as_bytes()).await.to_ascii_lowercase()
    }

    /// Opens the page as a browser does, and gives its cookie.
    async fn cookie(&self) -> String {
        let head = self.get(&format!("/vnc.html?token={}", self.token), &[]).await;
        assert_eq!(status(&head), 303, "{head}");
        let page = exchange(
            self.address,
            format!("GET /vnc.html?token={} HTTP/1.1\r\nhost: {}\r\n\r\n", self.token, self.address).as_bytes(),
        )
        .await;
        let line = page.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie: ")).unwrap();
        line["set-cookie: ".len()..].split(';').next().unwrap().to_owned()
    }

    async fn viewer(&self) -> Viewer {
        let target = format!("/websockify?token={}", self.token);
        Viewer::over(Feed::try_open(self.address, &target, &[("sec-websocket-protocol", "binary")]).await.unwrap()).await
    }

    async fn refused(&self, target: &str, headers: &[(&str, &str)]) -> u16 {
        Feed::try_open(self.address, target, headers).await.err().unwrap_or(101)
    }
}

fn status(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or_default()
}

async fn control(server: &TestServer, session: SessionId) -> Value {
    server.client().get(&format!("/v2/sessions/{session}")).await.json()["control"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_needs_the_capability_and_keeps_it_as_a_cookie_of_its_own() {
    let server = serve().await;
    let (session, other) = (server.session().await, server.session().await);
    let (door, elsewhere) =
        (Door::open(&server.client(), session, false).await, Door::open(&server.client(), other, false).await);
    assert_ne!(door.address, elsewhere.address);
    assert_eq!(Door::open(&server.client(), session, false).await.token, door.token, "the same when asked again");

    let stranger = Client::new(door.address).with("accept", "text/html").get("/vnc.html").await;
    assert_eq!((stranger.status, stranger.header("content-type")), (401, "text/html; charset=utf-8"));
    assert!(stranger.text().contains("POST /v2/sessions/{id}/vnc"), "it says how: {}", stranger.text());
    assert!(stranger.header("content-security-policy").contains("default-src 'none'"));
    for wrong in ["", "wrong", &elsewhere.token] {
        assert_eq!(status(&door.get(&format!("/vnc.html?token={wrong}"), &[]).await), 403, "{wrong}");
    }
    assert_eq!(status(&door.send("HEAD", "/vnc.html", &[]).await), 401);
    assert_eq!(status(&door.send("HEAD", &format!("/vnc.html?token={}", door.token), &[]).await), 200);

    let target = format!("/vnc.html?autoconnect=true&token={}&resize=remote", door.token);
    let head = door.get(&target, &[]).await;
    assert_eq!(status(&head), 303);
    assert!(head.contains("location: /vnc.html?autoconnect=true&resize=remote\r\n"), "{head}");
    let cookies: Vec<_> = head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")).collect();
    assert_eq!(cookies.len(), 2);
    for (cookie, path) in cookies.iter().zip(["/vnc.html", "/websockify"]) {
        assert!(cookie.starts_with(&format!("holt_vnc_{session}=")), "{cookie}");
        assert!(cookie.ends_with(&format!("; path={path}; httponly; samesite=lax")), "{cookie}");
        assert!(!cookie.contains(&door.token.to_ascii_lowercase()));
    }
    let cookie = door.cookie().await;
    let known = Client::new(door.address).with("cookie", &cookie).get("/vnc.html?autoconnect=true").await;
    assert_eq!((known.status, known.text().as_str()), (200, "<title>the page</title>"));
    assert!(known.header("content-security-policy").contains("frame-ancestors 'none'"));
    assert_eq!(status(&elsewhere.get("/vnc.html", &[("cookie", &cookie)]).await), 401, "another's cookie");
    let renamed = cookie.replace(&session.to_string(), &other.to_string());
    assert_eq!(status(&elsewhere.get("/vnc.html", &[("cookie", &renamed)]).await), 401);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_stands_there_and_nobody_else_may_use_it() {
    let server = serve().await;
    let _xvnc = Xvnc::start(&server);
    let session = server.session().await;
    let door = Door::open(&server.client(), session, true).await;
    let cookie = door.cookie().await;
    let (client, key) = (Client::new(door.address).with("cookie", &cookie), server.key.clone());
    assert_eq!(client.get("/theme.js").await.text(), "1");
    for path in
        ["/", "/index.html", "/app", "/v2/me", "/v2/sessions", "/v2/feed", "/health", "/metrics", "/docs", "/../index.html"]
    {
        assert_eq!(client.clone().with_key(&key).get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.post("/vnc.html", &json!({})).await.status, 404);
    assert_eq!(client.get("/websockify").await.status, 426);
    let socket = format!("/websockify?token={}", door.token);
    let own = format!("http://{}", door.address);
    assert_eq!(door.refused("/websockify", &[]).await, 401);
    assert_eq!(door.refused("/websockify?token=wrong", &[("cookie", &cookie)]).await, 403);
    assert_eq!(door.refused(&socket, &[("origin", "http://evil.example")]).await, 403);
    assert_eq!(door.refused(&socket, &[("origin", &format!("http://{}", server.address))]).await, 403, "not even Holt's page");
    assert_eq!(door.refused("/websockify", &[("cookie", &cookie), ("origin", "null")]).await, 403);
    let evil = format!("evil.example:{}", door.address.port());
    for host in [evil.as_str(), &server.address.to_string(), "127.0.0.1"] {
        assert_eq!(status(&door.get(&format!("/vnc.html?token={}", door.token), &[("host", host)]).await), 421, "{host}");
    }
    assert!(server.sandboxes.desktop(session).is_none(), "nothing was started for them");
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", own.as_str()),
        ("cookie", cookie.as_str()),
    ];
    let without = door.get("/websockify", &upgrade).await;
    assert!(status(&without) == 101 && !without.contains("sec-websocket-protocol"), "{without}");
    let with: Vec<_> = upgrade.into_iter().chain([("sec-websocket-protocol", "binary")]).collect();
    let with = door.get("/websockify", &with).await;
    assert!(status(&with) == 101 && with.contains("sec-websocket-protocol: binary"), "{with}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_capability_watches_and_another_drives() {
    let server = serve().await;
    let xvnc = Xvnc::start(&server);
    let session = server.session().await;
    let watching = Door::open(&server.client(), session, false).await;
    let driving = Door::open(&server.client(), session, true).await;
    assert_eq!(watching.address, driving.address);
    assert_ne!(watching.token, driving.token);
    let before = xvnc.display.pointer().unwrap();
    let mut watcher = watching.viewer().await;
    watcher.press(10, 20, 1).await;
    xvnc.display.set_background(0x0011_2233).unwrap();
    watcher.sees(0x0011_2233).await;
    assert_eq!(xvnc.display.pointer().unwrap(), before, "it only watches");
    assert!(control(&server, session).await.is_null());

    let mut driver = driving.viewer().await;
    driver.point(30, 40).await;
    xvnc.display.set_background(0x0022_3344).unwrap();
    driver.sees(0x0022_3344).await;
    assert_eq!(xvnc.display.pointer().unwrap(), before, "moving takes nothing");
    driver.press(50, 60, 1).await;
    eventually("the press", || xvnc.display.pointer().is_ok_and(|at| (at.x, at.y) == (50, 60))).await;
    assert!(!control(&server, session).await.is_null());
    drop(driver);
    within("the desktop to be given back", async { while !control(&server, session).await.is_null() {} }).await;
    drop(watcher);

    let looker = server.stranger().with_key(&server.key("owner", &[Scope::View]).await);
    assert_eq!(ask(&looker, session, json!({ "drive": true })).await.status, 403);
    assert_eq!(ask(&looker, session, json!({})).await.status, 200);
    let somebody = server.stranger().with_key(&server.key("somebody", &[Scope::Operate]).await);
    assert_eq!(ask(&somebody, session, json!({})).await.status, 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_key_ends_what_it_gave_out_and_nothing_else() {
    let server = serve().await;
    let xvnc = Xvnc::start(&server);
    let session = server.session().await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let theirs = Door::open(&server.stranger().with_key(&key), session, false).await;
    let ours = Door::open(&server.client(), session, false).await;
    let cookie = theirs.cookie().await;
    let (mut one, mut other) = (theirs.viewer().await, ours.viewer().await);
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    within("the end of the viewer", one.ended()).await;
    assert_eq!(theirs.refused(&format!("/websockify?token={}", theirs.token), &[]).await, 403);
    assert_eq!(theirs.refused("/websockify", &[("cookie", &cookie)]).await, 401);
    xvnc.display.set_background(0x0033_4455).unwrap();
    other.sees(0x0033_4455).await;
    server.stop().await;
    within("the end of the server's viewer", other.ended()).await;
    assert!(TcpStream::connect(ours.address).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_that_others_have_are_skipped_and_those_of_sessions_that_ended_are_used_again() {
    let (taken, first) = pair();
    let server = serve_at(first..=first + 1).await;
    let _xvnc = Xvnc::start(&server);
    let (one, two) = (server.session().await, server.session().await);
    let door = Door::open(&server.client(), one, false).await;
    assert_eq!(door.address.port(), first + 1);
    let full = ask(&server.client(), two, json!({})).await;
    assert_eq!((full.status, full.code()), (503, "vnc_ports_exhausted".to_owned()));
    let mut viewer = door.viewer().await;
    assert_eq!(server.client().delete(&format!("/v2/sessions/{one}")).await.status, 204);
    within("the end of the viewer", viewer.ended()).await;
    within("the port", async { while ask(&server.client(), two, json!({})).await.status != 200 {} }).await;
    let next = Door::open(&server.client(), two, false).await;
    assert_eq!(next.address, door.address);
    assert_eq!(status(&next.get(&format!("/vnc.html?token={}", door.token), &[]).await), 403, "the old one opens nothing");
    assert_eq!(ask(&server.client(), one, json!({})).await.status, 404);
    drop(taken);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_setting_there_are_none_and_the_main_port_is_nobodys() {
    let server = TestServer::start().await;
    let session = server.session().await;
    assert_eq!(ask(&server.client(), session, json!({})).await.code(), "vnc_ports_off");
    assert_eq!(server.client().get("/v2/status").await.json()["vnc_ports"], false);
    server.stop().await;
    let server = serve().await;
    assert_eq!(server.client().get("/v2/status").await.json()["vnc_ports"], true);
    let none = server.client().post("/v2/sessions", &json!({ "desktop": { "flavour": "none" } })).await.json();
    let without = none["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(ask(&server.client(), without, json!({})).await.code(), "no_desktop");
    server.stop().await;
}
