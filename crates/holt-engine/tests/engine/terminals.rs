//! Terminals: whose they are, and what they mean for a session's sleep.

use holt_core::access::Principal;
use holt_core::id::KeyId;
use holt_core::sandbox::{SandboxError, Sandboxes as _};
use holt_core::session::Status;
use holt_core::terminal::TerminalSize;
use holt_engine::{ChangeTerminal, OpenTerminal};
use holt_testkit::Operation;
use uuid::Uuid;

use crate::den::{Den, code, kinds, owner, session, until, wait_for};

const SIZE: TerminalSize = TerminalSize { rows: 24, cols: 80 };

fn shell() -> OpenTerminal {
    OpenTerminal { size: SIZE, command: Vec::new(), shared: false, title: None }
}

fn with_key() -> Principal {
    Principal { key: Some(KeyId::new(Uuid::now_v7())), ..owner() }
}

#[tokio::test]
async fn a_terminal_that_somebody_watches_keeps_the_session_awake_and_one_that_nobody_watches_not_for_ever() {
    let mut den = Den::new();
    den.options.sleep_after_seconds = 1;
    den.options.keep_awake_seconds = 1;
    let engine = den.start().await;
    let id = session(&engine).await;
    let terminal = engine.open_terminal(&owner(), id, shell()).await.unwrap();
    den.sandboxes.set_processes(id, &["bash"]);
    let (_, line) = engine.terminal_line(&owner(), id, terminal.id).await.unwrap();
    let mut feed = engine.follow(&owner(), id, None).await.unwrap();
    let seen = wait_for(&mut feed, "sleep_postponed").await;
    assert_eq!(seen.last().unwrap()["body"]["watched"], true);
    assert_eq!(engine.terminals(&owner(), id).await.unwrap().len(), 1);
    drop(line);

    let other = session(&engine).await;
    let terminal = engine.open_terminal(&owner(), other, shell()).await.unwrap();
    den.sandboxes.set_processes(other, &["bash"]);
    until(&engine, other, "sleep, with nobody there", |session| session.status == Status::Asleep).await;
    assert!(engine.terminals(&owner(), other).await.unwrap().is_empty());
    assert_eq!(code(&engine.terminal(&owner(), other, terminal.id).await.unwrap_err()), "terminal_not_found");
}

#[tokio::test]
async fn what_is_kept_with_a_terminal_says_whose_it_is_to_the_next_server_too() {
    let den = Den::new();
    let (one, other) = (with_key(), with_key());
    let (id, terminal) = {
        let engine = den.start().await;
        let id = session(&engine).await;
        let terminal = engine.open_terminal(&one, id, OpenTerminal { title: Some("mine".into()), ..shell() }).await.unwrap();
        engine.shutdown(true).await;
        (id, terminal)
    };
    let engine = den.start().await;
    let found = engine.terminal(&one, id, terminal.id).await.unwrap();
    assert_eq!((found.title.as_str(), found.mine, found.opened_at), ("mine", true, terminal.opened_at));
    assert_eq!(code(&engine.terminal(&other, id, terminal.id).await.unwrap_err()), "terminal_not_found");
    let share = ChangeTerminal { shared: Some(true), title: None };
    engine.change_terminal(&one, id, terminal.id, share).await.unwrap();
    assert!(!engine.terminal(&other, id, terminal.id).await.unwrap().mine);
    engine.close_terminal(&other, id, terminal.id).await.unwrap();
    assert!(den.sandboxes.terminals(id).await.unwrap().is_empty());
    let seen = kinds(&engine, id).await;
    assert!(seen.ends_with(&["terminal_opened", "terminal_closed"]), "{seen:?}");
}

#[tokio::test]
async fn a_terminal_that_cannot_be_opened_is_on_no_record() {
    let den = Den::new();
    let engine = den.start().await;
    let id = session(&engine).await;
    let huge = OpenTerminal { size: TerminalSize { rows: 9999, cols: 80 }, ..shell() };
    assert_eq!(code(&engine.open_terminal(&owner(), id, huge).await.unwrap_err()), "bad_size");
    assert!(!den.sandboxes.is_open(id), "nonsense wakes nobody");
    den.sandboxes.fail(Operation::OpenTerminal, 1, SandboxError::Faulty("no".into()));
    assert_eq!(code(&engine.open_terminal(&owner(), id, shell()).await.unwrap_err()), "sandbox_unavailable");
    assert!(!kinds(&engine, id).await.contains(&"terminal_opened"));
}
