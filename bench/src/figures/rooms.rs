//! What a desktop of each flavour and a browser hold while they run, measured from outside as sessions are.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use holt_core::id::SessionId;
use holt_core::sandbox::Sandboxes as _;
use holt_core::session::{DesktopSpec, Flavour};
use holt_keeper::protocol::message::Group;
use holt_sandbox::bwrap::{Answer, BwrapDriver, Options, Verb};
use serde_json::json;
use uuid::Uuid;

use super::calls::{spec, tool_call};
use crate::bench::Bench;
use crate::holt::{Holt, Start};
use crate::table::{Line, Value};

/// Until what was started has loaded what it needs.
const REST: Duration = Duration::from_secs(5);

pub async fn measure(bench: &Bench) -> Result<Vec<Line>> {
    // Only for the keeper that it writes out.
    let holt = Holt::start(bench, &Start { data: bench.fresh("rooms"), model: None, prepared: 0 })?;
    let mut options = Options::new(bench.fresh("driver"), holt.keeper()?, 1);
    options.prepared = 0;
    let driver = BwrapDriver::new(options)?;
    let mut lines = Vec::new();
    for (name, flavour, program) in
        [("light", Flavour::Light, "/usr/bin/openbox"), ("full", Flavour::Full, "/usr/bin/xfce4-session")]
    {
        let name = format!("memory of a desktop, {name}");
        lines.push(match Path::new(program).exists() {
            true => Line::new(name, desktop(&driver, flavour).await?),
            false => Line::new(name, Value::missing()).remark(format!("no {program} here")),
        });
    }
    lines.push(Line::new("memory of a browser with one small page", browser(&driver).await?));
    driver.shutdown().await;
    holt.stop()?;
    Ok(lines)
}

async fn open(driver: &BwrapDriver) -> Result<SessionId> {
    let session = SessionId::new(Uuid::now_v7());
    driver.open(spec(session)).await?;
    Ok(session)
}

async fn desktop(driver: &BwrapDriver, flavour: Flavour) -> Result<Value> {
    let session = open(driver).await?;
    driver.start_desktop(session, DesktopSpec { flavour, ..DesktopSpec::default() }).await?;
    held(driver, session, Group::Desktop).await
}

async fn browser(driver: &BwrapDriver) -> Result<Value> {
    let session = open(driver).await?;
    // It has a window.
    driver.start_desktop(session, DesktopSpec::default()).await?;
    tool_call(driver, session, "browser_open", json!({ "url": "data:text/html,<title>otter</title><p>river" })).await?;
    held(driver, session, Group::Browser).await
}

/// Measures once it is at rest, and removes the session.
async fn held(driver: &BwrapDriver, session: SessionId, group: Group) -> Result<Value> {
    tokio::time::sleep(REST).await;
    let (answer, _) = driver.request(session, Verb::Measure { group: Some(group) }, Vec::new()).await?;
    let Answer::Measured(measured) = answer else { bail!("it is not measured: {answer:?}") };
    driver.remove(session).await?;
    Ok(Value::mebibytes(measured.memory_bytes / 1024, &format!(", {} processes", measured.processes)))
}
