//! Questions and their answers, and the modes.

use serde_json::{Value, json};

use super::*;
use crate::machine::NewAnswer;
use crate::policy::{Grant, Mode};
use crate::tool::ToolContent;
use crate::view::OpenCall;

fn asked(calls: &[(u128, &str)]) -> Story {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.turn(1, calls);
    story
}

impl Story {
    fn open(&self, id: u128) -> OpenCall {
        self.state.run().unwrap().calls.iter().find(|open| open.id == call(id)).unwrap().clone()
    }

    fn answer(&mut self, answer: NewAnswer) -> Result<Vec<&'static str>, Refusal> {
        self.try_take(Input::Answer(answer)).map(|_| self.kinds.clone())
    }

    /// What the model is told of the last call that finished.
    fn told(&mut self, id: u128) -> (CallStatus, String) {
        let outcome = CallOutcome::text(CallStatus::Succeeded, "fine");
        told(&self.try_take(Input::CallReturned { call: call(id), outcome }).unwrap())
    }
}

fn told(decision: &Decision) -> (CallStatus, String) {
    let finished = decision.events.iter().find_map(|fact| match &fact.body {
        EventBody::CallFinished(finished) => Some(&finished.outcome),
        _ => None,
    });
    let outcome = finished.unwrap();
    let text = |part: &ToolContent| if let ToolContent::Text { text } = part { text.clone() } else { String::new() };
    (outcome.status, outcome.content.iter().map(text).collect())
}

#[test]
fn only_who_has_seen_the_question_allows_it() {
    let mut story = asked(&[(1, "ask_first")]);
    let seen = answer(&story.state, call(1), true);
    let unseen = NewAnswer { hash: None, ..seen.clone() };
    assert_eq!(story.answer(unseen.clone()).unwrap_err(), Refusal::UnseenQuestion);
    for allow in [true, false] {
        let other = NewAnswer { hash: Some("0".repeat(64)), allow, ..seen.clone() };
        assert_eq!(story.answer(other).unwrap_err(), Refusal::OtherQuestion);
    }
    assert_eq!(story.answer(NewAnswer { allow: false, ..unseen }).unwrap(), ["approval_answered", "call_finished"]);
}

#[test]
fn of_two_answers_one_counts_and_the_other_is_told_of_it() {
    let mut story = asked(&[(1, "ask_first")]);
    let (mine, yours) = (answer(&story.state, call(1), true), answer(&story.state, call(1), false));
    story.answer(NewAnswer { by: "Ada".into(), ..mine }).unwrap();
    let refusal = story.answer(NewAnswer { by: "Ben".into(), ..yours }).unwrap_err();
    assert_eq!(refusal, Refusal::AnsweredAlready { by: "Ada".into(), allowed: true });
    assert_eq!(refusal.to_string(), "Ada has allowed it already");
}

#[test]
fn what_a_person_changed_is_what_runs_and_the_model_is_told() {
    let mut story = asked(&[(1, "ask_first")]);
    let changed = json!({ "path": "other" });
    let edit = |arguments: Value, story: &Story| NewAnswer { arguments: Some(arguments), ..answer(&story.state, call(1), true) };
    assert!(matches!(story.answer(edit(json!([]), &story)).unwrap_err(), Refusal::BadEdit(_)));
    story.answer(edit(changed.clone(), &story)).unwrap();
    assert_eq!(story.open(1).arguments, changed);
    let (status, text) = story.told(1);
    assert_eq!(status, CallStatus::Succeeded);
    assert!(text.starts_with("someone changed the arguments") && text.contains("other") && text.ends_with("fine"), "{text}");
}

#[test]
fn an_answer_for_the_session_answers_its_like_and_nothing_else() {
    let mut story = asked(&[(1, "ask_first"), (2, "ask_first"), (3, "ask_more")]);
    let for_session = NewAnswer { for_session: true, ..answer(&story.state, call(1), true) };
    assert_eq!(story.answer(for_session).unwrap(), ["approval_answered", "call_started", "approval_answered"]);
    let kept = story.state.grants[0].clone();
    assert_eq!(
        (kept.grant, kept.by.as_deref()),
        (Grant::Call { tool: "ask_first".into(), arguments: json!({}) }, Some("someone"))
    );
    story.returned(1);
    story.returned(2);
    assert_eq!(story.state.status(), Status::Running, "an unknown tool is denied, not asked about");
    assert_eq!(story.turn(2, &[(4, "ask_first")]), ["agent_message", "call_proposed", "call_started"]);
    story.returned(4);
    let revoke = |grant| Input::RevokeGrant { grant, by: "Ada".into() };
    assert_eq!(story.try_take(revoke(kept.id + 1)).unwrap_err(), Refusal::NoGrant);
    assert_eq!(story.take(revoke(kept.id)), ["grant_revoked"]);
    assert_eq!(story.turn(3, &[(5, "ask_first")]), ["agent_message", "call_proposed", "approval_requested"], "asked again");
}

