//! What tools left running in a sandbox, by name.

use holt_core::id::SessionId;
use holt_core::sandbox::{MAX_NAMES, SandboxError};
use holt_keeper::protocol::message::{Answer, Verb};
use holt_keeper::tree;

use super::driver::{self, Inner};

/// The processes that every sandbox has.
const OWN: &[&str] = &["bwrap", "Xtigervnc", "openbox"];
/// What a server writes out for its sandboxes has a mark of its build behind its name.
const KEEPER: &str = "holt-keeper";

/// The keeper says whether anything runs; the names are those of all below it that are not Holt's own. A process may take
/// one of Holt's names: then it is not named, and still keeps the sandbox busy.
pub async fn names(inner: &Inner, session: SessionId) -> Result<Vec<String>, SandboxError> {
    match inner.ask(session, Verb::Busy).await? {
        Answer::Busy { busy: false } => return Ok(Vec::new()),
        Answer::Busy { busy: true } => {}
        other => return Err(driver::unexpected(&other)),
    }
    let pid = inner.records.get(session).map(|record| record.pid);
    // Reading the whole process table takes a while on a busy machine.
    let names = tokio::task::spawn_blocking(move || pid.map(below).unwrap_or_default()).await.unwrap_or_default();
    Ok(if names.is_empty() { vec!["a process".into()] } else { names })
}

fn below(root: i32) -> Vec<String> {
    let name = |process: tree::Process| {
        let text = std::fs::read(format!("/proc/{}/comm", process.pid)).ok()?;
        let name = String::from_utf8_lossy(&text).trim_end().to_owned();
        (!name.starts_with(KEEPER) && !OWN.contains(&name.as_str())).then_some(name)
    };
    let mut names: Vec<String> = tree::descendants(root).into_iter().filter_map(name).collect();
    names.sort();
    names.dedup();
    names.truncate(MAX_NAMES);
    names
}
