//! The built-in agent at desks that die, fall silent and send people's words in between.

#![expect(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Session;
use futures::FutureExt as _;
use holt_agents::BuiltinAgent;
use holt_agents::builtin::Options;
use holt_core::agent::{Agent as _, DeltaTarget, WorkError};
use holt_core::event::{EventBody, RunResult};
use holt_core::machine::Input;
use holt_core::model::{AssistantPart, ModelError, ModelEvent, ModelRequest, StoodIn, StopReason, Turn};
use holt_core::tool::{CallOutcome, CallStatus, ToolContent};
use holt_testkit::{Answer, Beat, FakeModel, Gate, within};
use proptest::prelude::*;
use serde_json::{Value, json};

fn agent(model: &FakeModel) -> BuiltinAgent {
    BuiltinAgent::new(Arc::new(model.clone()), Options::default())
}

fn succeeds(tool: &str, arguments: &Value) -> CallOutcome {
    CallOutcome::text(CallStatus::Succeeded, format!("{tool} {arguments}"))
}

fn look(reference: &str, path: &str) -> Answer {
    Answer::new().text(&format!("I look at {path}.")).call(reference, "list_files", json!({ "path": path }))
}

/// What was said, call by call and word by word, in the agent's messages.
fn said(session: &Session) -> Vec<String> {
    let mut said = Vec::new();
    for body in session.bodies() {
        let EventBody::AgentMessage(message) = body else { continue };
        for part in message.parts {
            match part {
                AssistantPart::Text { text } => said.push(text),
                AssistantPart::Call { tool, arguments, .. } => said.push(format!("{tool} {arguments}")),
                _ => {}
            }
        }
    }
    said
}

fn result(session: &Session) -> Option<RunResult> {
    session.bodies().into_iter().find_map(|body| match body {
        EventBody::RunFinished(finished) => Some(finished.result),
        _ => None,
    })
}

/// All words that people and tools have put into a request.
fn heard(request: &ModelRequest) -> Vec<String> {
    let words = |content: &ToolContent| match content {
        ToolContent::Text { text } => text.clone(),
        ToolContent::Image { .. } => "picture".into(),
    };
    let of = |turn: &Turn| match turn {
        Turn::User { content } => content.iter().map(words).collect(),
        Turn::Results { results } => results.iter().flat_map(|result| result.content.iter().map(words)).collect(),
        Turn::Assistant { .. } => Vec::new(),
    };
    request.turns.iter().flat_map(of).collect()
}