#[test]
fn what_an_earlier_version_kept_is_read() {
    let old = json!({ "type": "host", "tool": "browser_open", "host": "example.com" });
    let kept: crate::policy::KeptGrant = serde_json::from_value(old).unwrap();
    assert_eq!((kept.id, kept.grant), (0, Grant::Host { tool: "browser_open".into(), host: "example.com".into() }));
}

#[test]
fn a_no_carries_its_reason_to_the_model() {
    let mut story = asked(&[(1, "ask_first")]);
    let no = NewAnswer { reason: Some("use the other\u{1b}[2J file".into()), ..answer(&story.state, call(1), false) };
    let (status, text) = told(&story.try_take(Input::Answer(no)).unwrap());
    assert_eq!(status, CallStatus::Denied);
    assert!(text.contains("someone did not allow") && text.contains("use the other") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_mode_changes_what_is_asked_and_plan_mode_closes_the_sandbox_at_once() {
    let mut story = Story::of(SessionSpec { network: Network::Open, ..spec(SessionKind::Chat) });
    let way_out = |story: &Story| story.state.judge_host("example.com", 443, Timestamp::from_millis(0)).verdict;
    assert_eq!(way_out(&story), crate::policy::Verdict::Allow);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let set = |mode| Input::SetMode { mode, by: "someone".into() };
    assert_eq!(story.take(set(Mode::Ask)), ["mode_changed"]);
    assert!(story.effects.is_empty());
    assert!(story.take(set(Mode::Ask)).is_empty(), "said again it changes nothing");
    assert_eq!(story.turn(1, &[(1, "write"), (2, "read")]).iter().filter(|kind| **kind == "approval_requested").count(), 1);
    story.answer(answer(&story.state, call(1), true)).unwrap();

    assert_eq!(story.take(set(Mode::Plan)), ["mode_changed", "call_finished", "sandbox_closed", "call_started"]);
    let read = Effect::ExecuteCall { call: call(2), only_if_known: false };
    assert_eq!(story.effects, [Effect::CloseSandbox, read], "what comes next waits for the other sandbox");
    assert_eq!(story.state.snapshot(Vec::new()).mode, Mode::Plan);
    assert_eq!(way_out(&story), crate::policy::Verdict::Deny, "nothing leaves");
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    assert_eq!(story.take(set(Mode::Full))[0], "mode_changed");
    assert_eq!(story.effects[0], Effect::CloseSandbox);
}

fn asks_in_words() -> Story {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    let mut turn = turn(1, &[(1, "ask_human"), (2, "write")]);
    let question = json!({ "question": "Which one?", "choices": ["the red", "the blue"] });
    turn.parts[0] =
        crate::model::AssistantPart::Call { reference: "call-1".into(), tool: "ask_human".into(), arguments: question };
    let tools = [tools(), crate::machine::own::tools()].concat();
    let seen = story.state.last_seq;
    story.take(Input::Turn { run, turn, tools, seen, within: None });
    story
}

#[test]
fn the_agent_asks_in_words_and_waits_for_words() {
    let mut story = asks_in_words();
    assert_eq!(story.kinds, ["agent_message", "call_proposed", "call_proposed", "call_started", "human_asked"]);
    assert_eq!(story.state.status(), Status::Waiting);
    assert_eq!(story.open(1).asks.unwrap().choices, ["the red", "the blue"]);
    story.now = 90_000;
    assert_eq!(story.answer(answer(&story.state, call(1), true)).unwrap_err(), Refusal::AsksForWords);
    let reply = |text: &str| Input::Reply { call: call(1), text: text.into(), by: "Ada".into() };
    assert_eq!(story.try_take(reply(" ")).unwrap_err(), Refusal::BadReply);
    let decision = story.try_take(reply("The blue, please.")).unwrap();
    assert_eq!(story.kinds, ["human_answered", "call_finished", "call_started"]);
    assert_eq!(told(&decision), (CallStatus::Succeeded, "Ada answers: The blue, please.".into()));
    assert_eq!(story.try_take(reply("no, red")).unwrap_err(), Refusal::AnsweredAlready { by: "Ada".into(), allowed: true });
    story.now = 180_000;
    assert!(story.state.run().unwrap().worked(Timestamp::from_millis(180_000)).as_secs() <= 91, "waiting is not work");
}

#[test]
fn a_question_in_words_may_be_left_unanswered() {
    let mut story = asks_in_words();
    story.now = story.state.wake_at().unwrap().as_millis();
    let (status, text) = told(&story.try_take(Input::Tick).unwrap());
    assert!(status == CallStatus::Denied && text.contains("Nobody answered in time"), "{text}");
    let mut story = asks_in_words();
    let (status, text) = told(&story.try_take(Input::Answer(answer(&story.state, call(1), false))).unwrap());
    assert!(status == CallStatus::Denied && text.contains("someone did not answer"), "{text}");
    let mut story = asks_in_words();
    story.take(Input::Cancel { by: "someone".into() });
    assert_eq!(story.state.status(), Status::Idle);
}
