//! Budgets that sessions share, and what the rules of a key keep them from.

use holt_core::access::{KeyRules, Principal, Scope};
use holt_core::budget::{Allowance, Bound, Reach, Reached};
use holt_core::event::{EventBody, RunResult};
use holt_core::id::{KeyId, SessionId};
use holt_core::network::HostRule;
use holt_core::policy::{Mode, Policy, Rule, Verdict};
use holt_core::session::{Network, Status};
use holt_engine::{CreateSession, Engine};
use uuid::Uuid;

use crate::den::{Den, code, log, owner, say, session, tell, until, who};

fn steps(steps: u64) -> Allowance {
    Allowance { steps: Some(steps), ..Allowance::default() }
}

fn with_key(number: u128, rules: KeyRules) -> Principal {
    let scopes = [Scope::View, Scope::Operate, Scope::Approve];
    Principal { key: Some(KeyId::new(Uuid::from_u128(number))), rules: Some(Box::new(rules)), ..who("owner", &scopes) }
}

/// A brain that says one thing in each of two steps.
fn talkative(den: &Den) {
    den.brain(|desk| async move {
        for _ in 0..2 {
            desk.next_step().await?;
            tell(&desk, &["hello"]).await?;
        }
        Ok(())
    });
}

async fn made(engine: &Engine, by: &Principal) -> SessionId {
    engine.create(by, CreateSession::default()).await.unwrap().id
}

/// Has a session work on a prompt, and says how its run ended.
async fn worked(engine: &Engine, by: &Principal, id: SessionId) -> RunResult {
    engine.prompt(by, id, say("go on")).await.unwrap();
    until(engine, id, "the run to end", |session| session.status == Status::Idle).await;
    let last = log(engine, id).await.into_iter().rev().find_map(|event| match event {
        EventBody::RunFinished(run) => Some(run.result),
        _ => None,
    });
    last.unwrap()
}

fn reached(of: Reach, used: u64, limit: u64) -> RunResult {
    RunResult::BudgetReached(Reached { bound: Bound::Steps, of, used, limit })
}

#[tokio::test]
async fn the_sessions_of_a_key_share_its_budget_and_the_next_server_knows_what_is_spent() {
    let den = Den::new();
    talkative(&den);
    let by = with_key(7, KeyRules { total: steps(5), ..KeyRules::default() });
    let first = {
        let engine = den.start().await;
        let (first, second) = (made(&engine, &by).await, made(&engine, &by).await);
        assert_eq!(worked(&engine, &by, first).await, RunResult::Completed);
        assert_eq!(worked(&engine, &by, second).await, RunResult::Completed);
        engine.remove(&by, second).await.unwrap();
        engine.shutdown(true).await;
        first
    };
    let engine = den.start().await;
    let key = by.key.unwrap();
    assert_eq!(engine.spent_by_key(key).0.steps, 4, "also of the session that is gone");
    assert_eq!(worked(&engine, &by, first).await, reached(Reach::Key, 5, 5));
    let other = made(&engine, &owner()).await;
    assert_eq!(worked(&engine, &owner(), other).await, RunResult::Completed, "nobody else is kept from anything");
    let budgets = engine.budgets(&by, first).await.unwrap();
    let of_key = budgets.iter().find(|account| account.of == Reach::Key).unwrap();
    assert_eq!((of_key.spent.steps, of_key.allowance), (5, steps(5)));
}

#[tokio::test]
async fn a_day_is_shared_by_everything_and_programs_inside_ask_no_model_when_nothing_is_left() {
    let mut den = Den::new();
    den.options.day_budget = Allowance { steps: Some(3), tokens: Some(6), ..Allowance::default() };
    talkative(&den);
    let engine = den.start().await;
    let id = session(&engine).await;
    assert_eq!(engine.models_refused(id).await.unwrap(), None);
    assert_eq!(worked(&engine, &owner(), id).await, RunResult::Completed);
    let other = session(&engine).await;
    assert_eq!(worked(&engine, &owner(), other).await, reached(Reach::Day, 3, 3));
    let refused = engine.models_refused(id).await.unwrap().unwrap();
    assert_eq!((refused.bound, refused.of), (Bound::Tokens, Reach::Day));
    assert_eq!(code(&engine.compact(&owner(), id).await.unwrap_err()), "budget_reached");
}

#[tokio::test]
async fn a_key_of_nothing_gets_an_answer_that_says_so() {
    let den = Den::new();
    talkative(&den);
    let engine = den.start().await;
    let by = with_key(1, KeyRules { day: steps(0), ..KeyRules::default() });
    let id = made(&engine, &by).await;
    let RunResult::BudgetReached(reached) = worked(&engine, &by, id).await else { panic!("it ran") };
    assert_eq!(reached.to_string(), "its key's budget of no steps at all for today (UTC)");
}

#[tokio::test]
async fn a_key_with_rules_makes_sessions_within_them_and_changes_no_others() {
    let den = Den::new();
    let engine = den.start().await;
    let policy = Policy { rules: vec![Rule::of_command("git push *", Verdict::Deny)], ..Policy::default() };
    let rules =
        KeyRules { policy: Some(policy.clone()), mode: Some(Mode::Ask), network: Some(Network::Allow), ..KeyRules::default() };
    let by = with_key(1, rules);
    let made = engine.create(&by, CreateSession::default()).await.unwrap();
    assert_eq!((made.mode, made.bounds.as_slice()), (Mode::Ask, [policy].as_slice()), "as free as it may be");
    let allow = HostRule { host: "*".into(), verdict: Verdict::Allow };
    for beyond in [
        CreateSession { mode: Some(Mode::Full), ..CreateSession::default() },
        CreateSession { network: Some(Network::Open), ..CreateSession::default() },
        CreateSession { network: Some(Network::Allow), hosts: vec![allow], ..CreateSession::default() },
    ] {
        assert_eq!(code(&engine.create(&by, beyond).await.unwrap_err()), "beyond_key");
    }
    let admin = engine.set_mode(&owner(), made.id, Mode::Full).await.unwrap_err();
    assert_eq!(code(&admin), "beyond_key", "whoever works with it");

    let other = session(&engine).await;
    let another = with_key(2, KeyRules::default());
    assert!(engine.session(&by, other).await.is_ok(), "its owner's sessions are seen");
    for id in [other, engine.create(&another, CreateSession::default()).await.unwrap().id] {
        assert_eq!(code(&engine.prompt(&by, id, say("hi")).await.unwrap_err()), "beyond_key");
        assert_eq!(code(&engine.set_mode(&by, id, Mode::Plan).await.unwrap_err()), "beyond_key");
        assert_eq!(code(&engine.remove(&by, id).await.unwrap_err()), "beyond_key");
        assert_eq!(code(&engine.set_budget(&by, id, None, Some(steps(9))).await.unwrap_err()), "beyond_key");
    }
}