#[tokio::test]
async fn it_works_step_by_step_until_nothing_is_wanted() {
    let model = FakeModel::answers([
        look("a", ".").done(),
        look("b", "src").call("c", "read_file", json!({ "path": "x" })).done(),
        Answer::new().reasoning("hm").text("That is all.").done(),
    ]);
    let session = Session::new("look around", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(result(&session), Some(RunResult::Completed));
    let requests = model.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(
        heard(&requests[2]),
        ["look around", r#"list_files {"path":"."}"#, r#"list_files {"path":"src"}"#, r#"read_file {"path":"x"}"#]
    );
    assert!(requests[0].system.contains("/workspace") && requests[0].system.contains("`python`"));
    assert_eq!(requests[0].tools.len(), holt_testkit::tool_specs().len());
}

#[tokio::test]
async fn what_people_say_meanwhile_is_in_the_next_request() {
    let model = FakeModel::answers([look("a", ".").done(), Answer::new().text("In French, then.").done()]);
    let session = Session::new("look around", succeeds);
    session.steer_after(1, "en français");
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(heard(&model.requests()[1]).last().map(String::as_str), Some("en français"));
}

#[tokio::test]
async fn text_is_shown_while_it_comes_and_adds_up() {
    let gate = Gate::new();
    let mut answer = Answer::new().reasoning("Wa").reasoning("it.").text("Grüße");
    for word in ["an", "alle", "🦦"] {
        answer = answer.text(" ").text(word);
    }
    let model = FakeModel::answers([answer.wait(&gate).text("!").done()]);
    let session = Session::new("hi", succeeds);
    let work = tokio::spawn({
        let (session, agent) = (Arc::clone(&session), agent(&model));
        async move { session.work(&agent, &[]).await }
    });
    let text = |session: &Session| {
        let (mut text, mut reasoning) = (String::new(), String::new());
        for delta in &session.lock().deltas {
            let whole = if matches!(delta.target, DeltaTarget::Message(_)) { &mut text } else { &mut reasoning };
            assert_eq!(delta.offset, whole.len() as u64);
            whole.push_str(&delta.text);
        }
        (text, reasoning)
    };
    let all_so_far = ("Grüße an alle 🦦".to_owned(), "Wait.".to_owned());
    holt_testkit::eventually("the text so far, though no more comes", || text(&session) == all_so_far).await;
    gate.release();
    within("the end", work).await.unwrap().unwrap();
    assert_eq!(text(&session).0, "Grüße an alle 🦦!");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_small_pieces_becomes_few_updates() {
    let mut answer = Answer::new();
    for _ in 0..10_000 {
        answer = answer.text("word ");
    }
    let model = FakeModel::answers([answer.done()]);
    let session = Session::new("hi", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    let updates = session.lock().deltas.len();
    assert!(updates <= 50_000 / 4096 + 3, "{updates} updates");
}

#[tokio::test]
async fn halted_it_returns_at_once() {
    let gate = Gate::new();
    let model = FakeModel::answers([Answer::new().text("Well").wait(&gate).text(" then").done()]);
    let session = Session::new("hi", succeeds);
    let work = tokio::spawn({
        let (session, agent) = (Arc::clone(&session), agent(&model));
        async move { session.work(&agent, &[]).await }
    });
    within("the model", gate.reached()).await;
    session.lock().take(Input::Cancel { by: "tester".into() }).unwrap();
    gate.release();
    let ended = within("the end", work).await.unwrap();
    assert!(matches!(ended, Err(WorkError::Halted(_))), "{ended:?}");
    assert_eq!(result(&session), Some(RunResult::Cancelled));
}

#[tokio::test]
async fn a_call_that_was_cut_off_is_explained_and_not_made() {
    let cut = Answer::new().text("I write it all.").call("a", "list_files", json!({})).call("b", "write_file", Value::Null);
    let model = FakeModel::answers([
        cut.stopped(StopReason::Length),
        Answer::new().call("a", "write_file", Value::Null).stopped(StopReason::Length),
        Answer::new().text("In parts, then.").done(),
    ]);
    let session = Session::new("write a lot", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    let begun = session.lock().begun.len();
    assert_eq!(begun, 1);
    let heard = heard(&model.requests()[2]);
    assert_eq!(heard.len(), 4, "{heard:?}");
    assert!(heard[2].contains("did not arrive whole") && heard[3].contains("smaller parts"), "{heard:?}");
}

#[tokio::test]
async fn a_model_that_goes_in_circles_is_given_up() {
    let model = FakeModel::by(|_| Answer::new().call("a", "write_file", json!("{\"pa")).stopped(StopReason::Length));
    let session = Session::new("write a lot", succeeds);
    let Err(WorkError::Failed(failure)) = session.work(&agent(&model), &[1000]).await else { panic!("it ends") };
    assert_eq!((failure.code.as_str(), model.requests().len()), ("model_malformed", 3));

    for nothing in
        [Answer::new().stopped(StopReason::Calls), Answer::new().done(), Answer::new().text("So").stopped(StopReason::Length)]
    {
        let model = FakeModel::answers([nothing]);
        let session = Session::new("hi", succeeds);
        session.work(&agent(&model), &[]).await.unwrap();
        assert_eq!(result(&session), Some(RunResult::Completed));
    }
}

#[tokio::test]
async fn names_that_a_model_gives_twice_do_not_mix_calls_up() {
    let twice = Answer::new().call("x", "list_files", json!({ "path": "1" })).call("x", "list_files", json!({ "path": "2" }));
    let model = FakeModel::answers([twice.done(), Answer::new().text("Both.").done()]);
    let session = Session::new("look", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(session.lock().begun.len(), 2);
    assert_eq!(heard(&model.requests()[1])[1..], [r#"list_files {"path":"1"}"#, r#"list_files {"path":"2"}"#]);
}

#[tokio::test]
async fn errors_come_out_with_their_code_and_hint() {
    for error in [
        ModelError::BadKey("no".into()),
        ModelError::Unreachable("gone".into()),
        ModelError::Overloaded { message: "busy".into(), retry_after_seconds: None },
    ] {
        let (code, hint) = (error.code(), error.hint());
        let model = FakeModel::answers([Answer::new().failed(error)]);
        let session = Session::new("hi", succeeds);
        let Err(WorkError::Failed(failure)) = session.work(&agent(&model), &[]).await else { panic!("{code}") };
        assert_eq!((failure.code.as_str(), failure.hint.as_str()), (code, hint));
        assert!(!session.bodies().iter().any(|body| matches!(body, EventBody::MessageStarted(_))), "nothing was begun");
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_and_said() {
    let model = FakeModel::answers([Answer::new().text("I'd rather not.").stopped(StopReason::Refused)]);
    let session = Session::new("hi", succeeds);
    let Err(WorkError::Failed(failure)) = session.work(&agent(&model), &[]).await else { panic!("refused") };
    assert_eq!(failure.code, "model_refused");
    assert_eq!(said(&session), ["I'd rather not."]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_begun_anew_as_another_message() {
    let broken = || Answer::new().text("Half").failed(ModelError::Unreachable("cut".into()));
    let model = FakeModel::answers([broken(), broken(), Answer::new().text("Whole.").done()]);
    let session = Session::new("hi", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(said(&session), ["Whole."]);
    let withdrawn = session.bodies().iter().filter(|body| matches!(body, EventBody::MessageAborted(_))).count();
    assert_eq!(withdrawn, 2);

    let model = FakeModel::by(move |_| broken());
    let session = Session::new("hi", succeeds);
    assert!(session.work(&agent(&model), &[]).await.is_err());
    assert_eq!(model.requests().len(), 3);
}

#[tokio::test]
async fn a_conversation_that_is_too_long_is_cut_down_and_tried_again() {
    let size = |request: &ModelRequest| heard(request).iter().map(String::len).sum::<usize>();
    let too_long = || Answer::new().failed(ModelError::ContextTooLong("too long".into()));
    let big = "x".repeat(170_000);
    let model =
        FakeModel::answers([look("a", "1").done(), look("b", "2").done(), too_long(), Answer::new().text("Enough.").done()]);
    let session = Session::new("read a lot", move |_, _| CallOutcome::text(CallStatus::Succeeded, big.clone()));
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(said(&session).last().map(String::as_str), Some("Enough."));
    let requests = model.requests();
    assert!(size(&requests[2]) > 340_000 && size(&requests[3]) < 300_000);
    assert_eq!(heard(&requests[3])[0], "read a lot");

    let model = FakeModel::by(move |_| too_long());
    let Err(WorkError::Failed(failure)) = Session::new("hi", succeeds).work(&agent(&model), &[]).await else { panic!("it ends") };
    assert_eq!(failure.code, "model_context_too_long");
}

#[tokio::test]
async fn dropped_it_stops_asking() {
    let gate = Gate::new();
    let model = FakeModel::answers([Answer::new().wait(&gate).text("late").done()]);
    let session = Session::new("hi", succeeds);
    {
        let agent = agent(&model);
        let work = session.work(&agent, &[]);
        assert!(work.now_or_never().is_none());
    }
    gate.release();
    tokio::time::sleep(Duration::ZERO).await;
    assert!(said(&session).is_empty());
}

/// A model whose answer follows from the conversation alone, as a real one's would.
fn by_plan(plan: Vec<usize>) -> FakeModel {
    FakeModel::by(move |request| {
        let at = request.turns.iter().filter(|turn| matches!(turn, Turn::Assistant { .. })).count();
        let Some(calls) = plan.get(at) else { return Answer::new().text("Done.").done() };
        let mut answer = Answer::new().reasoning("Let me see.").text(&format!("Step {at}."));
        for number in 0..*calls {
            // Some may run side by side, others not, and some do not arrive whole.
            let (tool, arguments) = match number % 4 {
                0 | 1 => ("read_file", json!({ "path": format!("{at}/{number}") })),
                2 => ("execute_command", json!({ "command": format!("{at}/{number}") })),
                _ => ("write_file", Value::Null),
            };
            answer = answer.call(&format!("c{number}"), tool, arguments);
        }
        answer.done()
    })
}

proptest! {
    /// Wherever its process dies, and however often: no call runs twice, no answer is lost or said twice, and all that a
    /// whole run would have said is said.
    #[test]
    fn a_run_survives_the_death_of_its_process_anywhere(
        plan in proptest::collection::vec(1usize..6, 0..4),
        deaths in proptest::collection::vec(0usize..40, 0..6),
        steering in proptest::option::of(1usize..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let whole = Session::new("go", succeeds);
            whole.work(&agent(&by_plan(plan.clone())), &[]).await.unwrap();

            let session = Session::new("go", succeeds);
            if let Some(after) = steering.filter(|after| *after <= plan.len()) {
                session.steer_after(after, "and hurry");
            }
            session.work(&agent(&by_plan(plan.clone())), &deaths).await.unwrap();
            assert_eq!(said(&session), said(&whole));
            assert_eq!(result(&session), Some(RunResult::Completed));
            assert!(session.lock().begun.values().all(|times| *times == 1), "a call ran twice");

            let (mut proposed, mut finished) = (Vec::new(), Vec::new());
            for body in session.bodies() {
                match body {
                    EventBody::CallProposed(call) => proposed.push(call.call),
                    EventBody::CallFinished(call) => finished.push(call.call),
                    _ => {}
                }
            }
            proposed.sort();
            finished.sort();
            assert_eq!(proposed, finished, "every call has one result");
        });
    }
}

/// A model that answers requests for a summary by themselves, and otherwise looks at one file after the other.
fn long_work(summary: impl Fn() -> Answer + Send + 'static, steps: usize) -> FakeModel {
    let mut step = 0;
    let model = FakeModel::by(move |request| {
        if request.tools.is_empty() {
            return summary();
        }
        step += 1;
        if step > steps { Answer::new().text("That is all.").done() } else { look(&format!("c{step}"), "src").done() }
    });
    model.holding(16_000)
}

fn compactions(session: &Session) -> Vec<holt_core::event::ContextCompacted> {
    let compacted = session.bodies().into_iter().filter_map(|body| match body {
        EventBody::ContextCompacted(compacted) => Some(compacted),
        _ => None,
    });
    compacted.collect()
}

fn much(_: &str, _: &Value) -> CallOutcome {
    CallOutcome::text(CallStatus::Succeeded, "x".repeat(4_000))
}

#[tokio::test]
async fn long_work_is_summed_up_before_it_is_too_long() {
    let model = long_work(|| Answer::new().text("Looked at src, found nothing.").done(), 40);
    let session = Session::new("Look until you are done, and rhyme.", much);
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(result(&session), Some(RunResult::Completed));
    let compacted = compactions(&session);
    assert!(compacted.len() > 2, "{}", compacted.len());
    assert_eq!(compacted[0].summary, "Looked at src, found nothing.");
    assert!(compacted.windows(2).all(|pair| pair[1].from == pair[0].through + 1), "each goes on where the one before ends");
    let requests = model.requests();
    let last = requests.last().unwrap();
    let first_words = &heard(last)[0];
    assert!(first_words.contains("Look until you are done, and rhyme.") && first_words.contains("found nothing."));
    let bytes = requests.iter().map(|request| holt_core::context::bytes(&request.turns)).max().unwrap();
    assert!(bytes <= 16_000 * 3, "{bytes}");
    let asked = requests.iter().find(|request| request.tools.is_empty()).unwrap();
    assert!(heard(asked)[0].contains("AGENT CALLS list_files"));
}

#[tokio::test]
async fn without_a_summary_it_goes_on_with_less() {
    let model = long_work(|| Answer::new().failed(ModelError::Refused("no".into())), 20);
    let session = Session::new("Look until you are done, and rhyme.", much);
    session.work(&agent(&model), &[]).await.unwrap();
    assert_eq!(result(&session), Some(RunResult::Completed));
    let compacted = compactions(&session);
    assert!(compacted[0].model.is_none() && compacted[0].summary.contains("list_files"), "{compacted:?}");
    assert!(heard(model.requests().last().unwrap())[0].contains("and rhyme."));
}

#[tokio::test]
async fn a_process_that_dies_between_goes_on_behind_the_summary() {
    for lives in 0..60 {
        let model = long_work(|| Answer::new().text("Looked at src.").done(), 12);
        let session = Session::new("Look.", much);
        session.work(&agent(&model), &[lives]).await.unwrap();
        assert_eq!(result(&session), Some(RunResult::Completed), "after {lives}");
        let compacted = compactions(&session);
        assert!(compacted.windows(2).all(|pair| pair[1].from == pair[0].through + 1), "after {lives}");
    }
}

#[tokio::test]
async fn a_session_is_summed_up_in_two_lines_from_what_was_asked_and_said() {
    let model = FakeModel::by(|request| {
        if request.system.contains("Title:") {
            return Answer::new().reasoning("hm").text("Title: Looking around\nSummary: Nothing was found.").done();
        }
        Answer::new().text("I found nothing.").done()
    });
    let session = Session::new("look around", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    let summarize = async |agent: BuiltinAgent| within("the summary", agent.summarize(session.desk())).await.unwrap();
    let summary = summarize(agent(&model)).await.unwrap();
    assert_eq!((summary.title.as_str(), summary.summary.as_str()), ("Looking around", "Nothing was found."));
    assert_eq!(summary.usage.input_tokens, 10);
    let asked = model.requests().pop().unwrap();
    assert!(asked.tools.is_empty() && asked.max_output_tokens <= 1000, "it is cheap");
    assert_eq!(heard(&asked), ["FIRST REQUEST\nlook around\n\nTHE AGENT'S LAST WORDS\nI found nothing."]);
    let silent = BuiltinAgent::new(Arc::new(model.clone()), Options { titles: false, ..Options::default() });
    assert_eq!(summarize(silent).await, None);
    let broken = FakeModel::by(|_| Answer::new().failed(ModelError::BadKey("no".into())));
    assert_eq!(summarize(agent(&broken)).await, None);
}

#[tokio::test]
async fn that_another_model_answers_is_said_once_for_each() {
    let stood_in = |model: &str, mut answer: Answer| {
        let (wanted, code, why) = ("fake".into(), "model_overloaded".into(), "too much to do".into());
        let event = ModelEvent::StoodIn(StoodIn { wanted, model: model.into(), code, why });
        answer.beats.insert(0, Beat::Item(Ok(event)));
        answer
    };
    let model = FakeModel::answers([
        stood_in("second", look("a", ".").done()),
        stood_in("second", look("b", ".").done()),
        stood_in("third", Answer::new().text("Done.").done()),
    ]);
    let session = Session::new("look around", succeeds);
    session.work(&agent(&model), &[]).await.unwrap();
    let told: Vec<String> = session
        .bodies()
        .into_iter()
        .filter_map(|body| if let EventBody::ModelStoodIn(told) = body { Some(told.model) } else { None })
        .collect();
    assert_eq!(told, ["second", "third"]);
}
