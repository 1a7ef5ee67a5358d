//! A desktop in a sandbox that is open: how soon it shows something, and what looking at it and clicking on it cost the agent.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use futures::io::{AsyncReadExt as _, AsyncWriteExt as _};
use holt_core::id::SessionId;
use holt_core::sandbox::{Link, Sandboxes as _};
use holt_core::session::{DesktopSpec, Flavour};
use holt_sandbox::bwrap::{BwrapDriver, Options};
use serde_json::json;
use uuid::Uuid;

use super::calls::{spec, tool_call};
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::table::{Line, Target, Value};
use crate::times::Times;

const LIGHT: DesktopSpec = DesktopSpec { flavour: Flavour::Light, width: 1280, height: 800 };
const PIXEL: usize = 4;
/// A whole picture, please: message 3, not incremental, all of it.
const WHOLE: [u8; 10] = [3, 0, 0, 0, 0, 0, 0x05, 0x00, 0x03, 0x20];

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    // Only for the keeper that it writes out.
    let holt = Holt::start(bench, &Start { data: bench.fresh("desktop"), model: None, prepared: 0 })?;
    let mut options = Options::new(bench.fresh("driver"), holt.keeper()?, 1);
    options.prepared = 0;
    let driver = BwrapDriver::new(options)?;
    let (mut first, mut frame) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds(15, 4) {
        let session = open(&driver).await?;
        let (bytes, whole) = come_up(&driver, session).await?;
        driver.remove(session).await?;
        if round > 0 {
            first.push(bytes);
            frame.push(whole);
        }
    }
    let (look, click) = use_one(bench, &driver).await?;
    driver.shutdown().await;
    holt.stop()?;
    let [first, frame] = [first, frame].map(|times| times.into_iter().collect::<Times>());
    Ok(vec![
        Line::new("light desktop, asked for to first RFB bytes", Value::p50(&first)).target(Target::AtMost(60.0, "ms")),
        Line::new("light desktop, asked for to first full frame", Value::p50(&frame)).target(Target::AtMost(150.0, "ms")),
        Line::new("a look at 1280 x 800 as JPEG, through the sandbox", Value::p50(&look)),
        Line::new("a click", Value::p50(&click)).target(Target::AtMost(2.0, "ms")),
    ])
}

async fn open(driver: &BwrapDriver) -> Result<SessionId> {
    let session = SessionId::new(Uuid::now_v7());
    driver.open(spec(session)).await?;
    Ok(session)
}

async fn come_up(driver: &BwrapDriver, session: SessionId) -> Result<(Duration, Duration)> {
    let begin = Instant::now();
    let mut link = driver.reach_desktop(session, LIGHT).await?;
    let mut version = [0; 12];
    link.read_exact(&mut version).await?;
    let first = begin.elapsed();
    frame(&mut link, &version).await?;
    Ok((first, begin.elapsed()))
}

/// The rest of the handshake, and one whole picture in pixels as they are.
async fn frame(link: &mut Box<dyn Link>, version: &[u8]) -> Result<()> {
    link.write_all(version).await?;
    let mut types = [0; 2];
    link.read_exact(&mut types).await?;
    link.write_all(&[1]).await?;
    let mut result = [0; 4];
    link.read_exact(&mut result).await?;
    link.write_all(&[1]).await?;
    let mut init = [0; 24];
    link.read_exact(&mut init).await?;
    let mut name = vec![0; u32::from_be_bytes([init[20], init[21], init[22], init[23]]) as usize];
    link.read_exact(&mut name).await?;
    link.write_all(&WHOLE).await?;
    let mut head = [0; 4];
    link.read_exact(&mut head).await?;
    let mut left = usize::from(LIGHT.width) * usize::from(LIGHT.height);
    for _ in 0..u16::from_be_bytes([head[2], head[3]]) {
        let mut area = [0; 12];
        link.read_exact(&mut area).await?;
        let pixels = usize::from(u16::from_be_bytes([area[4], area[5]])) * usize::from(u16::from_be_bytes([area[6], area[7]]));
        ensure!(area[8..] == [0; 4], "the picture is not in plain pixels");
        let mut content = vec![0; pixels * PIXEL];
        link.read_exact(&mut content).await?;
        left = left.checked_sub(pixels).context("more than the screen")?;
    }
    ensure!(left == 0, "the picture is not whole");
    Ok(())
}

async fn use_one(bench: &Bench, driver: &BwrapDriver) -> Result<(Times, Times)> {
    let session = open(driver).await?;
    driver.start_desktop(session, LIGHT).await?;
    let (mut looks, mut clicks) = (Vec::new(), Vec::new());
    for round in 0..bench.rounds(110, 30) {
        let click = tool_call(driver, session, "gui_click", json!({ "x": 640, "y": 790 })).await?;
        let look = tool_call(driver, session, "computer", json!({ "action": "screenshot" })).await?;
        if round >= 10 {
            looks.push(look);
            clicks.push(click);
        }
    }
    driver.remove(session).await?;
    Ok((looks.into_iter().collect(), clicks.into_iter().collect()))
}
