//! Conversations of all shapes, and what a model sees of them.

use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::agent::GivenPart;
use crate::budget::{Bound, Reach, Reached, Usage};
use crate::event::{
    AgentMessage, BudgetWarned, CallFinished, CallProposed, CompactionUndone, CompactionWanted, ContextCompacted, ControlEnd,
    ControlReturned, ControlTaken, DesktopSeen, PlanChanged, PromptQueued, PromptWithdrawn, RunFinished, RunResult, RunStarted,
    WhenBusy,
};
use crate::id::{CallId, ClientId, MessageId, PromptId, RunId};
use crate::model::{AssistantPart, StopReason};
use crate::plan::{PlanItem, PlanStatus};
use crate::policy::Verdict;
use crate::tool::{CallOutcome, CallStatus, Place, ToolContent};
use crate::view::Programs;

/// Something that happens in a conversation. Numbers are sizes.
#[derive(Debug, Clone)]
enum Move {
    Prompt(usize),
    Withdrawn(usize),
    /// What the agent says, and for each of its calls the text and the picture of its result.
    Answer(usize, Vec<Option<(usize, usize)>>),
    Over,
    /// A person drives, and does not any more.
    Taken,
    Returned(ControlEnd),
}

fn moves(longest: usize) -> impl Strategy<Value = Vec<Move>> {
    let result = prop_oneof![
        1 => Just(None),
        5 => (0usize..60, Just(0usize)).prop_map(Some),
        3 => (900usize..1300, Just(0usize)).prop_map(Some),
        2 => (0usize..4000, 0usize..3000).prop_map(Some),
    ];
    let one = prop_oneof![
        2 => (0usize..300).prop_map(Move::Prompt),
        1 => (0usize..300).prop_map(Move::Withdrawn),
        8 => (0usize..200, prop::collection::vec(result, 0..4)).prop_map(|(text, results)| Move::Answer(text, results)),
        2 => Just(Move::Over),
        2 => Just(Move::Taken),
        2 => Just(Move::Returned(ControlEnd::Given)),
        1 => Just(Move::Returned(ControlEnd::Seized)),
        1 => Just(Move::Returned(ControlEnd::Closed)),
    ];
    prop::collection::vec(one, 0..longest)
}

/// The events of a conversation; each text begins with a number of its own.
fn events(moves: &[Move]) -> Vec<EventBody> {
    let mut events = Vec::new();
    let mut number = 0u128;
    let mut fresh = || {
        number += 1;
        number
    };
    let run = RunId::new(Uuid::nil());
    for step in moves {
        match step {
            Move::Taken => events.push(taken()),
            Move::Returned(why) => returned(&mut events, *why),
            Move::Prompt(size) | Move::Withdrawn(size) => {
                let id = fresh();
                let prompt = PromptId::new(Uuid::from_u128(id));
                let (text, by) = (text(id, *size), String::from("x"));
                events
                    .push(PromptQueued { prompt, text, attachments: vec![], when_busy: WhenBusy::Queue, by: by.clone() }.into());
                events.push(match step {
                    Move::Prompt(_) => RunStarted { run: prompt.into() }.into(),
                    _ => PromptWithdrawn { prompt, by }.into(),
                });
            }
            Move::Answer(size, results) => answer(&mut events, run, text(fresh(), *size), results, &mut fresh),
            Move::Over => {
                events.push(RunFinished { run, result: RunResult::Completed, usage: Usage::default(), steps: 1 }.into());
            }
        }
    }
    events
}

fn taken() -> EventBody {
    ControlTaken { by: "x".into(), client: ClientId::new(Uuid::nil()), programs: Programs::StandStill }.into()
}

/// Somebody stops driving, and the last call that was finished is finished after it: results come while people drive, and
/// after.
fn returned(events: &mut Vec<EventBody>, why: ControlEnd) {
    let last = events.iter().rposition(|event| matches!(event, EventBody::CallFinished(_)));
    let late = last.filter(|at| events.len() - at < 4).map(|at| events.remove(at));
    events.push(ControlReturned { why, by: None }.into());
    events.extend(late);
}

