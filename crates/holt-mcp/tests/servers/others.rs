//! Servers that others wrote, from npm and PyPI, in a sandbox without network.

use holt_core::tool::CallStatus;
use serde_json::{Value, json};

use crate::support::{Den, text};

/// As a package that was fetched is started.
fn node(script: &str, arguments: &[&str]) -> Value {
    let script = format!("/opt/holt/mcp/node_modules/{script}");
    let args: Vec<&str> = std::iter::once(script.as_str()).chain(arguments.iter().copied()).collect();
    json!({ "command": "node", "args": args })
}

fn python(module: &str) -> Value {
    let version = std::process::Command::new("/usr/bin/python3")
        .args(["-c", "import sys; print('python%d.%d' % sys.version_info[:2])"])
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let packages = format!("/opt/holt/mcp/lib/{}/site-packages", version.trim());
    json!({ "command": "/usr/bin/python3", "args": ["-m", module], "env": { "PYTHONPATH": packages } })
}

#[tokio::test]
async fn the_filesystem_server_works_in_the_workspace() {
    let den = Den::new().await;
    let tested = den.take("files", node("@modelcontextprotocol/server-filesystem/dist/index.js", &["/workspace"])).await;
    assert!(tested.tools.iter().any(|tool| tool.name == "write_file"), "{tested:?}");
    assert!(den.offered().await.contains(&"files__read_text_file".to_owned()));
    let written = den.call("files__write_file", json!({ "path": "/workspace/den.txt", "content": "otters" })).await;
    assert_eq!(written.status, CallStatus::Succeeded, "{written:?}");
    assert_eq!(std::fs::read_to_string(den.workspace().join("den.txt")).unwrap(), "otters");
    let outside = den.call("files__read_text_file", json!({ "path": "/etc/passwd" })).await;
    assert_eq!(outside.status, CallStatus::Failed, "{outside:?}");
    den.end().await;
}

#[tokio::test]
async fn the_everything_server_answers_in_every_form() {
    let den = Den::new().await;
    den.take("all", node("@modelcontextprotocol/server-everything/dist/index.js", &["stdio"])).await;
    let echoed = den.call("all__echo", json!({ "message": "otters" })).await;
    assert!(text(&echoed).contains("otters"), "{echoed:?}");
    let picture = den.call("all__get-tiny-image", json!({})).await;
    assert!(text(&picture).contains("image/png"), "{picture:?}");
    let wrong = den.call("all__echo", json!({ "message": 7 })).await;
    assert_eq!(wrong.status, CallStatus::Failed, "{wrong:?}");
    let slow = den.call("all__trigger-long-running-operation", json!({ "duration": 1, "steps": 4 })).await;
    assert_eq!(slow.status, CallStatus::Succeeded, "{slow:?}");
    den.end().await;
}

#[tokio::test]
async fn the_git_server_looks_at_a_repository() {
    let den = Den::new().await;
    den.take("git", python("mcp_server_git")).await;
    den.run("git init -q . && echo otters > den.txt").await;
    let status = den.call("git__git_status", json!({ "repo_path": "/workspace" })).await;
    assert!(status.status == CallStatus::Succeeded && text(&status).contains("den.txt"), "{status:?}");
    den.end().await;
}

#[tokio::test]
async fn the_fetch_server_says_that_nothing_is_reached_without_network() {
    let den = Den::new().await;
    den.take("fetch", python("mcp_server_fetch")).await;
    let fetched = den.call("fetch__fetch", json!({ "url": "http://otters.example/" })).await;
    assert_eq!(fetched.status, CallStatus::Failed, "{fetched:?}");
    den.end().await;
}

#[tokio::test]
async fn the_playwright_server_drives_a_chromium() {
    let den = Den::new().await;
    let headless = ["--headless", "--executable-path", "/usr/bin/chromium", "--no-sandbox", "--isolated"];
    den.take("web", node("@playwright/mcp/cli.js", &headless)).await;
    let opened = den.call("web__browser_navigate", json!({ "url": "data:text/html,<title>otters</title><h1>Den</h1>" })).await;
    assert!(opened.status == CallStatus::Succeeded && text(&opened).contains("otters"), "{opened:?}");
    den.end().await;
}
