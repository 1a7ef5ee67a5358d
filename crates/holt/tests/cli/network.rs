//! What leaves a sandbox, with the whole program: through the proxy to public hosts and what the configuration names, and not
//! otherwise.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use holt_testkit::{Script, ScriptedModel};
use serde_json::json;

use crate::support::{Home, wait_until};

/// A web server of the host's that greets everybody who comes, until the test ends.
fn greeter() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nhello inside");
        }
    });
    at
}

/// What a command says in a session of this network.
async fn said(home: impl FnOnce(Home) -> Home, network: &[&str], command: &str) -> String {
    let call = Script::default().call("execute_command", &json!({ "command": command }));
    let model = ScriptedModel::start([call.into(), Script::default().text("The end.").into()]).await;
    let home = home(Home::new()).with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary");
    home.holt(&[&["run"], network, &["look outside"]].concat()).good();
    let log = home.holt(&["logs", "last", "--json"]).good();
    model.finish();
    log
}

fn curl(urls: &[String]) -> String {
    urls.iter().map(|url| format!("curl -sS -m 20 {url}; echo; ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_network_is_open_reaches_what_is_named_and_nothing_of_the_host() {
    let (named, other) = (greeter(), greeter());
    let command = curl(&[format!("http://{named}/"), format!("http://{other}/"), "http://169.254.169.254/latest".into()]);
    // Programs ask for what is on their own loopback themselves; here it is to be asked of the proxy.
    let command = format!("export no_proxy= NO_PROXY=; {command}");
    let exception = named.to_string();
    let log = said(|home| home.with("HOLT_NETWORK_EXCEPTIONS", &exception), &["--network", "open"], &command).await;
    assert!(log.contains("hello inside"), "{log}");
    assert!(log.contains(&format!("did not pass on {other}: it leads to the machine that Holt runs on")), "{log}");
    assert!(log.contains("the metadata service of a cloud"), "{log}");
    let decided = |allowed: bool| {
        let said = format!("\"allowed\":{allowed}");
        log.lines().filter(|line| line.contains("network_decided") && line.contains(&said)).count()
    };
    assert_eq!((decided(true), decided(false)), (1, 2), "one for each host: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_says_nothing_reaches_nothing() {
    let named = greeter();
    let command = format!("export no_proxy= NO_PROXY=; curl -sS -m 20 http://{named}/");
    let exception = named.to_string();
    let log = said(|home| home.with("HOLT_NETWORK_EXCEPTIONS", &exception), &[], &command).await;
    assert!(!log.contains("hello inside") && log.contains("network policy does not allow it"), "{log}");
    assert!(log.contains("network_decided") && log.contains(r#""rule":"none""#), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_waits_until_somebody_has_said_whether_it_may_leave() {
    let named = greeter();
    let fetch = format!("export no_proxy= NO_PROXY=; curl -sS -m 100 http://{named}/");
    let call = |command: &str| Script::default().call("execute_command", &json!({ "command": command }));
    let steps = [call(&format!("{fetch}; echo; echo first")), call(&format!("{fetch}; echo second"))];
    let steps = steps.map(Into::into).into_iter().chain([Script::default().text("The end.").into()]);
    let model = ScriptedModel::start(steps).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary");
    let home = home.with("HOLT_NETWORK_EXCEPTIONS", &named.to_string());
    home.holt(&["run", "--detach", "--network", "allow", "look outside"]).good();
    let asks = |home: &Home| home.holt(&["network", "last", "--json"]).json()["host_questions"][0].clone();
    wait_until("it asks", || !asks(&home).is_null());
    assert_eq!(home.holt(&["show", "last", "--json"]).json()["status"], "waiting");
    let question = asks(&home);
    assert_eq!((question["host"].as_str(), question["port"].as_u64()), (Some("127.0.0.1"), Some(u64::from(named.port()))));
    home.holt(&["network", "last", "--yes", "--always"]).good();
    let shown = home.holt(&["network", "last"]).good();
    assert!(shown.contains(&named.to_string()) && !shown.contains("asks"), "{shown}");
    wait_until("it is done", || home.holt(&["show", "last", "--json"]).json()["status"] == "idle");
    let log = home.holt(&["logs", "last", "--json"]).good();
    assert!(log.lines().filter(|line| line.contains("call_finished") && line.contains("hello inside")).count() == 2, "{log}");
    assert_eq!(log.lines().filter(|line| line.contains("host_asked")).count(), 1, "answered for good: {log}");
    model.finish();
}
