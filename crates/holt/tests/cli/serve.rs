//! How the server starts, refuses to start, and ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Home, Server, wait_until};
use holt_api::CreateSession;
use holt_client::Client;
use rustix::process::Signal;

#[test]
fn it_answers_and_tells_no_secret() {
    let home = Home::new().with("MANAGEMENT_API_KEY", "canary-canary-canary-canary");
    let mut server = home.serve();
    assert!(server.get("/health").starts_with("HTTP/1.1 200"));
    assert!(server.get("/v2/sessions").starts_with("HTTP/1.1 401"));
    let link = home.holt(&["open", "--no-browser"]).good();
    assert!(link.starts_with(&format!("http://{}/#code=", server.address)), "{link}");
    // With this a sandbox was tried, and ended again.
    home.holt(&["status"]).good();
    let first_key = fs::read_to_string(home.data_dir().join("admin-key")).unwrap();
    assert_eq!(fs::metadata(home.data_dir()).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(server.end(Signal::INT), Some(0));
    assert!(!server.log().contains("a sandbox is gone"), "one that was to end: {}", server.log());
    assert!(server.log().contains("/v2/sessions"), "requests are for programs");
    let code = link.trim().split("code=").nth(1).unwrap();
    for secret in ["canary", code, first_key.trim(), "code="] {
        assert!(!server.log().contains(secret), "the log tells `{secret}`");
    }
}

#[test]
fn only_one_server_has_a_data_directory() {
    let home = Home::new();
    let server = home.serve();
    let second = home.holt(&["serve", "--listen", "127.0.0.1:0"]);
    second.failed(11, &["in use", &server.pid().to_string(), "--data-dir"]);
    assert!(server.get("/health").starts_with("HTTP/1.1 200"), "the first goes on");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    home.holt(&["serve", "--listen", &address]).failed(10, &[&address, "--listen"]);
}

#[test]
fn a_data_directory_that_cannot_be_used_is_said_to_be() {
    let home = Home::new();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("data");
    home.holt(&["serve", "--data-dir", below.to_str().unwrap()]).failed(12, &["data"]);
    home.holt(&["serve", "--data-dir", "/proc/holt"]).failed(12, &["/proc/holt", "--data-dir"]);
    fs::create_dir(home.path().join("mine")).unwrap();
    fs::write(home.path().join("mine/thesis.txt"), "").unwrap();
    home.holt(&["serve", "--data-dir", home.path().join("mine").to_str().unwrap()]).failed(12, &["other files"]);
}

#[test]
fn data_of_a_newer_version_is_left_alone() {
    let home = Home::new();
    home.serve().end(Signal::INT);
    fs::write(home.data_dir().join("version"), "999\n").unwrap();
    home.holt(&["serve"]).failed(13, &["999", "newer"]);
    fs::write(home.data_dir().join("version"), "1\n").unwrap();
}

/// Found out while the server answers already: it ends all the same.
#[test]
fn a_keeper_that_cannot_be_written_ends_the_start() {
    let home = Home::new();
    home.serve().end(Signal::INT);
    fs::remove_dir_all(home.data_dir().join("bin")).unwrap();
    fs::write(home.data_dir().join("bin"), "").unwrap();
    home.holt(&["serve", "--listen", "127.0.0.1:0"]).failed(12, &["keeper", "bin"]);
}

#[test]
fn without_bubblewrap_there_is_no_server() {
    let home = Home::new().with("PATH", "/nonexistent");
    home.holt(&["serve"]).failed(14, &["bubblewrap", "apt-get install", "holt doctor"]);
}

#[tokio::test]
async fn a_killed_server_loses_no_session() {
    let home = Home::new();
    let mut server = home.serve();
    let client = Client::local(home.data_dir());
    let made = client.create_session(&CreateSession::default()).await.unwrap();
    assert_eq!(server.end(Signal::KILL), None);
    let mut again = home.serve();
    assert_eq!(client.session(made.id).await.unwrap().id, made.id);
    assert_eq!(again.end(Signal::INT), Some(0));
}

#[tokio::test]
async fn termination_leaves_sandboxes_and_interruption_ends_them() {
    let home = Home::new();
    let mut server = home.serve();
    let client = Client::local(home.data_dir());
    let session = client.create_session(&CreateSession::default()).await.unwrap().id;
    client.wake(session).await.unwrap();
    assert!(home.keepers() > 0);
    assert_eq!(server.end(Signal::TERM), Some(0));
    assert!(home.keepers() > 0, "the sandbox outlives the server");

    let mut next = home.serve();
    assert!(client.usage(session).await.unwrap().processes > 0, "the next server goes on with it");
    assert_eq!(next.end(Signal::INT), Some(0));
    wait_until("no keeper is left", || home.keepers() == 0);
}

#[tokio::test]
async fn a_key_opens_the_server_from_elsewhere_until_it_is_revoked() {
    let home = Home::new();
    let server = home.serve();
    let url = format!("http://{}", server.address);
    let made = home.holt(&["key", "add", "laptop", "--json"]).json();
    let far = Home::new().with("HOLT_SERVER", &url).with("HOLT_KEY", made["key"].as_str().unwrap());
    assert_eq!(far.holt(&["ls"]).good().trim(), "no sessions");
    far.holt(&["key", "ls"]).failed(5, &[]);
    home.holt(&["key", "revoke", made["record"]["id"].as_str().unwrap()]).good();
    far.holt(&["ls"]).failed(5, &[]);
    assert!(home.holt(&["key", "ls"]).good().contains("revoked"));
}

#[test]
fn the_second_signal_ends_at_once() {
    let home = Home::new();
    let server = Server::start(home.command(&["serve", "--listen", "127.0.0.1:0"]));
    // A request that never ends keeps the server from ending in good order.
    let _open = std::net::TcpStream::connect(server.address).unwrap();
    server.signal(Signal::INT);
    let mut server = server;
    assert!(matches!(server.end(Signal::INT), Some(0 | 130)));
}

#[test]
fn a_newcomer_finds_a_first_session_once() {
    let home = Home::new();
    for _ in 0..2 {
        let mut server = Server::start(home.command(&["serve", "--welcome", "--listen", "127.0.0.1:0"]));
        let sessions = home.holt(&["ls", "--json"]).json();
        assert_eq!(sessions["items"].as_array().unwrap().len(), 1, "{sessions}");
        server.end(Signal::INT);
    }
}
