//! What sessions are called, and what is said of them: by their first words, by a model between runs, by people.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use holt_core::agent::SessionSummary;
use holt_core::budget::Usage;
use holt_core::event::EventBody;
use holt_core::id::SessionId;
use holt_core::session::{SessionKind, Status};
use holt_engine::{CreateSession, Engine, ListSessions};
use holt_testkit::{Gate, within};

use crate::den::{Den, kinds, log, owner, say, session, tell, until};

fn said(title: &str, summary: &str) -> SessionSummary {
    let usage = Usage { input_tokens: 7, ..Usage::default() };
    SessionSummary { title: title.into(), summary: summary.into(), model: "demo".into(), usage }
}

/// A den whose brain answers and then counts how often it is asked what a session is about.
fn den() -> (Den, Arc<AtomicUsize>) {
    let den = Den::new();
    den.brain(|desk| async move {
        desk.next_step().await?;
        tell(&desk, &["done"]).await
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    den.summary(move || {
        let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
        async move { Some(said("Otters\u{202e} of\nthe Elbe", &format!("Said {number} times."))) }
    });
    (den, asked)
}

async fn run(engine: &Engine, id: SessionId) {
    engine.prompt(&owner(), id, say("look at otters please")).await.unwrap();
    until(engine, id, "the run to end", |session| session.status == Status::Idle && session.queue.is_empty()).await;
}

#[tokio::test]
async fn a_session_is_named_after_its_first_run_and_then_ever_more_seldom_summed_up() {
    let (den, asked) = den();
    let engine = den.start().await;
    let id = session(&engine).await;
    engine.prompt(&owner(), id, say("look at otters please")).await.unwrap();
    let named = until(&engine, id, "a summary", |session| !session.summary.is_empty()).await;
    assert_eq!((named.title.as_str(), named.summary.as_str()), ("Otters of the Elbe", "Said 1 times."));
    assert_eq!(named.usage.input_tokens, 1 + 7, "what it cost counts for the session");
    for _ in 0..2 {
        run(&engine, id).await;
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    run(&engine, id).await;
    until(&engine, id, "another summary", |session| session.summary == "Said 2 times.").await;
    let listed = engine.list(&owner(), ListSessions { limit: 9, ..ListSessions::default() }).await.unwrap();
    assert_eq!(listed.items[0].summary, "Said 2 times.");
    engine.shutdown(false).await;
}

#[tokio::test]
async fn what_a_person_called_it_it_stays_called() {
    let (den, _) = den();
    let engine = den.start().await;
    let titled = CreateSession { title: Some("Mine".into()), ..CreateSession::default() };
    let (mine, renamed) = (engine.create(&owner(), titled).await.unwrap().id, session(&engine).await);
    engine.rename(&owner(), renamed, "Renamed".into()).await.unwrap();
    for (id, title) in [(mine, "Mine"), (renamed, "Renamed")] {
        run(&engine, id).await;
        let session = until(&engine, id, "a summary", |session| !session.summary.is_empty()).await;
        assert_eq!(session.title, title);
    }
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_run_that_begins_does_not_wait_and_the_title_comes_after_it() {
    let (den, asked) = den();
    let (begun, counted) = (Gate::new(), asked.clone());
    let gate = begun.clone();
    den.summary(move || {
        let (gate, number) = (gate.clone(), counted.fetch_add(1, Ordering::Relaxed));
        async move {
            if number == 0 {
                gate.pass().await;
            }
            Some(said("Otters", "Done."))
        }
    });
    let engine = den.start().await;
    let id = session(&engine).await;
    run(&engine, id).await;
    within("the first question", begun.reached()).await;
    run(&engine, id).await;
    until(&engine, id, "a summary", |session| session.summary == "Done.").await;
    assert_eq!(kinds(&engine, id).await.iter().filter(|kind| **kind == "session_summarized").count(), 1);
    begun.release();
    engine.shutdown(false).await;
}

#[tokio::test]
async fn a_task_that_has_ended_is_named_too() {
    let (den, _) = den();
    let engine = den.start().await;
    let task = CreateSession { kind: Some(SessionKind::Task), prompt: Some(say("go")), ..CreateSession::default() };
    let id = engine.create(&owner(), task).await.unwrap().id;
    let ended = until(&engine, id, "the end and a summary", |session| session.ended.is_some() && !session.summary.is_empty());
    assert_eq!(ended.await.title, "Otters of the Elbe");
    let renamed = |body: &EventBody| matches!(body, EventBody::SessionRenamed(renamed) if renamed.from_prompt);
    assert_eq!(log(&engine, id).await.iter().filter(|body| renamed(body)).count(), 1);
    engine.shutdown(false).await;
}
