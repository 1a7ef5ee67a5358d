//! `holt get`: downloads what is in a session's workspace, and its artifacts.

use std::io::{IsTerminal, Write};
use std::path::{Component, Path, PathBuf};

use clap::Args;
use holt_client::{Client, Download};
use holt_core::id::SessionId;
use holt_core::view::Artifact;
use holt_core::workspace::{Entry, EntryKind};
use serde_json::json;
use tokio::fs;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{short_id, size, time};
use crate::terminal::{Filter, clean_line};

#[derive(Debug, Args)]
#[command(
    after_help = "A file comes as it is, a directory as a zip. Nothing that is here already is overwritten without `--force`.

Examples:
  holt get last                         everything, as a zip
  holt get last --list                  what there is
  holt get last index.html
  holt get last index.html -o -         to standard output
  holt get last --artifact report.pdf"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// A file or directory of its workspace [default: all of it]
    path: Option<String>,
    /// Where to put it, or `-` for standard output [default: its own name, here]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Only say what there is
    #[arg(long, short, conflicts_with_all = ["path", "output", "artifact"])]
    list: bool,
    /// What the session handed out under this name or id
    #[arg(long, value_name = "NAME", conflicts_with = "path")]
    artifact: Option<String>,
    /// Overwrite what is here
    #[arg(long, short)]
    force: bool,
}

/// What is to come, and what it is called.
struct Wanted {
    download: Download,
    name: String,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    if arguments.list {
        return list(&client, id, context).await;
    }
    let path = arguments.path.as_deref().map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
    let wanted = match (&arguments.artifact, path) {
        (Some(named), _) => artifact(&client, id, named).await?,
        (None, Some(path)) => file_or_directory(&client, id, path).await?,
        (None, None) => Wanted { download: client.archive(id, "").await?, name: format!("holt-{}.zip", short_id(id)) },
    };
    let to = match arguments.output {
        Some(to) if to.is_dir() => to.join(own_name(&wanted.name)?),
        Some(to) => to,
        None => own_name(&wanted.name)?,
    };
    if to.as_os_str() == "-" {
        return to_standard_output(wanted.download).await;
    }
    let bytes = save(wanted.download, &to, arguments.force, context).await?;
    let shown = to.display().to_string();
    context.output.result(&json!({ "path": shown, "size": bytes }), || format!("{} ({})", clean_line(&shown), size(bytes)))
}

async fn artifact(client: &Client, id: SessionId, named: &str) -> Result<Wanted, Failure> {
    let known = client.artifacts(id).await?.items;
    let is_meant = |artifact: &&Artifact| artifact.name == named || artifact.id.to_string() == named;
    // Handed out twice under one name, the last is meant.
    let found = known.iter().rev().find(is_meant).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|artifact| artifact.name.as_str()).collect();
        let hint =
            if names.is_empty() { "It handed out nothing yet.".into() } else { format!("There is: {}.", names.join(", ")) };
        Failure::failed("artifact_not_found", format!("there is no artifact `{named}`"), hint)
    })?;
    Ok(Wanted { download: client.artifact(id, found.id).await?, name: found.name.clone() })
}

async fn file_or_directory(client: &Client, id: SessionId, path: &str) -> Result<Wanted, Failure> {
    let name = path.rsplit('/').next().unwrap_or(path).to_owned();
    match client.download(id, path).await {
        Ok(download) => Ok(Wanted { download, name }),
        Err(error) if error.is("not_a_file") => {
            Ok(Wanted { download: client.archive(id, path).await?, name: format!("{name}.zip") })
        }
        Err(error) => Err(error.into()),
    }
}

/// A name from the other side is a name here, and never a path.
fn own_name(name: &str) -> Result<PathBuf, Failure> {
    let mut parts = Path::new(name).components();
    match (parts.next(), parts.next()) {
        (Some(Component::Normal(name)), None) => Ok(PathBuf::from(clean_line(&name.to_string_lossy()))),
        _ => Err(Failure::usage("bad_name", format!("`{name}` is not a file's name here"), "Name the file with `-o`.")),
    }
}

