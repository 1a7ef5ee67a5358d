//! The agent's own time in a turn, beside a model that answers at once: from a prompt to the first request, from an answer to the
//! next request, steps of many sessions at once, and planning what a model sees of a long session.
//!
//! When a request arrives is taken where the model stands, so what is between two of them is Holt's and the wire's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use holt_api::{CreateSession, SendPrompt};
use holt_client::FeedItem;
use holt_core::budget::Usage;
use holt_core::context::{Planner, Start as Beginning};
use holt_core::event::{
    AgentMessage, CallFinished, CallProposed, ContextCompacted, Event, EventBody, PromptQueued, RunStarted, WhenBusy,
};
use holt_core::id::{CallId, MessageId, PromptId, RunId, SessionId};
use holt_core::model::{AssistantPart, StopReason};
use holt_core::policy::Verdict;
use holt_core::time::Timestamp;
use holt_core::tool::{CallOutcome, CallStatus, Place};
use holt_testkit::{ScriptedModel, Step};
use serde_json::json;
use uuid::Uuid;

use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::table::{Line, Target, Value};
use crate::times::{Times, per_second};

/// Steps of one run, which its budget allows.
const STEPS: usize = 100;
const SESSIONS: usize = 16;
const LONG: u64 = 100_000;
/// What a model of 128,000 tokens is shown at most, in bytes.
const WINDOW: usize = 400_000;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let arrivals: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let seen = Arc::clone(&arrivals);
    // Each run's requests say by themselves how far it is: the model needs to know nothing of who asks.
    let model = ScriptedModel::answering(move |request| {
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        let results = request.body["messages"].as_array().map_or(0, Vec::len) / 2;
        if results >= STEPS { Step::text("Done.") } else { Step::call("update_plan", &json!({ "items": [] })) }
    })
    .await;
    let holt = Holt::start(bench, &Start { data: bench.fresh("agent"), model: Some(model.url()), prepared: 0 })?;
    let take = || std::mem::take(&mut *arrivals.lock().unwrap_or_else(PoisonError::into_inner));
    let (mut first, mut between) = (Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=bench.rounds(10, 3) {
        let sent = one_run(&holt).await?;
        let arrived = take();
        if round > 0 {
            first.push(arrived.first().context("the model was never asked")?.duration_since(sent));
            between.extend(arrived.windows(2).map(|pair| pair[1].duration_since(pair[0])));
        }
    }
    let begin = Instant::now();
    try_join_all((0..SESSIONS).map(|_| one_run(&holt))).await?;
    let rate = per_second(take().len(), begin.elapsed());
    holt.stop()?;
    let (first, between): (Times, Times) = (first.into_iter().collect(), between.into_iter().collect());
    Ok(vec![
        Line::new("a prompt is sent → the model's request arrives", Value::p50(&first))
            .target(Target::AtMost(2.0, "ms"))
            .remark("with the flush of the prompt's events"),
        Line::new("an answer → the next request with its tool's result", Value::p50(&between))
            .target(Target::AtMost(5.0, "ms"))
            .remark("with the flushes of three events"),
        Line::new(format!("steps of agents in {SESSIONS} sessions at once"), Value::per_second(rate))
            .target(Target::AtLeast(1000.0, "/s")),
        planning(bench)?,
    ])
}

/// A session of one run, and when its prompt was sent.
async fn one_run(holt: &Holt) -> Result<Instant> {
    let session = holt.client.create_session(&CreateSession::default()).await?.id;
    let mut feed = holt.client.follow(session, None);
    feed.next().await?;
    let sent = Instant::now();
    holt.client.prompt(session, &SendPrompt { text: "Go on.".into(), ..SendPrompt::default() }).await?;
    loop {
        match feed.next().await?.context("the session went away")? {
            FeedItem::Event(event) if event.kind == "run_finished" => break,
            _ => {}
        }
    }
    holt.client.remove(session).await?;
    Ok(sent)
}

