//! `holt gc`: removes sessions that ended long ago, after showing which.

use std::time::Duration;

use clap::Args;
use holt_client::{Client, Listing};
use holt_core::session::Status;
use holt_core::view::SessionSummary;
use serde_json::json;

use crate::commands::status::long;
use crate::config::{Sessions, WorkingDirectory, duration};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{ago, now, short_id};
use crate::terminal::short_line;

#[derive(Debug, Args)]
#[command(after_help = "Only ended sessions are removed, with their conversations and files. With sessions.retention in the
configuration the server does the same by itself.

Examples:
  holt gc                        what would be removed
  holt gc --older-than 7d --yes")]
pub struct Arguments {
    /// Only those that ended longer ago than this [default: sessions.retention, else 30d]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    older_than: Option<Duration>,
    /// Remove them without a question
    #[arg(long, short)]
    yes: bool,
}

const USUAL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most that one call looks at.
const MAX_SESSIONS: usize = 100_000;

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let retention = Sessions::read(&context.settings(WorkingDirectory::Ignore)?)?.retention;
    let age = arguments.older_than.or(retention).unwrap_or(USUAL);
    let client = context.server().await?;
    let old = ended_before(&client, age).await.map_err(context.explain())?;
    let removed = !old.is_empty() && (arguments.yes || ask(context, &old));
    if removed {
        remove(context, &client, &old).await?;
    }
    let ids: Vec<_> = old.iter().map(|session| session.id).collect();
    let names = if removed { json!({ "removed": ids }) } else { json!({ "would_remove": ids }) };
    context.output.result(&names, || match (removed, old.len()) {
        (_, 0) => format!("nothing to remove: no session ended more than {} ago\n{}", long(age), kept(retention)),
        (true, count) => format!("removed {count}"),
        (false, count) => format!("{}\n\n{count} would be removed; add `--yes`", list(&old)),
    })
}

/// How long the server keeps what has ended.
fn kept(retention: Option<Duration>) -> String {
    match retention {
        None => "ended sessions are kept until somebody removes them (sessions.retention)".into(),
        Some(age) => format!("the server removes them by itself after {} (sessions.retention)", long(age)),
    }
}

/// The sessions that ended at least that long ago.
pub async fn ended_before(client: &Client, age: Duration) -> Result<Vec<SessionSummary>, holt_client::ClientError> {
    let ended = Listing { status: vec![Status::Ended], ..Listing::default() };
    let mut sessions = client.all_sessions(ended, MAX_SESSIONS).await?;
    let now = now();
    sessions.retain(|session| now.since(session.updated_at) >= age);
    Ok(sessions)
}

fn ask(context: &Context, old: &[SessionSummary]) -> bool {
    if !context.output.can_ask() {
        return false;
    }
    context.output.note(&list(old));
    context.output.confirm(&format!("Remove these {} sessions with their files?", old.len()))
}

async fn remove(context: &Context, client: &Client, old: &[SessionSummary]) -> Result<(), Failure> {
    let bar = context.output.spinner("removing");
    for (index, session) in old.iter().enumerate() {
        bar.set_message(format!("removing {} of {}", index + 1, old.len()));
        client.remove(session.id).await.map_err(context.explain())?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn list(old: &[SessionSummary]) -> String {
    let now = now();
    let row = |session: &SessionSummary| vec![short_id(session.id), ago(session.updated_at, now), short_line(&session.title, 70)];
    table(&old.iter().map(row).collect::<Vec<_>>())
}
