//! Sessions that begin as copies of others.

use super::*;
use crate::event::SessionForked;
use crate::machine::fork;
use crate::view::ForkedFrom;

fn forked(at: u64) -> SessionForked {
    SessionForked {
        from: SessionId::new(Uuid::from_u128(9)),
        at,
        title: "again".into(),
        hosts: Vec::new(),
        snapshot: "abc".into(),
        kept_at: Some(3),
        files: 2,
        by: "someone".into(),
    }
}

fn kinds(decision: &Decision) -> Vec<&'static str> {
    decision.events.iter().map(|fact| fact.body.kind()).collect()
}

/// A run in the middle of its second step: one call runs, one is asked about, and somebody else waits.
fn in_the_middle() -> Story {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::SandboxOpened { driver: "bwrap".into(), warnings: Vec::new() });
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.turn(1, &[(1, "write")]);
    story.returned(1);
    story.turn(2, &[(2, "write"), (3, "ask_first")]);
    story.take(Input::Prompt(prompt(2, WhenBusy::Queue)));
    story
}

#[test]
fn a_fork_that_goes_on_takes_the_next_step_of_the_run_and_nothing_of_its_calls() {
    let story = in_the_middle();
    let (run, at) = (story.run(), story.state.last_seq);
    let decision = fork(&story.state, forked(at), true, Timestamp::from_millis(50_000));
    assert_eq!(kinds(&decision), ["call_finished", "approval_answered", "call_finished", "session_forked", "prompt_withdrawn"]);
    let interrupted =
        |fact: &Fact| matches!(&fact.body, EventBody::CallFinished(done) if done.outcome.status == CallStatus::Interrupted);
    assert_eq!(decision.events.iter().filter(|fact| interrupted(fact)).count(), 2);
    assert_eq!(decision.effects, [Effect::OpenSandbox, Effect::StartBrain { run }]);
    let state = decision.state;
    assert_eq!((state.status(), state.sandbox, state.spec.title.as_str()), (Status::Running, SandboxState::Closed, "again"));
    assert_eq!(state.forked_from, Some(ForkedFrom { session: SessionId::new(Uuid::from_u128(9)), at }));
    // What the other has used is not used here: the whole budget is there, and nothing is counted twice.
    let running = state.run().unwrap();
    assert_eq!((running.steps, running.usage, state.usage), (0, Usage::default(), Usage::default()));
    assert_eq!(running.before.as_deref(), Some("abc"));
    assert_eq!(running.worked(Timestamp::from_millis(50_000)).as_secs(), 0);
}

#[test]
fn a_fork_that_does_not_go_on_stands_idle_whatever_the_other_was() {
    let story = in_the_middle();
    let decision = fork(&story.state, forked(story.state.last_seq), false, Timestamp::from_millis(50_000));
    assert!(kinds(&decision).contains(&"run_finished"));
    assert_eq!((decision.state.status(), decision.state.queue.len(), decision.effects.len()), (Status::Idle, 0, 0));
    let mut ended = in_the_middle();
    ended.take(Input::Stop { reason: EndReason::Stopped, by: None });
    ended.take(Input::SandboxEnded);
    let decision = fork(&ended.state, forked(ended.state.last_seq), true, Timestamp::from_millis(50_000));
    assert_eq!((decision.state.status(), decision.effects.len()), (Status::Idle, 0));
}

#[test]
fn a_run_that_wrote_nothing_has_nothing_to_undo() {
    let mut story = Story::new(SessionKind::Chat);
    for (id, tool, kept) in [(1, "read", None), (2, "write", Some(crate::snapshot::NOTHING))] {
        story.take(Input::Prompt(prompt(id, WhenBusy::Queue)));
        story.turn(id, &[(id, tool)]);
        story.returned(id);
        let run = story.run();
        story.take(Input::BrainDone { run });
        assert_eq!(story.state.before_run.as_deref(), kept);
    }
}

#[test]
fn what_people_allowed_in_the_other_is_not_allowed_in_a_fork() {
    let mut story = Story::new(SessionKind::Chat);
    story.take(Input::Prompt(prompt(1, WhenBusy::Queue)));
    story.turn(1, &[(1, "ask_first")]);
    let answer = NewAnswer { for_session: true, ..answer(&story.state, call(1), true) };
    story.take(Input::Answer(answer));
    assert!(!story.state.grants.is_empty());
    let decision = fork(&story.state, forked(story.state.last_seq), false, Timestamp::from_millis(1));
    assert!(decision.state.grants.is_empty());
}

#[test]
fn a_fork_is_what_is_folded_from_its_log() {
    for goes_on in [true, false] {
        let story = in_the_middle();
        let decision = fork(&story.state, forked(story.state.last_seq), goes_on, Timestamp::from_millis(50_000));
        let mut folded = story.state;
        for fact in &decision.events {
            folded.apply(fact.seq, fact.at, Some(&fact.body));
        }
        assert_eq!(folded, decision.state);
    }
}
