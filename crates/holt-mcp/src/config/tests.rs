use super::*;
use proptest::prelude::*;
use serde_json::json;

/// As the description of the worker control has it.
const SEED: &str = r#"{
  "mcpServers": {
    "context7": {
      "command": "npx",
      "args": ["-y", "@upstash/context7-mcp"],
      "type": "stdio"
    },
    "playwright": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-playwright"],
      "type": "stdio"
    }
  }
}"#;

fn one(entry: &Value) -> Configuration {
    read(&json!({ "mcpServers": { "x": entry } }).to_string()).unwrap()
}

fn codes(configuration: &Configuration) -> Vec<&str> {
    configuration.notices.iter().map(|notice| notice.code).collect()
}

fn words(server: &Server) -> String {
    let Way::Program(program) = &server.way else { panic!("{server:?} is no program") };
    program.args.iter().fold(program.command.clone(), |all, arg| format!("{all} {arg}"))
}

#[test]
fn the_file_of_others_works_as_it_is() {
    let configuration = read(SEED).unwrap();
    assert_eq!(words(&configuration.servers["context7"]), "npx -y @upstash/context7-mcp");
    assert_eq!(words(&configuration.servers["playwright"]), "npx -y @playwright/mcp");
    assert_eq!(codes(&configuration), ["package_renamed"]);
    assert!(configuration.servers.values().all(|server| !server.disabled && !server.holds_secret()));
}

#[test]
fn what_is_not_known_is_said_and_does_no_harm() {
    let configuration = read(r#"{"$schema":"x","mcpServers":{"a":{"command":"a","alwaysAllow":[],"cwd":"/"}}}"#).unwrap();
    assert_eq!(codes(&configuration), ["unknown_key", "unknown_key", "cwd_ignored"]);
    assert_eq!(configuration.servers.len(), 1);
}

#[test]
fn a_server_that_cannot_be_understood_is_left_out_alone() {
    for bad in [
        json!(null),
        json!({}),
        json!({ "command": "" }),
        json!({ "command": "a\u{7}" }),
        json!({ "command": "a", "args": [1] }),
        json!({ "command": "a", "args": vec![""; 65] }),
        json!({ "command": "a", "env": { "A=B": "c" } }),
        json!({ "command": "a", "env": { "A": "${" } }),
        json!({ "command": "a", "url": "https://a.example" }),
        json!({ "type": "sse", "url": "https://a.example/sse" }),
        json!({ "url": "ftp://a.example" }),
        json!({ "url": "https://user:word@a.example" }),
        json!({ "url": "file:///etc/passwd" }),
        json!({ "type": "stdio", "url": "https://a.example" }),
    ] {
        let file = json!({ "mcpServers": { "bad": bad, "good": { "command": "a" } } }).to_string();
        let configuration = read(&file).unwrap();
        assert_eq!(configuration.servers.keys().collect::<Vec<_>>(), ["good"], "{bad}");
        assert_eq!(codes(&configuration), ["server_left_out"]);
    }
    for name in ["", "a b", "a__b", "a_", "ä", &"a".repeat(33), "../a"] {
        assert!(!is_name(name), "{name}");
    }
    assert!(is_name("brave-search") && is_name("my_server2"));
}

#[test]
fn a_secret_is_known_wherever_it_stands() {
    let server = |entry: Value| one(&entry).servers["x"].clone();
    let asks = server(json!({ "command": "a", "env": { "GITHUB_TOKEN": "${GITHUB_TOKEN}", "B": "${GITHUB_TOKEN}${OTHER}" } }));
    assert!(asks.holds_secret());
    assert_eq!(asks.secrets(), ["GITHUB_TOKEN", "OTHER"]);
    let open = one(&json!({ "command": "a", "env": { "BRAVE_API_KEY": "abc" } }));
    assert_eq!(codes(&open), ["secret_in_the_open"]);
    assert!(open.servers["x"].holds_secret(), "it is a secret although it stands in the file");
    assert!(server(json!({ "command": "a", "args": ["--token=${T}"] })).holds_secret());
    assert!(!server(json!({ "command": "a", "env": { "MODE": "fast" } })).holds_secret());
    let remote = server(json!({ "type": "http", "url": "https://a.example/mcp", "headers": { "Authorization": "Bearer ${T}" } }));
    assert!(!remote.holds_secret(), "what it is sent never enters a sandbox");
    assert_eq!(remote.secrets(), ["T"]);
}

#[test]
fn the_file_as_a_whole_has_its_bounds() {
    assert_eq!(read(&" ".repeat(MAX_BYTES + 1)), Err(BadConfiguration::TooLarge));
    assert!(matches!(read("{"), Err(BadConfiguration::NotJson(_))));
    assert_eq!(read("{}"), Err(BadConfiguration::NoServers));
    let many: Map<String, Value> = (0..=MAX_SERVERS).map(|n| (format!("s{n}"), json!({ "command": "a" }))).collect();
    assert_eq!(read(&json!({ "mcpServers": many }).to_string()), Err(BadConfiguration::TooMany));
}

proptest! {
    #[test]
    fn no_file_is_read_badly(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_entry_is_read_badly(key in "command|args|env|url|type|headers|disabled|\\PC{0,4}", value in "\\PC{0,20}") {
        let configuration = one(&json!({ key: value }));
        prop_assert!(configuration.servers.len() + configuration.notices.len() >= 1);
    }
}
