//! Prompts, runs, calls, questions, and who may ask for them.

use std::sync::{Arc, Mutex};

use holt_core::access::Scope;
use holt_core::event::{EventBody, RunResult, WhenBusy};
use holt_core::id::SessionId;
use holt_core::policy::{Policy, Verdict};
use holt_core::session::{SessionKind, Status, WorkspaceSpec};
use holt_core::tool::{CallOutcome, CallStatus};
use holt_engine::{Answer, CreateSession, ListSessions};
use holt_testkit::{Gate, within};
use serde_json::json;
use uuid::Uuid;

use crate::den::{Den, call_once, calling, code, kinds, log, owner, say, say_when_busy, session, tell, until, who};

#[tokio::test]
async fn a_prompt_is_worked_on_and_everything_is_an_event() {
    let den = Den::new();
    den.brain(|desk| async move {
        desk.next_step().await?;
        desk.finish(calling(&[("read_file", json!({"path": "a"})), ("write_file", json!({"path": "b"}))])).await?;
        let results = desk.next_step().await?;
        assert_eq!(results.iter().filter(|event| &*event.kind == "call_finished").count(), 2);
        tell(&desk, &["done"]).await
    });
    let engine = den.start().await;
    let request = CreateSession { prompt: Some(say("do it")), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    let session = until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(session.title, "do it");
    let kinds: Vec<_> = kinds(&engine, id).await.into_iter().filter(|kind| *kind != "sandbox_opened").collect();
    assert_eq!(
        kinds,
        [
            "session_created",
            "session_renamed",
            "prompt_queued",
            "run_started",
            "agent_message",
            "call_proposed",
            "call_proposed",
            "call_started",
            "call_finished",
            "call_started",
            "call_finished",
            "message_started",
            "agent_message",
            "run_finished",
        ]
    );
    engine.shutdown(false).await;
}

#[tokio::test]
async fn what_is_safe_side_by_side_runs_together() {
    let den = Den::new();
    let (first, second) = (Gate::new(), Gate::new());
    let gates = [first.clone(), second.clone()];
    den.sandboxes.set_tool("read_file", move |call, _| {
        let gate = gates[usize::from(call.arguments["path"] == "b")].clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "read")
        }
    });
    den.brain(|desk| async move {
        desk.next_step().await?;
        desk.finish(calling(&[("read_file", json!({"path": "a"})), ("read_file", json!({"path": "b"}))])).await?;
        desk.next_step().await.map(drop).map_err(Into::into)
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("read both")).await.unwrap();
    within("both to begin", async { tokio::join!(first.reached(), second.reached()) }).await;
    second.release();
    first.release();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
}

#[tokio::test]
async fn prompts_wait_in_order_steer_and_interrupt() {
    let den = Den::new();
    let gate = Gate::new();
    let held = gate.clone();
    den.brain(move |desk| {
        let gate = held.clone();
        async move {
            desk.next_step().await?;
            gate.pass().await;
            desk.next_step().await?;
            Ok(())
        }
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    let first = say("first");
    engine.prompt(&owner(), id, first.clone()).await.unwrap();
    assert_eq!(engine.prompt(&owner(), id, first).await.unwrap().waiting_behind, None, "sent twice, taken once");
    assert_eq!(engine.prompt(&owner(), id, say("second")).await.unwrap().waiting_behind, Some(0));
    assert_eq!(engine.prompt(&owner(), id, say_when_busy("by the way", WhenBusy::Steer)).await.unwrap().waiting_behind, Some(1));
    let refused = engine.prompt(&owner(), id, say_when_busy("now or never", WhenBusy::Refuse)).await.unwrap_err();
    assert_eq!(code(&refused), "session_busy");
    within("the brain to come to the gate", gate.reached()).await;
    gate.release();
    until(&engine, id, "both runs to end", |session| session.status == Status::Idle && session.queue.is_empty()).await;
    let kinds = kinds(&engine, id).await;
    let place = |kind| kinds.iter().position(|known| *known == kind).unwrap();
    assert!(place("prompt_steered") < place("run_finished"));
    assert_eq!(kinds.iter().filter(|kind| **kind == "run_started").count(), 2);
}

#[tokio::test]
async fn an_interrupting_prompt_stops_the_run_and_its_call() {
    let den = Den::new();
    let gate = Gate::new();
    let held = gate.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = held.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "too late")
        }
    });
    den.brain(call_once);
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    engine.prompt(&owner(), id, say_when_busy("stop that", WhenBusy::Interrupt)).await.unwrap();
    until(&engine, id, "the runs to end", |session| session.status == Status::Idle).await;
    let log = log(&engine, id).await;
    let results: Vec<_> = log
        .iter()
        .filter_map(|event| match event {
            EventBody::RunFinished(run) => Some(&run.result),
            _ => None,
        })
        .collect();
    assert_eq!(results, [&RunResult::Cancelled, &RunResult::Completed]);
    let outcome = log.iter().find_map(|event| match event {
        EventBody::CallFinished(call) => Some(call.outcome.status),
        _ => None,
    });
    assert_eq!(outcome, Some(CallStatus::Cancelled));
    assert!(den.sandboxes.remembered(id).is_empty(), "every outcome was acknowledged");
}

