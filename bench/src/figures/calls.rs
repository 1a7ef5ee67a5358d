//! A command in a sandbox that is open: through the driver, as the engine calls it, and as one step of an agent.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use holt_api::{CreateSession, SendPrompt};
use holt_client::FeedItem;
use holt_core::id::{CallId, SessionId};
use holt_core::sandbox::{CallUpdate, SandboxSpec, Sandboxes as _, ToolCall};
use holt_core::session::{Limits, WorkspaceSpec};
use holt_core::tool::CallStatus;
use holt_sandbox::bwrap::{BwrapDriver, Options};
use holt_testkit::{ScriptedModel, Step};
use serde_json::json;
use uuid::Uuid;

use crate::bare;
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::table::{Line, Target, Value};
use crate::times::Times;

const LONGEST_MILLIS: f64 = 3.0;
const WARM_UP: usize = 20;
const STEPS: usize = 100;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let steps_left = std::sync::atomic::AtomicUsize::new(STEPS);
    let model = ScriptedModel::answering(move |_| {
        use std::sync::atomic::Ordering::Relaxed;
        match steps_left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)) {
            Ok(_) => Step::call("execute_command", &json!({ "command": "true" })),
            Err(_) => Step::text("Done."),
        }
    })
    .await;
    let holt = Holt::start(bench, &Start { data: bench.fresh("calls"), model: Some(model.url()), prepared: 0 })?;
    let (ours, shell) = through_the_driver(bench, &holt).await?;
    let step = one_step(&holt).await?;
    holt.stop()?;
    Ok(vec![
        Line::new("execute_command true, live sandbox", Value::p50(&ours))
            .peer("sh -c true, host", Value::p50(&shell))
            .target(Target::AtMost(LONGEST_MILLIS, "ms")),
        Line::new(format!("one step of an agent with that call, mean of {STEPS}"), Value::millis(step))
            .remark("model, calls and flushes included"),
    ])
}

async fn through_the_driver(bench: &Bench, holt: &Holt) -> Result<(Times, Times)> {
    let mut options = Options::new(bench.fresh("driver"), holt.keeper()?, 1);
    options.prepared = 0;
    let driver = BwrapDriver::new(options)?;
    let session = SessionId::new(Uuid::now_v7());
    driver.open(spec(session)).await?;
    let (mut ours, mut shell) = (Vec::new(), Vec::new());
    for round in 0..WARM_UP + bench.rounds(500, 100) {
        let turn = (call(&driver, session).await?, bare::shell()?);
        if round >= WARM_UP {
            ours.push(turn.0);
            shell.push(turn.1);
        }
    }
    driver.remove(session).await?;
    driver.shutdown().await;
    Ok((ours.into_iter().collect(), shell.into_iter().collect()))
}

pub fn spec(session: SessionId) -> SandboxSpec {
    SandboxSpec {
        session,
        workspace: WorkspaceSpec::Managed,
        environment: holt_sandbox::environment::DEFAULT.into(),
        limits: Limits::default(),
        profile: None,
        read_only: false,
        variables: BTreeMap::new(),
    }
}

async fn call(driver: &BwrapDriver, session: SessionId) -> Result<Duration> {
    tool_call(driver, session, "execute_command", json!({ "command": "true" })).await
}

/// How long a call of a tool takes, which has to succeed.
pub async fn tool_call(driver: &BwrapDriver, session: SessionId, tool: &str, arguments: serde_json::Value) -> Result<Duration> {
    let call = CallId::new(Uuid::now_v7());
    let begin = Instant::now();
    let mut updates = driver.call(ToolCall { session, call, tool: tool.into(), arguments }, false).await?;
    let outcome = loop {
        match updates.next().await.context("the call has no outcome")? {
            CallUpdate::Finished(outcome) => break outcome,
            CallUpdate::Output { .. } => {}
        }
    };
    let time = begin.elapsed();
    if outcome.status != CallStatus::Succeeded {
        bail!("the call failed: {outcome:?}");
    }
    driver.acknowledge(session, call).await?;
    Ok(time)
}

/// The whole of a run of many steps, divided by them. The sandbox is opened by a run before.
async fn one_step(holt: &Holt) -> Result<Duration> {
    let session = holt.client.create_session(&CreateSession::default()).await?.id;
    let mut feed = holt.client.follow(session, None);
    feed.next().await?;
    holt.client.prompt(session, &SendPrompt { text: "Go on.".into(), ..SendPrompt::default() }).await?;
    let (mut first, mut last) = (None, None);
    loop {
        match feed.next().await?.context("the session went away")? {
            FeedItem::Event(event) if event.kind == "call_started" => {
                first.get_or_insert(event.at);
                last = Some(event.at);
            }
            FeedItem::Event(event) if event.kind == "run_finished" => break,
            _ => {}
        }
    }
    holt.client.remove(session).await?;
    let (first, last) = first.zip(last).context("no call was made")?;
    Ok(last.since(first) / u32::try_from(STEPS - 1)?)
}
