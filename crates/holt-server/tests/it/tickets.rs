//! Tickets: for one request, and for exactly that one.

use holt_core::access::Scope;
use serde_json::json;

use crate::harness::{Feed, TestServer};

async fn ticket(server: &TestServer, path: &str) -> String {
    let made = server.client().post("/v2/tickets", &json!({ "verb": "GET", "path": path })).await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()["ticket"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_ticket_lets_one_request_through() {
    let server = TestServer::start().await;
    let ticket = ticket(&server, "/v2/me").await;
    let target = format!("/v2/me?ticket={ticket}");
    let reply = server.stranger().get(&target).await;
    assert_eq!((reply.status, reply.json()["owner"].as_str()), (200, Some("owner")));
    assert_eq!(server.stranger().get(&target).await.code(), "bad_credentials");
    server.stop().await;
}

#[tokio::test]
async fn a_ticket_is_for_one_address_and_one_verb() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}");
    let stranger = server.stranger();
    for target in ["/v2/me".to_owned(), "/v2/sessions".to_owned(), format!("{path}/events"), format!("{path}?x=1")] {
        let ticket = ticket(&server, &path).await;
        let joint = if target.contains('?') { '&' } else { '?' };
        assert_eq!(stranger.get(&format!("{target}{joint}ticket={ticket}")).await.status, 401, "{target}");
        assert_eq!(stranger.get(&format!("{path}?ticket={ticket}")).await.status, 401, "a wrong use has spent it");
    }
    let ticket = ticket(&server, &path).await;
    assert_eq!(stranger.delete(&format!("{path}?ticket={ticket}")).await.status, 401);
    assert_eq!(server.client().get(&path).await.status, 200, "the session is still there");
    server.stop().await;
}

#[tokio::test]
async fn a_ticket_is_for_the_query_that_it_was_made_for() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (client, stranger) = (server.client(), server.stranger());
    client.put(&format!("/v2/sessions/{session}/files/dir/a.txt"), "hello").await;
    let target = format!("/v2/sessions/{session}/archive?path=dir");
    let first = ticket(&server, &target).await;
    let reply = stranger.get(&format!("{target}&ticket={first}")).await;
    assert_eq!((reply.status, reply.text().as_str()), (200, "a.txt: hello\n"));
    let second = ticket(&server, &target).await;
    assert_eq!(stranger.get(&format!("/v2/sessions/{session}/archive?ticket={second}")).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_ticket_has_no_more_rights_than_who_asked_for_it_and_dies_with_the_key() {
    let server = TestServer::start().await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let viewer = server.stranger().with_key(&key);
    let made = viewer.post("/v2/tickets", &json!({ "verb": "GET", "path": "/v2/keys" })).await;
    let target = format!("/v2/keys?ticket={}", made.json()["ticket"].as_str().unwrap());
    assert_eq!(server.stranger().get(&target).await.status, 403);
    let made = viewer.post("/v2/tickets", &json!({ "verb": "GET", "path": "/v2/me" })).await;
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    let target = format!("/v2/me?ticket={}", made.json()["ticket"].as_str().unwrap());
    assert_eq!(server.stranger().get(&target).await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn a_socket_opens_with_a_ticket() {
    let server = TestServer::start().await;
    let ticket = ticket(&server, "/v2/feed").await;
    let target = format!("/v2/feed?ticket={ticket}");
    let mut feed = Feed::try_open(server.address, &target, &[]).await.ok().unwrap();
    feed.say(r#"{"ping":7}"#).await;
    assert_eq!(feed.next().await.unwrap(), json!({ "type": "pong", "ping": 7 }));
    assert_eq!(Feed::try_open(server.address, &target, &[]).await.err(), Some(401));
    drop(feed);
    server.stop().await;
}

#[tokio::test]
async fn a_ticket_for_something_else_is_not_made() {
    let server = TestServer::start().await;
    for (verb, path) in
        [("DELETE", "/v2/me"), ("get", "/v2/me"), ("GET", "/health"), ("GET", "http://x/v2/me"), ("GET", "/v2/a b")]
    {
        let made = server.client().post("/v2/tickets", &json!({ "verb": verb, "path": path })).await;
        assert_eq!(made.code(), "bad_ticket", "{verb} {path}");
    }
    server.stop().await;
}
