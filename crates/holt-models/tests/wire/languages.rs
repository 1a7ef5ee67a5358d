//! The same stories in every language, over real HTTP, before a judge who knows the rules of each.

use futures::StreamExt as _;
use holt_core::model::{AssistantPart, CallResult, Model, ModelError, ModelEvent, ModelReply, ModelRequest, StopReason, Turn};
use holt_core::tool::{CallStatus, ToolContent};
use holt_models::{Config, Effort, Models, Offer, Options, Provider, Tariff, Thinking, Wire};
use holt_testkit::{Gate, Script, ScriptedModel, Step, tool_specs, within};
use proptest::prelude::*;
use serde_json::json;

use crate::turn;

const ALL: [Wire; 5] = [Wire::Anthropic, Wire::Responses, Wire::Chat, Wire::Gemini, Wire::Ollama];
const MODEL: &str = "gemini-3-scripted";
const KEY: &str = "sk-canary-0123456789";

fn options(wire: Wire, server: &ScriptedModel) -> Options {
    let base = match wire {
        Wire::Responses | Wire::Chat => format!("{}/v1", server.url()),
        _ => server.url().to_owned(),
    };
    Options {
        key: Some(KEY.into()),
        retry_delay_millis: 1,
        effort: Some(Effort::Low),
        models: vec![Offer { thinking: Thinking::Effort, tariff: Some(Tariff::FREE), ..Offer::new(MODEL) }],
        ..Options::new("mine", wire, base)
    }
}

fn user(text: &str) -> Turn {
    Turn::User { content: vec![ToolContent::Text { text: text.into() }] }
}

fn request(turns: Vec<Turn>) -> ModelRequest {
    ModelRequest { model: MODEL.into(), system: "Be brief.".into(), turns, tools: tool_specs(), max_output_tokens: 500 }
}

async fn ask(options: &Options, turns: Vec<Turn>) -> Vec<Result<ModelEvent, ModelError>> {
    within("the answer", Provider::new(options.clone()).unwrap().stream(request(turns)).collect()).await
}

async fn reply(options: &Options, turns: Vec<Turn>) -> ModelReply {
    match ask(options, turns).await.pop() {
        Some(Ok(ModelEvent::Done(reply))) => reply,
        other => panic!("{:?}: {other:?}", options.wire),
    }
}

async fn error(options: &Options) -> ModelError {
    match ask(options, vec![user("hi")]).await.pop() {
        Some(Err(error)) => error,
        other => panic!("{:?}: {other:?}", options.wire),
    }
}

#[tokio::test]
async fn a_conversation_with_thinking_calls_and_pictures_goes_back_and_forth() {
    for wire in ALL {
        let first = Script::default()
            .thinking("They want to know what is here.", "c2lnbmVk")
            .text("Let me ")
            .text("look.")
            .call("list_files", &json!({}))
            .call("read_file", &json!({ "path": "ü" }))
            .in_pieces_of(7);
        let server = ScriptedModel::start([first.into(), Step::text("Two files.")]).await;
        let options = options(wire, &server);
        let mut turns = vec![user("What is here?")];
        let answer = reply(&options, turns.clone()).await;
        assert_eq!(answer.stop, StopReason::Calls, "{wire:?}");
        assert!(answer.parts.contains(&AssistantPart::Text { text: "Let me look.".into() }), "{wire:?}: {:?}", answer.parts);
        assert!(answer.parts.iter().any(|part| matches!(part, AssistantPart::Reasoning { .. })), "{wire:?}");
        let calls = answer.parts.iter().filter_map(|part| match part {
            AssistantPart::Call { reference, tool, arguments } => Some((reference.clone(), tool.clone(), arguments.clone())),
            _ => None,
        });
        let calls: Vec<_> = calls.collect();
        let called: Vec<_> = calls.iter().map(|(_, tool, arguments)| (tool.as_str(), arguments.clone())).collect();
        assert_eq!(called, [("list_files", json!({})), ("read_file", json!({ "path": "ü" }))], "{wire:?}");

        let result = |(reference, tool, _): &(String, String, _)| CallResult {
            reference: reference.clone(),
            content: vec![
                ToolContent::Text { text: format!("{tool} is done") },
                ToolContent::Image { media_type: "image/png".into(), data: "cGljdHVyZQ==".into() },
            ],
            status: CallStatus::Succeeded,
        };
        turns.push(Turn::Assistant { parts: answer.parts });
        turns.push(Turn::Results { results: calls.iter().map(result).collect() });
        turns.push(user("And?"));
        let answer = reply(&options, turns).await;
        assert_eq!(answer.parts, [AssistantPart::Text { text: "Two files.".into() }], "{wire:?}");
        assert!(!answer.usage.unpriced && answer.usage.input_tokens > 0, "{wire:?}: {:?}", answer.usage);

        let asked = server.requests();
        let sent = asked[1].body.to_string();
        assert_eq!(sent.matches("cGljdHVyZQ==").count(), 2, "{wire:?}: every picture is shown once");
        assert!(sent.contains("list_files is done") && sent.contains("read_file is done"), "{wire:?}");
        assert_eq!(asked[0].system(), "Be brief.", "{wire:?}");
        assert_eq!(asked[0].model(), MODEL, "{wire:?}");
        let carried = asked[0].headers.iter().any(|(_, value)| value.ends_with(KEY));
        assert!(carried && !sent.contains(KEY), "{wire:?}: the key is in its header and nowhere else");
        server.finish();
    }
}

