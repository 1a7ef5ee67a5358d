//! Sandboxes that stand still, and what they report.

use super::*;
use crate::event::Level;

fn held(code: &str) -> Input {
    Input::SandboxHeld { code: code.into(), text: "The disk is nearly full.".into() }
}

#[test]
fn held_and_released_are_said_once_and_a_closed_sandbox_is_not_held() {
    let mut story = Story::new(SessionKind::Chat);
    assert_eq!(story.take(held("disk_floor")), [""; 0], "there is nothing to hold");
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    assert_eq!(story.take(Input::SandboxReleased), [""; 0]);
    assert_eq!(story.take(held("disk_floor")), ["sandbox_held"]);
    let since = story.state.held.as_ref().unwrap().since;
    story.now = 5_000;
    assert_eq!(story.take(held("disk_floor")), [""; 0]);
    assert_eq!(story.take(held("other")), ["sandbox_held"]);
    let seen = story.state.snapshot(Vec::new()).held.unwrap();
    assert_eq!((seen.code.as_str(), seen.since), ("other", since), "it has stood still since the first reason");
    assert_eq!(story.take(Input::SandboxReleased), ["sandbox_released"]);
    assert_eq!(story.take(Input::SandboxReleased), [""; 0]);
    story.take(held("disk_floor"));
    assert_eq!(story.take(Input::SandboxGone { why: SandboxEnd::Lost }), ["sandbox_closed"]);
    assert_eq!((story.state.held.clone(), story.take(Input::SandboxReleased).len()), (None, 0));
}

#[test]
fn time_in_which_the_sandbox_is_held_is_not_work_whatever_else_is_waited_for() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    story.now = 10_000;
    story.take(held("disk_floor"));
    assert_eq!(story.state.wake_at(), None, "there is no time to run out");
    // A question that comes and is answered meanwhile does not start the clock.
    story.turn(1, &[(1, "ask_first")]);
    story.now = 50_000;
    story.take(Input::Answer(answer(&story.state, call(1), true)));
    story.now = 1_000_000;
    story.take(Input::Tick);
    assert_eq!(story.state.status(), Status::Running);
    story.take(Input::SandboxReleased);
    story.returned(1);
    // The time budget is 100 s, of which 10 s are used.
    story.now = 1_000_000 + 80_000;
    story.take(Input::NextStep { run, within: None });
    assert!(story.effects.contains(&Effect::Proceed { run, within: None }), "{:?}", story.kinds);
    story.now = 1_000_000 + 91_000;
    assert_eq!(story.take(Input::NextStep { run, within: None }), ["budget_reached", "run_finished"]);
}

#[test]
fn a_run_that_begins_in_a_held_sandbox_has_its_whole_time_before_it() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.take(held("disk_floor"));
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.now = 1_000_000;
    story.take(Input::SandboxReleased);
    let up = story.state.wake_at().unwrap().as_millis();
    assert!((1_099_000..1_101_000).contains(&up), "{up}");
}

#[test]
fn notes_of_a_sandbox_are_bounded() {
    let mut story = Story::new(SessionKind::Chat);
    let (code, text) = ("disk share\u{1b}[31m".into(), "x\n".repeat(10_000));
    let decision = story.try_take(Input::Note { level: Level::Warning, code, text }).unwrap();
    let EventBody::Noted(noted) = &decision.events[0].body else { panic!("{:?}", decision.events) };
    assert!(noted.code == "diskshare31m" && noted.text.len() < 2_100 && !noted.text.contains('\n'), "{noted:?}");
}
