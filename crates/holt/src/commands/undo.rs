//! `holt changes` and `holt undo`: what the last run did to the files, and having them as they were.

use clap::Args;
use holt_api::{ChangeKind, Changes, DiffLine, FileDiff, LineKind, NotShown, RestoreRequest, TakenSnapshot};
use holt_client::Client;
use holt_core::session::WorkspaceSpec;
use holt_core::view::Snapshot;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{size, time};
use crate::terminal::{clean, clean_line};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt changes last                  which files the last run changed
  holt changes last --diff           the same, line by line
  holt changes last --snapshots      what was kept of the files, and when
  holt changes last --since 3fa9     what changed from that snapshot on")]
pub struct ChangesArguments {
    /// The session
    session: String,
    /// Show what changed line by line
    #[arg(long)]
    diff: bool,
    /// The snapshot to compare with, by the beginning of its name; without it, what stood there before the last run
    #[arg(long, value_name = "SNAPSHOT")]
    since: Option<String>,
    /// List the snapshots instead
    #[arg(long, conflicts_with_all = ["diff", "since"])]
    snapshots: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt undo last                    the workspace as it was before the last run
  holt undo last notes.txt          only this file
  holt undo last --to 3fa9          as in a snapshot, by the beginning of its name; `holt changes last --snapshots` lists them")]
pub struct UndoArguments {
    /// The session
    session: String,
    /// Only this file of the workspace
    path: Option<String>,
    /// The snapshot, by the beginning of its name; without it, what stood there before the last run
    #[arg(long, value_name = "SNAPSHOT")]
    to: Option<String>,
}

pub async fn changes(arguments: ChangesArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    has_snapshots(&session)?;
    if arguments.snapshots {
        let kept = all_snapshots(&client, &session, context).await?;
        return context.output.result(&json!({ "items": kept }), || list(&kept));
    }
    let since = match &arguments.since {
        Some(start) => Some(find(&client, &session, start, context).await?),
        None => session.before_run.clone(),
    };
    let Some((since, now)) = since.zip(session.snapshot.clone()) else {
        let none = Changes { changes: Vec::new(), truncated: false };
        return context.output.result(&none, || "the last run changed no file".into());
    };
    let changes = client.changes(id, &since, &now).await.map_err(context.explain())?;
    if !arguments.diff {
        return context.output.result(&changes, || in_words(&changes));
    }
    let mut diffs = Vec::new();
    for change in &changes.changes {
        diffs.push(client.file_diff(id, &since, &now, &change.path).await.map_err(context.explain())?);
    }
    context.output.result(&json!({ "items": diffs, "truncated": changes.truncated }), || {
        let all = diffs.iter().map(diff_in_words).collect::<Vec<_>>().join("\n");
        if all.is_empty() { in_words(&changes) } else { all }
    })
}

/// A directory of the user's own has none.
fn has_snapshots(session: &Snapshot) -> Result<(), Failure> {
    match session.workspace {
        WorkspaceSpec::Managed => Ok(()),
        WorkspaceSpec::Directory { .. } => Err(Failure::failed(
            "workspace_not_managed",
            "this session works in a directory of your own, of which no snapshots are kept",
            "Use your version control there, for example `git diff`.",
        )),
    }
}

async fn all_snapshots(client: &Client, session: &Snapshot, context: &Context) -> Result<Vec<TakenSnapshot>, Failure> {
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = client.snapshots(session.id, before).await.map_err(context.explain())?;
        all.extend(page.items);
        before = page.next;
        if before.is_none() {
            return Ok(all);
        }
    }
}

/// A snapshot by its name, or by the beginning of it.
async fn find(client: &Client, session: &Snapshot, start: &str, context: &Context) -> Result<String, Failure> {
    const WHOLE: usize = 64;
    if start.len() == WHOLE {
        return Ok(start.to_owned());
    }
    let mut found: Vec<String> =
        all_snapshots(client, session, context).await?.into_iter().map(|kept| kept.snapshot.id).collect();
    found.extend(session.before_run.clone());
    found.retain(|id| id.starts_with(start) && !start.is_empty());
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(no_snapshot(format!("no snapshot begins with `{}`", clean_line(start)))),
        several => Err(no_snapshot(format!("{} snapshots begin with `{}`", several.len(), clean_line(start)))),
    }
}

fn no_snapshot(message: String) -> Failure {
    Failure::failed("snapshot_not_found", message, "`holt changes SESSION --snapshots` lists them with their names.")
}

fn list(kept: &[TakenSnapshot]) -> String {
    const SHOWN: usize = 12;
    let row = |kept: &TakenSnapshot| {
        let files = match kept.snapshot.files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        vec![kept.snapshot.id[..SHOWN.min(kept.snapshot.id.len())].to_owned(), time(kept.at), files, size(kept.snapshot.bytes)]
    };
    if kept.is_empty() { "nothing was kept yet".into() } else { table(&kept.iter().map(row).collect::<Vec<_>>()) }
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
    if lines.is_empty() { "no file changed".into() } else { lines.join("\n") }
}

fn diff_in_words(diff: &FileDiff) -> String {
    let line = |DiffLine { kind, text }: &DiffLine| {
        let mark = match kind {
            LineKind::Same => ' ',
            LineKind::Removed => '-',
            LineKind::Added => '+',
        };
        format!("{mark}{}", clean(text))
    };
    let mut lines = vec![format!("=== {}", clean_line(&diff.path))];
    match diff.not_shown {
        Some(NotShown::Binary) => lines.push("it is not text".into()),
        Some(NotShown::TooLarge) => lines.push("it is too large to be compared line by line".into()),
        None => {}
    }
    for hunk in &diff.hunks {
        lines.push(format!("@@ -{} +{} @@", hunk.before, hunk.after));
        lines.extend(hunk.lines.iter().map(line));
    }
    lines.join("\n")
}

pub async fn undo(arguments: UndoArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    has_snapshots(&session)?;
    let to = match &arguments.to {
        Some(start) => Some(find(&client, &session, start, context).await?),
        None => session.before_run.clone(),
    };
    let snapshot = to.ok_or_else(|| {
        Failure::failed(
            "nothing_to_undo",
            "the last run changed nothing",
            "Name a snapshot with `--to`; `holt changes SESSION --snapshots` lists them.",
        )
    })?;
    let request = RestoreRequest { snapshot, path: arguments.path };
    let restored = client.restore(id, &request).await.map_err(context.explain())?;
    let again = session.snapshot.map(|before| format!("; `holt undo {} --to {}` has it back", arguments.session, &before[..12]));
    context.output.result(&restored, || format!("the files are as they were{}", again.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use holt_api::Hunk;

    use super::*;

    #[test]
    fn lines_of_a_diff_are_shown_without_what_a_terminal_would_obey() {
        let lines = vec![
            DiffLine { kind: LineKind::Same, text: "a".into() },
            DiffLine { kind: LineKind::Removed, text: "\x1b[31mred".into() },
            DiffLine { kind: LineKind::Added, text: "b".into() },
        ];
        let diff = FileDiff { path: "a.txt".into(), not_shown: None, hunks: vec![Hunk { before: 3, after: 4, lines }] };
        assert_eq!(diff_in_words(&diff), "=== a.txt\n@@ -3 +4 @@\n a\n-␛[31mred\n+b");
    }
}
