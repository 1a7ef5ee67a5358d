//! The public conformance suite, its part for clients: it starts a server and runs a program that is to use it. That program is
//! this executable with one test of its own.

use holt_testkit::within;
use serde_json::json;

use crate::support::{Den, installed};

/// What the suite tries of a client that answers no questions of servers and signs in nowhere.
const SCENARIOS: [&str; 3] = ["initialize", "tools_call", "sse-retry"];

#[tokio::test]
async fn the_conformance_suite_is_content() {
    let program = std::env::current_exe().unwrap();
    let client = format!("{} suite::client --exact --ignored --nocapture", program.display());
    for scenario in SCENARIOS {
        let home = holt_testkit::temp_dir();
        let mut command = tokio::process::Command::new(installed("bin/node"));
        command.arg(installed("node_modules/.bin/conformance"));
        command.args(["client", "--command", &client, "--scenario", scenario]);
        command.env("HOME", home.path()).current_dir(home.path()).kill_on_drop(true);
        let output = within(scenario, command.output()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("0 failed"), "{scenario}: {said}");
    }
}

/// Uses every tool of the server whose address it is given last.
#[tokio::test]
#[ignore = "the suite runs it"]
async fn client() {
    let address = std::env::args().next_back().unwrap().replace("localhost", "127.0.0.1");
    let den = Den::new().await;
    den.take("suite", json!({ "type": "http", "url": address })).await;
    for tool in den.offered().await {
        den.call(&tool, json!({ "a": 1, "b": 2 })).await;
    }
    den.end().await;
}
