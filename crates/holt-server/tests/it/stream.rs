//! Events in pages, and as they happen.

use holt_core::access::Scope;
use holt_core::time::Timestamp;
use serde_json::json;

use crate::harness::{EventStream, TestServer};

#[tokio::test]
async fn a_page_of_events_goes_either_way() {
    let server = TestServer::start().await;
    let session = server.session().await;
    server.happen(session, 9).await;
    let path = format!("/v2/sessions/{session}/events");
    let page = |query: &str| {
        let (client, target) = (server.client(), format!("{path}?{query}"));
        async move {
            let page = client.get(&target).await.json();
            let seqs: Vec<u64> = page["events"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
            (seqs, page["last_seq"].as_u64().unwrap())
        }
    };
    assert_eq!(page("").await, ((1..=10).collect(), 10));
    assert_eq!(page("after=7").await, (vec![8, 9, 10], 10));
    assert_eq!(page("after=2&limit=2").await, (vec![3, 4], 10));
    assert_eq!(page("before=4").await, (vec![1, 2, 3], 10));
    assert_eq!(page("before=9&limit=2").await, (vec![7, 8], 10));
    assert_eq!(page("after=10").await, (vec![], 10));
    let client = server.client();
    for bad in ["after=1&before=2", "after=-1", "limit=x", "unknown=1"] {
        assert_eq!(client.get(&format!("{path}?{bad}")).await.code(), "bad_query", "{bad}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_follower_gets_a_snapshot_and_then_what_happens() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}/events");
    let mut stream = EventStream::open(&server.client(), &path).await;
    let snapshot = stream.next().await.unwrap();
    assert_eq!((snapshot.name.as_str(), snapshot.id, &snapshot.data["last_seq"]), ("snapshot", Some(1), &json!(1)));
    let sent = server.client().post(&format!("/v2/sessions/{session}/prompts"), &json!({ "text": "hello otter" })).await;
    assert_eq!(sent.status, 202, "{sent:?}");
    let (mut next, mut said, mut finished) = (2, String::new(), false);
    while !finished {
        let sent = stream.next().await.unwrap();
        match sent.name.as_str() {
            "delta" => said.push_str(sent.data["text"].as_str().unwrap()),
            "event" => {
                assert_eq!((sent.id, &sent.data["seq"]), (Some(next), &json!(next)));
                finished = sent.data["kind"] == "run_finished";
                next += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(said, "You said: hello otter");
    server.stop().await;
}

#[tokio::test]
async fn a_follower_whose_connection_is_cut_misses_nothing_and_gets_nothing_twice() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}/events");
    let (client, engine) = (server.client(), &server.engine);
    let writer = async {
        let by = holt_core::access::Principal {
            owner: holt_core::id::OwnerId::new("owner"),
            name: "writer".into(),
            scopes: vec![Scope::Admin],
            key: None,
            rules: None,
        };
        for n in 0..300 {
            engine.rename(&by, session, format!("title {n}")).await.unwrap();
        }
    };
    let reader = async {
        let mut seen = vec![0];
        let mut stream = EventStream::open(&client, &format!("{path}?after=0")).await;
        while *seen.last().unwrap() < 301 {
            match stream.next().await {
                Some(sent) if sent.name == "event" => seen.push(sent.id.unwrap()),
                Some(sent) => panic!("{sent:?}"),
                None => panic!("the stream ended"),
            }
            if seen.len() % 37 == 0 {
                drop(stream);
                stream = EventStream::resume(&client, &path, *seen.last().unwrap()).await;
            }
        }
        seen
    };
    let ((), seen) = tokio::join!(writer, reader);
    assert_eq!(seen, (0..=301).collect::<Vec<u64>>());
    server.stop().await;
}

#[tokio::test]
async fn a_place_that_cannot_be_gets_a_snapshot() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut stream = EventStream::open(&server.client(), &format!("/v2/sessions/{session}/events?after=99")).await;
    assert_eq!(stream.next().await.unwrap().name, "snapshot");
    server.stop().await;
}

#[tokio::test]
async fn a_revoked_or_expired_key_ends_its_streams() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}/events");
    let (key, id) = server.record("owner", &[Scope::View], None).await;
    let mut stream = EventStream::open(&server.stranger().with_key(&key), &path).await;
    let mut others = EventStream::open(&server.client(), &path).await;
    stream.next_of("snapshot").await;
    others.next_of("snapshot").await;
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    assert!(stream.next().await.is_none(), "the stream has ended");
    server.happen(session, 1).await;
    assert_eq!(others.next_of("event").await.id, Some(2), "others go on");
    let soon = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64 + 500;
    let (key, _) = server.record("owner", &[Scope::View], Some(Timestamp::from_millis(soon))).await;
    let mut stream = EventStream::open(&server.stranger().with_key(&key), &path).await;
    while stream.next().await.is_some() {}
    assert_eq!(server.stranger().with_key(&key).get("/v2/me").await.status, 401);
    server.stop().await;
}

#[tokio::test]
async fn followers_of_a_removed_session_are_told() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut stream = EventStream::open(&server.client(), &format!("/v2/sessions/{session}/events")).await;
    stream.next_of("snapshot").await;
    assert_eq!(server.client().delete(&format!("/v2/sessions/{session}")).await.status, 204);
    stream.next_of("removed").await;
    assert!(stream.next().await.is_none());
    server.stop().await;
}

#[tokio::test]
async fn one_key_opens_a_bounded_number_of_streams() {
    let server = TestServer::start_with(|options| options.limits.streams_per_key = 2).await;
    let session = server.session().await;
    let path = format!("/v2/sessions/{session}/events");
    let client = server.client();
    let mut first = EventStream::open(&client, &path).await;
    let _second = EventStream::open(&client, &path).await;
    let third = client.clone().with("accept", "text/event-stream").get(&path).await;
    assert_eq!((third.status, third.code().as_str()), (429, "too_many_streams"));
    let other = server.key("owner", &[Scope::View]).await;
    let _others = EventStream::open(&server.stranger().with_key(&other), &path).await;
    first.next_of("snapshot").await;
    drop(first);
    // The place is free once the server has seen that the client is gone.
    let mut status = 429;
    while status == 429 {
        server.happen(session, 1).await;
        let request = client.request(reqwest::Method::GET, &path).header("accept", "text/event-stream");
        status = request.send().await.unwrap().status().as_u16();
    }
    assert_eq!(status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_shows_that_it_lives() {
    let server = TestServer::start_with(|options| options.timing.ping = std::time::Duration::from_millis(20)).await;
    let session = server.session().await;
    let request = server.client().request(reqwest::Method::GET, &format!("/v2/sessions/{session}/events?after=1"));
    let mut response = request.header("accept", "text/event-stream").send().await.unwrap();
    let mut text = String::new();
    while !text.ends_with(": \n\n: \n\n") {
        let chunk = holt_testkit::within("a sign of life", response.chunk()).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(text.starts_with("retry: 1000\n\n"));
    server.stop().await;
}
