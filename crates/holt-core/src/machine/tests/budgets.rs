//! Budgets of more than one run, and what a key's rules let nobody do.

use super::*;
use crate::access::KeyRules;
use crate::budget::{Account, Spent};
use crate::network::HostRule;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn of_session(session_budget: Allowance) -> Story {
    Story::of(SessionSpec {
        session_budget,
        budget: Budget { steps: None, seconds: None, ..Budget::default() },
        ..spec(SessionKind::Chat)
    })
}

impl Story {
    /// A run of so many steps, without calls.
    fn run_of(&mut self, number: u128, steps: u128) -> Vec<&'static str> {
        let mut told = self.take(Input::Prompt(prompt(number, WhenBusy::Queue)));
        for step in 0..steps {
            let Some(run) = self.state.run().map(|run| run.id) else { return told };
            told.extend(self.take(Input::NextStep { run, within: None }));
            if self.state.run().is_some() {
                told.extend(self.turn(number * 100 + step, &[]));
            }
        }
        if let Some(run) = self.state.run().map(|run| run.id) {
            told.extend(self.take(Input::BrainDone { run }));
        }
        told
    }

    fn last_result(&mut self, input: Input) -> RunResult {
        let decision = self.try_take(input).unwrap();
        let result = decision.events.iter().rev().find_map(|fact| match &fact.body {
            EventBody::RunFinished(run) => Some(run.result.clone()),
            _ => None,
        });
        result.unwrap()
    }
}

#[test]
fn a_session_budget_is_spent_by_all_its_runs_and_the_next_run_ends_before_it_begins() {
    let mut story = of_session(Allowance { steps: Some(5), ..Allowance::default() });
    assert!(!story.run_of(1, 3).contains(&"budget_warned"));
    let told = story.run_of(2, 2);
    assert_eq!(told.iter().filter(|kind| **kind == "budget_warned").count(), 1, "at four of five: {told:?}");
    assert_eq!((story.state.spent.steps, story.state.spent.tokens), (5, 75));
    story.take(Input::Prompt(prompt(3, WhenBusy::Queue)));
    let run = story.run();
    let reached = Reached { bound: Bound::Steps, of: Reach::Session, used: 5, limit: 5 };
    assert_eq!(story.last_result(Input::NextStep { run, within: None }), RunResult::BudgetReached(reached));
    assert_eq!(story.state.status(), Status::Idle);

    let more = Allowance { steps: Some(6), ..Allowance::default() };
    let set = Input::SetBudget { budget: story.state.spec.budget, session_budget: more, by: "Ada".into() };
    assert_eq!(story.take(set.clone()), ["budget_changed"]);
    assert!(story.take(set).is_empty(), "said again it changes nothing");
    assert!(!story.run_of(4, 1).contains(&"budget_reached"), "a person gave it more");
}

#[test]
fn a_budget_of_nothing_lets_nothing_begin_and_says_so() {
    for allowance in [
        Allowance { steps: Some(0), ..Allowance::default() },
        Allowance { tokens: Some(0), ..Allowance::default() },
        Allowance { cost_micros: Some(0), ..Allowance::default() },
        Allowance { seconds: Some(0), ..Allowance::default() },
    ] {
        let mut story = of_session(allowance);
        story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
        let run = story.run();
        assert_eq!(story.take(Input::NextStep { run, within: None }), ["budget_reached", "run_finished"], "{allowance:?}");
        assert_eq!(story.state.spent.steps, 0);
    }
}

#[test]
fn time_is_counted_as_it_is_worked_and_stops_a_run_in_the_middle() {
    let mut story = of_session(Allowance { seconds: Some(100), ..Allowance::default() });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.now = 60_000;
    let run = story.run();
    story.take(Input::BrainDone { run });
    assert!((59_990..=60_000).contains(&story.state.spent.millis), "{:?}", story.state.spent);
    story.now = 500_000;
    story.take(Input::Prompt(prompt(2, WhenBusy::Queue)));
    story.turn(1, &[(1, "write")]);
    let up = story.state.wake_at().unwrap().as_millis();
    assert!((540_000..540_020).contains(&up), "forty seconds are left: {up}");
    story.now = up;
    assert_eq!(story.take(Input::Tick), ["budget_reached"], "its call is told to stop first");
    assert!(story.effects.contains(&Effect::CancelCall { call: call(1) }));
    story.returned(1);
    assert_eq!(story.state.status(), Status::Idle);
}

