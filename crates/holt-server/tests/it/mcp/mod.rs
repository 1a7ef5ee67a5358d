//! Holt as an MCP server, as agents elsewhere meet it: message by message, and with programs that others wrote.

mod others;

use holt_core::access::Scope;
use holt_testkit::within;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Client, Reply, SILENCE, TestServer};

const VERSION: &str = "2025-11-25";

/// Sends a message of the protocol.
async fn say(client: &Client, message: &Value) -> Reply {
    let request = client.request(Method::POST, "/mcp").header("accept", "application/json, text/event-stream");
    client.send(request.header("mcp-protocol-version", VERSION).json(message)).await
}

/// Asks something, and gives every message of the answer, whichever form it has.
async fn ask(client: &Client, method: &str, params: Value) -> Vec<Value> {
    let reply = say(client, &json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    if reply.header("content-type").starts_with("application/json") {
        return vec![reply.json()];
    }
    let text = reply.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim).filter(|data| !data.is_empty());
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

async fn call(client: &Client, tool: &str, arguments: Value) -> Value {
    let said = ask(client, "tools/call", json!({ "name": tool, "arguments": arguments })).await;
    said.last().unwrap()["result"].clone()
}

/// The facts of a call that went well.
async fn facts(client: &Client, tool: &str, arguments: Value) -> Value {
    let result = call(client, tool, arguments).await;
    assert_eq!(result["isError"], false, "{tool}: {result}");
    result["structuredContent"].clone()
}

async fn refusal(client: &Client, tool: &str, arguments: Value) -> String {
    let result = call(client, tool, arguments).await;
    assert_eq!(result["isError"], true, "{tool}: {result}");
    result["structuredContent"]["code"].as_str().unwrap().to_owned()
}

async fn tools(client: &Client) -> Vec<String> {
    let listed = ask(client, "tools/list", json!({})).await;
    let tools = listed[0]["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_is_made_prompted_and_read() {
    let server = TestServer::start().await;
    let client = server.client();
    let made = facts(&client, "create_session", json!({ "title": "otters", "prompt": "hello", "wait_seconds": 600 })).await;
    assert_eq!((made["answer"].as_str(), made["settled"].as_bool()), (Some("You said: hello"), Some(true)), "{made}");
    let session = &made["session"];
    let said = facts(&client, "send_prompt", json!({ "session": session, "text": "again", "wait_seconds": 600 })).await;
    assert_eq!((said["answer"].as_str(), &said["run"]["outcome"]), (Some("You said: again"), &json!("completed")), "{said}");
    let nothing = facts(&client, "wait_for_session", json!({ "session": session, "after": said["last_seq"] })).await;
    assert_eq!((nothing["answer"].as_str(), nothing["status"].as_str()), (Some(""), Some("idle")));
    let all = facts(&client, "wait_for_session", json!({ "session": session, "after": 0 })).await;
    assert_eq!(all["answer"], "You said: hello\n\nYou said: again");
    let listed = facts(&client, "list_sessions", json!({ "query": "otter" })).await;
    assert_eq!(&listed["items"][0]["id"], session);
    let events = facts(&client, "list_events", json!({ "session": session, "limit": 2 })).await;
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
    assert_eq!(events["events"][1]["kind"], "run_finished");
    let first = facts(&client, "list_events", json!({ "session": session, "after": 0, "limit": 1 })).await;
    assert_eq!(first["events"][0]["kind"], "session_created");
    assert_eq!(refusal(&client, "cancel_run", json!({ "session": session })).await, "not_running");
    assert_eq!(facts(&client, "stop_session", json!({ "session": session })).await["id"], *session);
    server.stop().await;
}

#[tokio::test]
async fn whoever_waits_hears_how_it_goes_on() {
    let server = TestServer::start().await;
    let session = server.session().await;
    let arguments = json!({ "session": session, "text": "hello", "wait_seconds": 600 });
    let params = json!({ "name": "send_prompt", "arguments": arguments, "_meta": { "progressToken": "p" } });
    let said = ask(&server.client(), "tools/call", params).await;
    let heard: Vec<_> = said.iter().filter(|message| message["method"] == "notifications/progress").collect();
    assert_eq!(heard[0]["params"]["message"], "You said: hello", "{said:?}");
    assert_eq!(said.last().unwrap()["result"]["structuredContent"]["answer"], "You said: hello");
    server.stop().await;
}

#[tokio::test]
async fn files_travel_both_ways() {
    let server = TestServer::start().await;
    let client = server.client();
    let session = server.session().await;
    let path = json!({ "session": session, "path": "notes/den.txt" });
    let written = json!({ "session": session, "path": "notes/den.txt", "content": "otters" });
    assert_eq!(facts(&client, "write_file", written).await["size"], 6);
    assert_eq!(facts(&client, "read_file", path.clone()).await, json!({ "size": 6, "text": "otters" }));
    let listed = facts(&client, "list_files", json!({ "session": session, "path": "notes" })).await;
    assert_eq!(listed["entries"][0]["path"], "notes/den.txt");
    let bytes = json!({ "session": session, "path": "raw", "content": "/wA=", "base64": true });
    assert_eq!(facts(&client, "write_file", bytes).await["size"], 2);
    assert_eq!(facts(&client, "read_file", json!({ "session": session, "path": "raw" })).await["base64"], "/wA=");
    let long = "x".repeat(300 * 1024);
    let body = json!({ "session": session, "path": "long", "content": long });
    assert_eq!(facts(&client, "write_file", body).await["size"], 300 * 1024);
    let first = facts(&client, "read_file", json!({ "session": session, "path": "long" })).await;
    assert_eq!((first["text"].as_str().unwrap().len(), &first["next_offset"]), (256 * 1024, &json!(256 * 1024)));
    let rest = json!({ "session": session, "path": "long", "offset": first["next_offset"] });
    assert_eq!(facts(&client, "read_file", rest).await["text"].as_str().unwrap().len(), 44 * 1024);
    for outside in ["../secret", "/etc/passwd", "a/../../b"] {
        let code = refusal(&client, "read_file", json!({ "session": session, "path": outside })).await;
        assert_eq!(code, "bad_path", "{outside}");
    }
    assert_eq!(refusal(&client, "read_file", json!({ "session": session, "path": "none" })).await, "file_not_found");
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_offered_what_it_may_use() {
    let server = TestServer::start().await;
    let looks = server.stranger().with_key(&server.key("owner", &[Scope::View]).await);
    let works = server.stranger().with_key(&server.key("owner", &[Scope::Operate]).await);
    let (few, all) = (tools(&looks).await, tools(&works).await);
    assert!(few.contains(&"read_file".to_owned()) && !few.contains(&"write_file".to_owned()));
    assert_eq!(all, tools(&server.client()).await, "a key that may do everything is offered no more here");
    assert!(!all.iter().any(|tool| ["approve", "answer", "key", "project"].iter().any(|word| tool.contains(word))), "{all:?}");
    let refused = ask(&looks, "tools/call", json!({ "name": "create_session", "arguments": {} })).await;
    assert_eq!(refused[0]["error"]["code"], -32602, "{refused:?}");
    let unknown = ask(&works, "tools/call", json!({ "name": "rm", "arguments": {} })).await;
    assert_eq!(unknown[0]["error"]["code"], -32602);
    server.stop().await;
}

/// What belongs to somebody else is not there, also for a key that sees everything elsewhere.
#[tokio::test]
async fn nobody_reaches_another_owners_sessions_here() {
    let server = TestServer::start().await;
    let other = server.stranger().with_key(&server.key("somebody", &[Scope::Operate]).await);
    let theirs = facts(&other, "create_session", json!({ "title": "theirs" })).await["session"].clone();
    let admin = server.client();
    assert_eq!(admin.get(&format!("/v2/sessions/{}", theirs.as_str().unwrap())).await.status, 200);
    assert_eq!(facts(&admin, "list_sessions", json!({})).await["items"], json!([]));
    for tool in ["get_session", "wait_for_session", "cancel_run", "stop_session", "take_screenshot", "list_files", "list_events"]
    {
        assert_eq!(refusal(&admin, tool, json!({ "session": theirs })).await, "session_not_found", "{tool}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_in_words() {
    let server = TestServer::start().await;
    let client = server.client();
    let session = server.session().await;
    for (tool, arguments) in [
        ("get_session", json!({})),
        ("get_session", json!({ "session": "otter" })),
        ("get_session", json!({ "session": session, "more": 1 })),
        ("create_session", json!({ "workspace": { "type": "directory", "path": "/etc" } })),
        ("create_session", json!({ "network": "open" })),
        ("write_file", json!({ "session": session, "path": "a", "content": "!", "base64": true })),
    ] {
        assert_eq!(refusal(&client, tool, arguments.clone()).await, "bad_arguments", "{tool} {arguments}");
    }
    assert_eq!(refusal(&client, "send_prompt", json!({ "session": session, "text": " " })).await, "empty_prompt");
    assert_eq!(refusal(&client, "create_session", json!({ "title": "x".repeat(201) })).await, "bad_title");
    assert_eq!(refusal(&client, "take_screenshot", json!({ "session": session })).await, "sandbox_closed");
    server.stop().await;
}

#[tokio::test]
async fn a_message_has_its_bounds_and_its_form() {
    let server = TestServer::start().await;
    let client = server.client();
    let flood = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": { "x": "x".repeat(3 << 20) } });
    assert_eq!(say(&client, &flood).await.code(), "too_large");
    let bare = client.send(client.request(Method::POST, "/mcp").json(&json!({}))).await;
    assert_eq!((bare.status, bare.code().as_str()), (406, "bad_request"));
    let accepting = || client.request(Method::POST, "/mcp").header("accept", "application/json, text/event-stream");
    let text = client.send(accepting().header("content-type", "text/plain").body("{}")).await;
    assert_eq!(text.status, 415);
    for broken in ["", "{", "[]", "{\"jsonrpc\":\"2.0\"}", "\u{0}"] {
        let reply = client.send(accepting().header("content-type", "application/json").body(broken)).await;
        assert!((400..500).contains(&reply.status), "{broken}: {reply:?}");
    }
    let noted = say(&client, &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
    assert_eq!(noted.status, 202);
    assert_eq!(client.get("/mcp").await.status, 405);
    assert_eq!(client.delete("/mcp").await.status, 405);
    server.stop().await;
}

#[tokio::test]
async fn a_page_from_elsewhere_is_refused() {
    let server = TestServer::start().await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    for (name, value, code) in [
        ("origin", "https://evil.example", "foreign_origin"),
        ("sec-fetch-site", "cross-site", "foreign_site"),
        ("host", "evil.example", "unknown_host"),
    ] {
        assert_eq!(say(&server.client().with(name, value), &message).await.code(), code);
    }
    server.stop().await;
}

/// A call that waits ends with the key that made it; what it began goes on.
#[tokio::test]
async fn a_revoked_key_waits_for_nothing() {
    let server = TestServer::start().await;
    let (key, id) = server.record("owner", &[Scope::Operate], None).await;
    let (client, session) = (server.stranger().with_key(&key), server.session().await);
    let prompt = json!({ "session": session, "text": SILENCE, "wait_seconds": 600 });
    let waiting = tokio::spawn(async move { refusal(&client, "send_prompt", prompt).await });
    let path = format!("/v2/sessions/{session}");
    within("the run", async { while server.client().get(&path).await.json()["status"] != "running" {} }).await;
    assert_eq!(server.client().delete(&format!("/v2/keys/{id}")).await.status, 204);
    assert_eq!(within("the end of the wait", waiting).await.unwrap(), "request_over");
    assert_eq!(server.client().get(&path).await.json()["status"], "running");
    server.stop().await;
}
