//! A session by its interface, from beginning to end.

use serde_json::{Value, json};

use crate::harness::{EventStream, TestServer};

#[tokio::test]
async fn a_session_lives_by_its_interface() {
    let server = TestServer::start().await;
    let client = server.client();
    let id = "01920000-0000-7000-8000-0000000000bb";
    let made = client.post("/v2/sessions", &json!({ "id": id, "title": "otters", "prompt": { "text": "hello" } })).await;
    assert_eq!((made.status, &made.json()["id"]), (201, &json!(id)));
    let again = client.post("/v2/sessions", &json!({ "id": id, "title": "others" })).await;
    assert_eq!((again.status, &again.json()["title"]), (201, &json!("otters")), "asked twice, made once");
    let base = format!("/v2/sessions/{id}");
    let mut stream = EventStream::open(&client, &format!("{base}/events?after=0")).await;
    while stream.next_of("event").await.data["kind"] != "run_finished" {}
    let prompt = "01920000-0000-7000-8000-0000000000cc";
    for _ in 0..2 {
        let sent = client.post(&format!("{base}/prompts"), &json!({ "id": prompt, "text": "again" })).await;
        assert_eq!((sent.status, &sent.json()["prompt"]), (202, &json!(prompt)));
    }
    while stream.next_of("event").await.data["kind"] != "run_finished" {}
    let kinds = kinds(&client.get(&format!("{base}/events")).await.json());
    assert_eq!(kinds.iter().filter(|kind| *kind == "prompt_queued").count(), 2, "a prompt sent twice is taken once");
    assert_eq!(client.patch(&base, &json!({ "title": "rivers" })).await.json()["title"], "rivers");
    assert_eq!(client.patch(&base, &json!({ "title": "" })).await.code(), "bad_title");
    assert_eq!(client.post(&format!("{base}/cancel"), &json!({})).await.code(), "not_running");
    assert_eq!(client.post(&format!("{base}/retry"), &json!({})).await.code(), "not_failed");
    assert_eq!(client.delete(&format!("{base}/prompts/{prompt}")).await.code(), "prompt_not_found");
    let answer = client.post(&format!("{base}/approvals/{prompt}"), &json!({ "allow": true })).await;
    assert_eq!(answer.code(), "question_not_found");
    assert_eq!(client.post(&format!("{base}/wake"), &json!({})).await.json()["sandbox"], "open");
    assert_eq!(client.get(&format!("{base}/usage")).await.status, 200);
    assert_eq!(client.post(&format!("{base}/sleep"), &json!({})).await.json()["sandbox"], "closed");
    assert_eq!(client.get(&format!("{base}/usage")).await.json()["memory_bytes"], 0);
    assert_eq!(client.get(&format!("{base}/artifacts")).await.json()["items"], json!([]));
    assert_eq!(client.post(&format!("{base}/stop"), &json!({})).await.status, 200);
    assert_eq!(client.delete(&base).await.status, 204);
    assert_eq!(client.get(&base).await.code(), "session_not_found");
    server.stop().await;
}

fn kinds(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_are_read_in_pages() {
    let server = TestServer::start().await;
    let client = server.client();
    for n in 0..5 {
        client.post("/v2/sessions", &json!({ "title": format!("session {n}") })).await;
    }
    let (mut titles, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v2/sessions?limit=2{cursor}")).await.json();
        titles.extend(page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    titles.sort_unstable();
    assert_eq!(titles, (0..5).map(|n| format!("session {n}")).collect::<Vec<_>>());
    let count = |query: &'static str| {
        let client = client.clone();
        async move { client.get(&format!("/v2/sessions?{query}")).await.json()["items"].as_array().unwrap().len() }
    };
    assert_eq!(count("q=SION 3").await, 1);
    assert_eq!(count("status=idle,running").await, 5);
    assert_eq!(count("status=ended").await, 0);
    assert_eq!(count("origin=holt").await, 5);
    assert_eq!(count("origin=elsewhere").await, 0);
    assert_eq!(count("origin=all").await, 5);
    server.stop().await;
}