#[test]
fn what_others_spend_on_the_same_account_stops_it_too() {
    let mut story = of_session(Allowance::default());
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let account = |steps| {
        let spent = Spent { steps, ..Spent::default() };
        Input::Accounts(vec![Account::new(Reach::KeyDay, Allowance { steps: Some(10), ..Allowance::default() }, spent)])
    };
    assert!(story.take(account(7)).is_empty());
    assert_eq!(story.take(account(8)), ["budget_warned"]);
    assert!(story.take(account(9)).is_empty(), "it was said");
    let reached = Reached { bound: Bound::Steps, of: Reach::KeyDay, used: 10, limit: 10 };
    assert_eq!(story.last_result(account(10)), RunResult::BudgetReached(reached));
    assert!(story.take(account(11)).is_empty(), "nothing runs that could stop");
}

#[test]
fn a_day_is_counted_by_itself() {
    let mut story = of_session(Allowance::default());
    story.now = DAY - 1000;
    story.run_of(1, 2);
    assert_eq!((story.state.today.day, story.state.today.spent.steps), (0, 2));
    story.now = DAY + 1000;
    story.run_of(2, 1);
    assert_eq!((story.state.today.day, story.state.today.spent.steps), (1, 1));
    assert_eq!(story.state.spent.steps, 3);
}

#[test]
fn while_a_host_is_asked_about_the_clock_stands_still_but_not_for_ever() {
    let mut story = Story::of(SessionSpec { network: Network::Allow, ..spec(SessionKind::Chat) });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.now = 10_000;
    let want = |number: i64| Input::WantHost { host: format!("h{number}.example"), port: 443 };
    story.take(want(0));
    let question = story.state.last_seq;
    story.now = 100_000;
    story.take(Input::AnswerHost { question, allow: true, lasting: true, by: "Ada".into() });
    let worked = |story: &Story| story.state.run().unwrap().worked(Timestamp::from_millis(story.now)).as_secs_f64().round();
    assert_eq!(worked(&story), 10.0);
    for number in 1..30 {
        story.take(want(number));
        story.now += 1000;
        let question = story.state.last_seq;
        story.take(Input::AnswerHost { question, allow: false, lasting: false, by: "Ada".into() });
    }
    assert_eq!(worked(&story), 20.0, "the first twenty were waited for");
}

#[test]
fn nobody_takes_a_session_beyond_the_rules_of_its_key() {
    let rules = KeyRules { mode: Some(Mode::AcceptEdits), network: Some(Network::Allow), ..KeyRules::default() };
    let mut story = Story::of(SessionSpec {
        rules: Some(Box::new(rules)),
        mode: Mode::Ask,
        network: Network::None,
        ..spec(SessionKind::Chat)
    });
    let mode = |mode| Input::SetMode { mode, by: "Ada".into() };
    assert!(matches!(story.try_take(mode(Mode::Full)).unwrap_err(), Refusal::BeyondKey(_)));
    story.take(mode(Mode::AcceptEdits));
    story.take(mode(Mode::Plan));
    story.take(mode(Mode::Ask));
    let network = |network, hosts: &[(&str, Verdict)]| {
        let rule = |(host, verdict): &(&str, Verdict)| HostRule { host: (*host).into(), verdict: *verdict };
        Input::SetNetwork { network, hosts: hosts.iter().map(rule).collect(), by: "Ada".into() }
    };
    assert!(matches!(story.try_take(network(Network::Open, &[])).unwrap_err(), Refusal::BeyondKey(_)));
    let everything = network(Network::Allow, &[("*", Verdict::Allow)]);
    assert!(matches!(story.try_take(everything).unwrap_err(), Refusal::BeyondKey(_)));
    story.take(network(Network::Allow, &[("evil.example", Verdict::Deny)]));
    story.take(Input::WantHost { host: "a.example".into(), port: 443 });
    let question = story.state.last_seq;
    story.take(Input::AnswerHost { question, allow: true, lasting: true, by: "Ada".into() });
    let kept = story.state.spec.hosts.clone();
    story.take(Input::SetNetwork { network: Network::None, hosts: kept.clone(), by: "Ada".into() });
    story.take(Input::SetNetwork { network: Network::Allow, hosts: kept, by: "Ada".into() });
}

#[test]
fn what_a_key_gives_its_runs_and_sessions_binds_whatever_they_give_themselves() {
    let few = |steps| Allowance { steps: Some(steps), ..Allowance::default() };
    let mut story = of_session(Allowance::default());
    let rules = KeyRules { run: few(2), session: few(3), ..KeyRules::default() };
    story.state.spec.rules = Some(Box::new(rules));
    assert!(story.run_of(1, 3).contains(&"budget_reached"));
    assert!(story.run_of(2, 2).contains(&"budget_reached"));
    assert_eq!(story.state.spent.steps, 3);
}
