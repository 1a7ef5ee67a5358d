//! What the program does without any server.

use std::fs;

use crate::support::Home;
use serde_json::Value;

#[test]
fn the_configuration_is_shown_with_its_sources_and_without_its_secrets() {
    let home = Home::new().with("ANTHROPIC_API_KEY", "sk-canary-1").with("LOG_LEVEL", "warn");
    fs::write(home.project().join(".env"), "MANAGEMENT_API_KEY=canary-2-canary-2-canary-2\nHOLT_LISTEN=127.0.0.1:1\n").unwrap();
    fs::write(home.project().join("holt.toml"), "listen = \"127.0.0.1:2\"\n[budget]\nsteps = 7\n").unwrap();
    let config: Value = home.holt(&["config", "--json"]).json();
    let expect = |key: &str, value: &str, source: &str| {
        assert_eq!((config[key]["value"].as_str().unwrap(), config[key]["source"].as_str().unwrap()), (value, source));
    };
    expect("listen", "127.0.0.1:1", ".env, HOLT_LISTEN");
    expect("budget.steps", "7", &home.project().join("holt.toml").display().to_string());
    expect("log.level", "warn", "environment, LOG_LEVEL");
    expect("sessions.sleep_after", "15m", "default");
    expect("anthropic.api_key", "(hidden)", "environment, ANTHROPIC_API_KEY");
    let plain = home.holt(&["config"]).good();
    assert!(!plain.contains("canary") && !config.to_string().contains("canary"));
    assert!(home.holt(&["config", "--about"]).good().contains("MANAGEMENT_API_KEY"));
}

#[test]
fn a_misspelled_setting_is_refused_with_a_better_idea() {
    let home = Home::new();
    fs::write(home.project().join("holt.toml"), "lisen = \"127.0.0.1:2\"\n").unwrap();
    home.holt(&["serve"]).failed(2, &["did you mean `listen`"]);
    let error: Value = serde_json::from_str(&home.holt(&["serve", "--json"]).err()).unwrap();
    assert_eq!(error["error"]["code"], "config_invalid");
}

#[test]
fn completions_the_interface_and_the_version_are_printed() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(home.holt(&["completions", shell]).good().contains("holt"));
    }
    let document: Value = home.holt(&["openapi"]).json();
    assert!(document["paths"]["/v2/sessions"].is_object());
    assert_eq!(home.holt(&["version", "--json"]).json()["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn without_a_server_and_without_data_a_command_says_how_to_begin() {
    let home = Home::new();
    home.holt(&["ls"]).failed(4, &["holt.sock", "holt serve"]);
    assert!(!home.data_dir().exists(), "looking must not make anything");
    assert!(home.holt(&["stop", "server"]).good().contains("no server"));
}

#[test]
fn an_agent_does_not_get_the_home_directory_or_the_machine() {
    let home = Home::new();
    for directory in [home.path(), std::path::Path::new("/"), home.path().parent().unwrap()] {
        let done = crate::support::Done(home.command(&["run", "x"]).current_dir(directory).output().unwrap());
        done.failed(2, &["an agent does not get", "--managed"]);
    }
    assert!(!home.data_dir().exists());
}

#[test]
fn a_key_is_not_sent_in_the_clear() {
    let home = Home::new().with("HOLT_KEY", "holt_secret");
    home.holt(&["ls", "--server", "http://192.0.2.1:9090"]).failed(2, &["plain HTTP", "https://"]);
}

#[test]
fn doctor_tries_this_machine_and_leaves_nothing() {
    let home = Home::new();
    let found = home.holt(&["doctor", "--json"]).json();
    let findings = found["findings"].as_array().unwrap();
    let named = |name: &str| findings.iter().any(|finding| finding["name"] == name);
    assert!(named("data_dir") && named("address") && named("model"), "{found}");
    assert!(!home.data_dir().exists());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "only the project is left");
}

#[test]
fn a_line_that_makes_no_sense_is_refused_in_the_form_that_was_asked_for() {
    let home = Home::new();
    home.holt(&["frobnicate"]).failed(2, &["frobnicate", "--help"]);
    for line in [&["--json", "frobnicate"][..], &["show", "--json"], &["ls", "--jsno", "--json"], &["--json"]] {
        let done = home.holt(line);
        let error: Value = serde_json::from_str(&done.err()).unwrap_or_else(|_| panic!("{line:?}: {}", done.err()));
        assert_eq!((done.code(), done.out().as_str(), &error["error"]["code"]), (2, "", &Value::from("bad_command_line")));
        assert!(!error["error"]["message"].as_str().unwrap().is_empty() && !error["error"]["hint"].as_str().unwrap().is_empty());
    }
    // What stands after `--` is a prompt, not a wish for JSON.
    assert!(home.holt(&["frobnicate", "--", "--json"]).err().starts_with("error:"));
    assert!(home.holt(&["show", "--help", "--json"]).good().contains("Usage"));
}
