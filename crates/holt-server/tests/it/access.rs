//! Who gets in, on every route that there is.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use holt_core::access::Scope;
use holt_core::time::Timestamp;
use holt_server::{RouteInfo, route_list};
use reqwest::Method;
use serde_json::json;

use crate::harness::{Client, TestServer};

/// The only routes that are open. Adding one here is a decision, not a repair.
const OPEN: [&str; 9] = [
    "GET /",
    "GET /health",
    "GET /ready",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/json",
    "GET /swagger",
    "GET /swagger/json",
    "POST /v2/sign-in",
];

/// An address of the route, with ids that nobody has.
fn address(route: &RouteInfo) -> String {
    let id = "01920000-0000-7000-8000-0000000000aa";
    let names = ["{id}", "{prompt}", "{call}", "{artifact}", "{terminal}", "{server}", "{secret}", "{snapshot}"];
    let path = route
        .path
        .replace("{*path}", "a/file")
        .replace("{segment}", "1")
        .replace("{question}", "1")
        .replace("{fact}", "1")
        .replace("{grant}", "1");
    let path = path.replace("{snapshot}/file", "{snapshot}/file?path=a").replace("{snapshot}/diff", "{snapshot}/diff?path=a");
    names.iter().fold(path, |path, name| path.replace(name, id))
}

fn method(route: &RouteInfo) -> Method {
    route.method.parse().unwrap()
}

/// Clients that the server takes for different peers, so that none of them is wrong too often.
fn peers(address: SocketAddr) -> impl Iterator<Item = Client> {
    (1..=u32::MAX).map(move |n| Client::from_address(address, IpAddr::V4(Ipv4Addr::from(0x7f01_0000 + n))))
}

#[tokio::test]
async fn every_route_but_the_named_ones_needs_credentials() {
    let server = TestServer::start().await;
    let mut open = Vec::new();
    for route in route_list() {
        let name = format!("{} {}", route.method, route.path);
        let client = server.stranger();
        let reply = client.send(client.request(method(&route), &address(&route)).json(&json!({}))).await;
        if route.scope.is_none() {
            assert!(!matches!(reply.status, 401 | 403), "{name}: {reply:?}");
            open.push(name);
            continue;
        }
        assert_eq!((reply.status, reply.code().as_str()), (401, "no_credentials"), "{name}");
        assert_eq!(reply.header("www-authenticate"), "Bearer realm=\"holt\"", "{name}");
    }
    open.sort_unstable();
    let mut expected = OPEN.map(str::to_owned).to_vec();
    expected.sort_unstable();
    assert_eq!(open, expected);
    server.stop().await;
}

