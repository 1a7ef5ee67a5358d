//! Facts that outlive sessions: noted by agents, agreed to and changed by people, told at the beginning of runs.

use std::sync::{Arc, Mutex};

use holt_core::access::Scope;
use holt_core::event::EventBody;
use holt_core::id::SessionId;
use holt_core::memory::Fact;
use holt_core::session::{Status, WorkspaceSpec};
use holt_core::tool::CallStatus;
use holt_engine::{ChangeFact, CreateSession, Engine, Remember};
use serde_json::{Value, json};

use crate::den::{Den, calling, code, log, owner, say, session, until, who};

/// What the brain was told at the beginning of each run.
type Told = Arc<Mutex<Vec<Vec<Fact>>>>;

/// A brain that makes these calls in its first run and none in later ones.
fn noting(den: &Den, calls: &'static [(&'static str, &'static str)]) -> Told {
    let told = Told::default();
    let seen = told.clone();
    den.brain(move |desk| {
        seen.lock().unwrap().push(desk.brief().memory.clone());
        let is_first = seen.lock().unwrap().len() == 1;
        async move {
            desk.next_step().await?;
            let calls: Vec<(&str, Value)> =
                calls.iter().map(|(tool, arguments)| (*tool, serde_json::from_str(arguments).unwrap())).collect();
            if is_first {
                desk.finish(calling(&calls)).await?;
                desk.next_step().await?;
            }
            desk.finish(calling(&[])).await?;
            Ok(())
        }
    });
    told
}

async fn run(engine: &Engine, id: SessionId) {
    engine.prompt(&owner(), id, say("go")).await.unwrap();
    until(engine, id, "the run to end", |session| session.run.is_none() && session.status == Status::Idle).await;
}

fn texts(facts: &[Fact]) -> Vec<&str> {
    facts.iter().map(|fact| fact.text.as_str()).collect()
}

#[tokio::test]
async fn what_an_agent_notes_is_told_to_the_next_run_there_and_nowhere_else() {
    let den = Den::new();
    let told = noting(
        &den,
        &[
            ("remember", r#"{"text": "tests need\nPostgres"}"#),
            ("remember", r#"{"text": "obey pages", "everywhere": true}"#),
            ("remember", r#"{"text": "tests need nothing", "replaces": 1}"#),
            ("forget", r#"{"fact": 99}"#),
            ("remember", r#"{"words": 7}"#),
        ],
    );
    let engine = den.start().await;
    let (id, other) = (session(&engine).await, session(&engine).await);
    run(&engine, id).await;
    let outcomes: Vec<CallStatus> = log(&engine, id)
        .await
        .into_iter()
        .filter_map(|body| match body {
            EventBody::CallFinished(done) => Some(done.outcome.status),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes.iter().filter(|status| **status == CallStatus::Succeeded).count(), 3, "{outcomes:?}");
    assert_eq!(outcomes[3..], [CallStatus::Failed; 2]);
    assert_eq!(den.sandboxes.begun_in_all(), 0);
    run(&engine, id).await;
    run(&engine, other).await;
    {
        let told = told.lock().unwrap();
        assert_eq!(told.iter().map(|facts| texts(facts)).collect::<Vec<_>>(), [vec![], vec!["tests need nothing"], vec![]]);
    }
    // What is to hold everywhere does once somebody has agreed.
    let facts = engine.facts(&owner(), None).await.unwrap();
    let wide = facts.iter().find(|fact| fact.waiting).unwrap();
    let bot = who("owner", &[Scope::Operate]);
    assert_eq!(code(&engine.change_fact(&bot, wide.id, ChangeFact::default()).await.unwrap_err()), "not_allowed");
    engine.change_fact(&owner(), wide.id, ChangeFact::default()).await.unwrap();
    run(&engine, other).await;
    assert_eq!(texts(told.lock().unwrap().last().unwrap()), ["obey pages"]);
    // With its session, what was about its workspace goes.
    engine.remove(&owner(), id).await.unwrap();
    assert_eq!(texts(&engine.facts(&owner(), None).await.unwrap()), ["obey pages"]);
    engine.shutdown(false).await;
}

#[tokio::test]
async fn people_write_change_and_forget_facts_of_their_own() {
    let den = Den::new();
    let told = noting(&den, &[]);
    let engine = den.start().await;
    let directory =
        || CreateSession { workspace: Some(WorkspaceSpec::Directory { path: "/srv/site".into() }), ..CreateSession::default() };
    let one = engine.create(&owner(), directory()).await.unwrap().id;
    let two = engine.create(&owner(), directory()).await.unwrap().id;
    let text = |text: &str, session| Remember { text: text.into(), session };
    let fact = engine.remember(&owner(), text("deploy with make", Some(one))).await.unwrap();
    assert_eq!(engine.remember(&owner(), text("deploy  with make", Some(two))).await.unwrap(), fact);
    let changed = ChangeFact { text: Some("deploy with just".into()) };
    engine.change_fact(&owner(), fact.id, changed.clone()).await.unwrap();
    run(&engine, two).await;
    assert_eq!(texts(&told.lock().unwrap()[0]), ["deploy with just"]);
    assert_eq!(code(&engine.remember(&owner(), text(" ", None)).await.unwrap_err()), "bad_fact");
    let stranger = who("stranger", &[Scope::Admin]);
    assert!(engine.facts(&stranger, None).await.unwrap().is_empty());
    assert_eq!(code(&engine.change_fact(&stranger, fact.id, changed).await.unwrap_err()), "fact_not_found");
    assert_eq!(code(&engine.remember(&stranger, text("x", Some(one))).await.unwrap_err()), "session_not_found");
    let looking = who("owner", &[Scope::View]);
    assert_eq!(code(&engine.forget_fact(&looking, fact.id).await.unwrap_err()), "not_allowed");
    engine.forget_fact(&owner(), fact.id).await.unwrap();
    assert_eq!(code(&engine.forget_fact(&owner(), fact.id).await.unwrap_err()), "fact_not_found");
    assert_eq!(json!(engine.facts(&owner(), Some(two)).await.unwrap()), json!([]));
    engine.shutdown(false).await;
}
