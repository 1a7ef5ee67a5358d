//! From sending a prompt to the first output of a command in a full sandbox, as a client sees it: the prompt is made
//! durable, the sandbox opened, the model asked, its turn made durable, the command run, its output shown. The model answers
//! at once. Beside it, turn by turn, a bare bubblewrap that does nothing, and a container where Docker is there.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use holt_api::{CreateSession, SendPrompt};
use holt_client::FeedItem;
use holt_core::agent::DeltaTarget;
use holt_core::id::SessionId;
use holt_testkit::{ScriptedModel, Step};
use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::bare;
use crate::bench::Bench;
use crate::holt::{Holt, Start, has_prepared};
use crate::table::{Line, Target, Value};
use crate::times::Times;

const WARM_UP: usize = 2;
const PATIENCE: Duration = Duration::from_secs(30);
/// A container takes long; a few show it.
const CONTAINERS: usize = 7;

/// A model that wants one command and is then content.
pub async fn one_command(command: &'static str) -> ScriptedModel {
    ScriptedModel::answering(move |request| match request.results().is_empty() {
        true => Step::call("execute_command", &json!({ "command": command })),
        false => Step::text("Done."),
    })
    .await
}

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let model = one_command("echo x").await;
    let start = |prepared| Holt::start(bench, &Start { data: bench.fresh("output"), model: Some(model.url()), prepared });
    let (cold_server, prepared_server) = (start(0)?, start(1)?);
    let (mut bare, mut cold, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + bench.rounds(30, 8) {
        let turn = (bare::bubblewrap()?, first_output(&cold_server).await?, first_output_prepared(&prepared_server).await?);
        if round >= WARM_UP {
            bare.push(turn.0);
            cold.push(turn.1);
            prepared.push(turn.2);
        }
    }
    let [bare, cold, prepared] = [bare, cold, prepared].map(|times| times.into_iter().collect::<Times>());
    let against = |name, times: &Times, most| {
        let line = Line::new(name, Value::p50(times)).peer("bwrap", Value::p50(&bare));
        line.target(Target::TimesPeerAndFlush(most, bench.flush))
    };
    let mut lines = vec![
        against("prompt to first output, cold sandbox", &cold, 3.0),
        against("prompt to first output, prepared sandbox", &prepared, 2.0),
    ];
    lines.push(beside_docker(bench, &cold, &cold_server).await?);
    cold_server.stop()?;
    prepared_server.stop()?;
    Ok(lines)
}

/// Docker's containers, turn by turn with cold sandboxes.
async fn beside_docker(bench: &Bench, cold: &Times, holt: &Holt) -> Result<Line> {
    const NAME: &str = "prompt to first output, cold, beside Docker";
    let Some(image) = bare::docker_image() else {
        return Ok(Line::new(NAME, Value::p50(cold)).remark("no docker here"));
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..bench.rounds(CONTAINERS, 3) {
        ours.push(first_output(holt).await?);
        theirs.push(bare::docker(&image)?);
    }
    let line = Line::new(NAME, Value::p50(&ours.into_iter().collect()));
    Ok(line.peer("docker run", Value::p50(&theirs.into_iter().collect())).target(Target::TimesPeer(0.1)))
}

async fn first_output_prepared(holt: &Holt) -> Result<Duration> {
    let ready = async {
        while !has_prepared(&holt.data) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, ready).await.context("no sandbox was prepared")?;
    // Its directory is there first; this much later it is up.
    sleep(Duration::from_millis(250)).await;
    first_output(holt).await
}

/// One new session, its first prompt, its first output; then it is removed.
pub async fn first_output(holt: &Holt) -> Result<Duration> {
    let session = holt.client.create_session(&CreateSession::default()).await?.id;
    let time = timeout(PATIENCE, until_output(holt, session)).await.context("no output came")??;
    holt.client.remove(session).await?;
    Ok(time)
}

async fn until_output(holt: &Holt, session: SessionId) -> Result<Duration> {
    let mut feed = holt.client.follow(session, None);
    // The snapshot: from here on the feed is live.
    feed.next().await?;
    let client = holt.client.clone();
    let begin = Instant::now();
    let prompt = tokio::spawn(async move {
        let prompt = SendPrompt { text: "Say x.".into(), ..SendPrompt::default() };
        client.prompt(session, &prompt).await
    });
    let mut time = None;
    loop {
        match feed.next().await?.context("the session went away")? {
            FeedItem::Delta(delta) if matches!(delta.target, DeltaTarget::Call(_)) => {
                time.get_or_insert_with(|| begin.elapsed());
            }
            FeedItem::Event(event) if event.kind == "run_finished" => break,
            FeedItem::Event(event) if event.kind == "session_failed" => bail!("the session failed: {}", event.body),
            _ => {}
        }
    }
    prompt.await??;
    time.context("the run finished without output")
}
