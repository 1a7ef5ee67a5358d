//! Sessions whose files come from somewhere.

use super::*;
use crate::source::{Fetched, Source};

fn from_git() -> Story {
    let source = Source::Git { url: "https://git.example/otter".into(), branch: None };
    Story::of(SessionSpec { source: Some(source), ..spec(SessionKind::Chat) })
}

fn fetched() -> Input {
    Input::SourceFetched(Fetched { branch: "main".into(), commit: "a".repeat(40) })
}

#[test]
fn the_brain_begins_when_what_it_works_on_is_there_and_it_is_fetched_once() {
    let mut story = from_git();
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let run = story.run();
    assert_eq!(story.effects, [Effect::OpenSandbox, Effect::FetchSource]);
    story.take(Input::TakenUp);
    assert_eq!(story.effects, [Effect::OpenSandbox, Effect::FetchSource], "whoever takes it up goes on with that");
    assert_eq!(story.take(fetched()), ["source_fetched"]);
    assert_eq!(story.effects, [Effect::StartBrain { run }]);
    assert_eq!(story.take(fetched()), [""; 0]);
    story.take(Input::BrainDone { run });
    story.take(Input::Prompt(prompt(2, WhenBusy::Queue)));
    assert_eq!(story.effects, [Effect::OpenSandbox, Effect::StartBrain { run: story.run() }]);
}

#[test]
fn what_could_not_be_fetched_is_fetched_again_when_somebody_tries_again() {
    let mut story = from_git();
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    let failure = Failure { code: "source_not_fetched".into(), message: "gone".into(), hint: "look".into() };
    assert_eq!(story.take(Input::Fail(failure)), ["run_finished", "session_failed"]);
    assert_eq!(story.take(Input::Retry { by: "someone".into() }), ["session_retried"]);
    assert_eq!(story.effects, [Effect::OpenSandbox, Effect::FetchSource]);
    assert_eq!(story.take(fetched()), ["source_fetched"]);
    assert_eq!(story.effects, [], "nobody has said what to do");
}

#[test]
fn a_run_that_was_stopped_meanwhile_does_not_begin() {
    let mut story = from_git();
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.take(Input::Cancel { by: "someone".into() });
    assert_eq!(story.take(fetched()), ["source_fetched"]);
    assert_eq!(story.effects, []);
}
