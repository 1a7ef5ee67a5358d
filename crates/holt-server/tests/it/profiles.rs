//! Profiles of browsers over HTTP: whose they are, and that one in use stays.

use holt_core::access::Scope;
use holt_core::id::{OwnerId, SessionId};
use holt_core::profile::{ProfileKey, ProfileName};
use serde_json::json;
use uuid::Uuid;

use crate::harness::TestServer;

#[tokio::test]
async fn each_owner_sees_and_removes_their_own_and_one_in_use_stays() {
    let server = TestServer::start().await;
    let session = SessionId::new(Uuid::now_v7());
    let key = ProfileKey { owner: OwnerId::new("owner"), name: ProfileName::new("work").unwrap() };
    server.profiles.found_with(&key, session);
    let listed = server.client().get("/v2/profiles").await.json();
    assert_eq!(listed["items"], json!([{ "name": "work", "bytes": 0, "held_by": session }]));
    let refused = server.client().delete("/v2/profiles/work").await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("profile_held")), "{refused:?}");
    let stranger = server.stranger().with_key(&server.key("another", &[Scope::Admin]).await);
    assert_eq!(stranger.get("/v2/profiles").await.json()["items"], json!([]));
    for name in ["work", "none", "..%2Fx", "UPPER"] {
        assert_eq!(stranger.delete(&format!("/v2/profiles/{name}")).await.status, 404, "{name}");
    }
    server.profiles.let_go(&key, session);
    assert_eq!(server.client().get("/v2/profiles").await.json()["items"], json!([]));
    let looking = server.stranger().with_key(&server.key("owner", &[Scope::View]).await);
    assert_eq!(looking.delete("/v2/profiles/work").await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn a_session_is_made_with_one_whose_name_is_one() {
    let server = TestServer::start().await;
    let made = server.client().post("/v2/sessions", &json!({ "browser_profile": "work" })).await;
    assert_eq!(made.status, 201, "{made:?}");
    let bad = server.client().post("/v2/sessions", &json!({ "browser_profile": "../work" })).await;
    assert_eq!(bad.status, 400, "{bad:?}");
    server.stop().await;
}
