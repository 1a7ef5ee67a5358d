//! `list_files`.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType};
use serde_json::{Value, json};

use super::Toolbox;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::ListFiles;
use crate::files::{Names, entries, open_directory_beneath};
use crate::paths::{LastLink, Target, quoted, visible};

const MAX_ENTRIES: usize = 1000;

pub fn list_files(toolbox: &Toolbox, wanted: &ListFiles) -> Outcome {
    let path = wanted.path.as_deref().unwrap_or(".");
    let place = toolbox.roots.find(path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let failed = |error| Failure::system("list", quoted(&shown), error);
    match place.target {
        Target::Directory => {}
        Target::Missing { .. } => return Err(failed(rustix::io::Errno::NOENT)),
        _ => return Err(Failure::new("not_a_directory", format!("{} is a file. Use `read_file`.", quoted(&shown)))),
    }
    let directory = open_directory_beneath(place.directory(), ".".as_ref()).map_err(failed)?;
    let Names { names, all } = entries(directory.as_fd()).map_err(failed)?;
    let mut listed = Vec::new();
    let mut lines = Vec::new();
    for (name, kind) in names.iter().take(MAX_ENTRIES) {
        let shown_name = visible(&name.to_string_lossy());
        let stat = rustix::fs::statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW).ok();
        let size = stat.filter(|_| *kind == FileType::RegularFile).map(|stat| stat.st_size);
        let (word, leads_to) = match kind {
            FileType::Directory => ("DIR", None),
            FileType::RegularFile => ("FILE", None),
            FileType::Symlink => ("LINK", rustix::fs::readlinkat(&directory, name, Vec::new()).ok()),
            _ => ("OTHER", None),
        };
        let leads_to = leads_to.map(|target| visible(&target.to_string_lossy()));
        let arrow = leads_to.as_ref().map_or_else(String::new, |target| format!(" -> {target}"));
        lines.push(format!("{word:<5} {shown_name}{arrow}"));
        listed.push(json!({ "name": shown_name, "kind": word.to_lowercase(), "size": size, "target": leads_to }));
    }
    Ok(answer(&shown, names.len(), all, &lines, &listed))
}

fn answer(shown: &str, total: usize, all: bool, lines: &[String], listed: &[Value]) -> Answer {
    let least = if all { "" } else { "more than " };
    let mut text = match total {
        0 => format!("{shown} is empty."),
        _ => lines.join("\n"),
    };
    if total > lines.len() {
        text.push_str(&format!("\n[{} of {least}{total} entries; use `find_files` to look for others]", lines.len()));
    }
    let facts = json!({ "path": shown, "entries": listed, "total": total, "truncated": total > lines.len() });
    Answer::new(text, facts)
}
