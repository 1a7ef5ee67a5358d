//! Parts of a run's work, given to agents of their own.

use std::sync::Arc;

use holt_core::agent::{Desk, WorkError};
use holt_core::budget::Budget;
use holt_core::event::EventBody;
use holt_core::id::{CallId, SessionId};
use holt_core::session::Status;
use holt_core::tool::{CallOutcome, CallStatus, ToolContent};
use holt_engine::{CreateSession, Engine};
use holt_testkit::{Gate, within};
use serde_json::{Value, json};

use crate::den::{Den, calling, log, owner, say, session, tell, until};

fn delegate(task: &str) -> (&'static str, Value) {
    ("delegate", json!({ "task": task }))
}

/// Has it been wanted already, here?
async fn wanted(desk: &Arc<dyn Desk>) -> Result<bool, WorkError> {
    let own = desk.brief().part.as_ref().map(|part| part.call);
    let known = desk.next_step().await?;
    let is_own = |body: EventBody| matches!(body, EventBody::CallProposed(proposed) if proposed.within == own);
    Ok(known.iter().filter_map(|event| event.decode()).any(is_own))
}

/// A brain that gives two parts away; whoever gets one has one command run and reports.
async fn share_out(desk: Arc<dyn Desk>) -> Result<(), WorkError> {
    let part = desk.brief().part.clone();
    let is_wanted = wanted(&desk).await?;
    match part {
        None if !is_wanted => {
            desk.finish(calling(&[delegate("dig"), delegate("float")])).await?;
            desk.next_step().await?;
            tell(&desk, &["All is done."]).await
        }
        None => tell(&desk, &["All is done."]).await,
        Some(part) => {
            assert!(desk.brief().tools.iter().all(|tool| tool.name != "delegate" && tool.name != "update_plan"));
            if !is_wanted {
                desk.finish(calling(&[("execute_command", json!({ "command": part.task }))])).await?;
                desk.next_step().await?;
            }
            tell(&desk, &["I did: ", &part.task]).await
        }
    }
}

fn outcome_of(log: &[EventBody], tool: &str) -> Vec<(CallStatus, String)> {
    let calls: Vec<CallId> = log
        .iter()
        .filter_map(|body| match body {
            EventBody::CallProposed(proposed) if proposed.tool == tool => Some(proposed.call),
            _ => None,
        })
        .collect();
    let said = |outcome: &CallOutcome| match outcome.content.first() {
        Some(ToolContent::Text { text }) => text.clone(),
        _ => String::new(),
    };
    let finished = log.iter().filter_map(|body| match body {
        EventBody::CallFinished(done) if calls.contains(&done.call) => Some((done.outcome.status, said(&done.outcome))),
        _ => None,
    });
    finished.collect()
}

async fn finish(engine: &Engine, id: SessionId) -> Vec<EventBody> {
    until(engine, id, "the run to end", |session| session.status == Status::Idle && session.queue.is_empty()).await;
    log(engine, id).await
}

#[tokio::test]
async fn parts_are_done_side_by_side_and_their_reports_come_back() {
    let (den, gate) = (Den::new(), Gate::new());
    let held = gate.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = held.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "ok")
        }
    });
    den.brain(share_out);
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    // Both have their command under way before either is let through.
    let both = until(&engine, id, "two commands", |session| {
        let run = session.run.as_ref();
        run.is_some_and(|run| run.calls.iter().filter(|call| call.tool == "execute_command").count() == 2)
    });
    let run = both.await.run.unwrap();
    assert!(run.calls.iter().filter(|call| call.tool == "execute_command").all(|call| call.within.is_some()));
    gate.release();
    let log = finish(&engine, id).await;
    let mut reports = outcome_of(&log, "delegate");
    reports.sort_by(|one, other| one.1.cmp(&other.1));
    let done = |text: &str| (CallStatus::Succeeded, text.to_owned());
    assert_eq!(reports, [done("I did: dig"), done("I did: float")]);
    let steps = log.iter().find_map(|body| if let EventBody::RunFinished(run) = body { Some(run.steps) } else { None });
    assert_eq!(steps, Some(2 + 2 * 2), "their steps count for the run");
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_part_is_taken_up_where_it_was_when_the_server_is_started_anew() {
    let (den, gate) = (Den::new(), Gate::new());
    let held = gate.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = held.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "ok")
        }
    });
    den.brain(share_out);
    let mut first = den.start_mortal();
    let engine = first.engine.clone();
    let asked = async move {
        let id = session(&engine).await;
        engine.prompt(&owner(), id, say("go")).await.unwrap();
        id
    };
    let id = first.within(asked).await;
    within("a command to begin", gate.reached()).await;
    first.kill_for_sure().await;
    gate.release();
    let second = den.start().await;
    let log = finish(&second, id).await;
    assert_eq!(outcome_of(&log, "execute_command").len(), 2, "nothing was begun twice");
    assert!(outcome_of(&log, "delegate").iter().all(|(status, _)| *status == CallStatus::Succeeded));
    second.shutdown(false).await;
}

#[tokio::test]
async fn a_part_stops_when_its_share_is_used_and_when_the_run_is_cancelled() {
    let den = Den::new();
    den.brain(|desk| async move {
        let is_part = desk.brief().part.is_some();
        desk.next_step().await?;
        if !is_part {
            desk.finish(calling(&[delegate("dig for ever"), delegate(" ")])).await?;
            desk.next_step().await?;
            return tell(&desk, &["Enough."]).await;
        }
        loop {
            desk.finish(calling(&[("execute_command", json!({ "command": "dig" }))])).await?;
            desk.next_step().await?;
        }
    });
    let engine = den.start().await;
    let budget = Some(Budget { steps: Some(8), ..Budget::default() });
    let id = engine.create(&owner(), CreateSession { budget, ..CreateSession::default() }).await.unwrap().id;
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    let log = finish(&engine, id).await;
    let mut reports = outcome_of(&log, "delegate");
    reports.sort_by_key(|(_, text)| text.contains("share of the budget"));
    assert!(reports[0].0 == CallStatus::Failed && reports[0].1.contains("Nobody began it"), "{reports:?}");
    assert!(reports[1].0 == CallStatus::Failed && reports[1].1.contains("share of the budget"), "{reports:?}");
    assert_eq!(outcome_of(&log, "execute_command").len(), 4, "half of the run's steps");

    let never = Gate::new();
    let held = never.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = held.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "late")
        }
    });
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    within("the command", never.reached()).await;
    engine.cancel(&owner(), id).await.unwrap();
    let log = finish(&engine, id).await;
    let proposed = log.iter().filter(|body| matches!(body, EventBody::CallProposed(_))).count();
    let finished = log.iter().filter(|body| matches!(body, EventBody::CallFinished(_))).count();
    assert_eq!(proposed, finished, "every call has one result");
    never.release();
    engine.shutdown(false).await;
}
