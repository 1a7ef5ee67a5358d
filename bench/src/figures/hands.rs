//! A look at a screen and a click on it, beside Playwright, which looks at and clicks on a page with the same picture; the look also
//! beside grabbing and encoding alone, on an X server of the host with that picture.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use holt_api::{CreateSession, SendPrompt};
use holt_core::id::SessionId;
use holt_core::sandbox::Sandboxes as _;
use holt_core::session::DesktopSpec;
use holt_sandbox::bwrap::{BwrapDriver, Options};
use holt_screen::{Format, Screen};
use holt_testkit::{ScriptedModel, Step};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::calls::{spec, tool_call};
use super::viewers::Display;
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::http::Connection;
use crate::table::{Line, Target, Value};
use crate::times::Times;

/// A terminal over most of the screen, which looks the same whatever the screen says that terminals look like.
const TERMINAL: [&str; 11] =
    ["xterm", "-fa", "monospace", "-fs", "10", "-bg", "#101010", "-fg", "#e0e0e0", "-geometry", "140x40+10+10"];
/// What it is full of: numbers, which stay.
const NUMBERS: &str = "seq -s ' ' 1 1100; sleep 3600";
const WARM_UP: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// An X server's picture of a terminal, without a window manager's frame around it, is about as large as one with it.
const ALIKE: f64 = 0.2;
/// What a terminal is told of a click: the button went down, and up again.
const TOLD: usize = 12;

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let terminal = json!({ "command": terminal(NUMBERS) });
    let model = ScriptedModel::answering(move |request| match request.results().is_empty() {
        true => Step::call("execute_command_async", &terminal),
        false => Step::text("Done."),
    })
    .await;
    let holt = Holt::start(bench, &Start { data: bench.fresh("hands"), model: Some(model.url()), prepared: 0 })?;
    let rounds = bench.rounds(100, 20);
    let (look, picture) = look(&holt, rounds).await?;
    let bare = tokio::task::block_in_place(|| grab_and_encode(rounds, picture.len()))?;
    let click = click(bench, &holt, rounds).await?;
    holt.stop()?;
    let file = bench.fresh("picture");
    std::fs::write(&file, &picture)?;
    let look_line = || Line::new("screenshot of 1280 x 800, JPEG at the API", Value::p50(&look));
    let click_line = || Line::new("a click through the driver", Value::p50(&click));
    let mut lines = vec![
        look_line().peer("grab + encode", Value::p50(&bare)).target(Target::PeerAndMillis(2.0)),
        click_line().target(Target::AtMost(2.0, "ms")),
    ];
    match tokio::task::block_in_place(|| playwright(&file, rounds))? {
        Some(peer) => lines.extend([
            look_line().peer("page.screenshot", Value::p50(&peer.screenshots)).target(Target::TimesPeer(0.2)),
            click_line().peer("page.click", Value::p50(&peer.clicks)).target(Target::TimesPeer(0.1)),
        ]),
        None => lines.extend([look_line(), click_line()].map(|line| line.remark("no Playwright here"))),
    }
    Ok(lines)
}

/// A shell's command that opens it.
fn terminal(inside: &str) -> String {
    format!("{} -e sh -c \"{inside}\"", TERMINAL.map(|word| format!("'{word}'")).join(" "))
}

/// How long looks took, and what was seen.
async fn look(holt: &Holt, rounds: usize) -> Result<(Times, Vec<u8>)> {
    let session = holt.client.create_session(&CreateSession::default()).await?.id;
    holt.client.wake(session).await?;
    let mut connection = Connection::open(holt.address)?;
    let request = format!("GET /v2/sessions/{session}/screenshot HTTP/1.1\r\n{}\r\n", holt.authorization());
    let mut seen = || -> Result<Vec<u8>> {
        connection.send(&request)?;
        let (status, picture) = connection.answer()?;
        ensure!(status == 200, "no picture, but {status}: {}", String::from_utf8_lossy(&picture));
        Ok(picture)
    };
    // The desktop is there before a program wants it.
    let empty = seen()?;
    holt.client.prompt(session, &SendPrompt { text: "Show numbers.".into(), ..SendPrompt::default() }).await?;
    let (begun, mut last) = (Instant::now(), empty.clone());
    loop {
        ensure!(begun.elapsed() < PATIENCE, "nothing that stays is seen on the desktop");
        tokio::time::sleep(BETWEEN_LOOKS).await;
        let now = seen()?;
        if now.len() > 2 * empty.len() && now == last {
            break;
        }
        last = now;
    }
    let mut times = Vec::new();
    for round in 0..WARM_UP + rounds {
        let begin = Instant::now();
        let now = seen()?;
        let time = begin.elapsed();
        ensure!(now == last, "the picture has changed");
        if round >= WARM_UP {
            times.push(time);
        }
    }
    holt.client.remove(session).await?;
    Ok((times.into_iter().collect(), last))
}

