//! Hosts that something inside wants to reach, and models that it asks.

use super::*;
use crate::network::{HOST_ANSWER_SECONDS, HOST_QUESTION_SECONDS, HostRule, MAX_HOST_QUESTIONS};

fn want(host: &str) -> Input {
    Input::WantHost { host: host.into(), port: 443 }
}

fn answer(question: u64, allow: bool, lasting: bool) -> Input {
    Input::AnswerHost { question, allow, lasting, by: "ada".into() }
}

impl Story {
    fn verdict(&self, host: &str) -> Verdict {
        self.state.judge_host(host, 443, Timestamp::from_millis(self.now)).verdict
    }
}

/// A session that asks about what its list does not have, at work in an open sandbox.
fn asking() -> Story {
    let mut story = Story::of(SessionSpec { network: Network::Allow, ..spec(SessionKind::Chat) });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story
}

#[test]
fn a_host_is_asked_about_once_however_many_wait_and_the_answer_lasts_for_a_while() {
    let mut story = asking();
    assert!(story.take(want("pypi.org")).is_empty(), "the list has it");
    assert_eq!(story.take(want("a.example")), ["host_asked"]);
    assert!(story.take(want("a.example")).is_empty());
    assert_eq!(story.state.status(), Status::Waiting);
    let question = story.state.host_questions[0].question;
    assert_eq!(story.state.last_seq, question, "a question's number is that of its event");
    assert_eq!(story.take(answer(question, true, false)), ["host_answered"]);
    assert_eq!((story.verdict("a.example"), story.verdict("b.example")), (Verdict::Allow, Verdict::Ask));
    assert_eq!(story.state.judge_host("a.example", 443, Timestamp::from_millis(0)).rule, "asked: ada");
    assert_eq!(story.state.judge_host("a.example", 80, Timestamp::from_millis(0)).verdict, Verdict::Ask, "for that port alone");
    assert_eq!(story.try_take(answer(question, true, false)).unwrap_err(), Refusal::NoQuestion, "answered once");
    assert_eq!(story.state.status(), Status::Running);
    story.now += i64::try_from(HOST_ANSWER_SECONDS * 1000 + 1000).unwrap();
    assert_eq!(story.verdict("a.example"), Verdict::Ask);
}

#[test]
fn an_answer_for_good_is_the_first_rule() {
    let mut story = asking();
    story.take(want("a.example"));
    story.take(answer(story.state.last_seq, false, true));
    assert_eq!(story.state.spec.hosts, [HostRule { host: "a.example:443".into(), verdict: Verdict::Deny }]);
    story.now += 1_000_000_000;
    assert_eq!(story.verdict("a.example"), Verdict::Deny);
}

#[test]
fn nobody_answering_is_a_no_and_too_many_questions_are_not_asked() {
    let mut story = asking();
    for number in 0..MAX_HOST_QUESTIONS {
        story.take(want(&format!("{number}.example")));
    }
    assert_eq!(story.try_take(want("x.example")).unwrap_err(), Refusal::TooManyQuestions);
    story.now = i64::try_from(HOST_QUESTION_SECONDS * 1000).unwrap();
    assert!(story.state.wake_at().unwrap() <= Timestamp::from_millis(story.now), "the session wants to be woken for it");
    let told = story.take(Input::Tick);
    assert_eq!(told.iter().filter(|kind| **kind == "host_answered").count(), MAX_HOST_QUESTIONS);
    assert_eq!(story.state.judge_host("0.example", 443, Timestamp::from_millis(story.now)).rule, "unanswered");
}

#[test]
fn another_policy_answers_what_is_open_and_holds_at_once() {
    let mut story = asking();
    story.take(want("a.example"));
    let open = Input::SetNetwork { network: Network::Open, hosts: Vec::new(), by: "ada".into() };
    assert_eq!(story.take(open.clone()), ["network_changed", "host_answered"]);
    assert_eq!(story.verdict("a.example"), Verdict::Allow);
    assert!(story.take(open).is_empty(), "said again it changes nothing");
    story.take(Input::SetNetwork { network: Network::None, hosts: Vec::new(), by: "ada".into() });
    assert_eq!(story.verdict("a.example"), Verdict::Deny, "what was allowed for once is not any more");
    story.take(Input::SetNetwork { network: Network::Allow, hosts: Vec::new(), by: "ada".into() });
    story.take(want("b.example"));
    story.take(Input::SandboxGone { why: SandboxEnd::Lost });
    assert!(story.state.host_questions.is_empty(), "whoever waited is gone");
    story.take(Input::Stop { reason: EndReason::Stopped, by: None });
    assert_eq!(story.verdict("pypi.org"), Verdict::Deny, "nothing leaves a session that ends");
}

#[test]
fn what_programs_use_of_models_counts_for_the_run_and_ends_it_when_it_is_too_much() {
    let used = |tokens| Input::ModelUsed {
        provider: "anthropic".into(),
        model: "m".into(),
        usage: Usage { input_tokens: tokens, ..Usage::default() },
    };
    let budget = Budget { tokens: Some(100), ..Budget::default() };
    let mut story = Story::of(SessionSpec { budget, ..spec(SessionKind::Chat) });
    assert_eq!(story.take(used(60)), ["model_used"]);
    assert_eq!(story.state.models_refused(), None);
    story.take(used(40));
    assert_eq!(
        story.state.models_refused().map(|reached| reached.bound),
        Some(Bound::Tokens),
        "between runs the budget binds as well"
    );
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    assert_eq!(story.state.models_refused(), None, "a run has a budget of its own");
    assert_eq!(story.take(used(80)), ["model_used", "budget_warned"]);
    let told = story.take(used(30));
    assert_eq!(told, ["model_used", "budget_reached", "run_finished"]);
    assert_eq!(story.state.usage.input_tokens, 210);
}
