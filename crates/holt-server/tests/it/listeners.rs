//! Listening: the private socket, TLS, and where the server refuses to listen.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use holt_core::access::Scope;
use holt_core::sandbox::{Finding, FindingState};
use holt_server::{Certificate, Listen, Server, check_exposure, ensure_first_key};
use holt_testkit::within;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::harness::{Client, TestServer, World};

async fn over_socket(server: &TestServer, request: &str) -> String {
    let mut stream = UnixStream::connect(&server.socket).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    within("the answer", stream.read_to_string(&mut text)).await.unwrap();
    text
}

#[tokio::test]
async fn the_private_socket_needs_no_key_and_is_the_owners() {
    let server = TestServer::start().await;
    let mode = std::fs::metadata(&server.socket).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = over_socket(&server, "GET /v2/me HTTP/1.1\r\nHost: anything\r\nConnection: close\r\n\r\n").await;
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert!(body["scopes"].as_array().unwrap().contains(&"admin".into()), "{text}");
    let code = "POST /v2/sign-in/codes HTTP/1.1\r\nHost: holt\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    assert!(over_socket(&server, code).await.starts_with("HTTP/1.1 201"));
    let socket = server.socket.clone();
    server.stop().await;
    assert!(!socket.exists(), "the socket goes with the server");
}

#[tokio::test]
async fn a_certificate_is_made_and_a_new_one_is_taken_while_connections_stay() {
    let world = World::new().await;
    let directory = world.directory.path().join("tls");
    let mut options = world.options();
    options.listen[0].tls = true;
    options.certificate = Some(Certificate::Generated { directory: directory.clone() });
    options.timing.certificate = Duration::from_millis(20);
    let server = world.run(options).await;
    let old = Client::secure(server.address).with_key(&server.key);
    assert_eq!(old.get("/v2/me").await.status, 200);
    assert!(server.link.starts_with("https://"));
    // Plain text is not answered on the encrypted port.
    let plain = crate::harness::exchange(server.address, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(!plain.starts_with("HTTP/1.1 200"), "{plain}");
    let before = certificate(&server).await;
    let other = World::new().await;
    let mut options = other.options();
    let fresh = other.directory.path().join("tls");
    options.listen[0].tls = true;
    options.certificate = Some(Certificate::Generated { directory: fresh.clone() });
    drop(other.bind(options).await);
    for name in ["key.pem", "cert.pem"] {
        std::fs::rename(fresh.join(name), directory.join(name)).unwrap();
    }
    while certificate(&server).await == before {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(old.get("/v2/me").await.status, 200);
    server.stop().await;
}

/// The certificate that the server shows now.
async fn certificate(server: &TestServer) -> Vec<u8> {
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).tls_info(true).no_proxy().build().unwrap();
    let response = client.get(format!("https://{}/health", server.address)).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_2);
    let info = response.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    info.peer_certificate().unwrap().to_vec()
}

#[tokio::test]
async fn a_port_that_is_taken_and_a_second_server_are_named() {
    let server = TestServer::start().await;
    let world = World::new().await;
    let mut options = world.options();
    options.listen[0].address = server.address;
    let error = Server::bind(options, world.parts()).await.unwrap_err();
    assert_eq!(error.code(), "address_in_use");
    let mut options = world.options();
    options.socket = Some(server.socket.clone());
    assert_eq!(Server::bind(options, world.parts()).await.unwrap_err().code(), "already_running");
    server.stop().await;
}

#[tokio::test]
async fn nobody_listens_wider_than_loopback_without_credentials() {
    let world = World::new().await;
    let wide = || {
        let mut options = world.options();
        options.listen = vec![Listen { address: ([0, 0, 0, 0], 0).into(), tls: false }];
        options
    };
    assert_eq!(Server::bind(wide(), world.parts()).await.unwrap_err().code(), "no_credentials");
    let mut options = wide();
    options.management_key = Some("short".into());
    assert_eq!(Server::bind(options, world.parts()).await.unwrap_err().code(), "weak_key");
    let path = ensure_first_key(&*world.keys, world.directory.path()).await.unwrap().unwrap();
    assert!(Server::bind(wide(), world.parts()).await.is_ok());
    let weak = |name: &str| Finding { name: name.into(), state: FindingState::Weak, text: String::new(), hint: None, fix: None };
    let exposure = |name| check_exposure(([192, 168, 0, 1], 9090).into(), true, None, &[weak(name)]);
    for limit in ["memory_limit", "process_limit", "cpu_limit"] {
        assert_eq!(exposure(limit).unwrap_err().code(), "limits_not_enforced");
    }
    assert!(exposure("disk_limit").is_ok(), "bounded by a watcher everywhere, which is known and said");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_first_start_makes_one_key_that_works() {
    let world = World::new().await;
    let directory = world.directory.path().to_owned();
    let path = ensure_first_key(&*world.keys, &directory).await.unwrap().unwrap();
    assert!(ensure_first_key(&*world.keys, &directory).await.unwrap().is_none(), "once");
    let key = std::fs::read_to_string(&path).unwrap().trim().to_owned();
    let options = world.options();
    let server = world.run(options).await;
    let me = server.stranger().with_key(&key).get("/v2/me").await.json();
    assert_eq!(me["scopes"], serde_json::json!([Scope::Admin]));
    server.stop().await;
}

#[tokio::test]
async fn settings_that_cannot_be_read_keep_the_server_from_starting() {
    let world = World::new().await;
    let mut options = world.options();
    options.cors_origins = vec!["*".into()];
    let error = Server::bind(options, world.parts()).await.unwrap_err();
    assert_eq!(error.code(), "bad_setting");
    let mut options = world.options();
    options.listen[0].tls = true;
    assert_eq!(Server::bind(options, world.parts()).await.unwrap_err().code(), "tls_unusable");
}