fn answer(
    events: &mut Vec<EventBody>,
    run: RunId,
    said: String,
    results: &[Option<(usize, usize)>],
    fresh: &mut impl FnMut() -> u128,
) {
    let calls: Vec<u128> = results.iter().map(|_| fresh()).collect();
    let call = |id: &u128| AssistantPart::Call {
        reference: id.to_string(),
        tool: "look".into(),
        arguments: json!({ "at": id.to_string() }),
    };
    let parts = [AssistantPart::Text { text: said }].into_iter().chain(calls.iter().map(call)).collect();
    let message = MessageId::new(Uuid::from_u128(fresh()));
    let (usage, stop, model) = (Usage::default(), StopReason::Calls, "demo".into());
    events.push(AgentMessage { run, message, parts, usage, stop, model, within: None }.into());
    for id in &calls {
        let (call, reference, tool) = (CallId::new(Uuid::from_u128(*id)), id.to_string(), "look".into());
        let (arguments, verdict) = (json!({}), Verdict::Allow);
        events.push(
            CallProposed {
                run,
                call,
                reference,
                tool,
                arguments,
                verdict,
                parallel: true,
                screen: false,
                place: Place::Sandbox,
                within: None,
            }
            .into(),
        );
    }
    for (id, result) in calls.iter().zip(results) {
        let Some((size, picture)) = result else { continue };
        let mut outcome = CallOutcome::text(CallStatus::Succeeded, text(*id, *size));
        if *picture > 0 {
            outcome.content.push(ToolContent::Image { media_type: "image/png".into(), data: "p".repeat(*picture) });
        }
        events.push(CallFinished { run, call: CallId::new(Uuid::from_u128(*id)), outcome }.into());
    }
}

fn text(number: u128, size: usize) -> String {
    format!("<{number}>{}", "é".repeat(size / 2))
}

fn planner(most: usize, events: &[EventBody]) -> Planner {
    let mut planner = Planner::new(most, Start::default());
    events.iter().enumerate().for_each(|(at, event)| planner.take(at as Seq + 1, minute(at), event.clone()));
    planner
}

fn minute(at: usize) -> Timestamp {
    Timestamp::from_millis(60_000 * at as i64)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A planner that lets go as it goes shows at every moment what one shows that keeps everything.
    #[test]
    fn what_is_let_go_is_what_nobody_would_see(moves in moves(60), most in 0usize..20_000, shares in prop::collection::vec(0usize..=100, 1..4)) {
        let events = events(&moves);
        let (mut incremental, mut keeping) = (Planner::new(most, Start::default()), Planner::new(usize::MAX, Start::default()));
        for (at, event) in events.iter().enumerate() {
            incremental.take(at as Seq + 1, minute(at), event.clone());
            keeping.take(at as Seq + 1, minute(at), event.clone());
            let budget = most / 100 * shares[at % shares.len()];
            prop_assert_eq!(incremental.plan(budget), keeping.plan(budget), "after event {}", at);
        }
        prop_assert_eq!(incremental.plan(usize::MAX), keeping.plan(most));
    }

    /// Whatever is dropped: what people said is whole, every call has its result, and people and agent take turns.
    #[test]
    fn a_plan_makes_sense(moves in moves(40), budget in 0usize..20_000) {
        let events = events(&moves);
        let turns = planner(budget, &events).plan(budget);
        prop_assert_eq!(said(&turns), said(&planner(usize::MAX, &events).plan(usize::MAX)));
        for (at, turn) in turns.iter().enumerate() {
            let next = turns.get(at + 1);
            let is_answer = matches!(turn, Turn::Assistant { .. });
            prop_assert!(!is_answer || calls(turn) == next.map(results).unwrap_or_default(), "{:?} then {:?}", turn, next);
            let two_of_people = matches!((turn, next), (Turn::User { .. }, Some(Turn::User { .. })));
            prop_assert!(!two_of_people, "{:?}", turns);
        }
        let exchanges = turns.iter().filter(|turn| matches!(turn, Turn::Assistant { .. })).count();
        prop_assert!(exchanges <= 1 || bytes(&turns) <= budget, "only the last exchange may be too much");
    }
}

fn said(turns: &[Turn]) -> String {
    let parts = turns.iter().flat_map(|turn| match turn {
        Turn::User { content } => content.as_slice(),
        _ => &[],
    });
    let texts = parts.filter_map(|part| match part {
        ToolContent::Text { text } => Some(text.as_str()),
        ToolContent::Image { .. } => None,
    });
    texts.collect()
}

fn calls(turn: &Turn) -> Vec<&str> {
    let Turn::Assistant { parts } = turn else { return Vec::new() };
    let names = parts.iter().filter_map(|part| match part {
        AssistantPart::Call { reference, .. } => Some(reference.as_str()),
        _ => None,
    });
    names.collect()
}

