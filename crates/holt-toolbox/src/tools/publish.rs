//! `publish_artifact`. It only looks; the file is handed out by Holt, outside, from the arguments of the call.

use serde_json::json;

use super::Toolbox;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::PublishArtifact;
use crate::files::refuse_special;
use crate::paths::{LastLink, Target, is_plain_name, quoted};
use crate::text::size;

pub fn publish_artifact(toolbox: &Toolbox, wanted: &PublishArtifact) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    if !place.path.starts_with(toolbox.roots.workspace()) {
        let message = format!("{} is not in the workspace. Copy it there first.", quoted(&shown));
        return Err(Failure::new("outside_workspace", message));
    }
    let (file_name, stat) = match &place.target {
        Target::File { name, stat } => (name, stat),
        Target::Directory => {
            let message = format!("{} is a directory. Pack it first, for example with `tar` or `zip`.", quoted(&shown));
            return Err(Failure::new("is_a_directory", message));
        }
        _ => return Err(Failure::system("publish", quoted(&shown), rustix::io::Errno::NOENT)),
    };
    refuse_special(stat, &shown)?;
    rustix::fs::accessat(place.directory(), file_name, rustix::fs::Access::READ_OK, rustix::fs::AtFlags::empty())
        .map_err(|error| Failure::system("read", quoted(&shown), error))?;
    let name = wanted.name.clone().unwrap_or_else(|| file_name.to_string_lossy().into_owned());
    if !is_plain_name(&name) {
        let message = format!("{} cannot be the name of a download; pass another `name`", quoted(&name));
        return Err(Failure::new("bad_name", message));
    }
    let bytes = stat.st_size.cast_unsigned();
    let text = format!("Offered {shown} to the user as {} ({}).", quoted(&name), size(bytes));
    Ok(Answer::new(text, json!({ "path": shown, "name": name, "size": bytes })))
}
