//! `holt put`: uploads files into a session's workspace.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use clap::Args;
use holt_client::Client;
use holt_core::id::SessionId;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::words::size;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  holt put last data.csv\n  holt put last a.txt b.txt --to input\n  generate | holt put last - --to numbers.txt"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// The files, or `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The directory in the workspace to put them into; for standard input, the file
    #[arg(long, value_name = "PATH")]
    to: Option<String>,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let mut put = Vec::new();
    for file in &arguments.files {
        let path = target(file, arguments.to.as_deref())?;
        let bytes = if file.as_os_str() == "-" {
            let input = std::fs::File::from(std::io::stdin().as_fd().try_clone_to_owned()?);
            let input = tokio::fs::File::from_std(input);
            client.upload(id, &path, input, None, |_| ()).await.map_err(context.explain())?;
            None
        } else {
            Some(upload(&client, id, file, &path, context).await?)
        };
        put.push((path, bytes));
    }
    let files: Vec<_> = put.iter().map(|(path, bytes)| json!({ "path": path, "size": bytes })).collect();
    context.output.result(&json!({ "files": files }), || {
        let lines = put.iter().map(|(path, bytes)| match bytes {
            Some(bytes) => format!("{} ({})", clean_line(path), size(*bytes)),
            None => clean_line(path),
        });
        lines.collect::<Vec<_>>().join("\n")
    })
}

async fn upload(client: &Client, id: SessionId, file: &Path, path: &str, context: &Context) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| Failure::file(file, &error);
    let open = tokio::fs::File::open(file).await.map_err(failed)?;
    let found = open.metadata().await.map_err(failed)?;
    if !found.is_file() {
        let message = format!("{} is not a regular file", file.display());
        return Err(Failure::usage(
            "not_a_file",
            message,
            "Pack a directory first: tar czf - DIR | holt put SESSION - --to DIR.tgz",
        ));
    }
    let bar = context.output.bar(Some(found.len()), path);
    let moving = bar.clone();
    let sent = client.upload(id, path, open, Some(found.len()), move |bytes| moving.set_position(bytes)).await;
    bar.finish_and_clear();
    sent.map(|()| found.len()).map_err(context.explain())
}

/// Where a file goes: its name, in the directory that was named.
fn target(file: &Path, to: Option<&str>) -> Result<String, Failure> {
    let to = to.map(|to| to.trim_matches('/')).filter(|to| !to.is_empty());
    if file.as_os_str() == "-" {
        let unnamed = || Failure::usage("no_name", "standard input has no name", "Give it one with `--to`.");
        return to.map(str::to_owned).ok_or_else(unnamed);
    }
    let name = file
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Failure::usage("bad_name", format!("{} has no name that can be sent", file.display()), "Rename it."))?;
    Ok(to.map_or_else(|| name.to_owned(), |to| format!("{to}/{name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_files_go() {
        let target = |file: &str, to| target(Path::new(file), to).map_err(|failure| failure.code);
        assert_eq!(target("/tmp/a.txt", None), Ok("a.txt".into()));
        assert_eq!(target("a.txt", Some("/in/")), Ok("in/a.txt".into()));
        assert_eq!(target("-", Some("x/n.txt")), Ok("x/n.txt".into()));
        assert_eq!(target("-", None), Err("no_name".into()));
        assert_eq!(target("..", None), Err("bad_name".into()));
    }
}
