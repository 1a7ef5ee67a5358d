//! A person takes the desktop, and what becomes of the agent and its programs meanwhile.

use std::sync::Arc;
use std::time::Duration;

use holt_core::agent::{Desk, WorkError};
use holt_core::event::{ControlEnd, EventBody};
use holt_core::id::{ClientId, SessionId};
use holt_core::sandbox::{Group, SandboxError, Sandboxes as _};
use holt_core::session::Status;
use holt_core::tool::CallStatus;
use holt_core::view::{Programs, SandboxState, Snapshot};
use holt_engine::Engine;
use holt_testkit::{Gate, Operation, eventually, fresh, within};
use serde_json::json;

use crate::den::{Den, calling, code, kinds, log, owner, say, session, tell, until, wait_for};

async fn awake(engine: &Engine) -> SessionId {
    let id = session(engine).await;
    engine.wake(&owner(), id).await.unwrap();
    id
}

async fn take(engine: &Engine, id: SessionId, client: ClientId) -> Snapshot {
    engine.take_control(&owner(), id, client, Programs::StandStill, false).await.unwrap()
}

async fn give(engine: &Engine, id: SessionId, client: ClientId) -> Snapshot {
    engine.return_control(&owner(), id, client).await.unwrap()
}

fn all_stand_still(den: &Den, id: SessionId) -> bool {
    [Group::Agent, Group::Commands].iter().all(|group| den.sandboxes.is_frozen(id, *group))
}

fn none_stands_still(den: &Den, id: SessionId) -> bool {
    ![Group::Agent, Group::Commands].iter().any(|group| den.sandboxes.is_frozen(id, *group))
}

/// A brain that says two messages, and waits at the gate between them.
fn two_messages(den: &Den) -> Gate {
    let gate = Gate::new();
    let held = gate.clone();
    den.brain(move |desk: Arc<dyn Desk>| {
        let gate = held.clone();
        async move {
            desk.next_step().await?;
            tell(&desk, &["one"]).await?;
            gate.pass().await;
            desk.next_step().await?;
            tell(&desk, &["two"]).await?;
            Ok::<(), WorkError>(())
        }
    });
    gate
}

/// A session whose brain waits at the gate in the middle of its run, and somebody who may want to drive.
async fn in_the_middle(engine: &Engine, gate: &Gate) -> (SessionId, ClientId) {
    let id = session(engine).await;
    engine.prompt(&owner(), id, say("look")).await.unwrap();
    within("the brain to come so far", gate.reached()).await;
    until(engine, id, "the sandbox", |session| session.sandbox == SandboxState::Open).await;
    (id, fresh(ClientId::new))
}

/// Those of these kinds in the log, in order.
async fn order(engine: &Engine, id: SessionId, of: &[&str]) -> Vec<&'static str> {
    kinds(engine, id).await.into_iter().filter(|kind| of.contains(kind)).collect()
}

const TURNS: &[&str] = &["agent_message", "control_taken", "control_returned"];

#[tokio::test]
async fn programs_stand_still_while_a_person_drives_and_go_on_after() {
    let den = Den::new();
    let engine = den.start().await;
    let (id, client) = (awake(&engine).await, fresh(ClientId::new));
    assert_eq!(take(&engine, id, client).await.control.unwrap().client, client);
    eventually("programs stand still", || all_stand_still(&den, id)).await;
    assert!(!den.sandboxes.is_frozen(id, Group::Desktop), "the person needs it");
    assert_eq!(give(&engine, id, client).await.control, None);
    eventually("programs go on", || none_stands_still(&den, id)).await;
}

#[tokio::test]
async fn in_quick_succession_programs_are_held_and_let_go_in_order() {
    let den = Den::new();
    let engine = den.start().await;
    let (id, client) = (awake(&engine).await, fresh(ClientId::new));
    for _ in 0..4 {
        take(&engine, id, client).await;
        give(&engine, id, client).await;
    }
    eventually("the last change", || den.sandboxes.asked(Operation::Thaw, Some(id)) == 8).await;
    let moves: Vec<Operation> = den.sandboxes.record(id).into_iter().filter(|one| is_move(*one)).collect();
    let once = [Operation::Freeze, Operation::Freeze, Operation::Thaw, Operation::Thaw];
    assert_eq!(moves, once.repeat(4));
    assert!(none_stands_still(&den, id));
}