fn results(turn: &Turn) -> Vec<&str> {
    let Turn::Results { results } = turn else { return Vec::new() };
    results.iter().map(|result| result.reference.as_str()).collect()
}

/// What stands before the newest turns is the same from step to step, but for a few steps: providers read it from their cache.
#[test]
fn most_steps_only_add_to_what_was_there() {
    let budget = 60_000;
    let mut planner = Planner::new(budget, Start::default());
    let mut before: Vec<Turn> = Vec::new();
    let (mut steps, mut changes) = (0, 0);
    for (at, event) in events(&vec![Move::Answer(100, vec![Some((2_000, 500))]); 400]).into_iter().enumerate() {
        let is_step = matches!(event, EventBody::AgentMessage(_));
        planner.take(at as Seq + 1, minute(at), event);
        if is_step {
            let now = planner.plan(budget);
            // The last turn is the open end of the step.
            steps += 1;
            changes += usize::from(!before.is_empty() && now[..before.len().min(now.len()) - 1] != before[..before.len() - 1]);
            before = now;
        }
    }
    assert!(changes * 2 < steps, "{changes} of {steps}");
}

#[test]
fn a_long_session_takes_as_much_memory_as_a_model_may_see() {
    let mut planner = Planner::new(100_000, Start::default());
    let answer = Move::Answer(200, vec![Some((50_000, 20_000)), Some((2_000, 0))]);
    let mut most_held = 0;
    for (at, event) in events(&vec![answer; 3_000]).into_iter().enumerate() {
        planner.take(at as Seq + 1, minute(at), event);
        most_held = most_held.max(size(&planner.conversation.turns).whole);
    }
    assert!(most_held < 10 * 100_000, "{most_held} of {}", planner.ever.whole);
    assert!(bytes(&planner.plan(100_000)) <= 100_000);
}

#[test]
fn pictures_go_first_then_old_results_are_cut_then_old_turns_go() {
    let answers = vec![Move::Answer(10, vec![Some((3_000, 5_000))]); 9];
    let moves: Vec<Move> = std::iter::once(Move::Prompt(10)).chain(answers).collect();
    let shape = |budget: usize| {
        let turns = planner(budget, &events(&moves)).plan(budget);
        let results = turns.iter().filter_map(|turn| match turn {
            Turn::Results { results } => Some(&results[0].content),
            _ => None,
        });
        let shapes = results.map(|content| match content.as_slice() {
            [ToolContent::Text { text }, ToolContent::Image { .. }] if text.len() > 2_900 => "whole",
            [ToolContent::Text { text }, _] if text.len() > 2_900 => "no picture",
            _ => "cut",
        });
        shapes.collect::<Vec<_>>()
    };
    let with = |old: &'static str| [[old; 5].as_slice(), &["whole"; 4]].concat();
    assert_eq!(shape(100_000), ["whole"; 9]);
    assert_eq!(shape(50_000), with("no picture"));
    assert_eq!(shape(40_000), with("cut"));
    assert_eq!(shape(30_000), ["whole"; 3], "a stride of the budget at a time");
    assert_eq!(shape(0), ["whole"], "the last exchange stays");
}

/// The conversation as roles and their texts.
fn told(events: &[EventBody]) -> Vec<String> {
    let turns = planner(usize::MAX, events).plan(usize::MAX);
    let words = |turn: &Turn| match turn {
        Turn::User { .. } => format!("people: {}", said(std::slice::from_ref(turn))),
        Turn::Assistant { .. } => "agent".into(),
        Turn::Results { results } => format!("results: {:?}", results[0].status),
    };
    turns.iter().map(words).collect()
}

fn used(from: &str, to: &str) -> String {
    format!("[A person used the desktop from {from} to {to} UTC. The screen may have changed: look at it again before you act.]")
}

#[test]
fn who_drove_is_told_where_it_happened() {
    let given = || Move::Returned(ControlEnd::Given);
    let moves =
        [Move::Prompt(0), Move::Taken, given(), Move::Answer(0, vec![]), Move::Taken, given(), Move::Over, Move::Prompt(0)];
    let first = format!("people: <1>{}", used("00:02", "00:03"));
    let second = format!("people: {}<4>", used("00:05", "00:06"));
    assert_eq!(told(&events(&moves)), [first, "agent".into(), second], "merged with what people say before and after");
    assert!(is_about_takeover(&used("00:02", "00:03")) && !is_about_takeover("[A person used the desktop from here]"));
}

