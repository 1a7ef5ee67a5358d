//! Modes that change while a session lives, edited calls, and agent definitions.

use std::sync::{Arc, Mutex};

use holt_core::access::Scope;
use holt_core::definition::{AgentDefinition, DefinitionError, Definitions};
use holt_core::event::{EventBody, SandboxEnd};
use holt_core::policy::{Mode, Policy, Rule, Verdict};
use holt_core::session::{Network, Status};
use holt_core::tool::{CallOutcome, CallStatus};
use holt_engine::{Answer, CreateSession};
use holt_testkit::Gate;
use serde_json::json;

use crate::den::{Den, call_once, calling, code, log, owner, say, tell, until, who};

#[tokio::test]
async fn plan_mode_opens_the_sandbox_anew_and_shuts_its_ways_out() {
    let den = Den::new();
    let (begun, never) = (Gate::new(), Gate::new());
    let gates = (begun.clone(), never.clone());
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let (begun, never) = gates.clone();
        async move {
            begun.pass().await;
            never.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "too late")
        }
    });
    den.brain(|desk| async move {
        desk.next_step().await?;
        desk.finish(calling(&[("execute_command", json!({ "command": "make" }))])).await?;
        desk.next_step().await?;
        desk.finish(calling(&[("read_file", json!({ "path": "a" })), ("write_file", json!({ "path": "a" }))])).await?;
        desk.next_step().await?;
        tell(&desk, &["done"]).await
    });
    let engine = den.start().await;
    let request = CreateSession { network: Some(Network::Open), prompt: Some(say("go")), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    begun.reached().await;
    assert!(!den.sandboxes.spec(id).unwrap().read_only);
    engine.set_mode(&owner(), id, Mode::Plan).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    let spec = den.sandboxes.spec(id).unwrap();
    assert!(spec.read_only, "{spec:?}");
    let outcomes: Vec<CallStatus> = log(&engine, id)
        .await
        .into_iter()
        .filter_map(|body| if let EventBody::CallFinished(done) = body { Some(done.outcome.status) } else { None })
        .collect();
    assert_eq!(outcomes, [CallStatus::Cancelled, CallStatus::Denied, CallStatus::Succeeded]);
    let closed = log(&engine, id)
        .await
        .into_iter()
        .any(|body| matches!(body, EventBody::SandboxClosed(closed) if closed.why == SandboxEnd::ModeChanged));
    assert!(closed);
    never.release();
    engine.shutdown(false).await;
}

#[tokio::test]
async fn to_let_an_agent_do_more_takes_who_may_answer_for_it() {
    let den = Den::new();
    let engine = den.start().await;
    let id = engine.create(&owner(), CreateSession { mode: Some(Mode::Ask), ..CreateSession::default() }).await.unwrap().id;
    let operator = who("owner", &[Scope::Operate]);
    assert_eq!(code(&engine.set_mode(&operator, id, Mode::Full).await.unwrap_err()), "not_allowed");
    assert_eq!(engine.set_mode(&operator, id, Mode::Plan).await.unwrap().mode, Mode::Plan);
    assert_eq!(engine.set_mode(&who("owner", &[Scope::Operate, Scope::Approve]), id, Mode::Full).await.unwrap().mode, Mode::Full);
    let viewer = who("owner", &[Scope::View]);
    assert_eq!(code(&engine.set_mode(&viewer, id, Mode::Ask).await.unwrap_err()), "not_allowed");
}