fn is_move(operation: Operation) -> bool {
    matches!(operation, Operation::Freeze | Operation::Thaw)
}

#[tokio::test]
async fn a_driver_who_is_gone_is_missed_and_the_agent_goes_on() {
    let mut den = Den::new();
    den.options.driver_may_be_away = Duration::from_millis(500);
    let gate = two_messages(&den);
    let engine = den.start().await;
    let (id, client) = in_the_middle(&engine, &gate).await;
    take(&engine, id, client).await;
    gate.release();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(order(&engine, id, TURNS).await, ["agent_message", "control_taken", "control_returned", "agent_message"]);
    let why = log(&engine, id).await.into_iter().find_map(|event| match event {
        EventBody::ControlReturned(returned) => Some(returned.why),
        _ => None,
    });
    assert_eq!(why, Some(ControlEnd::Left));
    eventually("programs go on", || none_stands_still(&den, id)).await;
    give(&engine, id, client).await;
    assert_eq!(order(&engine, id, &["control_returned"]).await.len(), 1, "giving back what one does not have changes nothing");
}

#[tokio::test]
async fn one_who_is_heard_of_goes_on_driving() {
    let mut den = Den::new();
    den.options.driver_may_be_away = Duration::from_millis(1500);
    let engine = den.start().await;
    let (id, client) = (awake(&engine).await, fresh(ClientId::new));
    take(&engine, id, client).await;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        engine.driver_is_present(id, client);
    }
    assert!(engine.session(&owner(), id).await.unwrap().control.is_some());
    engine.driver_is_present(id, fresh(ClientId::new));
    until(&engine, id, "the driver is missed", |session| session.control.is_none()).await;
}

#[tokio::test]
async fn a_brain_waits_for_its_next_step_until_the_desktop_is_given_back() {
    let den = Den::new();
    let gate = two_messages(&den);
    let engine = den.start().await;
    let (id, client) = in_the_middle(&engine, &gate).await;
    take(&engine, id, client).await;
    gate.release();
    // Programs are held a moment later: by then the brain has asked.
    eventually("programs stand still", || all_stand_still(&den, id)).await;
    assert_eq!(engine.session(&owner(), id).await.unwrap().status, Status::Running);
    give(&engine, id, client).await;
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    assert_eq!(order(&engine, id, TURNS).await, ["agent_message", "control_taken", "control_returned", "agent_message"]);
}

#[tokio::test]
async fn an_agent_that_goes_on_sees_what_a_person_left_behind() {
    let den = Den::new();
    let gate = two_messages(&den);
    let engine = den.start().await;
    let (id, client) = in_the_middle(&engine, &gate).await;
    // The desktop is there.
    engine.look(&owner(), id).await.unwrap();
    take(&engine, id, client).await;
    gate.release();
    eventually("programs stand still", || all_stand_still(&den, id)).await;
    give(&engine, id, client).await;
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    let kinds = ["agent_message", "control_returned", "desktop_seen"];
    assert_eq!(order(&engine, id, &kinds).await, ["agent_message", "control_returned", "desktop_seen", "agent_message"]);
    // Nobody goes on, so nobody looks.
    take(&engine, id, client).await;
    give(&engine, id, client).await;
    eventually("programs go on", || none_stands_still(&den, id)).await;
    assert_eq!(order(&engine, id, &["desktop_seen"]).await.len(), 1);
}

