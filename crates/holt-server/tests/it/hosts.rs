//! Names, origins and sites: what browsers can be made to send.

use crate::harness::{Feed, TestServer, exchange};

async fn status(server: &TestServer, head: &str) -> String {
    let text = format!("GET /v2/me HTTP/1.1\r\nAuthorization: Bearer {}\r\n{head}Connection: close\r\n\r\n", server.key);
    exchange(server.address, text.as_bytes()).await.split(' ').nth(1).unwrap_or("closed").to_owned()
}

#[tokio::test]
async fn a_request_to_another_name_is_refused() {
    let server = TestServer::start_with(|options| {
        options.public_url = Some("https://holt.example".into());
        options.allowed_hosts = vec!["den".into()];
    })
    .await;
    for fine in ["127.0.0.1", "localhost:1", "[::1]:9090", "holt.example", "DEN", "127.0.0.1:80"] {
        assert_eq!(status(&server, &format!("Host: {fine}\r\n")).await, "200", "{fine}");
    }
    for foreign in ["evil.example", "localhost.evil.example", "10.0.0.1", "x.localhost"] {
        assert_eq!(status(&server, &format!("Host: {foreign}\r\n")).await, "421", "{foreign}");
    }
    for broken in [
        "",
        "Host: \r\n",
        "Host: a b\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: localhost/x\r\n",
        "Host: 127.1\r\n",
    ] {
        assert_eq!(status(&server, broken).await, "400", "{broken:?}");
    }
    let absolute =
        format!("GET http://evil.example/v2/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", server.key);
    assert!(exchange(server.address, absolute.as_bytes()).await.starts_with("HTTP/1.1 400"));
    // The name is checked before anything else is: no route, open or not, answers to another.
    let open = exchange(server.address, b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n").await;
    assert!(open.starts_with("HTTP/1.1 421"), "{open}");
    server.stop().await;
}

#[tokio::test]
async fn a_foreign_page_changes_nothing_and_opens_no_socket() {
    let server = TestServer::start_with(|options| options.cors_origins = vec!["http://app.example:8080".into()]).await;
    let own = format!("http://{}", server.address);
    let client = server.client();
    for (origin, expected) in [
        (own.as_str(), 201),
        ("http://app.example:8080", 201),
        ("http://evil.example", 403),
        ("http://app.example", 403),
        ("http://127.0.0.1:1", 403),
        ("https://127.0.0.1", 403),
        ("null", 403),
        ("", 403),
    ] {
        let made = client.clone().with("origin", origin).post("/v2/sessions", &serde_json::json!({})).await;
        assert_eq!(made.status, expected, "{origin}");
        let key = format!("Bearer {}", server.key);
        let opened = Feed::try_open(server.address, "/v2/feed", &[("authorization", &key), ("origin", origin)]).await;
        assert_eq!(opened.err(), (expected == 403).then_some(403), "{origin}");
    }
    server.stop().await;
}

#[tokio::test]
async fn only_a_configured_origin_may_read_answers() {
    let server = TestServer::start_with(|options| options.cors_origins = vec!["http://app.example:8080".into()]).await;
    let guest = server.client().with("origin", "http://app.example:8080").get("/v2/me").await;
    assert_eq!(guest.header("access-control-allow-origin"), "http://app.example:8080");
    assert!(guest.header("vary").contains("Origin"));
    let foreign = server.client().with("origin", "http://evil.example").get("/v2/me").await;
    assert_eq!((foreign.status, foreign.header("access-control-allow-origin")), (200, ""));
    assert_eq!(server.client().get("/v2/me").await.header("access-control-allow-origin"), "");
    let ask = |origin: &'static str| {
        let client = server.stranger().with("origin", origin).with("access-control-request-method", "DELETE");
        async move { client.send(client.request(reqwest::Method::OPTIONS, "/v2/sessions")).await }
    };
    let asked = ask("http://app.example:8080").await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (204, "http://app.example:8080"));
    assert!(asked.header("access-control-allow-headers").contains("Authorization"));
    assert_eq!(ask("http://evil.example").await.code(), "foreign_origin");
    server.stop().await;
}

#[tokio::test]
async fn a_request_from_another_site_is_refused_where_the_browser_says_so() {
    let server = TestServer::start_with(|options| options.cors_origins = vec!["http://app.example:8080".into()]).await;
    for (site, expected) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403), ("odd", 403)] {
        let reply = server.client().with("sec-fetch-site", site).get("/v2/me").await;
        assert_eq!(reply.status, expected, "{site}");
    }
    let guest = server.client().with("sec-fetch-site", "cross-site").with("origin", "http://app.example:8080");
    assert_eq!(guest.get("/v2/me").await.status, 200);
    let sign_in = server.stranger().with("sec-fetch-site", "cross-site");
    assert_eq!(sign_in.post("/v2/sign-in", &serde_json::json!({ "code": "x" })).await.code(), "foreign_site");
    // Anybody may link to the page.
    assert_eq!(sign_in.get("/").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn what_a_proxy_says_counts_only_from_a_trusted_one() {
    let code = |server: &TestServer| server.link.split_once("/#code=").unwrap().1.to_owned();
    let sign_in = |server: &TestServer, code: String| {
        let client = server.stranger().with("x-forwarded-for", "203.0.113.9").with("x-forwarded-proto", "http");
        async move { client.post("/v2/sign-in", &serde_json::json!({ "code": code })).await }
    };
    let plain = TestServer::start().await;
    assert_eq!(sign_in(&plain, code(&plain)).await.status, 201, "the header of a stranger means nothing");
    plain.stop().await;
    let behind = TestServer::start_with(|options| options.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    assert_eq!(sign_in(&behind, code(&behind)).await.code(), "needs_tls", "a key would cross the network in the clear");
    let encrypted = behind.stranger().with("x-forwarded-for", "203.0.113.9").with("x-forwarded-proto", "https");
    assert_eq!(encrypted.post("/v2/sign-in", &serde_json::json!({ "code": code(&behind) })).await.status, 201);
    behind.stop().await;
}