#[tokio::test]
async fn what_passes_is_not_noticed_and_what_does_not_is_told_apart() {
    let overloaded = |wire| match wire {
        Wire::Anthropic => Step::fail(529, "overloaded_error", "busy"),
        Wire::Gemini => Step::fail(503, "UNAVAILABLE", "busy"),
        _ => Step::fail(503, "server_error", "busy"),
    };
    let unknown = |wire| match wire {
        Wire::Anthropic => Step::fail(404, "not_found_error", "model: x"),
        Wire::Gemini => Step::fail(404, "NOT_FOUND", "models/x is not found"),
        _ => Step::fail(404, "model_not_found", "the model does not exist"),
    };
    for wire in ALL {
        let server = ScriptedModel::start([overloaded(wire).retry_after(0), Step::HangUp, Step::text("Here I am.")]).await;
        assert_eq!(reply(&options(wire, &server), vec![user("hi")]).await.stop, StopReason::Finished, "{wire:?}");
        server.finish();
        let half = Script::default().text("Half");
        let table = [
            (unknown(wire), "model_unknown", 1),
            (Step::fail(401, "", "who are you?"), "model_bad_key", 1),
            (Step::fail(402, "", "no credit"), "model_no_quota", 1),
            (Step::fail(413, "", "too large"), "model_context_too_long", 1),
            (overloaded(wire).retry_after(3600), "model_overloaded", 1),
            (Step::fail(502, "", "").body("<html>Bad gateway</html>"), "model_overloaded", 4),
            (Step::fail(307, "", "").body(""), "model_malformed", 1),
            (Step::fail(200, "", "").body("{}"), "model_malformed", 1),
            (Script::default().garbage("data: {]\n\n").into(), "model_malformed", 1),
            (Script::default().garbage("x".repeat(10 * 1024 * 1024)).into(), "model_malformed", 1),
            (half.clone().end().into(), "model_malformed", 1),
            (half.cut().into(), "model_unreachable", 1),
        ];
        for (step, code, times) in table {
            let name = format!("{wire:?} {step:.200?}");
            let server = ScriptedModel::answering(move |_| step.clone()).await;
            let error = error(&options(wire, &server)).await;
            assert_eq!((error.code(), server.count()), (code, times), "{name}: {error}");
            assert!(!format!("{error:?}").contains("canary"), "{name}");
        }
    }
}

#[tokio::test]
async fn broken_arguments_are_no_arguments() {
    // The others send arguments whole or not at all.
    for wire in [Wire::Anthropic, Wire::Responses, Wire::Chat] {
        let server = ScriptedModel::start([Script::default().call_with("write_file", "{\"path\": \"x\", ").into()]).await;
        let answer = reply(&options(wire, &server), vec![user("hi")]).await;
        assert!(
            matches!(&answer.parts[..], [AssistantPart::Call { arguments, .. }] if arguments.is_null()),
            "{:?}",
            answer.parts
        );
    }
}

