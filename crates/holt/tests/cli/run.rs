//! Tasks from the command line: what a person sees, what the agent made, and how the command ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use holt_api::{CreateSession, Policy, SendPrompt, Verdict};
use holt_client::Client;
use holt_testkit::{Script, ScriptedModel};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Done, Home, wait_until};

/// A home whose real model is the scripted one.
fn home_with(model: &ScriptedModel) -> Home {
    Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary")
}

fn events(output: &str) -> Vec<Value> {
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_small_web_page_about_otters() {
    let home = Home::new();
    let said = home.holt(&["run", "make a small web page about otters"]).good();
    let page = fs::read_to_string(home.project().join("index.html")).unwrap();
    assert!(page.to_lowercase().contains("otter"));
    assert!(said.contains("✓ write_file index.html"), "{said}");
    let sessions = home.holt(&["ls", "--json"]).json();
    let id = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(sessions["items"].as_array().unwrap().len(), 1);
    let end = &id[id.len() - 8..];
    for named in ["last", &id, end] {
        assert_eq!(home.holt(&["show", named, "--json"]).json()["id"], *id);
    }
    assert!(home.holt(&["show", "last"]).good().contains("idle"));
    assert!(home.holt(&["logs", end]).good().contains("> make a small web page about otters"));
    home.holt(&["rm", "last"]).failed(2, &["--yes"]);
    home.holt(&["rm", "last", "--yes"]).good();
    home.holt(&["show", &id]).failed(1, &["holt ls"]);
    assert!(home.project().join("index.html").exists(), "a project's files stay");
}

#[test]
fn files_of_a_managed_session_come_and_go() {
    let home = Home::new();
    home.holt(&["run", "--managed", "make a small web page about otters"]).good();
    assert!(fs::read_dir(home.project()).unwrap().next().is_none(), "nothing is made here");
    assert!(home.holt(&["get", "last", "--list"]).good().contains("index.html"));
    home.holt(&["get", "last", "index.html"]).good();
    assert!(fs::read_to_string(home.project().join("index.html")).unwrap().contains("<html"));
    home.holt(&["get", "last", "index.html"]).failed(1, &["is here already", "--force"]);
    home.holt(&["get", "last", "index.html", "--force"]).good();
    home.holt(&["get", "last", "nothing.txt"]).failed(1, &["nothing.txt"]);
    home.holt(&["get", "last", "-o", "all.zip"]).good();
    assert!(fs::read(home.project().join("all.zip")).unwrap().starts_with(b"PK"));
    fs::write(home.project().join("räd \u{202e}.txt"), "down the river").unwrap();
    home.holt(&["put", "last", "räd \u{202e}.txt", "--to", "deep/er"]).good();
    assert!(home.holt(&["get", "last", "deep/er/räd \u{202e}.txt", "-o", "-"]).good() == "down the river");
    home.holt(&["get", "last", "deep", "-o", "deep.zip"]).good();
    assert!(fs::read_dir(home.project()).unwrap().all(|entry| !entry.unwrap().path().to_string_lossy().ends_with(".part")));
}

#[test]
fn a_task_comes_from_standard_input_and_events_leave_as_json() {
    let home = Home::new();
    let mut command = home.command(&["run", "--json", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"make a small web page about otters").unwrap();
    let done = Done(child.wait_with_output().unwrap());
    let events = events(&done.good());
    let seqs: Vec<_> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
    assert_eq!(events.last().unwrap()["body"]["result"]["outcome"], "completed");
    home.holt(&["run", " "]).failed(2, &["no task"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_a_model_writes_reaches_the_terminal_raw() {
    let title = "\x1b]0;evil\x07 and \u{202e}more";
    let model = ScriptedModel::start([Script::default().text(title).into()]).await;
    let home = home_with(&model);
    let said = home.holt(&["run", title]).good();
    assert!(said.contains("␛]0;evil␇ and <U+202E>more"), "{said}");
    for shown in [home.holt(&["logs", "last"]), home.holt(&["ls"]), home.holt(&["show", "last"])] {
        let text = shown.good() + &shown.err();
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}']), "{text:?}");
    }
    model.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_refuses_the_key_fails_the_run_with_advice() {
    let model = ScriptedModel::answering(|_| holt_testkit::Step::fail(401, "authentication_error", "invalid x-api-key")).await;
    let home = home_with(&model);
    let done = home.holt(&["run", "hello"]);
    assert_eq!(done.code(), 1, "{}", done.err());
    assert!(done.out().contains("key was not accepted") && done.out().contains("Check the provider's key"), "{}", done.out());
    assert!(!done.out().contains("sk-canary") && !done.err().contains("sk-canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_uses_up_its_budget_says_so_with_its_code() {
    let call = || Script::default().call("list_files", &json!({})).into();
    let model = ScriptedModel::answering(move |_| call()).await;
    let home = home_with(&model).with("HOLT_BUDGET_STEPS", "2");
    let done = home.holt(&["run", "again and again"]);
    assert_eq!(done.code(), 3, "{}{}", done.out(), done.err());
    assert!(done.out().contains("the run's budget of 2 steps is used up"), "{}", done.out());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interruption_cancels_the_run() {
    let sleep = Script::default().call("execute_command", &json!({ "command": "sleep 1000" }));
    let model = ScriptedModel::start([sleep.into()]).await;
    let home = home_with(&model);
    let mut child = home.command(&["run", "--json", "sleep"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    assert!(lines.any(|line| line.contains(r#""kind":"call_started""#)));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::INT).unwrap();
    let rest: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.iter().any(|line| line.contains(r#""status":"cancelled""#)), "{rest:?}");
    assert!(rest.last().unwrap().contains(r#""outcome":"cancelled""#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_the_death_of_its_server() {
    let command = "touch begun; while [ ! -e go ]; do sleep 0.05; done; echo went on";
    let call = Script::default().call("execute_command", &json!({ "command": command }));
    let model = ScriptedModel::start([call.into(), Script::default().text("The end.").into()]).await;
    let home = home_with(&model);
    let child = home.command(&["run", "wait"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command runs", || home.project().join("begun").exists());
    let servers = home.processes().into_iter().filter(|line| line.contains("--background"));
    for server in servers {
        let pid = server.trim_start_matches("/proc/").split(':').next().unwrap().parse().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    }
    fs::write(home.project().join("go"), "").unwrap();
    let said = Done(child.wait_with_output().unwrap()).good();
    assert!(said.contains("went on") && said.ends_with("The end.\n"), "{said}");
    assert!(!said.contains("interrupted"), "{said}");
    model.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_from_elsewhere() {
    let script = || Script::default().call("write_file", &json!({ "path": "a.txt", "content": "x" })).into();
    let model = ScriptedModel::start([script(), Script::default().text("done").into()]).await;
    let home = home_with(&model);
    let _server = home.serve();
    let client = Client::local(home.data_dir());
    let wanted = CreateSession {
        policy: Some(Policy { otherwise: Verdict::Ask, ..Policy::default() }),
        prompt: Some(SendPrompt { text: "write".into(), ..SendPrompt::default() }),
        ..CreateSession::default()
    };
    client.create_session(&wanted).await.unwrap();
    home.holt(&["approve", "last", "01920000-0000-7000-8000-0000000000aa"]).failed(1, &["asks nothing"]);
    wait_until("it asks", || home.holt(&["ls", "--json"]).json()["items"][0]["status"] == "waiting");
    assert!(home.holt(&["show", "last"]).good().contains("write_file a.txt"));
    assert!(home.holt(&["approve", "last"]).good().contains("allowed: write_file"));
    wait_until("it is done", || home.holt(&["ls", "--json"]).json()["items"][0]["status"] == "idle");
    assert_eq!(home.holt(&["get", "last", "a.txt", "-o", "-"]).good(), "x");
}

#[test]
fn a_directory_that_is_worked_in_does_not_choose_where_keys_go() {
    let home = Home::new();
    let trap = "ANTHROPIC_BASE_URL=http://127.0.0.1:1\nANTHROPIC_API_KEY=x\nHOLT_DATA_DIR=/nonexistent\n";
    fs::write(home.project().join(".env"), trap).unwrap();
    fs::write(home.project().join("holt.toml"), "model = \"claude-opus-4-5\"\n").unwrap();
    home.holt(&["run", "make a small web page about otters"]).good();
    assert_eq!(home.holt(&["show", "last", "--json"]).json()["model"], "demo");
}

#[test]
fn a_server_that_was_started_for_a_task_gives_way_to_one_that_was_asked_for() {
    let home = Home::new();
    home.holt(&["run", "make a small web page about otters"]).good();
    assert!(home.processes().iter().any(|line| line.contains("--background")));
    let server = home.serve();
    assert!(!home.processes().iter().any(|line| line.contains("--background")));
    assert!(server.get("/health").starts_with("HTTP/1.1 200"));
    assert!(home.holt(&["ls"]).good().contains("otters"));
}

#[test]
fn a_server_that_was_started_for_a_task_ends_when_nobody_needs_it() {
    let home = Home::new().with("HOLT_LINGER", "0s");
    home.holt(&["run", "make a small web page about otters"]).good();
    wait_until("it ends by itself, with its sandbox", || home.processes().is_empty());
    // And begins again when it is needed.
    assert!(home.holt(&["ls"]).good().contains("otters"));
}

#[test]
fn what_ended_long_ago_is_shown_and_then_removed() {
    let home = Home::new();
    home.holt(&["run", "make a small web page about otters"]).good();
    home.holt(&["stop", "last"]).good();
    wait_until("it has ended", || home.holt(&["ls", "--json"]).json()["items"][0]["status"] == "ended");
    assert!(home.holt(&["gc"]).good().starts_with("nothing to remove: no session ended more than 30 days ago"));
    let found = home.holt(&["gc", "--older-than", "0s", "--json"]).json();
    assert_eq!(found["would_remove"].as_array().unwrap().len(), 1);
    assert!(home.holt(&["gc", "--older-than", "0s"]).good().contains("add `--yes`"));
    home.holt(&["gc", "--older-than", "0s", "--yes"]).good();
    assert_eq!(home.holt(&["ls"]).good().trim(), "no sessions");
}
