//! The provider over real HTTP, against a server that knows the interface's rules and fails the test when one is broken.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod languages;
mod providers;

use futures::{FutureExt as _, StreamExt as _};
use holt_core::model::{AssistantPart, CallResult, Model, ModelError, ModelEvent, ModelReply, ModelRequest, StopReason, Turn};
use holt_core::tool::{CallStatus, ToolContent};
use holt_models::{Effort, Offer, Options, Provider, Thinking, Wire};
use holt_testkit::{Gate, Script, ScriptedModel, Step, tool_specs, within};
use proptest::prelude::*;
use serde_json::json;

const MODEL: &str = "claude-sonnet-4-5";
const KEY: &str = "sk-ant-canary-0123456789";

fn options(server: &ScriptedModel) -> Options {
    at(server.url())
}

fn at(base_url: &str) -> Options {
    Options {
        key: Some(KEY.into()),
        retry_delay_millis: 1,
        models: vec![Offer { thinking: Thinking::Tokens, ..Offer::new(MODEL) }],
        effort: None,
        ..Options::new("anthropic", Wire::Anthropic, base_url)
    }
}

fn provider(server: &ScriptedModel) -> Provider {
    Provider::new(options(server)).unwrap()
}

fn user(text: &str) -> Turn {
    Turn::User { content: vec![ToolContent::Text { text: text.into() }] }
}

fn request(turns: Vec<Turn>) -> ModelRequest {
    ModelRequest { model: MODEL.into(), system: "Be brief.".into(), turns, tools: tool_specs(), max_output_tokens: 500 }
}

async fn ask(provider: &Provider, turns: Vec<Turn>) -> Vec<Result<ModelEvent, ModelError>> {
    within("the answer", provider.stream(request(turns)).collect()).await
}

async fn reply(provider: &Provider, turns: Vec<Turn>) -> ModelReply {
    match ask(provider, turns).await.pop() {
        Some(Ok(ModelEvent::Done(reply))) => reply,
        other => panic!("{other:?}"),
    }
}

