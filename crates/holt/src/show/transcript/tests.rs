//! Stories of events, and what a reader sees of them.

use holt_core::budget::{Bound, Reach, Reached, Usage};
use holt_core::event::{
    CallFinished, CallStarted, ControlTaken, MessageAborted, PromptQueued, SandboxClosed, SandboxHeld, SandboxReleased, WhenBusy,
};
use holt_core::id::{ClientId, PromptId, RunId};
use holt_core::model::StopReason;
use holt_core::policy::Verdict;
use holt_core::tool::Place;
use holt_core::view::Programs;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;

const RUN: RunId = RunId::new(Uuid::from_u128(1));
const MESSAGE: MessageId = MessageId::new(Uuid::from_u128(2));
const CALL: CallId = CallId::new(Uuid::from_u128(3));

fn delta(offset: u64, text: &str) -> Delta {
    Delta { target: DeltaTarget::Message(MESSAGE), offset, text: text.into() }
}

fn message(text: &str) -> EventBody {
    let parts = vec![AssistantPart::Text { text: text.into() }];
    let (usage, model) = (Usage::default(), "demo".into());
    AgentMessage { run: RUN, message: MESSAGE, parts, usage, stop: StopReason::Finished, model, within: None }.into()
}

fn proposed(command: &str) -> EventBody {
    let arguments = json!({ "command": command });
    let (reference, tool) = ("r".into(), "execute_command".into());
    CallProposed {
        run: RUN,
        call: CALL,
        reference,
        tool,
        arguments,
        verdict: Verdict::Allow,
        parallel: false,
        screen: false,
        place: Place::Sandbox,
        within: None,
    }
    .into()
}

fn finished(status: CallStatus, text: &str, details: Option<serde_json::Value>) -> EventBody {
    CallFinished { run: RUN, call: CALL, outcome: CallOutcome { details, ..CallOutcome::text(status, text) } }.into()
}

#[test]
fn a_message_that_came_live_is_not_said_again() {
    let mut transcript = Transcript::default();
    let shown = [
        transcript.delta(&delta(0, "Hello ")),
        transcript.delta(&delta(0, "Hello ")),
        transcript.delta(&delta(6, "otter")),
        transcript.event(&message("Hello otters.")),
        transcript.event(&message("Next.")),
    ];
    assert_eq!(shown.concat(), "Hello otters.\nNext.\n");
}

#[test]
fn a_gap_waits_for_the_finished_message() {
    let mut transcript = Transcript::default();
    let shown =
        transcript.delta(&delta(0, "He")) + &transcript.delta(&delta(8, "tters")) + &transcript.event(&message("Hello otters"));
    assert_eq!(shown, "Hello otters\n");
}

#[test]
fn what_was_withdrawn_is_said_to_be() {
    let mut transcript = Transcript::default();
    let aborted = MessageAborted { run: RUN, message: MESSAGE }.into();
    let shown = transcript.delta(&delta(0, "Half")) + &transcript.event(&aborted) + &transcript.event(&aborted);
    assert_eq!(shown, "Half\n  (that message was not finished and does not count)\n");
}

#[test]
fn a_call_is_one_line_and_a_slow_one_is_announced_once() {
    let mut transcript = Transcript::default();
    let mut shown = transcript.delta(&delta(0, "Trying"));
    shown += &transcript.event(&proposed("npm test"));
    shown += &transcript.waiting();
    shown += &transcript.event(&CallStarted { run: RUN, call: CALL }.into());
    shown += &transcript.waiting();
    shown += &transcript.waiting();
    shown += &transcript.event(&finished(CallStatus::Failed, "\n3 failed\nmore", Some(json!({ "exit_code": 1 }))));
    assert_eq!(shown, "Trying\n  … execute_command npm test\n  ✗ execute_command npm test — exit 1: 3 failed\n");
}

#[test]
fn of_a_command_its_output_is_shown() {
    let line = |code: i64, out: &str, err: &str| {
        let text = format!("Command: make\nWorking directory: /w\nExit code: {code} (0.1 s)\n\nSTDOUT:\n{out}\n\nSTDERR:\n{err}");
        let mut transcript = Transcript::default();
        transcript.event(&proposed("make"));
        transcript.event(&finished(CallStatus::Succeeded, &text, Some(json!({ "exit_code": code }))))
    };
    assert_eq!(line(0, "built\nmore", "a warning"), "  ✓ execute_command make — built\n");
    assert_eq!(line(0, "(empty)", "a warning"), "  ✓ execute_command make — a warning\n");
    assert_eq!(line(2, "building", "no rule"), "  ✓ execute_command make — exit 2: no rule\n");
    assert_eq!(line(0, "(empty)", "(empty)"), "  ✓ execute_command make\n");
}