async fn list(client: &Client, id: SessionId, context: &Context) -> Result<(), Failure> {
    let listing = client.files(id, "").await?;
    let artifacts = client.artifacts(id).await?.items;
    context.output.result(&json!({ "files": listing, "artifacts": artifacts }), || {
        let mut rows: Vec<Vec<String>> = listing.entries.iter().map(row).collect();
        let handed_out =
            |artifact: &Artifact| vec!["artifact".into(), size(artifact.size), time(artifact.at), clean_line(&artifact.name)];
        rows.extend(artifacts.iter().map(handed_out));
        let more = if listing.truncated { "\n… and more" } else { "" };
        if rows.is_empty() { "the workspace is empty".into() } else { table(&rows) + more }
    })
}

fn row(entry: &Entry) -> Vec<String> {
    let (kind, bytes, mark) = match entry.kind {
        EntryKind::File => ("file", size(entry.size), ""),
        EntryKind::Directory => ("dir", String::new(), "/"),
        EntryKind::Link => ("link", String::new(), ""),
        EntryKind::Other => ("other", String::new(), ""),
    };
    vec![kind.into(), bytes, time(entry.modified_at), clean_line(&entry.path) + mark]
}

/// Writes beside its place and moves it there when all of it has come, so that there is never half a file.
async fn save(download: Download, to: &Path, force: bool, context: &Context) -> Result<u64, Failure> {
    if !force && fs::symlink_metadata(to).await.is_ok() {
        let message = format!("{} is here already", to.display());
        return Err(Failure::failed("file_exists", message, "Name another with `-o`, or overwrite it with `--force`."));
    }
    let part = part_of(to);
    let result = write(download, &part, context, to).await;
    let moved = match &result {
        Ok(_) => fs::rename(&part, to).await.map_err(|error| Failure::file(to, &error)),
        Err(_) => Ok(()),
    };
    if result.is_err() || moved.is_err() {
        // What is left of it is of no use to anybody.
        let _ = fs::remove_file(&part).await;
    }
    moved.and(result)
}

fn part_of(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    to.with_file_name(name)
}

async fn write(download: Download, part: &Path, context: &Context, to: &Path) -> Result<u64, Failure> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create_new(true).open(part).await.map_err(|error| Failure::file(part, &error))?;
    let bar = context.output.bar(download.size, &to.display().to_string());
    let bytes = tokio::select! {
        copied = download.copy_to(&mut file, |bytes| bar.set_position(bytes)) => copied?,
        _ = tokio::signal::ctrl_c() => return Err(Failure::silent(crate::failure::Exit::Interrupted)),
    };
    bar.finish_and_clear();
    file.sync_all().await.map_err(|error| Failure::file(part, &error))?;
    Ok(bytes)
}

/// Bytes go through a pipe as they are; a person's terminal gets them filtered.
async fn to_standard_output(mut download: Download) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    let terminal = out.is_terminal();
    let mut filter = Filter::default();
    let mut text = Vec::new();
    while let Some(piece) = download.next().await? {
        if !terminal {
            out.write_all(&piece)?;
            continue;
        }
        text.extend_from_slice(&piece);
        let whole = whole_characters(&text);
        out.write_all(filter.push(&String::from_utf8_lossy(&text[..whole])).as_bytes())?;
        text.drain(..whole);
    }
    out.write_all(filter.push(&String::from_utf8_lossy(&text)).as_bytes())?;
    Ok(out.flush()?)
}

/// How many of the bytes are not the beginning of a character whose rest is still to come.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_name_is_never_a_path() {
        assert_eq!(own_name("a.txt").unwrap(), Path::new("a.txt"));
        assert_eq!(own_name("a\x1b.txt").unwrap(), Path::new("a␛.txt"));
        for name in ["", "..", ".", "/etc/passwd", "../x", "a/b", "a/../b"] {
            assert!(own_name(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_character_in_two_pieces_is_waited_for() {
        assert_eq!(whole_characters("aé".as_bytes()), 3);
        assert_eq!(whole_characters(&"aé".as_bytes()[..2]), 1);
        assert_eq!(whole_characters(b"a\xff\xc3"), 3);
    }
}
