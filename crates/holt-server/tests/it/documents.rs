//! What the server says of itself, and the page.

use holt_api::{Health, Readiness, ServerStatus};
use holt_core::access::Scope;
use serde_json::json;

use crate::harness::TestServer;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn health_has_what_every_contract_looks_for() {
    let server = TestServer::start().await;
    let reply = server.stranger().get("/health").await;
    assert_eq!(reply.status, 200);
    let health: Health = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((health.version.as_str(), health.service.as_str(), health.agent_manager), ("1.2.3", "holt", true));
    let body = reply.json();
    assert_eq!(body["status"], "healthy");
    assert!(body["uptime"].is_u64() && body["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&body["services"]["redis"], &body["services"]["docker"]), (&json!(true), &json!(true)));
    let ready: Readiness = serde_json::from_slice(&server.stranger().get("/ready").await.body).unwrap();
    assert!(ready.ready);
    server.stop().await;
}

#[tokio::test]
async fn status_says_what_there_is() {
    let server = TestServer::start().await;
    server.session().await;
    let reply = server.client().get("/v2/status").await;
    let status: ServerStatus = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((status.version.as_str(), status.default_model.as_str()), ("1.2.3", holt_testkit::FAKE_MODEL));
    assert_eq!(status.sessions.iter().map(|count| count.count).sum::<u64>(), 1);
    let guest = server.stranger().with_key(&server.key("guest", &[Scope::View]).await).get("/v2/status").await;
    let guest: ServerStatus = serde_json::from_slice(&guest.body).unwrap();
    assert_eq!(guest.sessions.iter().map(|count| count.count).sum::<u64>(), 0, "of others nothing is counted");
    assert_eq!(status.listeners.len(), 2);
    assert!(status.memory.resident_bytes > 1_000_000 && status.memory.open_files > 3);
    server.stop().await;
}

#[tokio::test]
async fn figures_come_in_both_forms() {
    let server = TestServer::start().await;
    server.session().await;
    let client = server.client();
    let text = client.get("/metrics").await;
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.header("vary").contains("Accept"));
    let text = text.text();
    for series in [
        "holt_http_requests_total{",
        "holt_http_request_seconds_bucket{",
        "holt_sessions{status=\"idle\"} 1",
        "process_resident_memory_bytes",
        "route=\"/v2/sessions\"",
    ] {
        assert!(text.contains(series), "{series} in\n{text}");
    }
    for reply in [
        client.clone().with("accept", "application/json").get("/metrics").await,
        client.get("/metrics?format=json").await,
        client.get("/health/metrics").await,
    ] {
        assert_eq!(reply.header("content-type"), "application/json");
        assert!(reply.json()["holt_sessions"].as_array().unwrap().len() == 7);
    }
    server.stop().await;
}

#[tokio::test]
async fn the_front_door_knows_people_from_programs() {
    let server = TestServer::start().await;
    let (program, browser) = (server.stranger(), server.stranger().with("accept", BROWSER));
    assert_eq!(program.get("/").await.json()["name"], "Holt");
    for path in ["/", "/sessions/some-id", "/index.html"] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), "no-cache");
        let again = browser.clone().with("if-none-match", page.header("etag")).get(path).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
    assert_eq!(program.get("/sessions/some-id").await.code(), "route_not_found");
    assert_eq!(browser.get("/_app/immutable/gone.js").await.code(), "route_not_found");
    server.stop().await;
}

#[tokio::test]
async fn the_page_is_sent_packed_and_kept() {
    let page = holt_testkit::temp_dir();
    let put = |name: &str, content: &str| {
        let path = page.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    };
    put("index.html", "<html><script>boot()</script></html>");
    put("_app/immutable/a.js", "plain");
    put("_app/immutable/a.js.br", "packed");
    put("manifest.webmanifest", "{}");
    let directory = page.path().to_owned();
    let server = TestServer::start_with(|options| options.page_dir = Some(directory)).await;
    let client = server.stranger();
    let plain = client.get("/_app/immutable/a.js").await;
    assert_eq!((plain.text().as_str(), plain.header("content-encoding")), ("plain", ""));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    let packed = client.clone().with("accept-encoding", "gzip, br").get("/_app/immutable/a.js").await;
    assert_eq!((packed.text().as_str(), packed.header("content-encoding")), ("packed", "br"));
    assert!(packed.header("vary").contains("Accept-Encoding"));
    assert_eq!(client.get("/manifest.webmanifest").await.header("content-type"), "application/manifest+json");
    let index = client.clone().with("accept", BROWSER).get("/").await;
    let hash = "sha256-"; // of `boot()`
    assert!(index.header("content-security-policy").contains(&format!("script-src 'self' '{hash}")));
    for outside in ["/..%2f..%2fetc%2fpasswd", "/%2e%2e/secret", "/_app/../../x"] {
        assert_eq!(client.get(outside).await.status, 404, "{outside}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_interface_is_described_under_every_name() {
    let server = TestServer::start().await;
    let client = server.stranger();
    let described = client.get("/openapi.json").await.json();
    assert_eq!(described["info"]["version"], "1.2.3");
    assert_eq!(client.get("/docs/json").await.json(), described);
    assert_eq!(client.get("/swagger/json").await.json(), described);
    let page = client.get("/docs").await;
    assert!(page.text().contains("/v2/sessions/{id}/prompts") && !page.text().contains("<script"));
    assert_eq!(client.get("/swagger").await.body, page.body);
    server.stop().await;
}
