//! The process dies; another goes on. Nothing is repeated in silence, nothing is lost.

use holt_core::event::EventBody;
use holt_core::sandbox::{SandboxError, Sandboxes as _};
use holt_core::session::Status;
use holt_core::tool::{CallOutcome, CallStatus};
use holt_engine::Engine;
use holt_testkit::{Gate, Operation, within};
use serde_json::json;

use crate::den::{Den, call_once, calling, code, kinds, log, owner, say, session, until};

/// A den where a command waits at a gate.
fn den_with_a_slow_command() -> (Den, Gate) {
    let (den, gate) = (Den::new(), Gate::new());
    let held = gate.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = held.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "built")
        }
    });
    den.brain(call_once);
    (den, gate)
}

async fn outcomes(engine: &Engine, id: holt_core::id::SessionId) -> Vec<CallStatus> {
    let log = log(engine, id).await;
    log.iter()
        .filter_map(|event| match event {
            EventBody::CallFinished(call) => Some(call.outcome.status),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn a_call_that_outlived_the_server_is_taken_up_and_not_begun_again() {
    let (den, gate) = den_with_a_slow_command();
    let mut first = den.start_mortal();
    let id = session(&first.engine).await;
    first.engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    first.kill();
    let second = den.start().await;
    gate.release();
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&second, id).await, [CallStatus::Succeeded]);
    assert_eq!(den.sandboxes.begun_in_all(), 1);
    assert!(den.sandboxes.remembered(id).is_empty());
}

#[tokio::test]
async fn a_call_that_ended_while_no_server_lived_is_taken() {
    let (den, gate) = den_with_a_slow_command();
    let mut first = den.start_mortal();
    let id = session(&first.engine).await;
    first.engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    first.kill();
    gate.release();
    let second = den.start().await;
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&second, id).await, [CallStatus::Succeeded]);
    assert_eq!(den.sandboxes.begun_in_all(), 1);
}

#[tokio::test]
async fn when_the_keeper_is_gone_too_the_call_is_shown_as_interrupted() {
    let (den, gate) = den_with_a_slow_command();
    let mut first = den.start_mortal();
    let id = session(&first.engine).await;
    first.engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    first.kill();
    den.sandboxes.lose(id);
    let second = den.start().await;
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&second, id).await, [CallStatus::Interrupted]);
    assert_eq!(den.sandboxes.begun_in_all(), 1, "nothing is repeated in silence");
    assert!(kinds(&second, id).await.contains(&"sandbox_closed"));
}

#[tokio::test]
async fn a_call_that_never_reached_its_keeper_is_begun_by_the_next_server() {
    let (den, gate) = den_with_a_slow_command();
    let mut first = den.start_mortal();
    let engine = first.engine.clone();
    let prompted = async move {
        let id = session(&engine).await;
        engine.prompt(&owner(), id, say("build")).await.unwrap();
        id
    };
    let id = first.within(prompted).await;
    within("the call to begin", gate.reached()).await;
    first.kill_for_sure().await;
    // As if the server had died between the log and the keeper: it lives, and has not heard of the call.
    let spec = den.sandboxes.spec(id).unwrap();
    den.sandboxes.lose(id);
    den.sandboxes.open(spec).await.unwrap();
    gate.release();
    let second = den.start().await;
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&second, id).await, [CallStatus::Succeeded]);
    assert!(!kinds(&second, id).await.contains(&"sandbox_closed"));
}

#[tokio::test]
async fn a_cancelled_call_of_an_earlier_server_is_stopped_in_its_sandbox() {
    let (den, gate) = den_with_a_slow_command();
    let mut first = den.start_mortal();
    let id = session(&first.engine).await;
    first.engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    den.sandboxes.fail(Operation::Cancel, 1, SandboxError::Gone);
    first.engine.cancel(&owner(), id).await.unwrap();
    first.kill();
    let second = den.start().await;
    until(&second, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&second, id).await, [CallStatus::Cancelled]);
    assert_eq!(den.sandboxes.asked(Operation::Cancel, Some(id)), 2, "the sandbox was told");
}

#[tokio::test]
async fn a_keeper_that_dies_interrupts_one_call_and_not_the_next() {
    let den = Den::new();
    let sandboxes = den.sandboxes.clone();
    den.sandboxes.set_tool("execute_command", move |call, _| {
        let sandboxes = sandboxes.clone();
        async move {
            if sandboxes.begun_in_all() > 1 {
                return CallOutcome::text(CallStatus::Succeeded, "built");
            }
            sandboxes.lose(call.session);
            CallOutcome::text(CallStatus::Interrupted, "the keeper is gone")
        }
    });
    den.brain(|desk| async move {
        desk.next_step().await?;
        for _ in 0..2 {
            desk.finish(calling(&[("execute_command", json!({"command": "make"}))])).await?;
            desk.next_step().await?;
        }
        Ok(())
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&engine, id).await, [CallStatus::Interrupted, CallStatus::Succeeded]);
}

#[tokio::test]
async fn killed_at_any_moment_a_run_is_finished_by_those_who_come_after() {
    // Without a gate: the kill falls wherever it falls, again and again, until one engine lives to see the end.
    let den = Den::new();
    den.brain(call_once);
    let mut first = den.start_mortal();
    let id = session(&first.engine).await;
    first.engine.prompt(&owner(), id, say("build")).await.unwrap();
    first.kill();
    for _ in 0..10 {
        let mut next = den.start_mortal();
        tokio::task::yield_now().await;
        next.kill();
    }
    let last = den.start().await;
    until(&last, id, "the run to end", |session| session.status == Status::Idle).await;
    assert!(den.sandboxes.begun_in_all() <= 1);
    let kinds = kinds(&last, id).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == "run_finished").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| **kind == "call_finished").count(), 1);
}

#[tokio::test]
async fn two_servers_do_not_share_a_session() {
    let (den, gate) = den_with_a_slow_command();
    let old = den.start().await;
    let id = session(&old).await;
    old.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    let new = den.start().await;
    until(&new, id, "the new server to have it", |session| session.status == Status::Running).await;
    new.prompt(&owner(), id, say("and test")).await.unwrap();
    let late = old.prompt(&owner(), id, say("from the past")).await.unwrap_err();
    assert_eq!(code(&late), "session_taken_over");
    gate.release();
    until(&new, id, "the runs to end", |session| session.status == Status::Idle && session.queue.is_empty()).await;
    assert_eq!(den.sandboxes.begun_in_all(), 1, "the second run finds the command already called");
}

#[tokio::test]
async fn a_shutdown_leaves_the_sandboxes_or_ends_them() {
    let (den, gate) = den_with_a_slow_command();
    let first = den.start().await;
    let id = session(&first).await;
    first.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    first.shutdown(true).await;
    assert!(den.sandboxes.is_open(id));
    assert_eq!(code(&first.prompt(&owner(), id, say("more")).await.unwrap_err()), "shutting_down");
    let second = den.start().await;
    until(&second, id, "the second to have it", |session| session.status == Status::Running).await;
    second.shutdown(false).await;
    assert!(!den.sandboxes.is_open(id));
    let third = den.start().await;
    until(&third, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(outcomes(&third, id).await, [CallStatus::Interrupted]);
}

#[tokio::test]
async fn a_sandbox_without_a_session_is_ended_at_the_start() {
    let den = Den::new();
    let first = den.start().await;
    let id = session(&first).await;
    first.wake(&owner(), id).await.unwrap();
    first.shutdown(true).await;
    den.store().remove(id).await.unwrap();
    let _second = den.start().await;
    holt_testkit::eventually("the orphan to end", || !den.sandboxes.is_open(id)).await;
}
