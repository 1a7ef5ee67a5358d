//! The public conformance suite, and the inspector: programs of the protocol's own makers. Set-up puts them into `.dev/mcp`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Output;

use holt_testkit::within;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::harness::TestServer;

/// What the suite tries of a server that has tools and nothing else; its other scenarios are about fixtures that it expects
/// to find in the server, or about features that Holt does not claim.
const SCENARIOS: [&str; 4] = ["server-initialize", "ping", "tools-list", "dns-rebinding-protection"];

fn installed(program: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.dev/mcp");
    let found = place.join(program);
    assert!(found.exists(), "{program} is missing: run `scripts/setup.sh tests`");
    found
}

async fn run(program: &str, arguments: &[&str]) -> Output {
    let home = holt_testkit::temp_dir();
    let mut command = tokio::process::Command::new(installed("bin/node"));
    command.arg(installed(&format!("node_modules/.bin/{program}"))).args(arguments);
    command.env("HOME", home.path()).current_dir(home.path()).kill_on_drop(true);
    within(program, command.output()).await.unwrap()
}

/// Passes on to the server, and adds the key, which the suite has no way to send.
async fn with_key(server: SocketAddr, key: String) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let passing = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, server, key.clone()));
        }
    });
    (address, passing)
}

async fn pass(mut client: TcpStream, server: SocketAddr, key: String) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    // One request to a connection, so that each gets the key.
    head.extend_from_slice(format!("authorization: Bearer {key}\r\nconnection: close\r\n").as_bytes());
    let mut server = TcpStream::connect(server).await.ok()?;
    server.write_all(&head).await.ok()?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok().map(drop)
}

#[tokio::test]
async fn the_conformance_suite_is_content() {
    let server = TestServer::start().await;
    let (address, passing) = with_key(server.address, server.key.clone()).await;
    for scenario in SCENARIOS {
        let url = format!("http://{address}/mcp");
        let output = run("conformance", &["server", "--url", &url, "--scenario", scenario]).await;
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("0 failed"), "{scenario}: {said}");
    }
    passing.abort();
    server.stop().await;
}

#[tokio::test]
async fn the_inspector_finds_and_calls_the_tools() {
    let server = TestServer::start().await;
    let url = format!("http://{}/mcp", server.address);
    let key = format!("Authorization: Bearer {}", server.key);
    let base = ["--cli", &url, "--transport", "http", "--header", &key];
    let listed = answer(&run("mcp-inspector", &[&base[..], &["--method", "tools/list", "--strict"]].concat()).await);
    assert!(listed["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "send_prompt"), "{listed}");
    let calling = ["--method", "tools/call", "--tool-name", "create_session", "--tool-arg", "title=inspected"];
    let called = answer(&run("mcp-inspector", &[&base[..], &calling].concat()).await);
    assert!(called["structuredContent"]["session"].is_string(), "{called}");
    let wrong = ["--cli", &url, "--transport", "http", "--method", "tools/list"];
    assert!(!run("mcp-inspector", &wrong).await.status.success(), "without a key nothing is listed");
    server.stop().await;
}

fn answer(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("not JSON: {said}"))
}
