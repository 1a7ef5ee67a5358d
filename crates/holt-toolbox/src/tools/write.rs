//! `write_file`, `create_directory` and `delete_file`.

use rustix::io::Errno;
use serde_json::json;

use super::{Patience, Toolbox};
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::{CreateDirectory, DeleteFile, WriteFile};
use crate::files::{make_directories, refuse_special, remove_tree, write_whole};
use crate::paths::{LastLink, Target, quoted};
use crate::text::{count, size};

pub fn write_file(toolbox: &Toolbox, wanted: &WriteFile) -> Outcome {
    let (shown, created) = write_bytes(toolbox, &wanted.path, wanted.content.as_bytes())?;
    let lines = wanted.content.lines().count();
    let what = if created { "Created" } else { "Wrote" };
    let text = format!("{what} {shown}: {}, {}.", size(wanted.content.len() as u64), count(lines, "line", "lines"));
    Ok(Answer::new(text, json!({ "path": shown, "size": wanted.content.len(), "lines": lines, "created": created })))
}

/// Writes a file. Says what it is called, and whether it is new.
pub fn write_bytes(toolbox: &Toolbox, path: &str, content: &[u8]) -> Result<(String, bool), Failure> {
    let place = toolbox.roots.find(path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let failed = |error| Failure::system("write", quoted(&shown), error);
    let created = match &place.target {
        Target::Directory => return Err(Failure::new("is_a_directory", format!("{} is a directory", quoted(&shown)))),
        Target::File { name, stat } => {
            refuse_special(stat, &shown)?;
            write_whole(place.directory(), name, Some(stat), content).map_err(failed)?;
            false
        }
        Target::Link { .. } => return Err(failed(Errno::LOOP.into())),
        Target::Missing { names } => {
            let Some((name, parents)) = names.split_last() else { return Err(failed(Errno::NOENT.into())) };
            let (directory, _) = make_directories(place.directory(), parents).map_err(|error| failed(error.into()))?;
            use std::os::fd::AsFd;
            write_whole(directory.as_fd(), name, None, content).map_err(failed)?;
            true
        }
    };
    Ok((shown, created))
}

pub fn create_directory(toolbox: &Toolbox, wanted: &CreateDirectory) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let made = match &place.target {
        Target::Directory => 0,
        Target::Missing { names } => {
            let made = make_directories(place.directory(), names);
            made.map_err(|error| Failure::system("create", quoted(&shown), error))?.1
        }
        _ => return Err(Failure::new("exists", format!("{} exists and is not a directory", quoted(&shown)))),
    };
    let text =
        if made == 0 { format!("The directory {shown} exists already.") } else { format!("Created the directory {shown}.") };
    Ok(Answer::new(text, json!({ "path": shown, "created": made > 0 })))
}

pub fn delete_file(toolbox: &Toolbox, wanted: &DeleteFile, patience: &Patience) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Keep)?;
    let shown = toolbox.roots.shown(&place.path);
    if toolbox.roots.is_root(&place.path) {
        let message = format!("{} itself cannot be deleted; delete what is in it", quoted(&shown));
        return Err(Failure::new("is_a_root", message));
    }
    let failed = |error| Failure::system("delete", quoted(&shown), error);
    let (Some((parent, name)), false) = (place.parent(), matches!(place.target, Target::Missing { .. })) else {
        return Err(failed(Errno::NOENT));
    };
    let removed = remove_tree(parent, name, &mut || patience.go_on()).map_err(|error| match error {
        Errno::CANCELED => {
            Failure::new("timed_out", format!("{} was deleted only in part: it took too long. Call again.", quoted(&shown)))
        }
        error => failed(error),
    })?;
    let inside = if removed > 1 { format!(" and {} in it", removed - 1) } else { String::new() };
    Ok(Answer::new(format!("Deleted {shown}{inside}."), json!({ "path": shown, "deleted": removed })))
}