#[test]
fn what_is_on_the_desktop_afterwards_is_shown_for_one_step() {
    let picture = || ToolContent::Image { media_type: "image/jpeg".into(), data: "x".repeat(5000) };
    let is_shown = |events: &[EventBody]| {
        let turns = planner(100, events).plan(100);
        let pictures = turns.iter().enumerate().flat_map(|(at, turn)| match turn {
            Turn::User { content } if content.contains(&picture()) => Some(at),
            _ => None,
        });
        pictures.collect::<Vec<_>>() == [turns.len() - 1]
    };
    let mut events = events(&[Move::Prompt(0), Move::Taken, Move::Returned(ControlEnd::Given)]);
    assert!(!is_shown(&events));
    events.push(DesktopSeen { picture: picture() }.into());
    assert!(is_shown(&events), "however small the budget is");
    let mut driven = events.clone();
    driven.push(taken());
    assert!(!is_shown(&driven), "it was another screen");
    events.extend(super::tests::events(&[Move::Answer(0, vec![])]));
    assert!(!is_shown(&events), "the agent has seen it");
}

#[test]
fn results_come_before_what_people_did_meanwhile() {
    let mut events = events(&[Move::Prompt(0), Move::Answer(0, vec![Some((0, 0))])]);
    let finished = events.pop().unwrap();
    events.extend([taken(), ControlReturned { why: ControlEnd::Left, by: None }.into()]);
    let note = format!("people: {}", used("00:04", "00:05"));
    assert_eq!(told(&events), ["people: <1>".into(), "agent".to_owned(), "results: Interrupted".into(), note.clone()]);
    events.push(finished);
    let closed = ["people: <1>".into(), "agent".to_owned(), "results: Succeeded".into(), note];
    assert_eq!(told(&events), closed);
    let run = RunId::new(Uuid::nil());
    events.push(RunFinished { run, result: RunResult::Completed, usage: Usage::default(), steps: 1 }.into());
    assert_eq!(told(&events), closed, "closing the turn changes nothing");
}

#[test]
fn what_little_is_left_of_a_budget_is_told_behind_the_results() {
    let near = Reached { bound: Bound::Steps, of: Reach::Session, used: 8, limit: 10 };
    let run = RunId::new(Uuid::nil());
    let warned = || EventBody::from(BudgetWarned { run, near });
    let words = "[Four fifths of the session's budget of 10 steps are used: 8 steps. The run stops when it is used up. Finish what is \
                 most worth it, and say what is done and what is left.]";
    let mut events = events(&[Move::Prompt(0), Move::Answer(0, vec![Some((0, 0))])]);
    events.push(warned());
    let expected = ["people: <1>".into(), "agent".to_owned(), "results: Succeeded".into(), format!("people: {words}")];
    assert_eq!(told(&events), expected);
    events.push(RunFinished { run, result: RunResult::Completed, usage: Usage::default(), steps: 1 }.into());
    assert_eq!(told(&events), expected, "closing the turn changes nothing");
    let before = [super::tests::events(&[Move::Prompt(0)]), vec![warned()]].concat();
    assert_eq!(told(&before), [format!("people: <1>{words}")]);
}

#[test]
fn however_often_people_take_over_it_is_told_once_and_a_closed_desktop_is_not_told_of() {
    let given = || Move::Returned(ControlEnd::Given);
    let moves = [Move::Prompt(0), Move::Taken, given(), Move::Taken, Move::Returned(ControlEnd::Seized), Move::Taken, given()];
    let mut events = events(&moves);
    assert_eq!(told(&events), [format!("people: <1>{}", used("00:02", "00:07"))]);
    events.extend([taken(), ControlReturned { why: ControlEnd::Closed, by: None }.into(), taken()]);
    assert_eq!(told(&events), [format!("people: <1>{}", used("00:02", "00:07"))], "nor of one who still drives");
    let slept = [Move::Prompt(0), Move::Taken, Move::Returned(ControlEnd::Closed), given()];
    assert_eq!(told(&super::tests::events(&slept)), ["people: <1>"]);
}

/// A conversation with compactions as they come: when one is due it is written, with words instead of a model's summary.
struct Long {
    planner: Planner,
    events: Vec<EventBody>,
    budget: usize,
    compactions: Vec<CompactionPlace>,
}

impl Long {
    fn new(budget: usize) -> Self {
        Self { planner: Planner::new(budget, Start::default()), events: Vec::new(), budget, compactions: Vec::new() }
    }

