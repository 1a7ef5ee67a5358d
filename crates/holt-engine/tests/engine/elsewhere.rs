//! Tools that are not in the sandbox: the session's own, and those of others.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::agent::{Desk, WorkError};
use holt_core::elsewhere::Elsewhere;
use holt_core::event::EventBody;
use holt_core::id::SessionId;
use holt_core::plan::{PlanItem, PlanStatus};
use holt_core::sandbox::{CallUpdate, ToolCall};
use holt_core::session::{SessionSpec, Status};
use holt_core::tool::{CallOutcome, CallStatus, Place, ToolContent, ToolSpec};
use holt_core::view::{CallStage, Snapshot};
use holt_engine::Engine;
use holt_testkit::{Gate, within};
use serde_json::{Value, json};

use crate::den::{Den, calling, kinds, log, owner, say, session, until};

/// An outside server with one tool, which waits at a gate, and one that has the name of the toolbox's.
struct Oracle(Gate);

#[async_trait]
impl Elsewhere for Oracle {
    async fn tools(&self, _: SessionId, _: &SessionSpec) -> Vec<ToolSpec> {
        let tool = |name: &str| ToolSpec {
            name: name.into(),
            description: "Asks the oracle.".into(),
            parameters: json!({ "type": "object" }),
            reads_only: true,
            parallel: false,
            screen: false,
            // What it says of its place does not count.
            place: Place::Sandbox,
        };
        vec![tool("ask_oracle"), tool("execute_command")]
    }

    async fn call(&self, _: &SessionSpec, call: &ToolCall) -> Option<BoxStream<'static, CallUpdate>> {
        let gate = self.0.clone();
        let answer = async move {
            gate.pass().await;
            CallUpdate::Finished(CallOutcome::text(CallStatus::Succeeded, "otters"))
        };
        (call.tool == "ask_oracle").then(|| stream::once(answer).boxed())
    }
}

fn den_with_an_oracle() -> (Den, Gate) {
    let gate = Gate::new();
    let mut den = Den::new();
    den.elsewhere = vec![Arc::new(Oracle(gate.clone()))];
    den.brain(ask_once);
    (den, gate)
}

async fn ask_once(desk: Arc<dyn Desk>) -> Result<(), WorkError> {
    let known = desk.next_step().await?;
    if !known.iter().any(|event| &*event.kind == "call_proposed") {
        desk.finish(calling(&[("ask_oracle", json!({ "about": "rivers" }))])).await?;
        desk.next_step().await?;
    }
    Ok(())
}

async fn outcome(engine: &Engine, id: SessionId) -> CallOutcome {
    let log = log(engine, id).await;
    let found = log.into_iter().find_map(|event| match event {
        EventBody::CallFinished(call) => Some(call.outcome),
        _ => None,
    });
    found.expect("a call has a result")
}

#[tokio::test]
async fn a_call_goes_to_whoever_offered_its_tool_and_names_of_holts_own_stay_holts() {
    let (den, gate) = den_with_an_oracle();
    let (seen, mut offered) = tokio::sync::mpsc::unbounded_channel();
    den.brain(move |desk| {
        seen.send(desk.brief().tools.clone()).unwrap();
        ask_once(desk)
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("ask")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    let tools = offered.recv().await.unwrap();
    let places = |name: &str| tools.iter().filter(|tool| tool.name == name).map(|tool| tool.place).collect::<Vec<_>>();
    assert_eq!(places("ask_oracle"), [Place::Elsewhere]);
    assert_eq!(places("execute_command"), [Place::Sandbox]);
    assert_eq!(places("update_plan"), [Place::Session]);
    gate.release();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcome(&engine, id).await.content, [ToolContent::Text { text: "otters".into() }]);
    assert_eq!(den.sandboxes.begun_in_all(), 0);
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_call_that_the_server_took_with_it_is_interrupted_and_not_made_again() {
    let (den, gate) = den_with_an_oracle();
    let mut first = den.start_mortal();
    let engine = first.engine.clone();
    let asked = async move {
        let id = session(&engine).await;
        engine.prompt(&owner(), id, say("ask")).await.unwrap();
        id
    };
    let id = first.within(asked).await;
    within("the call to begin", gate.reached()).await;
    first.kill_for_sure().await;
    gate.release();
    let second = den.start().await;
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    let outcome = outcome(&second, id).await;
    assert_eq!(outcome.status, CallStatus::Interrupted, "{outcome:?}");
    second.shutdown(false).await;
}

#[tokio::test]
async fn a_call_survives_the_sandbox_and_ends_when_it_is_cancelled() {
    let (den, gate) = den_with_an_oracle();
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("ask")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    den.sandboxes.lose(id);
    let running = |session: &Snapshot| {
        session.run.as_ref().is_some_and(|run| run.calls.iter().all(|call| call.stage == CallStage::Running))
    };
    assert!(running(&engine.session(&owner(), id).await.unwrap()));
    engine.cancel(&owner(), id).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcome(&engine, id).await.status, CallStatus::Cancelled);
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_plan_is_kept_with_the_session_and_one_that_makes_no_sense_changes_nothing() {
    let den = Den::new();
    den.brain(|desk| async move {
        desk.next_step().await?;
        let item = |text: &str, status: &str| json!({ "text": text, "status": status });
        let plan = json!({ "items": [item("Look\n around", "done"), item("Build a dam", "in_progress")] });
        let bad = |items: Value| ("update_plan", json!({ "items": items }));
        desk.finish(calling(&[("update_plan", plan), bad(json!("none")), bad(json!(vec![item("x", "done"); 51]))])).await?;
        desk.next_step().await?;
        Ok(())
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("plan")).await.unwrap();
    let over = |session: &Snapshot| session.status == Status::Idle && !session.plan.is_empty();
    let session = until(&engine, id, "the run to end", over).await;
    let item = |text: &str, status| PlanItem { text: text.into(), status };
    assert_eq!(session.plan, [item("Look around", PlanStatus::Done), item("Build a dam", PlanStatus::InProgress)]);
    let kinds = kinds(&engine, id).await;
    let kinds: Vec<_> = kinds.into_iter().skip_while(|kind| *kind != "call_started").take(5).collect();
    assert_eq!(kinds, ["call_started", "plan_changed", "call_finished", "call_started", "call_finished"]);
    let is_failed =
        |event: &&EventBody| matches!(event, EventBody::CallFinished(call) if call.outcome.status == CallStatus::Failed);
    assert_eq!(log(&engine, id).await.iter().filter(is_failed).count(), 2);
    engine.shutdown(false).await;
}
