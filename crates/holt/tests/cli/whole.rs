//! All of it in one session, once for each language of models: the shell, files, the browser and an outside server of tools;
//! asked and approved; killed in the middle of a command and gone on; summed up. At the end the files are right, and the key
//! of the model's provider was nowhere inside.

use std::path::PathBuf;

use holt_testkit::{Script, ScriptedModel};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Home, wait_until};

const KEY: &str = "sk-canary-9b74c9897bac770f";
const FIRST: &str = "Count the otters, and remember to be brief.";
/// A server of tools with one tool, which adds.
const ADDER: &str = r#"
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if asked["method"] == "initialize":
        said = {"protocolVersion": asked["params"]["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": {"name": "adder", "version": "1"}}
    elif asked["method"] == "tools/list":
        said = {"tools": [{"name": "add", "description": "Adds.", "inputSchema": {"type": "object"}}]}
    else:
        said = {"content": [{"type": "text", "text": "it is %d" % sum(asked["params"]["arguments"]["numbers"])}]}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": said}), flush=True)
"#;
/// Writes one line and ends when a file is there.
const COUNTS: &str = "echo begun >> begun; while [ ! -e go ]; do sleep 0.05; done; echo 7 > otters; echo counted";
/// The pattern is written so that it does not find itself.
const LOOKS: &str = "(env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline) 2>/dev/null | tr '\\0' '\\n' | grep -c 'sk-can[a]ry'; \
                     grep -rlsa --devices=skip 'sk-can[a]ry' /etc /home /workspace /tmp /run /dev/shm /var; echo looked";

fn work() -> Vec<Script> {
    let call = |tool: &str, arguments: Value| Script::default().call(tool, &arguments);
    vec![
        call("write_file", json!({ "path": "page.html", "content": "<h1>None yet</h1>" })),
        call("execute_command", json!({ "command": COUNTS })),
        call("browser_open", json!({ "url": "data:text/html,<title>Otters</title><h1>Seven otters</h1>" })),
        call("browser_snapshot", json!({})),
        call("adder__add", json!({ "numbers": [3, 4] })),
        call("execute_command", json!({ "command": LOOKS })),
        Script::default().text("Seven otters."),
    ]
}

struct Session {
    home: Home,
}

impl Session {
    fn shown(&self) -> Value {
        self.home.holt(&["show", "last", "--json"]).json()
    }

    /// Says yes to everything until a state is reached.
    fn approved_until(&self, what: &str, mut is_so: impl FnMut(&Value) -> bool) {
        wait_until(what, || {
            let shown = self.shown();
            if shown["status"] == "waiting" {
                // Somebody may have been quicker: whoever asked may ask no more.
                let _ = self.home.holt(&["approve", "last"]);
            }
            is_so(&shown)
        });
    }

    fn file(&self, name: &str) -> Option<PathBuf> {
        let sessions = std::fs::read_dir(self.home.data_dir().join("sessions")).ok()?;
        let mut places = sessions.filter_map(|session| Some(session.ok()?.path().join("workspace").join(name)));
        places.find(|path| path.exists())
    }

    fn events(&self, kind: &str) -> Vec<Value> {
        let log = self.home.holt(&["logs", "last", "--json"]).good();
        let all = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|event| event["kind"] == kind).map(|mut event| event["body"].take()).collect()
    }
}

async fn a_whole_session(address: &str, key: &str) {
    let model = ScriptedModel::start(work().into_iter().map(Into::into)).await;
    let session = Session { home: Home::new().with(address, model.url()).with(key, KEY) };
    let home = &session.home;
    let mut server = home.serve();
    home.holt(&["mcp", "add", "adder", "--", "python3", "-c", ADDER]).good();
    home.holt(&["mcp", "use", "adder", "--yes"]).good();

    home.holt(&["run", "--managed", "--detach", "--mode", "ask", FIRST]).good();
    session.approved_until("the command runs", |_| session.file("begun").is_some());
    assert_eq!(server.end(Signal::KILL), None);
    let mut server = home.serve();
    std::fs::write(home.project().join("go"), "").unwrap();
    home.holt(&["put", "last", "go"]).good();
    session.approved_until("the run is over", |shown| shown["status"] == "idle");

    let log = home.holt(&["logs", "last"]).good();
    let read = |name| std::fs::read_to_string(session.file(name).unwrap_or_else(|| panic!("no {name}: {log}"))).unwrap();
    assert_eq!((read("begun").as_str(), read("otters").as_str()), ("begun\n", "7\n"), "nothing was done twice");
    let results = Value::from(session.events("call_finished")).to_string();
    for said in ["counted", "Seven otters", "it is 7", r"0\nlooked"] {
        assert!(results.contains(said), "`{said}` is not in {results}");
    }
    assert!(!results.contains("interrupted"), "{results}");
    assert!(session.events("approval_answered").len() >= 2, "it asked");
    assert!(session.shown()["usage"]["input_tokens"].as_u64().unwrap() > 0);

    model.push(Script::default().text("They counted seven."));
    home.holt(&["compact", "last"]).good();
    model.push(Script::default().text("Seven, still."));
    home.holt(&["send", "last", "And now?"]).good();
    session.approved_until("the second run is over", |shown| shown["status"] == "idle" && shown["runs"] != 1);
    let asked = model.requests().last().unwrap().body.to_string();
    assert!(asked.contains("They counted seven.") && asked.contains(FIRST) && !asked.contains("None yet"), "{asked}");
    assert_eq!(server.end(Signal::INT), Some(0));
    model.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_anthropic() {
    a_whole_session("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_openai() {
    a_whole_session("OPENAI_BASE_URL", "OPENAI_API_KEY").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_gemini() {
    a_whole_session("GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY").await;
}