    fn happen(&mut self, events: Vec<EventBody>) {
        for event in events {
            self.take(event);
        }
        if let Some(draft) = self.planner.draft(self.budget) {
            let at = self.events.len() as Seq + 1;
            let place = CompactionPlace { at, through: draft.through, reads_from: draft.reads_from };
            assert_eq!(draft.from, self.compactions.last().map_or(1, |before| before.through + 1));
            self.compactions.push(place);
            self.take(compacted(draft));
        }
    }

    fn take(&mut self, event: EventBody) {
        self.events.push(event.clone());
        let seq = self.events.len() as Seq;
        self.planner.take(seq, minute(self.events.len()), event);
    }

    /// A planner that begins behind the newest compaction, and how many events it was given.
    fn resumed(&self) -> (Planner, usize) {
        let place = self.compactions.last();
        let mut planner = Planner::new(self.budget, Start::new(place, self.events.len() as Seq));
        let from = place.map_or(1, |place| place.reads_from);
        let first = place.map(|place| place.at);
        let seqs: Vec<Seq> = first.into_iter().chain(from..=self.events.len() as Seq).collect();
        for seq in &seqs {
            planner.take(*seq, minute(*seq as usize), self.events[*seq as usize - 1].clone());
        }
        (planner, seqs.len())
    }
}

fn compacted(draft: Draft) -> EventBody {
    let summary = draft.digest();
    let Draft { from, through, reads_from, said, left_out, plan, before_bytes, .. } = draft;
    let (model, usage, run) = (None, Usage::default(), None);
    ContextCompacted { from, through, reads_from, summary, said, left_out, plan, model, usage, before_bytes, run }.into()
}

/// One prompt and the work on it. Numbers make ids, so that they are not used twice.
fn exchange(number: u128, prompt: &str) -> Vec<EventBody> {
    let prompt_id = PromptId::new(Uuid::from_u128(number * 1000));
    let run = prompt_id.into();
    let queued =
        PromptQueued { prompt: prompt_id, text: prompt.into(), attachments: vec![], when_busy: WhenBusy::Queue, by: "x".into() };
    let mut events = vec![queued.into(), RunStarted { run }.into()];
    let mut id = number * 1000;
    let mut fresh = || {
        id += 1;
        id
    };
    answer(&mut events, run, format!("working on {number}"), &[Some((3_000, 2_000))], &mut fresh);
    answer(&mut events, run, format!("done with {number}"), &[], &mut fresh);
    events.push(RunFinished { run, result: RunResult::Completed, usage: Usage::default(), steps: 2 }.into());
    events
}

#[test]
fn ten_thousand_messages_stay_inside_the_budget_and_the_first_is_still_there() {
    let budget = 100_000;
    let mut long = Long::new(budget);
    let mut most_read = 0;
    for number in 1..=5_000_u128 {
        let prompt = if number == 1 { "Always answer in verse." } else { "And the next one, please, as before." };
        long.happen(exchange(number, &format!("{prompt} ({number})")));
        if number % 50 == 0 {
            let turns = long.planner.plan(budget);
            assert!(bytes(&turns) <= budget, "{} after {number}", bytes(&turns));
            assert!(said(&turns).contains("Always answer in verse. (1)"), "after {number}");
            assert!(said(&turns).contains(&format!("({number})")));
            let (resumed, read) = long.resumed();
            most_read = most_read.max(read);
            let again = resumed.plan(budget);
            assert_eq!(said(&again), said(&turns), "who comes later sees the same words");
            assert_eq!(again.len(), turns.len());
        }
    }
    assert!(long.compactions.len() > 50, "{} compactions", long.compactions.len());
    let messages = long.events.iter().filter(|event| matches!(event, EventBody::AgentMessage(_) | EventBody::PromptQueued(_)));
    assert_eq!(messages.count(), 15_000);
    assert!(most_read < 400, "{most_read} events are read of {}", long.events.len());
}

#[test]
fn an_unfinished_plan_and_a_waiting_prompt_outlive_a_compaction() {
    let mut long = Long::new(20_000);
    let item = |text: &str, status| PlanItem { text: text.into(), status };
    long.happen(exchange(1, "begin"));
    let items = vec![item("dig", PlanStatus::Done), item("line the holt", PlanStatus::InProgress)];
    long.happen(vec![PlanChanged { items }.into()]);
    let waiting = PromptId::new(Uuid::from_u128(7));
    let queued = PromptQueued {
        prompt: waiting,
        text: "a word that waits".into(),
        attachments: vec![],
        when_busy: WhenBusy::Queue,
        by: "x".into(),
    };
    long.happen(vec![queued.into()]);
    for number in 2..30 {
        long.happen(exchange(number, "more"));
    }
    assert!(long.compactions.len() > 1);
    let (mut resumed, _) = long.resumed();
    assert!(said(&resumed.plan(20_000)).contains("[>] line the holt"));
    assert!(!said(&resumed.plan(20_000)).contains("a word that waits"));
    resumed.take(10_000, minute(10_000), RunStarted { run: waiting.into() }.into());
    assert!(said(&resumed.plan(20_000)).ends_with("a word that waits"));
}