#[tokio::test]
async fn what_a_person_put_in_its_place_is_what_runs() {
    let den = Den::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    den.sandboxes.set_tool("execute_command", move |call, _| {
        heard.lock().unwrap().push(call.arguments);
        async { CallOutcome::text(CallStatus::Succeeded, "ran") }
    });
    den.brain(call_once);
    let engine = den.start().await;
    let request = CreateSession { mode: Some(Mode::Ask), prompt: Some(say("go")), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    let waiting = until(&engine, id, "the question", |session| session.status == Status::Waiting).await;
    let open = waiting.run.unwrap().calls[0].clone();
    let edited = json!({ "command": "echo careful" });
    let hash = open.question.map(|question| question.hash);
    let answer = Answer { allow: true, hash, arguments: Some(edited.clone()), ..Answer::default() };
    engine.answer(&owner(), id, open.id, answer).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(*seen.lock().unwrap(), std::slice::from_ref(&edited));
    let recorded = log(&engine, id)
        .await
        .into_iter()
        .find_map(|body| if let EventBody::ApprovalAnswered(answered) = body { answered.arguments } else { None });
    assert_eq!(recorded, Some(edited));
}

#[derive(Default)]
struct Kept(Mutex<Vec<AgentDefinition>>);

impl Definitions for Kept {
    fn all(&self) -> Vec<AgentDefinition> {
        self.0.lock().unwrap().clone()
    }

    fn keep(&self, definition: &AgentDefinition) -> Result<(), DefinitionError> {
        self.0.lock().unwrap().push(definition.clone());
        Ok(())
    }

    fn forget(&self, name: &str) -> Result<bool, DefinitionError> {
        let mut kept = self.0.lock().unwrap();
        let before = kept.len();
        kept.retain(|definition| definition.name != name);
        Ok(kept.len() < before)
    }
}

#[tokio::test]
async fn a_definition_is_copied_into_the_session_and_bounds_it() {
    let mut den = Den::new();
    den.definitions = Arc::new(Kept::default());
    let tools = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&tools);
    den.brain(move |desk| {
        let heard = Arc::clone(&heard);
        async move {
            let brief = desk.brief();
            *heard.lock().unwrap() = brief.tools.iter().map(|tool| tool.name.clone()).collect();
            assert_eq!(brief.purpose, "Be careful.");
            desk.next_step().await?;
            desk.finish(calling(&[("read_file", json!({ "path": "a" })), ("execute_command", json!({ "command": "x" }))]))
                .await?;
            desk.next_step().await?;
            tell(&desk, &["done"]).await
        }
    });
    let engine = den.start().await;
    let policy = Policy { rules: vec![Rule::about("read_file", Verdict::Deny)], ..Policy::default() };
    let definition = AgentDefinition {
        name: "careful".into(),
        instructions: "Be careful.".into(),
        tools: vec!["read_*".into()],
        policy: Some(policy.clone()),
        mode: Some(Mode::AcceptEdits),
        ..AgentDefinition::default()
    };
    let operator = who("owner", &[Scope::Operate]);
    assert_eq!(code(&engine.keep_definition(&operator, definition.clone()).await.unwrap_err()), "not_allowed");
    for (bad, why) in [("../x", "name"), ("holt", "brain")] {
        let bad = AgentDefinition { name: bad.into(), ..definition.clone() };
        let error = engine.keep_definition(&owner(), bad).await.unwrap_err();
        assert!(code(&error) == "bad_definition" && error.to_string().contains(why), "{error}");
    }
    engine.keep_definition(&owner(), definition.clone()).await.unwrap();
    assert_eq!(engine.definitions(&operator).await.unwrap().len(), 5);
    let allows = Policy { rules: vec![Rule::about("*", Verdict::Allow)], ..Policy::default() };
    let request = CreateSession {
        agent: Some("careful".into()),
        policy: Some(allows),
        prompt: Some(say("go")),
        ..CreateSession::default()
    };
    let session = engine.create(&operator, request).await.unwrap();
    assert_eq!((session.agent.as_str(), session.definition.as_deref()), ("holt", Some("careful")));
    assert_eq!((session.mode, session.bounds), (Mode::AcceptEdits, vec![policy]));
    engine.forget_definition(&owner(), "careful").await.unwrap();
    until(&engine, session.id, "the run to end", |session| session.status == Status::Idle).await;
    let offered = tools.lock().unwrap().clone();
    let has = |name: &str| offered.iter().any(|tool| tool == name);
    assert!(has("read_file") && has("ask_human") && !has("write_file") && !has("execute_command"), "{offered:?}");
    assert_eq!(den.sandboxes.begun_in_all(), 0, "one is denied by the definition, the other it does not have");
    assert_eq!(code(&engine.forget_definition(&owner(), "coder").await.unwrap_err()), "agent_unknown");
    let unknown = CreateSession { agent: Some("careful".into()), ..CreateSession::default() };
    assert_eq!(code(&engine.create(&operator, unknown).await.unwrap_err()), "agent_unknown");
}