#[test]
fn how_calls_end() {
    for (status, expected) in [
        (CallStatus::Succeeded, "  ✓ execute_command ls — out\n"),
        (CallStatus::Denied, "  ⊘ execute_command ls — denied\n"),
        (CallStatus::Cancelled, "  ■ execute_command ls — cancelled\n"),
        (CallStatus::Interrupted, "  ? execute_command ls — interrupted; it may have done a part\n"),
    ] {
        let mut transcript = Transcript::default();
        transcript.event(&proposed("ls"));
        assert_eq!(transcript.event(&finished(status, "out", None)), expected);
    }
}

#[test]
fn how_runs_end() {
    let run = |result| Transcript::default().event(&RunFinished { run: RUN, result, usage: Usage::default(), steps: 1 }.into());
    assert_eq!(run(RunResult::Completed), "");
    assert_eq!(
        run(RunResult::BudgetReached(Reached { bound: Bound::Steps, of: Reach::Session, used: 7, limit: 7 })),
        "  ■ stopped: the session's budget of 7 steps is used up\n"
    );
    let failed = RunResult::Failed { code: "x".into(), message: "no \x1b[31mkey".into(), hint: "add one".into() };
    assert_eq!(run(failed), "  ✗ no ␛[31mkey\n    add one\n");
}

#[test]
fn prompts_are_shown_to_readers_only() {
    let prompt = PromptId::new(Uuid::nil());
    let body: EventBody =
        PromptQueued { prompt, text: "do\nit\n".into(), attachments: vec![], when_busy: WhenBusy::Queue, by: "ann".into() }
            .into();
    assert_eq!(Transcript::default().event(&body), "");
    assert_eq!(Transcript::with_prompts().event(&body), "ann> do\nit\n");
}

#[test]
fn what_becomes_of_the_sandbox() {
    let line = |event: EventBody| Transcript::default().event(&event);
    let held = SandboxHeld { code: "disk_floor".into(), text: "The disk is \x1b[31mfull.".into() };
    assert_eq!(line(held.into()), "  ! everything stands still: The disk is ␛[31mfull.\n");
    assert_eq!(line(SandboxReleased {}.into()), "  it goes on\n");
    let closed = |why, ended: &[&str]| SandboxClosed { why, ended: ended.iter().map(ToString::to_string).collect() };
    assert_eq!(line(closed(SandboxEnd::Lost, &[]).into()), "  ! the sandbox ended unexpectedly\n");
    assert_eq!(line(closed(SandboxEnd::Slept, &[]).into()), "");
    let named = closed(SandboxEnd::Slept, &["npm", "\x1b]0;x"]);
    assert_eq!(line(named.into()), "  (asleep; this ended: npm, ␛]0;x)\n");
}

#[test]
fn who_drives_the_desktop() {
    let line = |event: EventBody| Transcript::default().event(&event);
    let client = ClientId::new(Uuid::nil());
    let taken = ControlTaken { by: "\x1b[31mann".into(), client, programs: Programs::StandStill };
    assert_eq!(line(taken.into()), "  (the desktop is driven by ␛[31mann; the agent waits)\n");
    let returned = |why, by: Option<&str>| line(ControlReturned { why, by: by.map(Into::into) }.into());
    assert_eq!(returned(ControlEnd::Given, Some("ann")), "  (the agent has the desktop again, from ann)\n");
    assert_eq!(returned(ControlEnd::Left, None), "  (the agent has the desktop again: whoever drove it is gone)\n");
    assert_eq!((returned(ControlEnd::Seized, Some("bob")), returned(ControlEnd::Closed, None)), (String::new(), String::new()));
}

proptest! {
    /// However a message is cut into live text, of which some is lost and some comes twice, it is read once and whole.
    #[test]
    fn a_message_is_read_once(text in "[a-zé🦦 \n]{0,60}", cuts in proptest::collection::vec((0usize..60, 0usize..60), 0..12)) {
        let mut transcript = Transcript::default();
        let mut shown = String::new();
        for (from, to) in cuts {
            let (from, to) = (text.floor_char_boundary(from.min(to)), text.floor_char_boundary(from.max(to)));
            shown += &transcript.delta(&delta(from as u64, &text[from..to]));
        }
        shown += &transcript.event(&message(&text));
        let expected = if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" };
        prop_assert_eq!(shown, expected);
    }

    /// No text of theirs reaches the terminal unfiltered, wherever it stands.
    #[test]
    fn nothing_reaches_the_terminal_unfiltered(text in any::<String>()) {
        let mut transcript = Transcript::with_prompts();
        let mut shown = transcript.delta(&delta(0, &text));
        shown += &transcript.event(&message(&text));
        shown += &transcript.event(&proposed(&text));
        shown += &transcript.event(&finished(CallStatus::Succeeded, &text, None));
        prop_assert_eq!(crate::terminal::clean(&shown), shown);
    }
}
