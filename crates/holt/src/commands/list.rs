//! `holt ls`.

use clap::Args;
use holt_client::Listing;
use holt_core::session::Status;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{ago, now, short_id};
use crate::terminal::short_line;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt ls\n  holt ls --status running,waiting\n  holt ls otters --json")]
pub struct Arguments {
    /// Only those whose title contains this
    text: Vec<String>,
    /// Only those that are so: idle, running, waiting, asleep, ending, ended, failed
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = status)]
    status: Vec<Status>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 50)]
    limit: usize,
}

pub fn status(text: &str) -> Result<Status, String> {
    let words = || Status::ALL.map(Status::as_str).join(", ");
    Status::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| format!("say one of {}", words()))
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let text = (!arguments.text.is_empty()).then(|| arguments.text.join(" "));
    let listing = Listing { status: arguments.status, text, ..Listing::default() };
    let sessions = context.server().await?.all_sessions(listing, arguments.limit).await.map_err(context.explain())?;
    context.output.result(&json!({ "items": sessions }), || {
        if sessions.is_empty() {
            return "no sessions".into();
        }
        let now = now();
        let rows: Vec<Vec<String>> = sessions
            .iter()
            .map(|session| {
                let title = short_line(&session.title, 70);
                vec![short_id(session.id), session.status.as_str().into(), ago(session.updated_at, now), title]
            })
            .collect();
        table(&rows)
    })
}
