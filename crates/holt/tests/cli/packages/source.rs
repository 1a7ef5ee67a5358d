//! Sessions that begin with a repository, fetched from a real server of Git's own protocol inside of the sandbox.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use holt_testkit::{Script, ScriptedModel};
use serde_json::{Value, json};

use crate::support::Home;

/// Git's own server behind HTTP. Not on the address that programs take for their own. Whoever does not say who they are is asked.
const SERVE: &str = r"
import http.server, os, subprocess, sys
class Git(http.server.BaseHTTPRequestHandler):
    def answer(self):
        path, _, query = self.path.partition('?')
        body = self.rfile.read(int(self.headers.get('content-length') or 0))
        own = {'GIT_PROJECT_ROOT': os.getcwd(), 'GIT_HTTP_EXPORT_ALL': '1', 'PATH_INFO': path, 'QUERY_STRING': query,
               'REQUEST_METHOD': self.command, 'CONTENT_TYPE': self.headers.get('content-type') or '',
               'HTTP_GIT_PROTOCOL': self.headers.get('git-protocol') or '', 'REMOTE_ADDR': '127.0.0.1'}
        done = subprocess.run(['git', 'http-backend'], input=body, stdout=subprocess.PIPE, env=dict(os.environ) | own)
        head, _, rest = done.stdout.partition(b'\r\n\r\n')
        fields = [line.split(': ', 1) for line in head.decode().split('\r\n') if ': ' in line]
        status = next((int(value.split()[0]) for name, value in fields if name == 'Status'), 200)
        self.send_response(status)
        for name, value in fields:
            if name != 'Status': self.send_header(name, value)
        self.send_header('content-length', str(len(rest))); self.end_headers(); self.wfile.write(rest)
    do_GET = do_POST = answer
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.2', 0), Git)
print(server.server_port, flush=True); server.serve_forever()
";

const REPOSITORY: &str = "git init -q -b main work && cd work && echo 'an otter of git' > otter.txt && git add . \
    && git -c user.name=x -c user.email=x@x commit -qm otter && git switch -qc river && echo wet > river.txt && git add . \
    && git -c user.name=x -c user.email=x@x commit -qm river && git switch -q main && cd .. && git clone -q --bare work otter.git";

struct Server(Child, u16);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(place: &Path) -> Server {
    let made = Command::new("bash").args(["-ec", REPOSITORY]).current_dir(place).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
    let made = made.unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut python = Command::new("python3");
    let mut server = python.args(["-c", SERVE]).current_dir(place).stdout(Stdio::piped()).spawn().unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    Server(server, port.trim().parse().unwrap())
}

fn event(log: &str, kind: &str) -> Value {
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.into_iter().find(|event| event["kind"] == kind).unwrap_or_else(|| panic!("no {kind} in {log}"))["body"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_a_branch_of_a_repository() {
    let place = tempfile::tempdir().unwrap();
    let server = serve(place.path());
    let look = "cat otter.txt river.txt; git log --format=%s; git remote get-url origin; ls -a";
    let call = Script::default().call("execute_command", &json!({ "command": look }));
    let model = ScriptedModel::start([call.into(), Script::default().text("The end.").into()]).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", "sk-canary");
    let home = home.with("HOLT_NETWORK_EXCEPTIONS", &format!("127.0.0.2:{}", server.1));
    let url = format!("http://127.0.0.2:{}/otter.git", server.1);
    home.holt(&["run", "--git", &url, "--branch", "river", "--network", "allow", "look at it"]).good();
    let log = home.holt(&["logs", "last", "--json"]).good();
    let fetched = event(&log, "source_fetched");
    assert_eq!((fetched["fetched"]["branch"].as_str(), fetched["source"]["url"].as_str()), (Some("river"), Some(url.as_str())));
    let answered = event(&log, "call_finished").to_string();
    for words in ["an otter of git", "wet", "river\\notter", &url] {
        assert!(answered.contains(words), "{words}: {answered}");
    }
    assert!(!answered.contains(".holt-source"), "{answered}");
    // To undo what the agent did is to have the repository again, and not nothing.
    home.holt(&["undo", "last"]).good();
    let files = home.holt(&["get", "last", "--list"]).good();
    assert!(files.contains("otter.txt") && files.contains("river.txt"), "{files}");
    model.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_not_there_fails_the_session_and_says_what_git_said() {
    let place = tempfile::tempdir().unwrap();
    let server = serve(place.path());
    let home = Home::new().with("HOLT_NETWORK_EXCEPTIONS", &format!("127.0.0.2:{}", server.1)).with("HOLT_MODEL", "demo");
    let url = format!("http://127.0.0.2:{}/heron.git", server.1);
    let failed = home.holt(&["run", "--git", &url, "--network", "allow", "look at it"]);
    assert_eq!(failed.code(), 1);
    for words in ["was not fetched", "heron.git", "not found"] {
        assert!(failed.out().contains(words), "{words}: {}", failed.out());
    }
    let session = home.holt(&["show", "last", "--json"]).json();
    assert_eq!((session["status"].as_str(), session["failure"]["code"].as_str()), (Some("failed"), Some("source_not_fetched")));
    home.holt(&["run", "--git", "https://me:token@git.example/x", "--network", "allow", "x"])
        .failed(1, &["a name or a password"]);
    home.holt(&["run", "--git", &url, "--network", "none", "x"]).failed(1, &["no repository can be fetched"]);
}
