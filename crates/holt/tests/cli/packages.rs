//! Packages from outside, with the real programs: pip, npm and git find the way out by themselves, and what they install stays.

mod source;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use holt_testkit::{Script, ScriptedModel};
use serde_json::{Value, json};

use crate::support::{Home, wait_until};

/// Serves the files of a directory to whoever asks, until the test ends. Not on the address that programs take for their own.
fn serve(directory: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    let at = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let directory = directory.clone();
            thread::spawn(move || answer(&stream.unwrap(), &directory));
        }
    });
    at
}

fn answer(stream: &TcpStream, directory: &Path) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.split('?').next()?.trim_start_matches('/').to_owned();
    while !lines.next()?.is_empty() {}
    let file = directory.join(path);
    let file = if file.is_dir() { file.join("index.html") } else { file };
    let media = match file.extension().and_then(|ending| ending.to_str()) {
        Some("html") => "text/html",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    };
    let (status, body) = fs::read(&file).map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let mut stream = stream;
    stream.write_all(&[head.as_bytes(), &body].concat()).ok()
}

/// A shell of the host's makes what a registry has.
fn make(script: &str, directory: &Path) {
    let made = Command::new("bash")
        .args(["-euc", script])
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A wheel, a package for Node and a repository, each named otter.
fn registries(directory: &Path) {
    make(
        r#"mkdir -p simple/otter wheel/otter wheel/otter-1.0.dist-info
        echo 'SAYS = "an otter of pip"' > wheel/otter/__init__.py
        printf 'Metadata-Version: 2.1\nName: otter\nVersion: 1.0\n' > wheel/otter-1.0.dist-info/METADATA
        printf 'Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n' > wheel/otter-1.0.dist-info/WHEEL
        printf 'otter/__init__.py,,\notter-1.0.dist-info/METADATA,,\notter-1.0.dist-info/WHEEL,,\notter-1.0.dist-info/RECORD,,\n' > wheel/otter-1.0.dist-info/RECORD
        (cd wheel && python3 -m zipfile -c ../simple/otter/otter-1.0-py3-none-any.whl otter otter-1.0.dist-info)
        echo '<a href="otter-1.0-py3-none-any.whl">otter-1.0-py3-none-any.whl</a>' > simple/otter/index.html
        mkdir -p npm package
        echo '{"name":"otter","version":"1.0.0","main":"index.js","bin":{"otter":"index.js"}}' > package/package.json
        printf '#!/usr/bin/env node\nconsole.log("an otter of npm")\n' > package/index.js
        tar -czf npm/otter-1.0.0.tgz package
        git init -q -b main work && cd work && echo 'an otter of git' > otter.txt && git add . \
            && git -c user.name=x -c user.email=x@x commit -qm otter && cd .. \
            && git clone -q --bare work otter.git && git -C otter.git update-server-info"#,
        directory,
    );
}

fn outcomes(log: &str) -> Vec<String> {
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["kind"] == "call_finished").map(|event| event["body"].to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pip_npm_and_git_find_the_way_out_and_what_they_install_stays() {
    let place = tempfile::tempdir().unwrap();
    registries(place.path());
    let at = serve(place.path().to_owned());
    let npm = json!({ "name": "otter", "dist-tags": { "latest": "1.0.0" }, "versions": { "1.0.0": {
        "name": "otter", "version": "1.0.0", "bin": { "otter": "index.js" }, "dist": { "tarball": format!("http://{at}/npm/otter-1.0.0.tgz") } } } });
    fs::create_dir(place.path().join("registry")).unwrap();
    fs::write(place.path().join("registry/otter"), npm.to_string()).unwrap();
    let install = format!(
        "pip3 install -q --index-url http://{at}/simple/ --trusted-host 127.0.0.2 otter 2>&1; \
         npm install -g --no-audit --no-fund --registry http://{at}/registry/ otter 2>&1; git clone -q http://{at}/otter.git 2>&1; echo installed"
    );
    let call = |command: &str| Script::default().call("execute_command", &json!({ "command": command, "timeout_seconds": 120 }));
    let end = || Script::default().text("The end.");
    let look = "python3 -c 'import otter; print(otter.SAYS)' 2>&1; otter 2>&1; cat otter/otter.txt 2>&1";
    let model = ScriptedModel::start([call(&install), end(), call(look), end()].map(Into::into)).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary");
    let home = home.with("HOLT_NETWORK_EXCEPTIONS", &at.to_string());
    home.holt(&["run", "--managed", "--network", "allow", "--allow", &at.to_string(), "install otters"]).good();
    let id = home.holt(&["show", "last", "--json"]).json()["id"].as_str().unwrap().to_owned();
    let slept = Command::new("curl")
        .args(["-sS", "-X", "POST", "--unix-socket"])
        .arg(home.data_dir().join("holt.sock"))
        .arg(format!("http://holt/v2/sessions/{id}/sleep"))
        .output()
        .unwrap();
    assert!(slept.status.success(), "{}", String::from_utf8_lossy(&slept.stderr));
    wait_until("it sleeps", || home.holt(&["show", "last", "--json"]).json()["status"] == "asleep");
    home.holt(&["send", "last", "what do they say"]).good();
    let log = home.holt(&["logs", "last", "--json"]).good();
    let outcomes = outcomes(&log);
    for says in ["an otter of pip", "an otter of npm", "an otter of git"] {
        assert!(outcomes[1].contains(says), "{says}: {outcomes:?}");
    }
    let decided = log.lines().filter(|line| line.contains("network_decided") && line.contains("\"allowed\":true")).count();
    assert!(decided >= 1, "all of it went by the session's policy: {log}");
    model.finish();
}
