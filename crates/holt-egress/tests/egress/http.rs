//! Requests with a whole address, and CONNECT.

use std::time::Duration;

use holt_core::network::HostRule;
use holt_core::policy::Verdict;
use holt_core::session::Network;
use holt_egress::Limits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{Yard, bodies, echo, head, mirror, small};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_request_is_passed_on_without_what_was_meant_for_the_proxy() {
    let (at, _server) = mirror().await;
    let yard = Yard::open(&[at.to_string()]).await;
    let request = format!(
        "GET http://{at}/a?b=c HTTP/1.1\r\nHost: other.example\r\nConnection: x-mine, close\r\nX-Mine: 1\r\nX-Kept: 2\r\n\
         Proxy-Authorization: Basic eA==\r\nProxy-Connection: keep-alive\r\nUpgrade: h2c\r\nTE: trailers\r\n\r\n"
    );
    let answer = text(&yard.say(request.as_bytes()).await);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(head.contains("x-end: 2") && !head.contains("x-hop: 1") && !head.contains("proxy-authenticate"), "{head}");
    let body = body.to_lowercase();
    assert!(body.starts_with("get /a?b=c http/1.1\r\n"), "{body}");
    assert!(body.contains(&format!("host: {at}\r\n")) && body.contains("x-kept: 2"), "{body}");
    for gone in ["x-mine", "proxy-", "upgrade", "te:", "other.example", "connection"] {
        assert!(!body.contains(gone), "{gone} in {body}");
    }
    let (sent, received) = yard.client.counted();
    assert_eq!((sent, received), (request.len() as u64, answer.len() as u64));
}

#[tokio::test]
async fn a_request_is_understood_however_it_is_cut() {
    let (at, _server) = mirror().await;
    let yard = Yard::open(&[at.to_string()]).await;
    let request = format!("GET http://{at}/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    for cut in 1..request.len() {
        let mut stream = yard.connect().await;
        stream.set_nodelay(true).unwrap();
        stream.write_all(&request.as_bytes()[..cut]).await.unwrap();
        tokio::task::yield_now().await;
        stream.write_all(&request.as_bytes()[cut..]).await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"), "cut at {cut}");
    }
}

#[tokio::test]
async fn one_connection_asks_again_and_bodies_of_both_kinds_go_through() {
    let (at, _server) = bodies().await;
    let yard = Yard::open(&[at.to_string()]).await;
    let mut stream = yard.connect().await;
    for body in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"] {
        stream.write_all(format!("POST http://{at}/ HTTP/1.1\r\nHost: x\r\n{body}").as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        // A body of known length comes back so, and the other in pieces.
        let expected = if head.contains("transfer-encoding: chunked") { "5\r\nhello\r\n0\r\n\r\n".len() } else { 5 };
        let mut answer = vec![0; expected];
        stream.read_exact(&mut answer).await.unwrap();
        assert!(text(&answer).contains("hello"), "{}", text(&answer));
    }
}

#[tokio::test]
async fn connect_is_bytes_both_ways_and_each_way_ends_by_itself() {
    let (at, _server) = echo().await;
    let yard = Yard::open(&[at.to_string()]).await;
    // The first bytes come with the request.
    let answer = text(&yard.say(format!("CONNECT {at} HTTP/1.1\r\nHost: {at}\r\n\r\nhello").as_bytes()).await);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhello and out"), "{answer}");
}

#[tokio::test]
async fn what_may_not_be_is_refused_with_its_reason_and_told() {
    let (at, _server) = echo().await;
    let yard = Yard::open(&[]).await;
    for (request, status, code) in [
        (format!("CONNECT {at} HTTP/1.1\r\n\r\n"), "403 Forbidden", "address_refused"),
        (format!("GET http://{at}/ HTTP/1.1\r\nHost: x\r\n\r\n"), "403 Forbidden", "address_refused"),
        ("CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n".into(), "403 Forbidden", "address_refused"),
        ("GET http://[::ffff:10.0.0.1]/ HTTP/1.1\r\nHost: x\r\n\r\n".into(), "403 Forbidden", "address_refused"),
        ("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n".into(), "400 Bad Request", "not_understood"),
        ("GET ftp://example.com/ HTTP/1.1\r\nHost: x\r\n\r\n".into(), "400 Bad Request", "not_understood"),
        ("GET http://user@example.com/ HTTP/1.1\r\nHost: x\r\n\r\n".into(), "400 Bad Request", "not_understood"),
        ("CONNECT example.com HTTP/1.1\r\nHost: x\r\n\r\n".into(), "400 Bad Request", "not_understood"),
    ] {
        let answer = text(&yard.say(request.as_bytes()).await);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request} {answer}");
        assert!(answer.contains(&format!("x-holt-refused: {code}\r\n")) && answer.contains(&format!("({code})")), "{answer}");
    }
    assert!(text(&yard.say(b"CONNECT 10.0.0.1:80 HTTP/1.1\r\n\r\n").await).contains("leads to a private network"));
    assert_eq!(yard.refused()[0], (at.to_string(), "address_refused"));
    assert_eq!(yard.refused().len(), 5, "what nobody understands is no decision");
}