/// The same picture, as good as, from an X server of the host, with nothing in between.
fn grab_and_encode(rounds: usize, like: usize) -> Result<Times> {
    let display = Display::start(None)?;
    let _terminal = display.run(TERMINAL[0], &[&TERMINAL[1..], &["-e", "sh", "-c", NUMBERS]].concat())?;
    let mut screen = Screen::open(&display.name)?;
    let alike = |picture: &[u8]| picture.len().abs_diff(like) as f64 <= ALIKE * like as f64;
    let begun = Instant::now();
    while !alike(&screen.picture(None)?.encode(Format::Jpeg)?) {
        ensure!(begun.elapsed() < PATIENCE, "the same program draws another picture on an X server of the host");
        std::thread::sleep(BETWEEN_LOOKS);
    }
    let mut times = Vec::new();
    for round in 0..WARM_UP + rounds {
        let begin = Instant::now();
        screen.picture(None)?.encode(Format::Jpeg)?;
        if round >= WARM_UP {
            times.push(begin.elapsed());
        }
    }
    Ok(times.into_iter().collect())
}

/// How long clicks took, all of which a terminal was told of.
async fn click(bench: &Bench, holt: &Holt, rounds: usize) -> Result<Times> {
    let mut options = Options::new(bench.fresh("driver"), holt.keeper()?, 1);
    options.prepared = 0;
    let driver = BwrapDriver::new(options)?;
    let session = SessionId::new(Uuid::now_v7());
    driver.open(spec(session)).await?;
    driver.start_desktop(session, DesktopSpec::default()).await?;
    let terminal = terminal("stty raw -echo; printf '\\033[?1000h'; exec cat > clicks");
    tool_call(&driver, session, "execute_command_async", json!({ "command": terminal })).await?;
    let there = "for i in $(seq 200); do [ -e clicks ] && break; sleep 0.1; done; sleep 0.5; [ -e clicks ]";
    shell(&driver, session, there).await.context("no terminal came up")?;
    let mut times = Vec::new();
    for round in 0..WARM_UP + rounds {
        let time = tool_call(&driver, session, "gui_click", json!({ "x": 300, "y": 300 })).await?;
        if round >= WARM_UP {
            times.push(time);
        }
    }
    let told = (WARM_UP + rounds) * TOLD;
    let all = format!(
        "for i in $(seq 100); do [ $(wc -c < clicks) -ge {told} ] && break; sleep 0.1; done; [ $(wc -c < clicks) -eq {told} ]"
    );
    shell(&driver, session, &all).await.context("not every click arrived")?;
    driver.remove(session).await?;
    driver.shutdown().await;
    Ok(times.into_iter().collect())
}

async fn shell(driver: &BwrapDriver, session: SessionId, command: &str) -> Result<()> {
    // What it makes is seen, whether or not a command that ends badly is a call that failed.
    let command = format!("{{ {command}; }} && touch well");
    tool_call(driver, session, "execute_command", json!({ "command": command })).await?;
    tool_call(driver, session, "read_file", json!({ "path": "well" })).await?;
    tool_call(driver, session, "execute_command", json!({ "command": "rm well" })).await?;
    Ok(())
}

struct Playwright {
    screenshots: Times,
    clicks: Times,
}

/// Playwright, where the browser tests have installed it.
fn playwright(picture: &Path, rounds: usize) -> Result<Option<Playwright>> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    if !here.join("../e2e/node_modules/playwright-core").is_dir() {
        return Ok(None);
    }
    let mut command = Command::new("node");
    command.arg(here.join("peers/playwright.mjs")).arg(picture).arg(rounds.to_string());
    let output = command.output().context("node")?;
    ensure!(output.status.success(), "Playwright failed: {}", String::from_utf8_lossy(&output.stderr));
    let measured: Json = serde_json::from_slice(&output.stdout)?;
    let arrived = measured["arrived"].as_u64();
    ensure!(arrived == Some(rounds as u64), "of {rounds} clicks on the page {arrived:?} arrived");
    let times = |name: &str| -> Times {
        let millis = measured[name].as_array().into_iter().flatten().filter_map(Json::as_f64);
        millis.map(|millis| Duration::from_secs_f64(millis / 1000.0)).collect()
    };
    Ok(Some(Playwright { screenshots: times("screenshots"), clicks: times("clicks") }))
}
