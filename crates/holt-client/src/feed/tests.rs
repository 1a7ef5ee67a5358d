//! A feed against a server that cuts, repeats, skips and vanishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

use super::*;

const SESSION: &str = "01920000-0000-7000-8000-0000000000aa";

fn event(seq: u64) -> String {
    let json = format!(r#"{{"session":"{SESSION}","seq":{seq},"at":{seq},"kind":"noted","body":{{"n":{seq}}}}}"#);
    format!("id: {seq}\nevent: event\ndata: {json}\n\n")
}

/// Answers each connection with the next script; `{}` in none of them. Remembers what was asked.
async fn serve(scripts: Vec<String>) -> (tempfile::TempDir, Client, tokio::task::JoinHandle<Vec<String>>) {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(directory.path().join("holt.sock")).unwrap();
    let client = Client::local(directory.path());
    let asked = tokio::spawn(async move {
        let mut asked = Vec::new();
        for script in scripts {
            let (mut stream, _) = listener.accept().await.unwrap();
            asked.push(request_line(&mut stream).await);
            stream.write_all(script.as_bytes()).await.unwrap();
        }
        asked
    });
    (directory, client, asked)
}

async fn request_line(stream: &mut UnixStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().lines().next().unwrap().to_owned()
}

fn stream_of(frames: &[String]) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{}", frames.concat())
}

async fn numbers(feed: &mut Follow, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        if let Some(FeedItem::Event(event)) = feed.next().await.unwrap() {
            numbers.push(event.seq);
        }
    }
    numbers
}

#[tokio::test]
async fn a_cut_feed_resumes_where_it_was_without_gap_or_repeat() {
    let scripts = vec![
        stream_of(&[event(1), event(2), "id: 3\nevent: event\ndata: {\"sess".into()]),
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n".into(),
        stream_of(&[event(2), event(3), event(5)]),
        stream_of(&[event(4), ": still here\n\n".into(), event(5), "event: from_the_future\ndata: 1\n\n".into()]),
        stream_of(&["event: removed\ndata: {}\n\n".into()]),
    ];
    let (_directory, client, asked) = serve(scripts).await;
    let mut feed = client.follow(SESSION.parse().unwrap(), Some(0));
    assert_eq!(numbers(&mut feed, 5).await, [1, 2, 3, 4, 5]);
    assert!(matches!(feed.next().await.unwrap(), Some(FeedItem::Removed)));
    assert!(feed.next().await.unwrap().is_none());
    let after: Vec<_> = asked.await.unwrap().iter().map(|line| line.split("after=").nth(1).unwrap()[..1].to_owned()).collect();
    assert_eq!(after, ["0", "2", "2", "3", "5"]);
}

#[tokio::test]
async fn a_final_no_is_not_asked_again() {
    let body = r#"{"code":"session_not_found","message":"there is none","hint":"List them."}"#;
    let (_directory, client, _asked) =
        serve(vec![format!("HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\n\r\n{body}", body.len())]).await;
    let mut feed = client.follow(SESSION.parse().unwrap(), None);
    assert_eq!(feed.next().await.unwrap_err().code(), "session_not_found");
    assert!(feed.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let directory = tempfile::tempdir().unwrap();
    let mut feed = Client::local(directory.path()).follow(SESSION.parse().unwrap(), Some(3)).patient_for(Duration::from_secs(5));
    assert_eq!(feed.next().await.unwrap_err().code(), "server_unreachable");
}

#[tokio::test]
async fn a_socket_below_a_long_path_is_reached() {
    let directory = tempfile::tempdir().unwrap();
    let deep = directory.path().join("d".repeat(120));
    std::fs::create_dir(&deep).unwrap();
    let short = directory.path().join("holt.sock");
    let listener = UnixListener::bind(&short).unwrap();
    std::fs::rename(&short, deep.join("holt.sock")).unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        request_line(&mut stream).await;
        count.fetch_add(1, Ordering::SeqCst);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"items\":[]}").await.unwrap();
    });
    Client::local(&deep).keys().await.unwrap();
    task.await.unwrap();
    assert_eq!(served.load(Ordering::SeqCst), 1);
}
