//! Models from the command line: a provider of each language is added while the server runs, and a session uses it.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use holt_testkit::{Script, ScriptedModel, Step};
use serde_json::json;

use crate::support::{Done, Home};

const KEY: &str = "sk-canary-0123456789";

/// Adds a provider, with its key through the standard input.
fn add(home: &Home, arguments: &[&str], key: &str) -> Done {
    let mut command = home.command(&[&["models", "add"], arguments].concat());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(key.as_bytes()).unwrap();
    Done(child.wait_with_output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_works_in_every_language() {
    let home = Home::new().with("HOLT_OLLAMA_FIND", "off");
    let _server = home.serve();
    for (kind, wire, path) in [
        ("anthropic", "anthropic", ""),
        ("openai", "responses", "/v1"),
        ("compatible", "chat", "/v1"),
        ("gemini", "gemini", ""),
        ("ollama", "ollama", ""),
    ] {
        let name = format!("{wire}.txt");
        let write = json!({ "path": name, "content": "written by a model" });
        let steps = [Script::default().text("I write.").call("write_file", &write).into(), Step::text("It is written.")];
        let server = ScriptedModel::start(steps).await;
        server.lists(&["scripted"]);
        server.opens_with(KEY);
        let url = format!("{}{path}", server.url());
        let arguments = [wire, "--kind", kind, "--wire", wire, "--url", &url, "--model", "scripted"];
        let said = add(&home, &arguments, KEY).good();
        assert!(said.contains("took the key") && !said.contains("canary"), "{wire}: {said}");
        let listed = home.holt(&["models", "ls", "--json"]).json();
        let provider = listed["items"].as_array().unwrap().iter().find(|provider| provider["name"] == wire).unwrap().clone();
        assert!(!listed.to_string().contains("canary"), "a key is never told");
        let id = provider["offers"][0]["id"].as_str().unwrap().to_owned();
        let said = home.holt(&["run", "--model", &id, "write it"]).good();
        assert!(said.contains("It is written."), "{wire}: {said}");
        assert_eq!(fs::read_to_string(home.project().join(&name)).unwrap(), "written by a model", "{wire}");
        let requests = server.requests();
        assert_eq!(requests.len(), 2, "{wire}");
        assert!(!requests[1].body.to_string().contains("canary"), "{wire}");
        server.finish();
        home.holt(&["models", "rm", wire]).good();
        let refused = home.holt(&["run", "--model", &id, "again"]);
        assert!(refused.code() != 0 && refused.err().contains("there is no model"), "{wire}: {}", refused.err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_refused_tested_and_rotated() {
    let home = Home::new().with("HOLT_OLLAMA_FIND", "off");
    let _server = home.serve();
    let server = ScriptedModel::start([]).await;
    server.opens_with(KEY);
    server.lists(&["scripted"]);
    let url = format!("{}/v1", server.url());
    let said = add(&home, &["openai", "--url", &url], "wrong").good();
    assert!(said.contains("the key was not accepted"), "{said}");
    add(&home, &["openai", "--url", &url], KEY).good();
    assert!(home.holt(&["models", "test", "openai"]).good().contains("took the key"));
    assert!(home.holt(&["models", "ls"]).good().contains("$2.00 / $10.00"), "prices are shown");
    for (refused, why) in
        [(add(&home, &["nonsense"], KEY), "no kind `nonsense`"), (home.holt(&["models", "rm", "nobody"]), "no provider `nobody`")]
    {
        assert!(refused.code() != 0 && refused.err().contains(why), "{}", refused.err());
    }
}
