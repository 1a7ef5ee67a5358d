//! `holt changes` and `holt undo`: what the last run did to the files, and having them as they were.

use clap::Args;
use holt_api::{ChangeKind, Changes, RestoreRequest};

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt changes last")]
pub struct ChangesArguments {
    /// The session
    session: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt undo last                    the workspace as it was before the last run
  holt undo last notes.txt          only this file
  holt undo last --to 3fa9…         as in a snapshot, which `holt logs` shows")]
pub struct UndoArguments {
    /// The session
    session: String,
    /// Only this file of the workspace
    path: Option<String>,
    /// The snapshot; without it, what stood there before the last run
    #[arg(long, value_name = "SNAPSHOT")]
    to: Option<String>,
}

pub async fn changes(arguments: ChangesArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let changes = match (&session.before_run, &session.snapshot) {
        (Some(before), Some(now)) => client.changes(id, before, now).await.map_err(context.explain())?,
        _ => Changes { changes: Vec::new(), truncated: false },
    };
    context.output.result(&changes, || in_words(&changes))
}

fn in_words(Changes { changes, truncated }: &Changes) -> String {
    let line = |change: &holt_api::FileChange| {
        let mark = match change.change {
            ChangeKind::Added => '+',
            ChangeKind::Changed => '~',
            ChangeKind::Removed => '-',
        };
        format!("{mark} {}", clean_line(&change.path))
    };
    let mut lines: Vec<String> = changes.iter().map(line).collect();
    if *truncated {
        lines.push("… and more".into());
    }
    if lines.is_empty() { "the last run changed no file".into() } else { lines.join("\n") }
}

pub async fn undo(arguments: UndoArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let snapshot = arguments.to.or(session.before_run).ok_or_else(|| {
        Failure::failed("nothing_to_undo", "no run has been over in this session", "Name a snapshot with `--to`.")
    })?;
    let request = RestoreRequest { snapshot, path: arguments.path };
    let restored = client.restore(id, &request).await.map_err(context.explain())?;
    let again = session.snapshot.map(|before| format!("; `holt undo {} --to {before}` has it back", arguments.session));
    context.output.result(&restored, || format!("the files are as they were{}", again.unwrap_or_default()))
}
