//! Sessions out of sessions.

use holt_core::access::Scope;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Client, EventStream, TestServer};

/// Has a run with a file as it is to be, and gives the event with which that was kept.
async fn run_with(client: &Client, base: &str, content: &'static str) -> u64 {
    client.put(&format!("{base}/files/a.txt"), content).await;
    let last = client.get(base).await.json()["last_seq"].as_u64().unwrap();
    let mut feed = EventStream::resume(client, &format!("{base}/events"), last).await;
    assert_eq!(client.post(&format!("{base}/prompts"), &json!({ "text": content })).await.status, 202);
    loop {
        let event = feed.next_of("event").await.data;
        if event["kind"] == "snapshot_taken" {
            return event["seq"].as_u64().unwrap();
        }
    }
}

async fn events(client: &Client, base: &str) -> Vec<Value> {
    let request = client.request("GET".parse().unwrap(), &format!("{base}/events?after=0")).header("accept", "application/json");
    client.send(request).await.json()["events"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_fork_has_the_conversation_and_the_files_of_its_place_and_goes_its_own_way() {
    let server = TestServer::start().await;
    let client = server.client();
    let base = format!("/v2/sessions/{}", server.session().await);
    let first = run_with(&client, &base, "one").await;
    run_with(&client, &base, "two").await;
    let before = events(&client, &base).await;
    let forked = client.post(&format!("{base}/fork"), &json!({ "at": first })).await;
    assert_eq!(forked.status, 201, "{forked:?}");
    let forked = forked.json();
    assert_eq!(forked["forked_from"]["at"].as_u64(), Some(first));
    assert_eq!((forked["title"].as_str(), forked["status"].as_str()), (Some("test (fork)"), Some("idle")));
    let other = format!("/v2/sessions/{}", forked["id"].as_str().unwrap());
    assert_eq!(client.get(&format!("{other}/files/a.txt")).await.text(), "one");
    let log = events(&client, &other).await;
    let told = |event: &Value| (event["seq"].clone(), event["kind"].clone(), event["body"].clone());
    let shared = usize::try_from(first).unwrap();
    assert_eq!(log[1..shared].iter().map(told).collect::<Vec<_>>(), before[1..shared].iter().map(told).collect::<Vec<_>>());
    let last = log.last().unwrap();
    assert_eq!((last["kind"].as_str(), last["body"]["kept_at"].as_u64()), (Some("session_forked"), Some(first)));
    // Each goes its own way, and the older snapshots are there as well.
    run_with(&client, &other, "three").await;
    assert_eq!(client.get(&format!("{base}/files/a.txt")).await.text(), "two");
    assert_eq!(events(&client, &base).await, before);
    let kept = client.get(&format!("{other}/snapshots")).await.json();
    let ids: Vec<_> = kept["items"].as_array().unwrap().iter().map(|kept| kept["snapshot"]["id"].as_str().unwrap()).collect();
    let diff = client.get(&format!("{other}/snapshots/{}/diff?since={}&path=a.txt", ids[0], ids[1])).await.json();
    let lines = json!([{ "kind": "removed", "text": "one" }, { "kind": "added", "text": "three" }]);
    assert_eq!(diff["hunks"], json!([{ "before": 1, "after": 1, "lines": lines }]));
    // The original may go.
    assert_eq!(client.delete(&base).await.status, 204);
    let restored = client.post(&format!("{other}/restore"), &json!({ "snapshot": ids[1] })).await;
    assert_eq!((restored.status, client.get(&format!("{other}/files/a.txt")).await.text().as_str()), (200, "one"));
    server.stop().await;
}

#[tokio::test]
async fn a_run_is_done_again_from_a_step_in_a_session_of_its_own() {
    let server = TestServer::start().await;
    let client = server.client();
    let base = format!("/v2/sessions/{}", server.session().await);
    run_with(&client, &base, "one").await;
    let again = json!({ "before_step": 1, "go_on": true });
    let forked = client.post(&format!("{base}/fork"), &again).await.json();
    assert_eq!(forked["status"], "running", "{forked}");
    let other = format!("/v2/sessions/{}", forked["id"].as_str().unwrap());
    let mut feed = EventStream::resume(&client, &format!("{other}/events"), forked["forked_from"]["at"].as_u64().unwrap()).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "run_finished") {
        let event = feed.next_of("event").await.data;
        if event["kind"] == "agent_message" {
            assert_eq!(event["body"]["parts"][0]["text"], "You said: one");
        }
        kinds.push(event["kind"].as_str().unwrap().to_owned());
    }
    assert!(kinds.contains(&"agent_message".to_owned()), "{kinds:?}");
    assert_eq!(
        client.get(&format!("{other}/files/a.txt")).await.code(),
        "file_not_found",
        "nothing had been kept before that step"
    );
    for (wrong, code) in [
        (json!({ "before_step": 2 }), "step_unknown"),
        (json!({ "at": 5000 }), "event_unknown"),
        (json!({ "at": 0 }), "event_unknown"),
        (json!({ "at": 1, "before_step": 1 }), "bad_place"),
        (json!({ "run": Uuid::nil() }), "bad_place"),
    ] {
        assert_eq!(client.post(&format!("{base}/fork"), &wrong).await.code(), code, "{wrong}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_fork_is_made_once_by_who_may_and_sees() {
    let server = TestServer::start().await;
    let client = server.client();
    let base = format!("/v2/sessions/{}", server.session().await);
    run_with(&client, &base, "one").await;
    let id = Uuid::now_v7();
    let wanted = json!({ "id": id, "title": "mine", "prompt": { "text": "go on" } });
    let made = client.post(&format!("{base}/fork"), &wanted).await;
    assert_eq!((made.status, made.json()["title"].as_str()), (201, Some("mine")));
    client.put(&format!("/v2/sessions/{id}/files/a.txt"), "changed").await;
    assert_eq!(client.post(&format!("{base}/fork"), &wanted).await.json()["id"], id.to_string());
    assert_eq!(client.get(&format!("/v2/sessions/{id}/files/a.txt")).await.text(), "changed");
    let none = client.post(&format!("{base}/fork"), &json!({ "files": "none" })).await.json();
    let files = client.get(&format!("/v2/sessions/{}/files", none["id"].as_str().unwrap())).await.json();
    assert_eq!(files["entries"], json!([]));
    let viewer = Client::new(server.address).with_key(&server.key("owner", &[Scope::View]).await);
    assert_eq!(viewer.post(&format!("{base}/fork"), &json!({})).await.status, 403);
    let stranger = Client::new(server.address).with_key(&server.key("somebody", &[Scope::Operate]).await);
    assert_eq!(stranger.post(&format!("{base}/fork"), &json!({})).await.status, 404);
    server.stop().await;
}