#[tokio::test]
async fn dropping_the_stream_ends_the_request() {
    for wire in ALL {
        let gate = Gate::new();
        let server = ScriptedModel::start([Script::default().text("Half").wait(&gate).into()]).await;
        let mut stream = Provider::new(options(wire, &server)).unwrap().stream(request(vec![user("hi")]));
        assert_eq!(within("the first half", stream.next()).await, Some(Ok(ModelEvent::Text("Half".into()))), "{wire:?}");
        drop(stream);
        within("the server to see it", server.quiet()).await;
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_in_all_is_given_up() {
    let gate = Gate::new();
    let server = ScriptedModel::start([Script::default().text("Half").wait(&gate).into()]).await;
    let options = Options { request_timeout_seconds: 1, idle_timeout_seconds: 60, ..options(Wire::Chat, &server) };
    let error = ask(&options, vec![user("hi")]).await.pop().unwrap().unwrap_err();
    assert!(error.to_string().contains("not whole after 1 seconds"), "{error}");
}

#[tokio::test]
async fn what_a_server_does_not_know_is_left_out() {
    let refuse = |words: &str| Step::fail(400, "", words);
    let server = ScriptedModel::start([
        refuse("Unknown parameter: 'stream_options'"),
        refuse("'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
        refuse("Unrecognized request argument: reasoning_effort"),
        Step::text("Now."),
    ])
    .await;
    reply(&options(Wire::Chat, &server), vec![user("hi")]).await;
    let last = server.requests().pop().unwrap().body;
    assert_eq!(last["max_completion_tokens"], 500);
    assert!(["stream_options", "max_tokens", "reasoning_effort"].iter().all(|field| last.get(*field).is_none()), "{last}");
    server.finish();

    let server = ScriptedModel::answering(move |_| Step::fail(400, "", "tools: no")).await;
    assert_eq!(error(&options(Wire::Chat, &server)).await.code(), "model_refused");
    assert_eq!(server.count(), 1, "what cannot be left out is not tried again");
}

#[tokio::test]
async fn another_model_stands_in() {
    let (first, second) = (
        ScriptedModel::answering(|_| Step::fail(402, "", "no credit")).await,
        ScriptedModel::start([Step::text("I can.")]).await,
    );
    let named = |wire, server: &ScriptedModel, id: &str| Options { models: vec![Offer::new(id)], ..options(wire, server) };
    let config = |fallbacks: &[&str]| Config {
        providers: vec![named(Wire::Chat, &first, "one"), named(Wire::Anthropic, &second, "two")],
        fallbacks: fallbacks.iter().map(|&id| id.to_owned()).collect(),
        ..Config::default()
    };
    let ask = |models: Models| {
        within("the answer", models.stream(ModelRequest { model: "one".into(), ..request(vec![user("hi")]) }).collect::<Vec<_>>())
    };
    let items = ask(Models::new(config(&["gone", "one", "two"])).unwrap()).await;
    assert!(matches!(items.last(), Some(Ok(ModelEvent::Done(reply))) if reply.model == "two"), "{items:?}");
    let told = matches!(&items[0], Ok(ModelEvent::StoodIn(told)) if (&*told.wanted, &*told.model, &*told.code) == ("one", "two", "model_no_quota"));
    assert!(told, "{items:?}");
    let items = ask(Models::new(config(&[])).unwrap()).await;
    assert_eq!(items[0].as_ref().unwrap_err().code(), "model_no_quota", "nobody stands in who was not named");
    second.finish();

    let half = ScriptedModel::answering(|_| Script::default().text("Half").cut().into()).await;
    let config = Config {
        providers: vec![named(Wire::Chat, &half, "one"), named(Wire::Chat, &half, "two")],
        fallbacks: vec!["two".into()],
        ..Config::default()
    };
    let items = ask(Models::new(config).unwrap()).await;
    assert_eq!((items.len(), half.count()), (2, 1), "what was begun is not begun again by another: {items:?}");
}

/// However confused a conversation is, what is sent keeps every rule of every language.
#[test]
fn any_turns_make_a_right_request() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(ScriptedModel::answering(|_| Step::text("ok")));
    let cases = ProptestConfig { cases: 60, ..ProptestConfig::default() };
    let providers = ALL.map(|wire| (wire, Provider::new(options(wire, &server)).unwrap()));
    proptest!(cases, |(turns in prop::collection::vec(turn(), 0..8))| {
        for (wire, provider) in &providers {
            let items: Vec<_> = runtime.block_on(within("the answer", provider.stream(request(turns.clone())).collect()));
            let violations = server.take_violations();
            prop_assert!(violations.is_empty(), "{wire:?}: {violations:?}");
            prop_assert!(matches!(items.last(), Some(Ok(ModelEvent::Done(_)))), "{wire:?}: {items:?}");
        }
    });
}
