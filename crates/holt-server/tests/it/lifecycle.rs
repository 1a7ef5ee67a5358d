//! The end of the server.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use crate::harness::{EventStream, Feed, TestServer, open};

#[tokio::test]
async fn the_end_closes_streams_and_idle_connections() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let mut stream = EventStream::open(&server.client(), &format!("/v2/sessions/{session}/events")).await;
    stream.next_of("snapshot").await;
    let mut feed = Feed::open(server.address, &server.key).await;
    feed.follow(session, None).await;
    assert_eq!(feed.next().await.unwrap()["type"], "snapshot");
    let address = server.address;
    server.stop().await;
    assert!(stream.next().await.is_none());
    assert_eq!(feed.end().await, Some(1008));
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let server = TestServer::start_with(|options| options.timing.grace = Duration::from_millis(100)).await;
    let mut silent = open(server.address).await;
    server.stop().await;
    let mut rest = Vec::new();
    let _ = holt_testkit::within("the end of the connection", silent.read_to_end(&mut rest)).await;
    assert!(rest.is_empty());
}