/// From the log of a long session to what its model is shown, as a brain does it that takes the session up.
fn planning(bench: &Bench) -> Result<Line> {
    let (events, beginning, from) = long_session();
    let mut times = Vec::new();
    for _ in 0..bench.rounds(50, 10) {
        let begin = Instant::now();
        let mut planner = Planner::new(WINDOW, beginning);
        let standing = beginning.compaction.and_then(|at| events.get(usize::try_from(at).ok()?.checked_sub(1)?));
        for event in standing.into_iter().chain(&events[from..]) {
            if let Some(body) = event.decode() {
                planner.take(event.seq, event.at, body);
            }
        }
        let turns = planner.plan(WINDOW);
        times.push(begin.elapsed());
        anyhow::ensure!(!turns.is_empty(), "nothing was planned");
    }
    let times: Times = times.into_iter().collect();
    let name = format!("planning what is seen of {LONG} events");
    let remark = format!("of which {} stand behind its summary", events.len() - from);
    Ok(Line::new(name, Value::p50(&times)).target(Target::AtMost(20.0, "ms")).remark(remark))
}

/// A log that was compacted whenever that was due, where its planner begins, and from which place it is read.
fn long_session() -> (Vec<Event>, Beginning, usize) {
    let mut log = Log::default();
    log.prompt();
    while log.events.len() < usize::try_from(LONG).unwrap_or(usize::MAX) {
        log.step();
    }
    let last = log.events.len() as u64;
    let from = log.standing.map_or(0, |(_, reads_from)| usize::try_from(reads_from.saturating_sub(1)).unwrap_or(0));
    (log.events, Beginning { compaction: log.standing.map(|(at, _)| at), last }, from)
}

struct Log {
    events: Vec<Event>,
    planner: Planner,
    /// The newest compaction, and from where the log is read behind it.
    standing: Option<(u64, u64)>,
}

impl Default for Log {
    fn default() -> Self {
        Self { events: Vec::new(), planner: Planner::new(WINDOW, Beginning::default()), standing: None }
    }
}

impl Log {
    fn add(&mut self, body: impl Into<EventBody>) {
        let (body, seq) = (body.into(), self.events.len() as u64 + 1);
        let at = Timestamp::from_millis(i64::try_from(seq).unwrap_or(i64::MAX));
        self.events.push(Event::new(SessionId::new(Uuid::nil()), seq, 1, at, &body));
        self.planner.take(seq, at, body);
    }

    fn id(&self) -> Uuid {
        Uuid::from_u128(self.events.len() as u128 + 1)
    }

    fn run(&self) -> RunId {
        RunId::new(Uuid::from_u128(1))
    }

    fn prompt(&mut self) {
        let prompt = PromptId::new(self.run().uuid());
        let (text, by) = ("Look at every file, and rhyme.".into(), "bench".into());
        self.add(PromptQueued { prompt, text, attachments: Vec::new(), when_busy: WhenBusy::Queue, by });
        self.add(RunStarted { run: self.run() });
    }

    fn step(&mut self) {
        let (run, call) = (self.run(), CallId::new(self.id()));
        let (reference, tool) = (call.to_string(), "read_file".to_owned());
        let arguments = json!({ "path": "src/main.rs" });
        let part = AssistantPart::Call { reference: reference.clone(), tool: tool.clone(), arguments: arguments.clone() };
        self.add(said(run, self.id(), part));
        self.add(proposed(run, call, reference, tool, arguments));
        let outcome = CallOutcome::text(CallStatus::Succeeded, "fn main() { println!(\"otters\"); }\n".repeat(30));
        self.add(CallFinished { run, call, outcome });
        if let Some(draft) = self.planner.draft(WINDOW) {
            let summary = "Looked at many files and found otters in each.".repeat(20);
            let (at, reads_from) = (self.events.len() as u64 + 1, draft.reads_from);
            self.add(ContextCompacted {
                from: draft.from,
                through: draft.through,
                reads_from,
                summary,
                said: draft.said,
                left_out: draft.left_out,
                plan: draft.plan,
                model: None,
                usage: Usage::default(),
                before_bytes: draft.before_bytes,
                run: Some(run),
            });
            self.standing = Some((at, reads_from));
        }
    }
}

fn said(run: RunId, message: Uuid, part: AssistantPart) -> AgentMessage {
    let (usage, stop) = (Usage::default(), StopReason::Calls);
    AgentMessage { run, message: MessageId::new(message), parts: vec![part], usage, stop, model: "bench".into(), within: None }
}

fn proposed(run: RunId, call: CallId, reference: String, tool: String, arguments: serde_json::Value) -> CallProposed {
    let (verdict, place) = (Verdict::Allow, Place::Sandbox);
    CallProposed { run, call, reference, tool, arguments, verdict, parallel: true, screen: false, place, within: None }
}
