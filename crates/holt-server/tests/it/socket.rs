//! The socket on which a client follows many sessions.

use std::collections::HashMap;
use std::time::Duration;

use futures::SinkExt as _;
use holt_api::bounds::{MAX_FOLLOWS, MAX_FRAME_BYTES};
use holt_core::access::Scope;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Feed, TestServer, open, read_head};

#[tokio::test]
async fn one_socket_follows_many_sessions() {
    let server = TestServer::start().await;
    let (one, two) = (server.session().await, server.session().await);
    server.happen(two, 4).await;
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.follow(one, None).await;
    feed.follow(two, Some(2)).await;
    feed.say(r#"{"ping":18446744073709551615}"#).await;
    let mut places: HashMap<String, u64> = HashMap::from([(two.to_string(), 2)]);
    let (mut ponged, mut last) = (false, (0, 0));
    let mut happened = false;
    while last != (3, 7) || !ponged {
        let frame = feed.next().await.unwrap();
        match frame["type"].as_str().unwrap() {
            "pong" => ponged = frame["ping"] == json!(u64::MAX),
            "snapshot" => {
                assert_eq!(frame["session"], one.to_string());
                places.insert(one.to_string(), frame["snapshot"]["last_seq"].as_u64().unwrap());
            }
            "event" => {
                let (session, seq) = (frame["event"]["session"].as_str().unwrap(), frame["event"]["seq"].as_u64().unwrap());
                let place = places.get_mut(session).unwrap();
                assert_eq!(seq, *place + 1);
                *place = seq;
            }
            other => panic!("{other}"),
        }
        if !happened && places.contains_key(&one.to_string()) {
            happened = true;
            server.happen(one, 2).await;
            server.happen(two, 2).await;
        }
        let place = |session: &str| places.get(session).copied().unwrap_or(0);
        last = (place(&one.to_string()), place(&two.to_string()));
    }
    feed.say(&format!(r#"{{"unfollow":"{two}"}}"#)).await;
    feed.say(r#"{"ping":1}"#).await;
    assert_eq!(feed.next().await.unwrap()["type"], "pong");
    server.happen(two, 1).await;
    server.happen(one, 1).await;
    assert_eq!(feed.next().await.unwrap()["event"]["session"], one.to_string());
    assert_eq!(server.client().delete(&format!("/v2/sessions/{one}")).await.status, 204);
    while feed.next().await.unwrap() != json!({ "type": "removed", "session": one }) {}
    drop(feed);
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_followed_is_said_and_the_socket_stays() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let key = server.key("somebody", &[Scope::View]).await;
    let mut feed = Feed::open(server.address, &key).await;
    feed.follow(session, None).await;
    let refused = feed.next().await.unwrap();
    assert_eq!((refused["type"].as_str(), refused["code"].as_str()), (Some("error"), Some("session_not_found")));
    assert_eq!(refused["session"], session.to_string());
    for bad in ["", "{", "[]", "{\"follow\":\"x\"}", "{\"follow\":1}", "{\"ping\":1,\"follow\":2}", "\u{0}", &"[".repeat(1000)] {
        feed.say(bad).await;
        assert_eq!(feed.next().await.unwrap()["code"], "bad_frame", "{bad}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_socket_follows_so_many_and_no_more() {
    let server = TestServer::start().await;
    let mut feed = Feed::open(server.address, &server.key).await;
    for n in 0..=MAX_FOLLOWS {
        let session = server.session().await;
        feed.follow(session, None).await;
        let frame = feed.next().await.unwrap();
        let expected = if n < MAX_FOLLOWS { json!("snapshot") } else { json!("error") };
        assert_eq!(frame["type"], expected, "{n}");
    }
    server.stop().await;
}

#[tokio::test]
async fn frames_that_are_too_large_or_of_another_kind_end_the_socket() {
    let server = TestServer::start().await;
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.say(&format!(r#"{{"ping":1{}}}"#, " ".repeat(MAX_FRAME_BYTES - 100))).await;
    assert_eq!(feed.next().await.unwrap()["type"], "pong", "within the bound all is well");
    let _ = feed.socket.send(Message::text("x".repeat(MAX_FRAME_BYTES + 1))).await;
    assert_eq!(feed.end().await, Some(1009));
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.socket.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(feed.end().await, Some(1003));
    let mut feed = Feed::open(server.address, &server.key).await;
    // A frame that is not masked, of a kind that does not exist.
    feed.socket.get_mut().write_all(&[0x8b, 0x05, 1, 2, 3, 4, 5]).await.unwrap();
    assert_eq!(feed.end().await, Some(1002));
    server.stop().await;
}

#[tokio::test]
async fn a_message_in_endless_pieces_is_bounded_too() {
    let server = TestServer::start().await;
    let mut feed = Feed::open(server.address, &server.key).await;
    // Text frames of 32 KiB that say "more follows", masked with zeros.
    let piece = |first: bool| {
        let mut frame = vec![u8::from(first), 0xfe];
        frame.extend_from_slice(&(32u16 * 1024).to_be_bytes());
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(&vec![b' '; 32 * 1024]);
        frame
    };
    for n in 0..4 {
        if feed.socket.get_mut().write_all(&piece(n == 0)).await.is_err() {
            break;
        }
    }
    assert_eq!(feed.end().await, Some(1009));
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_key_ends_its_sockets() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let mut feed = Feed::open(server.address, &key).await;
    feed.follow(session, None).await;
    assert_eq!(feed.next().await.unwrap()["type"], "snapshot");
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    assert_eq!(feed.end().await, Some(1008));
    assert_eq!(Feed::try_open(server.address, "/v2/feed", &[("x-api-key", &key)]).await.err(), Some(401));
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_key_ends_a_socket_whose_client_takes_nothing() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let mut feed = Feed::open(server.address, &key).await;
    feed.follow(session, Some(0)).await;
    // More than the connection holds, so that the server waits for it to be taken.
    let prompt = json!({ "text": "x".repeat(250_000), "when_busy": "interrupt" });
    for _ in 0..60 {
        server.client().post(&format!("/v2/sessions/{session}/prompts"), &prompt).await;
    }
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    feed.end().await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_is_no_socket_is_told_so() {
    let server = TestServer::start().await;
    let reply = server.client().get("/v2/feed").await;
    assert_eq!((reply.status, reply.code().as_str()), (426, "upgrade_required"));
    server.stop().await;
}

#[tokio::test]
async fn a_follower_that_sleeps_gets_everything_in_order() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.follow(session, Some(0)).await;
    let by = holt_core::access::Principal {
        owner: holt_core::id::OwnerId::new("owner"),
        name: "writer".into(),
        scopes: vec![Scope::Admin],
        key: None,
        rules: None,
    };
    // More than any queue on the way holds, before the client reads a single frame.
    let title = "x".repeat(190);
    for n in 0..3000 {
        server.engine.rename(&by, session, format!("{title} {n}")).await.unwrap();
    }
    for expected in 1..=3001 {
        assert_eq!(feed.next().await.unwrap()["event"]["seq"], expected);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_never_answers_is_let_go() {
    let server = TestServer::start_with(|options| {
        options.timing.ping = Duration::from_millis(50);
        options.timing.stall = Duration::from_millis(100);
    })
    .await;
    let mut stream = open(server.address).await;
    let head = format!(
        "GET /v2/feed HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        server.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 101"));
    let mut pings = Vec::new();
    holt_testkit::within("the end of the socket", stream.read_to_end(&mut pings)).await.unwrap();
    assert!(pings.starts_with(&[0x89, 0x00]), "it was asked first: {pings:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_quiet_follower_is_not_sent_text_while_it_is_written() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.say(&format!(r#"{{"follow":"{session}","deltas":false}}"#)).await;
    assert_eq!(feed.next().await.unwrap()["type"], "snapshot");
    let prompt = json!({ "text": "many words that come one by one" });
    assert_eq!(server.client().post(&format!("/v2/sessions/{session}/prompts"), &prompt).await.status, 202);
    loop {
        let frame = feed.next().await.unwrap();
        assert_eq!(frame["type"], "event");
        if frame["event"]["kind"] == "run_finished" {
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn the_list_is_watched_by_those_who_see_it() {
    let server = TestServer::start().await;
    let others = server.session().await;
    let key = server.key("somebody", &[Scope::Operate]).await;
    let mut feed = Feed::open(server.address, &key).await;
    feed.say(r#"{"watch":"sessions"}"#).await;
    assert_eq!(feed.next().await.unwrap(), json!({ "type": "watching" }));
    server.happen(others, 3).await;
    let client = server.stranger().with_key(&key);
    let made = client.post("/v2/sessions", &json!({ "title": "mine" })).await.json();
    let path = format!("/v2/sessions/{}", made["id"].as_str().unwrap());
    let told = feed.next().await.unwrap();
    assert_eq!((&told["type"], &told["session"], &told["summary"]["title"]), (&json!("summary"), &made["id"], &json!("mine")));
    assert_eq!(client.patch(&path, &json!({ "title": "renamed" })).await.status, 200);
    while feed.next().await.unwrap()["summary"]["title"] != "renamed" {}
    assert_eq!(client.delete(&path).await.status, 204);
    while feed.next().await.unwrap() != json!({ "type": "removed", "session": made["id"] }) {}
    feed.say(r#"{"unwatch":"sessions"}"#).await;
    feed.say(r#"{"ping":1}"#).await;
    assert_eq!(feed.next().await.unwrap()["type"], "pong");
    assert_eq!(client.post("/v2/sessions", &json!({})).await.status, 201);
    feed.say(r#"{"ping":2}"#).await;
    assert_eq!(feed.next().await.unwrap(), json!({ "type": "pong", "ping": 2 }), "it hears no more of the list");
    server.stop().await;
}

#[tokio::test]
async fn questions_are_answered_over_the_socket_by_whom_they_may_be() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let call = "01920000-0000-7000-8000-0000000000aa";
    let viewer = server.key("owner", &[Scope::View]).await;
    for (key, expected) in [(&server.key, "question_not_found"), (&viewer, "not_allowed")] {
        let mut feed = Feed::open(server.address, key).await;
        for frame in [
            format!(r#"{{"answer":"{call}","session":"{session}","with":{{"allow":true,"hash":"x"}}}}"#),
            format!(r#"{{"reply":"{call}","session":"{session}","text":"the blue"}}"#),
            format!(r#"{{"answer_host":7,"session":"{session}","allow":true}}"#),
        ] {
            feed.say(&frame).await;
            let said = feed.next().await.unwrap();
            assert_eq!((said["type"].as_str(), said["code"].as_str()), (Some("error"), Some(expected)), "{frame} {said}");
            assert_eq!(said["session"], session.to_string());
        }
    }
    server.stop().await;
}
