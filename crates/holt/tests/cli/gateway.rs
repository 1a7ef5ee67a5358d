//! Programs in a sandbox ask models, with the whole program: through Holt, which puts the real key in outside.

use holt_testkit::{Script, ScriptedModel};
use serde_json::{Value, json};

use crate::support::Home;

const KEY: &str = "sk-canary-5d41402abc4b2a76";
/// A request as programs make it.
const BODY: &str =
    r#"{"model":"claude-sonnet-4-5","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"from inside"}]}"#;

fn ask(address: &str, token: &str, body: &str) -> String {
    format!(
        "curl -sS -m 60 -w ' [%{{http_code}}]\\n' {address}/v1/messages -H \"x-api-key: {token}\" -H 'anthropic-version: 2023-06-01' \
         -H 'content-type: application/json' -d '{body}'; "
    )
}

/// What happens in a session whose agent runs these commands. The model says `then` to whoever asks it after that.
async fn log(commands: &str, then: &[&str]) -> (ScriptedModel, Home, String) {
    let call = Script::default().call("execute_command", &json!({ "command": commands }));
    let rest = then.iter().map(|text| Script::default().text(text));
    let model = ScriptedModel::start(std::iter::once(call).chain(rest).map(Into::into)).await;
    let home = Home::new().with("ANTHROPIC_BASE_URL", model.url()).with("ANTHROPIC_API_KEY", KEY);
    home.holt(&["run", "--managed", "ask from inside"]).good();
    let log = home.holt(&["logs", "last", "--json"]).good();
    (model, home, log)
}

fn events(log: &str, kind: &str) -> Vec<Value> {
    let all = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|event| event["kind"] == kind).map(|mut event| event["body"].take()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_inside_asks_through_holt_with_a_token_of_its_own_and_it_counts() {
    let asks = ask("$ANTHROPIC_BASE_URL", "$ANTHROPIC_API_KEY", BODY)
        + &ask("$ANTHROPIC_BASE_URL", "holt-of-somebody-else", BODY)
        + &ask("$ANTHROPIC_BASE_URL", "$ANTHROPIC_API_KEY", &BODY.replace("\"max_tokens\"", "\"mcp_servers\":[],\"max_tokens\""))
        + "curl -sS -m 60 $OPENAI_BASE_URL/models -H \"authorization: Bearer $OPENAI_API_KEY\"; curl -sS -m 9 $ANTHROPIC_BASE_URL/v1/files";
    let (model, _home, log) = log(&asks, &["from the model", "The end."]).await;
    let heard = events(&log, "call_finished")[0].to_string();
    assert!(heard.contains("from the model") && heard.contains("message_stop") && heard.contains("[200]"), "{heard}");
    assert!(heard.contains("authentication_error") && heard.contains("[401]"), "{heard}");
    assert!(heard.contains("the field `mcp_servers`") && heard.contains("[400]"), "{heard}");
    assert!(heard.contains("holt_no_key"), "in OpenAI's own shape: {heard}");
    let used = events(&log, "model_used");
    assert_eq!(used.len(), 1, "{log}");
    assert_eq!(used[0]["provider"], "anthropic");
    assert!(used[0]["usage"]["input_tokens"].as_u64().unwrap() > 0 && used[0]["run"].is_string(), "{used:?}");
    let requests = model.requests();
    let keys: Vec<_> = requests.iter().map(|request| request.header("x-api-key").unwrap_or_default().to_owned()).collect();
    assert_eq!(keys, [KEY; 3], "the real key, put in outside");
    model.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_real_key_is_anywhere_in_the_sandbox() {
    // The pattern is written so that it does not find itself. /usr and the like are the machine's own, and read-only.
    let places = "/bin/../etc /home /workspace /downloads /tmp /run /dev/shm /var /opt /root /srv /mnt";
    let look = format!(
        "(env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; cat /proc/self/mountinfo) 2>/dev/null | tr '\\0' '\\n' | grep -c 'sk-can[a]ry'; \
         grep -rlsa --devices=skip 'sk-can[a]ry' {places}; \
         env | grep -c '^ANTHROPIC_API_KEY=holt-'; echo looked"
    );
    let (model, _home, log) = log(&look, &["The end."]).await;
    let heard = events(&log, "call_finished")[0].to_string();
    let text = heard.replace("\\n", "\n");
    assert!(text.contains("\n0\n1\nlooked"), "nothing found, and the token is there: {text}");
    model.finish();
}