#[tokio::test]
async fn after_a_restart_programs_are_held_again_and_the_driver_may_give_back() {
    let den = Den::new();
    let mut first = den.start_mortal();
    let (id, client) = (awake(&first.engine).await, fresh(ClientId::new));
    take(&first.engine, id, client).await;
    eventually("programs stand still", || all_stand_still(&den, id)).await;
    first.kill();
    for group in [Group::Agent, Group::Commands] {
        den.sandboxes.thaw(id, group).await.unwrap();
    }
    let second = den.start().await;
    eventually("programs stand still again", || all_stand_still(&den, id)).await;
    let other = second.return_control(&owner(), id, fresh(ClientId::new)).await.unwrap_err();
    assert_eq!(code(&other), "control_held");
    assert_eq!(give(&second, id, client).await.control, None);
    eventually("programs go on", || none_stands_still(&den, id)).await;
}

#[tokio::test]
async fn programs_that_a_dead_server_had_not_let_go_go_on() {
    let den = Den::new();
    let mut first = den.start_mortal();
    let (id, client) = (awake(&first.engine).await, fresh(ClientId::new));
    take(&first.engine, id, client).await;
    eventually("programs stand still", || all_stand_still(&den, id)).await;
    den.sandboxes.fail_always(Operation::Thaw, SandboxError::Faulty("the server dies".into()));
    give(&first.engine, id, client).await;
    first.kill();
    den.sandboxes.heal(Operation::Thaw);
    let second = den.start().await;
    second.prompt(&owner(), id, say("go on")).await.unwrap();
    eventually("programs go on", || none_stands_still(&den, id)).await;
}

#[tokio::test]
async fn a_session_that_is_driven_does_not_sleep() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    let engine = den.start().await;
    let (driven, idle, client) = (awake(&engine).await, awake(&engine).await, fresh(ClientId::new));
    take(&engine, driven, client).await;
    until(&engine, idle, "sleep", |session| session.status == Status::Asleep).await;
    // A moment more than the other had.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(den.sandboxes.is_open(driven));
    assert!(!kinds(&engine, driven).await.contains(&"sleep_postponed"));
    give(&engine, driven, client).await;
    until(&engine, driven, "sleep", |session| session.status == Status::Asleep).await;
}

#[tokio::test]
async fn who_watches_the_desktop_keeps_the_session_awake_and_an_order_does_not_wait() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    den.options.keep_awake_seconds = 1;
    let engine = den.start().await;
    let id = awake(&engine).await;
    let viewer = engine.watch_control(&owner(), id).await.unwrap();
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    let seen = wait_for(&mut feed, "sleep_postponed").await;
    assert_eq!(seen.last().unwrap()["body"]["why"], "somebody watches the desktop or a terminal");
    assert!(den.sandboxes.is_open(id));
    assert_eq!(engine.sleep(&owner(), id).await.unwrap().status, Status::Asleep);
    drop(viewer);
    engine.wake(&owner(), id).await.unwrap();
    until(&engine, id, "sleep, with nobody there", |session| session.status == Status::Asleep).await;
}

#[tokio::test]
async fn what_a_brain_thought_out_before_somebody_drove_is_not_done_on_the_screen() {
    let (den, gate) = (Den::new(), Gate::new());
    let held = gate.clone();
    den.brain(move |desk: Arc<dyn Desk>| {
        let gate = held.clone();
        async move {
            desk.next_step().await?;
            gate.pass().await;
            for _ in 0..2 {
                desk.finish(calling(&[("computer", json!({"action": "screenshot"}))])).await?;
                desk.next_step().await?;
            }
            Ok::<(), WorkError>(())
        }
    });
    let engine = den.start().await;
    let (id, client) = (session(&engine).await, fresh(ClientId::new));
    engine.prompt(&owner(), id, say("look")).await.unwrap();
    within("the brain to think", gate.reached()).await;
    until(&engine, id, "the sandbox", |session| session.sandbox == SandboxState::Open).await;
    take(&engine, id, client).await;
    give(&engine, id, client).await;
    gate.release();
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    let ends = log(&engine, id).await.into_iter().filter_map(|event| match event {
        EventBody::CallFinished(call) => Some(call.outcome.status),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [CallStatus::Cancelled, CallStatus::Succeeded], "the next step knew of it");
    assert_eq!(den.sandboxes.begun_in_all(), 1);
}
