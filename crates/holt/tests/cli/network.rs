//! What leaves a sandbox, with the whole program: through the proxy to public hosts and what the configuration names, and not
//! otherwise.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
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
async fn a_session_without_a_network_reaches_nothing() {
    let named = greeter();
    let command = format!("export no_proxy= NO_PROXY=; curl -sS -m 20 http://{named}/");
    let exception = named.to_string();
    let log = said(|home| home.with("HOLT_NETWORK_EXCEPTIONS", &exception), &["--network", "none"], &command).await;
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

/// A server that speaks TLS as `localhost` and says whether the secret came.
const SECURE: &str = r"
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = self.headers.get_all('authorization') == ['Bearer canary-of-the-host'] and self.headers['x-own'] == '1'
        body = b'it is you' if told else b'who are you'
        self.send_response(200); self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Answer)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain('cert.pem', 'key.pem')
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True); server.serve_forever()
";
const CERTIFY: &str = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=x -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE";

struct Secure(std::process::Child);

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn secure(place: &std::path::Path) -> (Secure, u16) {
    let made = Command::new("bash").args(["-ec", CERTIFY]).current_dir(place).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut python = Command::new("python3");
    let mut server = python.args(["-c", SECURE]).current_dir(place).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    (Secure(server), port.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_for_a_host_is_added_outside_and_is_nowhere_inside() {
    let place = tempfile::tempdir().unwrap();
    let (_server, port) = secure(place.path());
    let host = format!("localhost:{port}");
    let python = format!(
        "import urllib.request as u; r = u.Request('https://{host}/', headers={{'X-Own': '1', 'Authorization': 'Bearer mine'}}); print('python:', u.urlopen(r).read().decode())"
    );
    let command = format!(
        "export no_proxy= NO_PROXY=; curl -sS -m 20 -H 'X-Own: 1' -H 'Authorization: Bearer mine' https://{host}/; echo ' by curl'; \
         python3 -c \"{python}\"; grep -rlsa 'canary-of-the-hos[t]' /etc /home /workspace /tmp /run /proc/self/environ; \
         grep -rlsa 'PRIVATE KEY' /run/holt; echo looked"
    );
    let call = Script::default().call("execute_command", &json!({ "command": command }));
    let model = ScriptedModel::start([call.into(), Script::default().text("The end.").into()]).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary");
    let home = home.with("HOLT_NETWORK_EXCEPTIONS", &host).with("SSL_CERT_FILE", place.path().join("cert.pem").to_str().unwrap());
    let _holt = home.serve();
    let mut keep = home.command(&["secret", "add", &host]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    keep.stdin.take().unwrap().write_all(b"canary-of-the-host\n").unwrap();
    assert!(keep.wait().unwrap().success());
    assert_eq!(home.holt(&["secret", "ls", "--json"]).json()["items"][0]["host"], host);
    home.holt(&["run", "--managed", "--network", "allow", "--allow", &host, "ask the host"]).good();
    let log = home.holt(&["logs", "last", "--json"]).good();
    let outcome = log.lines().find(|line| line.contains("call_finished")).unwrap().replace("\\n", "\n");
    assert!(outcome.contains("it is you by curl") && outcome.contains("python: it is you"), "{outcome}");
    assert!(outcome.contains("python: it is you\nlooked"), "nothing found: {outcome}");
    assert!(!log.contains("canary-of-the-host"), "{log}");
    home.holt(&["secret", "rm", &host]).good();
    model.finish();
}
