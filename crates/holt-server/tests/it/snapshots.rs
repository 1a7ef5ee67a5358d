//! What stood in a workspace is had again.

use holt_core::snapshot::NOTHING;
use serde_json::{Value, json};

use crate::harness::{Client, EventStream, TestServer};

/// Has a run, and waits for the snapshot that is taken when it is over.
async fn run(client: &Client, base: &str) -> Value {
    let last = client.get(base).await.json()["last_seq"].as_u64().unwrap();
    let mut feed = EventStream::resume(client, &format!("{base}/events"), last).await;
    assert_eq!(client.post(&format!("{base}/prompts"), &json!({ "text": "hello" })).await.status, 202);
    loop {
        let event = feed.next_of("event").await.data;
        if event["kind"] == "snapshot_taken" {
            return event["body"]["snapshot"].clone();
        }
    }
}

#[tokio::test]
async fn a_workspace_becomes_what_it_was_and_that_can_be_undone() {
    let server = TestServer::start().await;
    let client = server.client();
    let base = format!("/v2/sessions/{}", server.session().await);
    client.put(&format!("{base}/files/a.txt"), "one").await;
    let first = run(&client, &base).await;
    assert_eq!((first["files"].as_u64(), first["bytes"].as_u64()), (Some(1), Some(3)));
    client.put(&format!("{base}/files/a.txt"), "two").await;
    client.put(&format!("{base}/files/b.txt"), "new").await;
    let second = run(&client, &base).await;
    let session = client.get(&base).await.json();
    assert_eq!(session["snapshot"], second["id"]);
    let (first, second) = (first["id"].as_str().unwrap(), second["id"].as_str().unwrap());
    let changes = client.get(&format!("{base}/snapshots/{second}/changes?since={first}")).await.json();
    let expected =
        json!([{ "path": "a.txt", "change": "changed", "size": 3 }, { "path": "b.txt", "change": "added", "size": 3 }]);
    assert_eq!((&changes["changes"], &changes["truncated"]), (&expected, &json!(false)));
    assert_eq!(client.get(&format!("{base}/snapshots/{first}/file?path=a.txt")).await.text(), "one");
    // What came after the last snapshot is kept before it goes.
    client.put(&format!("{base}/files/c.txt"), "unkept").await;
    let restored = client.post(&format!("{base}/restore"), &json!({ "snapshot": first })).await;
    assert_eq!((restored.status, restored.json()["snapshot"].as_str()), (200, Some(first)));
    assert_eq!(client.get(&format!("{base}/files/a.txt")).await.text(), "one");
    assert_eq!(client.get(&format!("{base}/files/b.txt")).await.code(), "file_not_found");
    let kept = client.get(&format!("{base}/snapshots")).await.json();
    let newest = kept["items"][0]["snapshot"]["id"].as_str().unwrap();
    client.post(&format!("{base}/restore"), &json!({ "snapshot": newest, "path": "c.txt" })).await;
    assert_eq!(client.get(&format!("{base}/files/c.txt")).await.text(), "unkept");
    assert_eq!(client.get(&format!("{base}/files/a.txt")).await.text(), "one");
    let empty = client.post(&format!("{base}/restore"), &json!({ "snapshot": NOTHING })).await;
    assert_eq!(empty.status, 200);
    assert!(client.get(&format!("{base}/files")).await.json()["entries"].as_array().unwrap().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn snapshots_of_others_and_paths_that_lead_out_are_not_there() {
    let server = TestServer::start().await;
    let client = server.client();
    let base = format!("/v2/sessions/{}", server.session().await);
    client.put(&format!("{base}/files/a.txt"), "one").await;
    let first = run(&client, &base).await;
    let id = first["id"].as_str().unwrap();
    let other = format!("/v2/sessions/{}", server.session().await);
    assert_eq!(client.post(&format!("{other}/restore"), &json!({ "snapshot": id })).await.code(), "file_not_found");
    for bad in ["..%2f..%2fversion", "abc"] {
        assert_eq!(client.get(&format!("{base}/snapshots/{bad}/changes")).await.code(), "file_not_found", "{bad}");
    }
    let out = client.get(&format!("{base}/snapshots/{id}/file?path=../../version")).await;
    assert_eq!(out.code(), "bad_path");
    let viewer = Client::new(server.address).with_key(&server.key("owner", &[holt_core::access::Scope::View]).await);
    assert_eq!(viewer.post(&format!("{base}/restore"), &json!({ "snapshot": id })).await.status, 403);
    server.stop().await;
}