#[test]
fn a_compaction_that_was_undone_is_as_if_it_had_never_been_and_is_not_done_again_at_once() {
    let mut long = Long::new(30_000);
    for number in 1.. {
        long.happen(exchange(number, "more"));
        if !long.compactions.is_empty() {
            break;
        }
    }
    let undone = CompactionUndone { compaction: long.compactions.pop().unwrap().at, stands: None, by: "x".into() };
    long.events.push(undone.into());
    let (planner, _) = long.resumed();
    assert!(!said(&planner.plan(30_000)).contains("summed up"));
    assert_eq!(said(&planner.plan(30_000)), "more".repeat(long.events.len() / 7));
    assert_eq!(planner.draft(30_000), None);
    let mut wanted = planner;
    wanted.take(1_000, minute(1_000), CompactionWanted { by: "x".into() }.into());
    let draft = wanted.draft(30_000).expect("somebody wants one");
    assert!(draft.transcript(1_000_000).contains("AGENT CALLS look"));
    assert!(draft.transcript(1_000).len() < 1_100);
}

#[test]
fn whoever_does_a_part_sees_the_task_and_its_own_steps_and_nobody_else_does() {
    let run = RunId::new(Uuid::from_u128(1));
    let id = |number: u128| CallId::new(Uuid::from_u128(number));
    let said = |number: u128, text: &str, call: Option<u128>, within: Option<u128>| -> Vec<EventBody> {
        let mut parts = vec![AssistantPart::Text { text: text.into() }];
        let arguments = json!({ "task": "dig" });
        parts.extend(call.map(|call| AssistantPart::Call {
            reference: call.to_string(),
            tool: "x".into(),
            arguments: arguments.clone(),
        }));
        let message = MessageId::new(Uuid::from_u128(number));
        let (usage, stop, model) = (Usage::default(), StopReason::Calls, "demo".into());
        let within = within.map(id);
        let mut events = vec![AgentMessage { run, message, parts, usage, stop, model, within }.into()];
        events.extend(call.map(|call| {
            let (reference, tool, verdict) = (call.to_string(), "x".into(), Verdict::Allow);
            let place = Place::Session;
            CallProposed {
                run,
                call: id(call),
                reference,
                tool,
                arguments,
                verdict,
                parallel: true,
                screen: false,
                place,
                within,
            }
            .into()
        }));
        events
    };
    let done = |call: u128, text: &str| -> EventBody {
        CallFinished { run, call: id(call), outcome: CallOutcome::text(CallStatus::Succeeded, text) }.into()
    };
    let prompt = PromptId::new(Uuid::from_u128(1));
    let queued = PromptQueued { prompt, text: "go".into(), attachments: vec![], when_busy: WhenBusy::Queue, by: "x".into() };
    let mut events: Vec<EventBody> = vec![queued.into(), RunStarted { run }.into()];
    events.extend(said(20, "I give a part away.", Some(10), None));
    events.extend(said(21, "I dig.", Some(11), Some(10)));
    events.push(done(11, "dug"));
    events.extend(said(22, "It is dug.", None, Some(10)));
    events.push(done(10, "It is dug."));
    let part = GivenPart { call: id(10), task: "dig".into() };
    let mut own = Planner::of_part(usize::MAX, &part);
    events.iter().enumerate().for_each(|(at, event)| own.take(at as Seq + 1, minute(at), event.clone()));
    let seen = format!("{:?}", own.plan(usize::MAX));
    assert!(
        seen.contains("I dig.") && seen.contains("dug") && !seen.contains("I give a part away.") && !seen.contains("\"go\""),
        "{seen}"
    );
    assert!(matches!(&own.plan(usize::MAX)[0], Turn::User { content } if content == &[ToolContent::Text { text: "dig".into() }]));
    let whole = format!("{:?}", planner(usize::MAX, &events).plan(usize::MAX));
    assert!(whole.contains("I give a part away.") && whole.contains("It is dug.") && !whole.contains("I dig."), "{whole}");
}
