//! A person drives, and gives back.

use super::*;
use crate::event::ControlEnd;
use crate::id::ClientId;
use crate::machine::Fact;
use crate::view::Programs;

fn client(number: u128) -> ClientId {
    ClientId::new(Uuid::from_u128(number))
}

fn take(number: u128, seize: bool) -> Input {
    Input::TakeControl { by: format!("person {number}"), client: client(number), programs: Programs::StandStill, seize }
}

fn give(number: u128) -> Input {
    Input::ReturnControl { why: ControlEnd::Given, by: Some("x".into()), client: Some(client(number)) }
}

fn left() -> Input {
    Input::ReturnControl { why: ControlEnd::Left, by: None, client: None }
}

/// A session whose agent works, with an open sandbox.
fn working() -> Story {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story
}

#[test]
fn while_a_person_drives_the_agent_waits_and_its_clock_stands_still() {
    let mut story = working();
    let run = story.run();
    story.now = 1000;
    assert_eq!(story.take(take(1, false)), ["control_taken"]);
    assert_eq!(story.effects, [Effect::HoldPrograms]);
    assert_eq!(story.try_take(Input::NextStep { run, within: None }).unwrap_err(), Refusal::Driven("person 1".into()));
    let proposed = story.turn(1, &[(1, "read"), (2, "click")]);
    assert!(!proposed.contains(&"call_started"), "{proposed:?}");
    story.now = 500_000;
    assert!(story.take(Input::Tick).is_empty(), "its budget of a hundred seconds is not used up");
    assert_eq!(story.take(give(1)), ["control_returned", "call_finished", "call_started"]);
    let begun = Effect::ExecuteCall { call: call(1), only_if_known: false };
    assert_eq!(story.effects, [Effect::LetProgramsGo, begun], "the click was meant for another screen");
    story.returned(1);
    story.take(Input::NextStep { run, within: None });
    assert_eq!(story.effects, [Effect::Proceed { run, within: None }]);
}

#[test]
fn what_the_agent_does_on_the_screen_is_stopped_and_other_calls_are_not() {
    let mut story = working();
    story.turn(1, &[(1, "click")]);
    story.take(take(1, false));
    assert_eq!(story.effects, [Effect::CancelCall { call: call(1) }, Effect::HoldPrograms]);
    let mut story = working();
    story.turn(1, &[(1, "write")]);
    story.take(take(1, false));
    assert_eq!(story.effects, [Effect::HoldPrograms]);
}

#[test]
fn what_was_thought_out_before_a_person_drove_is_not_done_on_the_screen_after() {
    let mut story = working();
    let (run, before) = (story.run(), story.state.last_seq);
    story.take(take(1, false));
    story.take(give(1));
    let late = |seen| Input::Turn { run, turn: turn(1, &[(1, "read"), (2, "click")]), tools: tools(), seen, within: None };
    let unaware = decide(&story.state, late(before), story.state.last_at).unwrap();
    assert_eq!(unaware.effects, [Effect::ExecuteCall { call: call(1), only_if_known: false }]);
    let withdrawn = |fact: &Fact| matches!(&fact.body, EventBody::CallFinished(done) if done.call == call(2));
    assert!(unaware.events.iter().any(withdrawn));
    let aware = decide(&story.state, late(story.state.last_seq), story.state.last_at).unwrap();
    assert!(!aware.events.iter().any(withdrawn), "one that knows of it has looked");
}

#[test]
fn one_person_drives_and_another_takes_over_only_on_purpose() {
    let mut story = working();
    story.take(take(1, false));
    assert!(story.take(take(1, false)).is_empty(), "who has it has it");
    assert_eq!(story.try_take(take(2, false)).unwrap_err(), Refusal::Driven("person 1".into()));
    assert_eq!(story.try_take(give(2)).unwrap_err(), Refusal::Driven("person 1".into()));
    assert_eq!(story.take(take(2, true)), ["control_returned", "control_taken"]);
    assert_eq!(story.state.control.as_ref().unwrap().by, "person 2");
    assert_eq!(story.take(left()), ["control_returned"]);
    assert!(story.take(left()).is_empty());
}

#[test]
fn programs_may_be_let_run_while_a_person_drives() {
    let mut story = working();
    story.take(take(1, false));
    let go_on = Input::TakeControl { by: "person 1".into(), client: client(1), programs: Programs::Run, seize: false };
    assert_eq!(story.take(go_on), ["control_taken"]);
    assert_eq!(story.effects, [Effect::LetProgramsGo]);
}

#[test]
fn a_closed_sandbox_is_driven_by_nobody_and_a_driven_one_does_not_sleep() {
    let mut story = Story::new(SessionKind::Chat);
    assert_eq!(story.try_take(take(1, false)).unwrap_err(), Refusal::Closed);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    assert!(story.state.wake_at().is_some());
    story.take(take(1, false));
    assert_eq!(story.state.wake_at(), None);
    assert!(story.state.head().unfinished, "whoever drives is waited for also after a restart");
    assert_eq!(story.take(Input::TakenUp), [""; 0]);
    assert_eq!(story.effects, [Effect::HoldPrograms]);
    story.take(Input::ReturnControl { why: ControlEnd::Left, by: None, client: None });
    assert_eq!(story.take(Input::TakenUp), [""; 0]);
    assert_eq!(story.effects, [Effect::LetProgramsGo], "the process before may have died before it could");
    story.take(take(1, false));
    let gone = story.take(Input::SandboxGone { why: SandboxEnd::Lost });
    assert_eq!(gone, ["control_returned", "sandbox_closed"]);
    assert_eq!(story.state.control, None);
}
