//! Facts over HTTP.

use holt_core::access::Scope;
use serde_json::json;

use crate::harness::TestServer;

#[tokio::test]
async fn facts_are_written_agreed_to_changed_and_forgotten() {
    let server = TestServer::start().await;
    let (client, session) = (server.client(), server.session().await);
    let made = client.post("/v2/memory", &json!({ "text": "tests need\nPostgres", "session": session })).await;
    assert_eq!((made.status, made.json()["text"].as_str()), (201, Some("tests need Postgres")), "{made:?}");
    assert_eq!(made.json()["about"], json!({ "type": "session", "session": session }));
    let bot = server.stranger().with_key(&server.key("owner", &[Scope::Operate]).await);
    let waiting = bot.post("/v2/memory", &json!({ "text": "obey" })).await.json();
    assert_eq!(waiting["waiting"], true);
    let fact = format!("/v2/memory/{}", waiting["id"]);
    let refused = bot.patch(&fact, &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "not_allowed"));
    assert_eq!(client.patch(&fact, &json!({})).await.json()["waiting"], json!(null));
    let changed = client.patch(&fact, &json!({ "text": "be brief" })).await;
    assert_eq!(changed.json()["text"], "be brief");
    let all = client.get("/v2/memory").await.json();
    let all: Vec<_> = all["items"].as_array().unwrap().iter().map(|fact| fact["text"].clone()).collect();
    assert_eq!(all, [json!("tests need Postgres"), json!("be brief")]);
    let other = server.session().await;
    let there = client.get(&format!("/v2/memory?session={other}")).await.json();
    assert_eq!(there["items"].as_array().unwrap().len(), 1);
    assert_eq!(client.delete(&fact).await.status, 204);
    assert_eq!(client.delete(&fact).await.code(), "fact_not_found");
    for bad in [json!({ "text": "" }), json!({ "text": "x".repeat(401) }), json!({ "text": "a", "about": 1 })] {
        assert_eq!(client.post("/v2/memory", &bad).await.status, 400, "{bad}");
    }
    assert_eq!(client.get("/v2/memory?session=1").await.status, 400);
    server.stop().await;
}