#[tokio::test]
async fn wrong_expired_and_revoked_keys_open_no_route() {
    let server = TestServer::start().await;
    let (expired, _) = server.record("owner", &[Scope::Admin], Some(Timestamp::from_millis(1))).await;
    let (revoked, id) = server.record("owner", &[Scope::Admin], None).await;
    assert_eq!(server.stranger().with_key(&revoked).get("/v2/me").await.status, 200);
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    let wrong = format!("holt_{}", "A".repeat(43));
    let bad = [wrong.as_str(), "", "short", "holt_", &server.key[..20], &expired, &revoked];
    let mut peers = peers(server.address);
    for route in route_list().into_iter().filter(|route| route.scope.is_some()) {
        let client = peers.next().unwrap();
        for key in bad {
            let request = client.request(method(&route), &address(&route)).header("authorization", format!("Bearer {key}"));
            let reply = client.send(request.json(&json!({}))).await;
            assert_eq!((reply.status, reply.code().as_str()), (401, "bad_credentials"), "{} {} {key}", route.method, route.path);
        }
        let request = client.request(method(&route), &address(&route)).header("x-api-key", &wrong);
        assert_eq!(client.send(request).await.status, 401);
        let request = client.request(method(&route), &address(&route)).header("authorization", "Basic b3duZXI6eA==");
        assert_eq!(client.send(request).await.status, 401);
        let request = client.request(method(&route), &format!("{}?ticket={wrong}", address(&route)));
        assert_eq!(client.send(request).await.status, 401);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_no_more() {
    let server = TestServer::start().await;
    let all = [Scope::View, Scope::Operate, Scope::Approve, Scope::Admin];
    for held in all {
        let key = server.key("owner", &[held]).await;
        let client = server.stranger().with_key(&key);
        for route in route_list() {
            let Some(needed) = route.scope else { continue };
            let may = held == Scope::Admin || held == needed || (held == Scope::Operate && needed == Scope::View);
            let reply = client.send(client.request(method(&route), &address(&route)).json(&json!({}))).await;
            let refused =
                reply.status == 403 && reply.code() == "not_allowed" && reply.header("www-authenticate").contains("scope=");
            assert_eq!(refused, !may, "{held:?} at {} {}: {reply:?}", route.method, route.path);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_not_there() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (mine, path) = (server.client(), format!("/v2/sessions/{session}"));
    assert_eq!(mine.put(&format!("{path}/files/a/file"), "x").await.status, 201);
    let key = server.key("somebody", &[Scope::Operate, Scope::Approve]).await;
    let other = server.stranger().with_key(&key);
    assert_eq!(other.get("/v2/sessions").await.json()["items"], json!([]));
    for route in route_list().into_iter().filter(|route| route.path.starts_with("/v2/sessions/{id}")) {
        let address = address(&route).replacen("01920000-0000-7000-8000-0000000000aa", &session.to_string(), 1);
        let body = match route.path.rsplit('/').next() {
            Some("prompts") => json!({ "text": "hello" }),
            Some("{call}") if route.path.contains("questions") => json!({ "text": "yes" }),
            Some("{call}" | "{question}") => json!({ "allow": true }),
            Some("mode") => json!({ "mode": "plan" }),
            Some("network") => json!({ "network": "none" }),
            Some("restore") => json!({ "snapshot": "0" }),
            Some("control") => json!({ "action": "take", "client": session.to_string() }),
            Some("recording") => json!({ "action": "start" }),
            Some("directories") => json!({ "path": "a" }),
            Some("terminals") => json!({ "rows": 24, "cols": 80 }),
            Some("previews") => json!({ "port": 5173 }),
            Some("vnc" | "budgets") => json!({}),
            _ => json!({ "title": "mine now" }),
        };
        let reply = other.send(other.request(method(&route), &address).json(&body)).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "session_not_found"), "{} {}", route.method, route.path);
    }
    assert_eq!(mine.get(&path).await.json()["title"], "test");
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_made_shown_once_listed_without_itself_and_revoked() {
    let server = TestServer::start().await;
    let admin = server.client();
    let made = admin.post("/v2/keys", &json!({ "name": "laptop", "scopes": ["view", "operate", "view"] })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let (key, id) = (made.json()["key"].as_str().unwrap().to_owned(), made.json()["record"]["id"].clone());
    assert_eq!(made.json()["record"]["scopes"], json!(["view", "operate"]));
    let list = admin.get("/v2/keys").await;
    assert!(list.text().contains("laptop") && !list.text().contains(&key) && !list.text().contains("hash"));
    let holder = server.stranger().with_key(&key);
    let me = holder.get("/v2/me").await.json();
    assert_eq!((&me["owner"], &me["name"], &me["key"]), (&json!("owner"), &json!("laptop"), &id));
    assert_eq!(holder.get("/v2/keys").await.status, 403);
    let others = admin.get("/v2/me").await.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(holder.delete(&format!("/v2/keys/{others}")).await.status, 403);
    // Whoever holds a key may give it up.
    assert_eq!(holder.delete(&format!("/v2/keys/{}", id.as_str().unwrap())).await.status, 204);
    assert_eq!(holder.get("/v2/me").await.status, 401);
    assert_eq!(admin.delete("/v2/keys/01920000-0000-7000-8000-0000000000aa").await.code(), "key_not_found");
    for bad in [
        json!({ "name": "", "scopes": ["view"] }),
        json!({ "name": "x", "scopes": [] }),
        json!({ "name": "x", "scopes": ["root"] }),
    ] {
        assert_eq!(admin.post("/v2/keys", &bad).await.status, 400, "{bad}");
    }
    assert_eq!(admin.post("/v2/keys", &json!({ "name": "x", "scopes": ["view"], "expires_at": 1 })).await.code(), "bad_expiry");
    server.stop().await;
}

#[tokio::test]
async fn the_key_from_the_environment_is_an_admin() {
    let server = TestServer::start_with(|options| options.management_key = Some("from-the-environment".into())).await;
    let client = server.stranger().with("x-api-key", "from-the-environment");
    assert_eq!(client.get("/v2/keys").await.status, 200);
    assert_eq!(server.stranger().with("x-api-key", "from-the-environmenT").get("/v2/keys").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_guesser_is_slowed_and_nobody_else() {
    let server = TestServer::start_with(|options| options.management_key = Some("a-key-that-people-chose".into())).await;
    assert_eq!(server.client().get("/v2/me").await.status, 200);
    let guesser = server.stranger().with_key("guess");
    let mut refused = None;
    for _ in 0..100 {
        let reply = guesser.get("/v2/me").await;
        if reply.status == 429 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a hundred guesses are too many");
    assert_eq!(refused.code(), "too_many_failures");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    // A right guess does not help any more, while a key that proved itself before goes on working.
    assert_eq!(server.stranger().with_key("a-key-that-people-chose").get("/v2/me").await.status, 429);
    assert_eq!(server.client().get("/v2/me").await.status, 200);
    let elsewhere = Client::from_address(server.address, "127.0.0.2".parse().unwrap());
    assert_eq!(elsewhere.with_key("a-key-that-people-chose").get("/v2/me").await.status, 200);
    assert_eq!(server.stranger().post("/v2/sign-in", &json!({ "code": "x" })).await.status, 429);
    server.stop().await;
}

#[tokio::test]
async fn a_link_signs_one_browser_in() {
    let server = TestServer::start().await;
    let code = server.link.split_once("/#code=").unwrap().1;
    let browser = server.stranger().with("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0");
    let signed = browser.post("/v2/sign-in", &json!({ "code": code })).await;
    assert_eq!(signed.status, 201, "{signed:?}");
    assert_eq!(signed.json()["record"]["name"], "Firefox on Linux");
    let key = signed.json()["key"].as_str().unwrap().to_owned();
    assert_eq!(server.stranger().with_key(&key).get("/v2/keys").await.status, 200);
    assert_eq!(browser.post("/v2/sign-in", &json!({ "code": code })).await.code(), "bad_code");
    let made = server.client().post("/v2/sign-in/codes", &json!({})).await;
    assert!(made.json()["url"].as_str().unwrap().starts_with(&format!("http://{}/#code=", server.address)));
    let viewer = server.key("owner", &[Scope::View, Scope::Operate]).await;
    assert_eq!(server.stranger().with_key(&viewer).post("/v2/sign-in/codes", &json!({})).await.status, 403);
    server.stop().await;
}
