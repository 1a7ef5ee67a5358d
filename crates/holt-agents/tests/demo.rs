//! The built-in agent with the demo as its model: the first run of everybody who tries Holt.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::sync::Arc;

use common::Session;
use holt_agents::BuiltinAgent;
use holt_agents::builtin::Options;
use holt_core::event::{EventBody, RunResult};
use holt_core::model::{AssistantPart, Model, ModelError, ModelEvent, ModelInfo, ModelRequest};
use holt_core::tool::CallOutcome;
use holt_models::demo::{self, Demo};
use holt_testkit::{FAKE_MODEL, HostTools, temp_dir};
use serde_json::Value;

/// The demo under the name that the test's sessions ask for.
struct Renamed(Demo);

impl Model for Renamed {
    fn models(&self) -> Vec<ModelInfo> {
        self.0.models().into_iter().map(|info| ModelInfo { id: FAKE_MODEL.into(), ..info }).collect()
    }

    fn stream(&self, request: ModelRequest) -> futures::stream::BoxStream<'static, Result<ModelEvent, ModelError>> {
        self.0.stream(ModelRequest { model: demo::MODEL.into(), ..request })
    }
}

fn agent() -> BuiltinAgent {
    BuiltinAgent::new(Arc::new(Renamed(Demo::new(demo::Options { pace_millis: 0 }))), Options::default())
}

/// Real tools on a directory of their own, called from a test that is not asynchronous.
fn tools(directory: &std::path::Path) -> impl FnMut(&str, &Value) -> CallOutcome + Send + 'static {
    let tools = HostTools::new(directory);
    move |tool, arguments| {
        let (tools, tool, arguments) = (tools.clone(), tool.to_owned(), arguments.clone());
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(tools.call(&tool, &arguments))
        };
        std::thread::spawn(work).join().unwrap()
    }
}

#[tokio::test]
async fn otters_survive_the_death_of_the_server_at_every_point() {
    let whole = {
        let directory = temp_dir();
        let session = Session::new("make a small web page about otters", tools(directory.path()));
        session.work(&agent(), &[]).await.unwrap();
        std::fs::read_to_string(directory.path().join("otters.html")).unwrap()
    };
    for lives in (0..60).step_by(3) {
        let directory = temp_dir();
        let session = Session::new("make a small web page about otters", tools(directory.path()));
        session.work(&agent(), &[lives, lives / 2]).await.unwrap();
        let page = std::fs::read_to_string(directory.path().join("otters.html"));
        assert_eq!(page.ok().as_deref(), Some(whole.as_str()), "dead after {lives}");
        assert!(session.lock().begun.values().all(|times| *times == 1));
        let last = session.bodies().into_iter().rev().find_map(|body| match body {
            EventBody::AgentMessage(message) => message.parts.into_iter().next(),
            _ => None,
        });
        assert!(matches!(&last, Some(AssistantPart::Text { text }) if text.contains("is ready")), "{last:?}");
        let results = session
            .bodies()
            .into_iter()
            .filter(|body| matches!(body, EventBody::RunFinished(run) if run.result == RunResult::Completed));
        assert_eq!(results.count(), 1);
    }
}

#[tokio::test]
async fn a_word_in_between_is_heard() {
    let directory = temp_dir();
    let session = Session::new("make a small web page about otters", tools(directory.path()));
    session.steer_after(2, "and make it dark");
    session.work(&agent(), &[]).await.unwrap();
    let page = std::fs::read_to_string(directory.path().join("otters.html")).unwrap();
    assert!(page.contains(r#"data-theme="dark""#));
}
