//! What sandboxes report by themselves: held, released, noted, gone.

use std::time::Duration;

use holt_core::event::{EventBody, Level, SandboxEnd};
use holt_core::id::SessionId;
use holt_core::sandbox::SandboxReport;
use holt_core::session::Status;
use holt_core::tool::{CallOutcome, CallStatus};
use holt_core::view::SandboxState;
use holt_engine::Engine;
use holt_testkit::{Gate, fresh, within};

use crate::den::{Den, call_once, events, kinds, log, owner, say, session, until, wait_for};

fn held() -> SandboxReport {
    SandboxReport::Held { code: "disk_floor".into(), text: "The disk is nearly full.".into() }
}

fn note(code: &str) -> SandboxReport {
    SandboxReport::Noted { level: Level::Warning, code: code.into(), text: "Something happened.".into() }
}

fn gone() -> SandboxReport {
    SandboxReport::Gone { reason: "killed".into() }
}

async fn open_session(engine: &Engine) -> SessionId {
    let id = session(engine).await;
    engine.wake(&owner(), id).await.unwrap();
    id
}

/// Everything that was reported before is heard when this returns.
async fn heard(den: &Den, engine: &Engine, id: SessionId) {
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    den.sandboxes.report(id, note("barrier"));
    wait_for(&mut feed, "noted").await;
}

async fn how_often(engine: &Engine, id: SessionId, kind: &str) -> usize {
    kinds(engine, id).await.iter().filter(|known| **known == kind).count()
}

async fn nobody_awake(engine: &Engine) {
    within("the owners to leave", async {
        while engine.status().await.awake > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_held_sandbox_is_seen_to_be_and_each_thing_is_said_once() {
    let den = Den::new();
    let engine = den.start().await;
    let id = open_session(&engine).await;
    den.sandboxes.report(id, held());
    let seen = until(&engine, id, "the hold", |session| session.held.is_some()).await.held.unwrap();
    assert_eq!((seen.code.as_str(), seen.text.as_str()), ("disk_floor", "The disk is nearly full."));
    den.sandboxes.report(id, held());
    heard(&den, &engine, id).await;
    den.sandboxes.report(id, SandboxReport::Released);
    until(&engine, id, "the release", |session| session.held.is_none()).await;
    den.sandboxes.report(id, SandboxReport::Released);
    heard(&den, &engine, id).await;
    assert_eq!((how_often(&engine, id, "sandbox_held").await, how_often(&engine, id, "sandbox_released").await), (1, 1));
}

#[tokio::test]
async fn what_is_said_while_the_sandbox_opens_counts_and_a_closed_one_is_not_held() {
    let den = Den::new();
    let engine = den.start().await;
    let id = session(&engine).await;
    den.sandboxes.report(id, held());
    heard(&den, &engine, id).await;
    assert_eq!(engine.session(&owner(), id).await.unwrap().held, None);
    engine.wake(&owner(), id).await.unwrap();
    until(&engine, id, "the hold", |session| session.held.is_some()).await;
    assert_eq!(engine.sleep(&owner(), id).await.unwrap().held, None);
    engine.wake(&owner(), id).await.unwrap();
    heard(&den, &engine, id).await;
    assert_eq!(engine.session(&owner(), id).await.unwrap().held, None, "it is another one");
}

#[tokio::test]
async fn a_flood_of_notes_leaves_a_few_and_a_number() {
    let mut den = Den::new();
    den.options.report_window = Duration::from_secs(1);
    let engine = den.start().await;
    let id = session(&engine).await;
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    for _ in 0..500 {
        den.sandboxes.report(id, note("disk_share"));
    }
    within("the number", async {
        while !wait_for(&mut feed, "noted").await.iter().any(|event| event["body"]["code"] == "reports_left_out") {}
    })
    .await;
    let (mut kept, mut left_out) = (0, 0);
    for event in log(&engine, id).await {
        let EventBody::Noted(note) = event else { continue };
        match note.text.split_once(" more reports") {
            Some((number, _)) => left_out += number.parse::<u32>().unwrap(),
            None => kept += 1,
        }
    }
    assert_eq!(kept + left_out, 500, "every one is kept or counted");
    assert!(kept <= 40, "{kept}");
}

#[tokio::test]
async fn a_sandbox_that_is_gone_is_gone_once_however_it_is_noticed() {
    let (den, gate) = (Den::new(), Gate::new());
    let waiting = gate.clone();
    den.sandboxes.set_tool("execute_command", move |_, _| {
        let gate = waiting.clone();
        async move {
            gate.pass().await;
            CallOutcome::text(CallStatus::Succeeded, "built")
        }
    });
    den.brain(call_once);
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("build")).await.unwrap();
    within("the call to begin", gate.reached()).await;
    den.sandboxes.lose(id);
    den.sandboxes.report(id, gone());
    until(&engine, id, "the run to end", |session| session.status == Status::Idle).await;
    heard(&den, &engine, id).await;
    let ends = log(&engine, id).await.into_iter().filter_map(|event| match event {
        EventBody::SandboxClosed(closed) => Some(closed.why),
        _ => None,
    });
    assert_eq!(ends.collect::<Vec<_>>(), [SandboxEnd::Lost]);
    assert_eq!(how_often(&engine, id, "call_finished").await, 1);

    // Told so late that the next one is open, it is no news.
    engine.wake(&owner(), id).await.unwrap();
    den.sandboxes.report(id, gone());
    heard(&den, &engine, id).await;
    assert_eq!(engine.session(&owner(), id).await.unwrap().sandbox, SandboxState::Open);
}

#[tokio::test]
async fn an_idle_session_is_loaded_only_when_something_changes() {
    let den = Den::new();
    let engine = den.start().await;
    let (quiet, loud) = (open_session(&engine).await, open_session(&engine).await);
    den.sandboxes.report(quiet, held());
    until(&engine, quiet, "the hold", |session| session.held.is_some()).await;
    nobody_awake(&engine).await;
    let epoch = den.store().head(quiet).await.unwrap().epoch;
    let before = events(&engine, quiet).await.len();
    den.sandboxes.report(quiet, held());
    den.sandboxes.report(fresh(SessionId::new), held());
    den.sandboxes.report(loud, gone());
    den.sandboxes.lose(loud);
    den.sandboxes.report(loud, gone());
    until(&engine, loud, "the end of its sandbox", |session| session.sandbox == SandboxState::Closed).await;
    assert_eq!(den.store().head(quiet).await.unwrap().epoch, epoch, "nobody took it");
    den.sandboxes.report(quiet, SandboxReport::Released);
    until(&engine, quiet, "the release", |session| session.held.is_none()).await;
    assert_eq!(events(&engine, quiet).await.len(), before + 1);
}

#[tokio::test]
async fn a_new_server_learns_whether_a_sandbox_is_still_held() {
    let den = Den::new();
    let mut first = den.start_mortal();
    let (freed, still) = (open_session(&first.engine).await, open_session(&first.engine).await);
    for id in [freed, still] {
        den.sandboxes.report(id, held());
        until(&first.engine, id, "the hold", |session| session.held.is_some()).await;
    }
    first.kill();
    let second = den.start().await;
    // A keeper whose sandbox is held says so again to whoever comes.
    den.sandboxes.report(still, held());
    until(&second, freed, "the release", |session| session.held.is_none()).await;
    heard(&den, &second, still).await;
    until(&second, still, "the hold", |session| session.held.is_some()).await;
}