#[tokio::test]
async fn a_question_waits_for_somebody_who_may_answer_it() {
    let den = Den::new();
    den.brain(call_once);
    let engine = den.start().await;
    let policy = Policy { otherwise: Verdict::Ask, ..Policy::default() };
    let id = engine.create(&owner(), CreateSession { policy: Some(policy), ..CreateSession::default() }).await.unwrap().id;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    let waiting = until(&engine, id, "the question", |session| session.status == Status::Waiting).await;
    let open = waiting.run.unwrap().calls[0].clone();
    let (call, hash) = (open.id, open.question.unwrap().hash);
    let yes = || Answer { allow: true, hash: Some(hash.clone()), ..Answer::default() };
    let agent = who("owner", &[Scope::Operate]);
    assert_eq!(code(&engine.answer(&agent, id, call, yes()).await.unwrap_err()), "not_allowed");
    assert_eq!(den.sandboxes.begun_in_all(), 0);
    let person = who("owner", &[Scope::Operate, Scope::Approve]);
    let unseen = Answer { hash: None, ..yes() };
    assert_eq!(code(&engine.answer(&person, id, call, unseen).await.unwrap_err()), "question_unseen");
    let stale = Answer { hash: Some("0".repeat(64)), ..yes() };
    assert_eq!(code(&engine.answer(&person, id, call, stale).await.unwrap_err()), "question_changed");
    engine.answer(&person, id, call, yes()).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(den.sandboxes.begun(call), 1);
    assert_eq!(code(&engine.answer(&person, id, call, yes()).await.unwrap_err()), "question_answered");
}

#[tokio::test]
async fn sessions_belong_to_their_owners() {
    let den = Den::new();
    let engine = den.start().await;
    let (anna, ben) = (who("anna", &[Scope::Operate]), who("ben", &[Scope::Operate]));
    let id = engine.create(&anna, CreateSession::default()).await.unwrap().id;
    assert_eq!(code(&engine.session(&ben, id).await.unwrap_err()), "session_not_found");
    assert_eq!(code(&engine.prompt(&ben, id, say("hello")).await.unwrap_err()), "session_not_found");
    assert_eq!(code(&engine.follow(&ben, id, None).await.unwrap_err()), "session_not_found");
    assert_eq!(code(&engine.events_after(&ben, id, 0, 10).await.unwrap_err()), "session_not_found");
    assert_eq!(code(&engine.remove(&ben, id).await.unwrap_err()), "session_not_found");
    let list = ListSessions { limit: 10, ..ListSessions::default() };
    assert!(engine.list(&ben, list.clone()).await.unwrap().items.is_empty());
    assert_eq!(engine.list(&anna, list).await.unwrap().items.len(), 1);
    let viewer = who("anna", &[Scope::View]);
    assert_eq!(code(&engine.prompt(&viewer, id, say("hello")).await.unwrap_err()), "not_allowed");
    let project =
        CreateSession { workspace: Some(WorkspaceSpec::Directory { path: "/srv/x".into() }), ..CreateSession::default() };
    assert_eq!(code(&engine.create(&anna, project).await.unwrap_err()), "not_allowed", "a directory of the host takes an admin");
}

#[tokio::test]
async fn a_session_asked_for_twice_is_made_once_and_nonsense_is_refused() {
    let den = Den::new();
    let engine = den.start().await;
    let request = CreateSession { id: Some(SessionId::new(Uuid::now_v7())), ..CreateSession::default() };
    let one = engine.create(&owner(), request.clone()).await.unwrap();
    assert_eq!(engine.create(&owner(), request).await.unwrap(), one);
    for (request, expected) in [
        (CreateSession { agent: Some("nobody".into()), ..CreateSession::default() }, "agent_unknown"),
        (CreateSession { model: Some("gpt-99".into()), ..CreateSession::default() }, "model_unknown"),
        (CreateSession { environment: Some("mars".into()), ..CreateSession::default() }, "environment_unknown"),
    ] {
        assert_eq!(code(&engine.create(&owner(), request).await.unwrap_err()), expected);
    }
}

#[tokio::test]
async fn a_task_ends_and_is_removed_without_a_trace() {
    let den = Den::new();
    den.brain(call_once);
    let engine = den.start().await;
    let request = CreateSession { kind: Some(SessionKind::Task), prompt: Some(say("build")), ..CreateSession::default() };
    let id = engine.create(&owner(), request).await.unwrap().id;
    until(&engine, id, "the task to end", |session| session.status == Status::Ended).await;
    assert!(!den.sandboxes.is_open(id));
    assert_eq!(code(&engine.prompt(&owner(), id, say("more")).await.unwrap_err()), "session_ended");
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    engine.remove(&owner(), id).await.unwrap();
    while let Some(item) = within("the feed to end", feed.next()).await {
        item.unwrap();
    }
    assert_eq!(code(&engine.session(&owner(), id).await.unwrap_err()), "session_not_found");
    assert_eq!(den.sandboxes.removed(), [id]);
}

#[tokio::test]
async fn a_brain_is_given_a_long_log_whole_and_in_pages() {
    let den = Den::new();
    let engine = den.start().await;
    let id = session(&engine).await;
    for number in 0..1_500 {
        engine.rename(&owner(), id, format!("title {number}")).await.unwrap();
    }
    let given: Arc<Mutex<Vec<(u64, usize)>>> = Arc::default();
    let seen = given.clone();
    den.brain(move |desk| {
        let seen = seen.clone();
        async move {
            let mut page = desk.next_step().await?;
            while !page.is_empty() {
                let length = page.len();
                seen.lock().unwrap().extend(page.iter().map(|event| (event.seq, length)));
                page = desk.more().await?;
            }
            Ok(())
        }
    });
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.run.is_none() && session.last_seq > 1_503).await;
    let given = given.lock().unwrap();
    assert!(given.iter().enumerate().all(|(at, (seq, _))| *seq == at as u64 + 1), "each once, in order");
    // The sandbox may be open by then.
    assert!((1_503..=1_504).contains(&given.len()) && given.iter().all(|(_, length)| *length <= 1_024), "{}", given.len());
}
