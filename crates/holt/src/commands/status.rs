//! `holt status`.

use std::time::Duration;

use clap::Args;
use holt_api::{FindingState, ServerStatus};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::size;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
pub struct Arguments {}

pub async fn run(_: Arguments, context: &Context) -> Result<(), Failure> {
    let status = context.server().await?.status().await.map_err(context.explain())?;
    context.output.result(&status, || text(&status))
}

fn text(status: &ServerStatus) -> String {
    let listeners: Vec<_> = status.listeners.iter().map(|listener| clean_line(&listener.address)).collect();
    let sessions: Vec<_> = status.sessions.iter().map(|count| format!("{} {}", count.count, count.status.as_str())).collect();
    let mut rows = vec![
        vec!["version".into(), clean_line(&status.version)],
        vec!["up".into(), long(Duration::from_secs(status.uptime_seconds))],
        vec!["listens".into(), listeners.join(", ")],
        vec!["model".into(), clean_line(&status.default_model)],
        vec!["sessions".into(), if sessions.is_empty() { "none".into() } else { sessions.join(", ") }],
        vec!["sandboxes".into(), format!("{} open", status.sandboxes)],
        vec!["memory".into(), size(status.memory.resident_bytes)],
    ];
    for finding in status.findings.iter().filter(|finding| finding.state != FindingState::Good) {
        rows.push(vec![if finding.state == FindingState::Bad { "✗" } else { "!" }.into(), clean_line(&finding.text)]);
    }
    table(&rows)
}

/// A time in its largest unit of which there are at least two.
pub fn long(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