async fn error(provider: &Provider) -> ModelError {
    match ask(provider, vec![user("hi")]).await.pop() {
        Some(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn shown(items: &[Result<ModelEvent, ModelError>]) -> String {
    items.iter().filter_map(|item| if let Ok(ModelEvent::Text(text)) = item { Some(text.as_str()) } else { None }).collect()
}

#[tokio::test]
async fn a_conversation_with_thinking_and_calls_goes_back_and_forth() {
    let first = Script::default()
        .ping()
        .thinking("They want to know what is here.", "c2lnbmVk")
        .redacted("ZGFyaw==")
        .text("Let me look.")
        .call("list_files", &json!({}))
        .call("read_file", &json!({ "path": "ü" }))
        .in_pieces_of(7);
    let server = ScriptedModel::start([first.into(), Step::text("Two files.")]).await;
    let provider = Provider::new(Options { effort: Some(Effort::Low), ..options(&server) }).unwrap();

    let mut turns = vec![user("What is here?")];
    let answer = reply(&provider, turns.clone()).await;
    assert_eq!((answer.stop, answer.parts.len()), (StopReason::Calls, 6));
    let references: Vec<String> = answer
        .parts
        .iter()
        .filter_map(|part| if let AssistantPart::Call { reference, .. } = part { Some(reference.clone()) } else { None })
        .collect();
    let result = |reference: &String| CallResult {
        reference: reference.clone(),
        content: vec![ToolContent::Image { media_type: "image/png".into(), data: "aGk=".into() }],
        status: CallStatus::Succeeded,
    };
    turns.push(Turn::Assistant { parts: answer.parts });
    turns.push(Turn::Results { results: references.iter().map(result).collect() });
    turns.push(user("And?"));
    let answer = reply(&provider, turns).await;
    assert_eq!(answer.parts, [AssistantPart::Text { text: "Two files.".into() }]);

    let asked = server.requests();
    assert_eq!(asked[0].header("x-api-key"), Some(KEY));
    assert_eq!(asked[1].results().len(), 2);
    assert!(asked[1].last_words().ends_with("And?"));
    server.finish();
}

#[tokio::test]
async fn text_is_passed_on_while_the_answer_is_still_being_written() {
    let gate = Gate::new();
    let server = ScriptedModel::start([Script::default().text("Half ").wait(&gate).text("whole").into()]).await;
    let mut stream = provider(&server).stream(request(vec![user("hi")]));
    let first = within("the first half", stream.next()).await;
    assert_eq!(first, Some(Ok(ModelEvent::Text("Half ".into()))));
    assert!(stream.next().now_or_never().is_none(), "the rest is not written yet");
    gate.release();
    let rest: Vec<_> = within("the rest", stream.collect()).await;
    assert_eq!(shown(&rest), "whole");
}

#[tokio::test]
async fn dropping_the_stream_ends_the_request() {
    let gate = Gate::new();
    let server = ScriptedModel::start([Script::default().text("Half").wait(&gate).into(), Step::text("next")]).await;
    let provider = provider(&server);
    let mut stream = provider.stream(request(vec![user("hi")]));
    within("the first half", stream.next()).await;
    assert!(within("silence", server.quiet()).now_or_never().is_none(), "the answer is under way");
    drop(stream);
    within("the server to see it", server.quiet()).await;
    assert_eq!(shown(&ask(&provider, vec![user("hi")]).await), "next");
}

#[tokio::test]
async fn errors_are_told_apart_and_tried_again_only_when_that_helps() {
    let table = [
        (Step::fail(401, "authentication_error", "invalid x-api-key"), "model_bad_key", 1),
        (Step::fail(402, "billing_error", "no credit"), "model_no_quota", 1),
        (Step::fail(400, "invalid_request_error", "prompt is too long: 9 > 8"), "model_context_too_long", 1),
        (Step::fail(404, "not_found_error", "model: x"), "model_unknown", 1),
        (Step::fail(529, "overloaded_error", "Overloaded"), "model_overloaded", 4),
        (Step::fail(500, "api_error", "Internal server error"), "model_overloaded", 4),
        (Step::fail(502, "", "").body("<html>Bad gateway</html>"), "model_overloaded", 4),
        (Step::fail(429, "rate_limit_error", "slow down").retry_after(3600), "model_overloaded", 1),
        (Step::fail(307, "", "").body(""), "model_malformed", 1),
        (Step::fail(200, "", "").body("{}"), "model_malformed", 1),
        (Step::HangUp, "model_unreachable", 4),
        (Script::default().error("overloaded_error", "Overloaded").into(), "model_overloaded", 4),
        (Script::default().end().into(), "model_malformed", 1),
        (Script::default().garbage("data: {]\n\n").into(), "model_malformed", 1),
    ];
    for (step, code, times) in table {
        let name = format!("{step:?}");
        let server = ScriptedModel::answering(move |_| step.clone()).await;
        assert_eq!(error(&provider(&server)).await.code(), code, "{name}");
        assert_eq!(server.count(), times, "{name}");
    }
}

#[tokio::test]
async fn what_passes_is_not_noticed() {
    let overloaded = || Step::fail(529, "overloaded_error", "Overloaded").retry_after(0);
    let server = ScriptedModel::start([overloaded(), Step::HangUp, overloaded(), Step::text("Here I am.")]).await;
    let items = ask(&provider(&server), vec![user("hi")]).await;
    assert_eq!(shown(&items), "Here I am.");
    assert!(items.iter().all(Result::is_ok));
    server.finish();
}

#[tokio::test]
async fn what_was_shown_is_not_shown_again() {
    let server = ScriptedModel::start([Script::default().text("Half").cut().into()]).await;
    let items = ask(&provider(&server), vec![user("hi")]).await;
    assert_eq!(items.len(), 2, "{items:?}");
    assert_eq!(items[1].as_ref().unwrap_err().code(), "model_unreachable");
    assert_eq!(server.count(), 1);
    server.finish();
}

#[tokio::test]
async fn a_silent_provider_is_given_up() {
    let gate = Gate::new();
    for step in [Step::text("late").held_by(&gate), Script::default().wait(&gate).into()] {
        let server = ScriptedModel::answering(move |_| step.clone()).await;
        let options = Options { idle_timeout_seconds: 1, retries: 0, ..options(&server) };
        let error = error(&Provider::new(options).unwrap()).await;
        assert!(error.to_string().contains("silent for 1 seconds"), "{error}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_clearly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let options = at(&format!("http://{address}"));
    let error = error(&Provider::new(options).unwrap()).await;
    assert!(matches!(&error, ModelError::Unreachable(text) if text.contains("refused")), "{error}");
}

#[tokio::test]
async fn the_key_shows_up_nowhere() {
    let echo = format!("you sent {KEY}, which is wrong");
    for step in
        [Step::fail(401, "authentication_error", &echo), Step::fail(418, "", "").body(&format!("{}{echo}", "x".repeat(480)))]
    {
        let server = ScriptedModel::answering(move |_| step.clone()).await;
        let provider = provider(&server);
        let error = error(&provider).await;
        let everything = format!("{error} {error:?} {provider:?}");
        assert!(!everything.contains("sk-ant") && !everything.contains("canary"), "{everything}");
    }
}

#[tokio::test]
async fn a_model_that_is_not_offered_is_not_asked_for() {
    let server = ScriptedModel::start([]).await;
    let request = ModelRequest { model: "claude-0".into(), ..request(vec![user("hi")]) };
    let items: Vec<_> = provider(&server).stream(request).collect().await;
    assert_eq!(items, [Err(ModelError::Unknown("claude-0".into()))]);
    server.finish();
}

fn part() -> impl Strategy<Value = AssistantPart> {
    prop_oneof![
        "\\PC{0,10}".prop_map(|text| AssistantPart::Text { text }),
        "[ \n]{0,3}".prop_map(|text| AssistantPart::Text { text }),
        ("[a-c! ]{0,2}", "[a-z ]{0,4}", prop::bool::ANY).prop_map(|(reference, tool, whole)| AssistantPart::Call {
            reference,
            tool,
            arguments: if whole { json!({}) } else { json!(null) },
        }),
        Just(AssistantPart::Reasoning { text: "hm".into() }),
        Just(AssistantPart::Opaque { provider: "other".into(), data: json!({}) }),
    ]
}

fn content() -> impl Strategy<Value = Vec<ToolContent>> {
    let one = prop_oneof![
        "\\PC{0,10}".prop_map(|text| ToolContent::Text { text }),
        "image/(png|bmp)".prop_map(|media_type| ToolContent::Image { media_type, data: "aGk=".into() }),
    ];
    prop::collection::vec(one, 0..3)
}

fn status() -> impl Strategy<Value = CallStatus> {
    use CallStatus::{Cancelled, Denied, Failed, Interrupted, Succeeded};
    prop::sample::select(vec![Succeeded, Failed, Denied, Cancelled, Interrupted])
}

fn turn() -> impl Strategy<Value = Turn> {
    let result =
        ("[a-c! ]{0,2}", content(), status()).prop_map(|(reference, content, status)| CallResult { reference, content, status });
    prop_oneof![
        content().prop_map(|content| Turn::User { content }),
        prop::collection::vec(part(), 0..4).prop_map(|parts| Turn::Assistant { parts }),
        prop::collection::vec(result, 0..4).prop_map(|results| Turn::Results { results }),
    ]
}

/// However confused a conversation is, what is sent keeps every rule of the interface.
#[test]
fn any_turns_make_a_right_request() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(ScriptedModel::answering(|_| Step::text("ok")));
    let provider = provider(&server);
    let cases = ProptestConfig { cases: 200, ..ProptestConfig::default() };
    proptest!(cases, |(turns in prop::collection::vec(turn(), 0..8))| {
        let items = runtime.block_on(ask(&provider, turns));
        let violations = server.take_violations();
        prop_assert!(violations.is_empty(), "{violations:?}");
        prop_assert_eq!(shown(&items), "ok");
    });
}
