//! The built-in agent with a real provider over HTTP, before a judge who knows the rules of the interface.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::sync::Arc;

use common::Session;
use holt_agents::BuiltinAgent;
use holt_agents::builtin::Options;
use holt_core::event::EventBody;
use holt_core::tool::{CallOutcome, CallStatus};
use holt_models::{Config, Effort, Models, Offer, Tariff, Thinking, Wire};
use holt_testkit::{FAKE_MODEL, Script, ScriptedModel, Step};
use serde_json::json;

fn agent(server: &ScriptedModel) -> BuiltinAgent {
    let offer = Offer { thinking: Thinking::Tokens, tariff: Some(Tariff::FREE), ..Offer::new(FAKE_MODEL) };
    let anthropic = holt_models::Options {
        key: Some("key".into()),
        models: vec![offer],
        effort: Some(Effort::Low),
        retry_delay_millis: 1,
        ..holt_models::Options::new("anthropic", Wire::Anthropic, server.url())
    };
    let models = Models::new(Config { providers: vec![anthropic], ..Config::default() }).unwrap();
    BuiltinAgent::new(Arc::new(models), Options::default())
}

#[tokio::test]
async fn a_whole_run_keeps_the_rules_of_the_interface() {
    let look =
        || Script::default().thinking("Where?", "c2ln").call("list_files", &json!({})).call("read_file", &json!({ "path": "x" }));
    let server = ScriptedModel::start([
        Script::default().thinking("Hm.", "aHVt").text("First I lo").cut().into(),
        Step::fail(529, "overloaded_error", "Overloaded"),
        look().in_pieces_of(5).into(),
        Script::default()
            .thinking("Big.", "Ymln")
            .text("Now.")
            .call_with("write_file", "{\"path\": \"x\", \"cont")
            .stop("max_tokens")
            .into(),
        Step::text("Done, in French."),
    ])
    .await;
    let outcome = |tool: &str, _: &_| match tool {
        "read_file" => CallOutcome::text(CallStatus::Failed, "could not read `x`: it is not there."),
        _ => CallOutcome::text(CallStatus::Succeeded, ""),
    };
    let session = Session::new("look around", outcome);
    session.steer_after(1, "in French");
    session.work(&agent(&server), &[]).await.unwrap();

    let requests = server.requests();
    let results: Vec<(String, bool)> = requests[3].results().into_iter().map(|(_, text, is_error)| (text, is_error)).collect();
    assert_eq!(results, [("(no output)".into(), false), ("could not read `x`: it is not there.".into(), true)]);
    assert!(requests[3].last_words().ends_with("in French"));
    assert!(requests[4].results()[0].1.contains("did not arrive whole"));
    assert_eq!(session.bodies().iter().filter(|body| matches!(body, EventBody::MessageAborted(_))).count(), 1);
    server.finish();
}