#[tokio::test]
async fn without_a_policy_that_lets_it_nothing_leaves() {
    let (at, _server) = echo().await;
    let yard = Yard::with(Network::None, &[at.to_string()], small()).await;
    let answer = text(&yard.say(format!("CONNECT {at} HTTP/1.1\r\n\r\nhello").as_bytes()).await);
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("network_policy"), "{answer}");
    assert_eq!(yard.refused(), [(at.to_string(), "network_policy")]);
}

#[tokio::test]
async fn rules_decide_by_name_and_what_they_do_not_allow_any_more_is_cut() {
    let (at, _server) = echo().await;
    let (named, other) = (format!("localhost:{}", at.port()), format!("other.localhost:{}", at.port()));
    let yard = Yard::with(Network::Allow, &[named.clone(), other.clone()], Limits::default()).await;
    let rule = |host: &str, verdict| HostRule { host: host.into(), verdict };
    yard.says.rules.lock().unwrap().1 = vec![rule("localhost", Verdict::Allow), rule("*.localhost", Verdict::Deny)];
    let mut stream = yard.connect().await;
    stream.write_all(format!("CONNECT {named} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
    stream.write_all(b"ping").await.unwrap();
    stream.read_exact(&mut [0; 4]).await.unwrap();
    assert_eq!(*yard.says.allowed.lock().unwrap(), [(named.clone(), "localhost".to_owned())]);
    let answer = text(&yard.say(format!("CONNECT {other} HTTP/1.1\r\n\r\n").as_bytes()).await);
    assert!(answer.contains("network_policy"), "{answer}");
    // A change that leaves it as it was cuts nothing.
    yard.client.policy_changed();
    stream.write_all(b"pong").await.unwrap();
    stream.read_exact(&mut [0; 4]).await.unwrap();
    yard.says.rules.lock().unwrap().0 = Network::None;
    yard.client.policy_changed();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"", "cut, though neither side had ended");
    assert_eq!(yard.refused()[1], (named, "network_policy"));
}

#[tokio::test]
async fn a_session_has_room_for_so_many_and_room_again_when_one_ends() {
    let (at, _server) = echo().await;
    let yard = Yard::with(Network::Open, &[at.to_string()], small()).await;
    let connect = format!("CONNECT {at} HTTP/1.1\r\n\r\n");
    let mut held = Vec::new();
    for _ in 0..small().connections {
        let mut stream = yard.connect().await;
        stream.write_all(connect.as_bytes()).await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200"));
        held.push(stream);
    }
    let answer = text(&yard.say(connect.as_bytes()).await);
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("too_many_connections"), "{answer}");
    let mut last = held.pop().unwrap();
    last.shutdown().await.unwrap();
    last.read_to_end(&mut Vec::new()).await.unwrap();
    // The end is seen here a moment before it is there.
    loop {
        let answer = text(&yard.say(connect.as_bytes()).await);
        if answer.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_host_that_says_nothing_is_let_go_when_its_program_has_left() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap();
    let limits = Limits { half_closed: Duration::ZERO, ..small() };
    let yard = Yard::with(Network::Open, &[at.to_string()], limits).await;
    let mut stream = yard.connect().await;
    stream.write_all(format!("GET http://{at}/ HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
    let (mut kept, _) = silent.accept().await.unwrap();
    assert!(head(&mut kept).await.starts_with("GET / HTTP/1.1"));
    // Whoever asked has all the time in the world, as long as it is there.
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let ends = async {
        let _ = stream.read_to_end(&mut rest).await;
        let _ = kept.read_to_end(&mut Vec::new()).await;
    };
    timeout(Duration::from_secs(60), ends).await.expect("both end");
    assert_eq!(text(&rest), "");
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let yard = Yard::open(&[]).await;
    let mut stream = yard.connect().await;
    stream.write_all(b"GET http://a.example/ HTTP/1.1\r\n").await.unwrap();
    let line = [b'a'; 1024];
    while stream.write_all(&[b"x: ", &line[..], b"\r\n"].concat()).await.is_ok() {}
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || text(&answer).starts_with("HTTP/1.1 431"), "{}", text(&answer));
}
