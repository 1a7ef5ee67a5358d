//! `edit_file`.

use serde_json::json;

use super::Toolbox;
use super::read::whole_text;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::EditFile;
use crate::files::{open_regular, write_whole};
use crate::paths::{LastLink, Target, quoted};
use crate::text::count;
use crate::text::replace::{NotReplaced, nearest, replace};

const MAX_EDITED: u64 = 8 * 1024 * 1024;

pub fn edit_file(toolbox: &Toolbox, wanted: &EditFile) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let (file, stat) = open_regular(&place, &shown)?;
    let content = whole_text(&file, &shown, MAX_EDITED)?;
    let replaced = replace(&content, &wanted.old_text, &wanted.new_text, wanted.replace_all.unwrap_or(false))
        .map_err(|reason| not_replaced(&shown, &content, &wanted.old_text, &reason))?;
    let Target::File { name, .. } = &place.target else {
        return Err(Failure::new("not_a_file", format!("{} is not a file", quoted(&shown))));
    };
    write_whole(place.directory(), name, Some(&stat), replaced.content.as_bytes())
        .map_err(|error| Failure::system("write", quoted(&shown), error))?;
    let many = replaced.lines.len();
    let first = replaced.lines.first().copied().unwrap_or(1);
    let places = count(many, "replacement", "replacements");
    let text = format!("Edited {shown}: {places}, {} line {first}.", if many == 1 { "at" } else { "the first at" });
    Ok(Answer::new(text, json!({ "path": shown, "replacements": many, "first_line": first, "size": replaced.content.len() })))
}

fn not_replaced(shown: &str, content: &str, old: &str, reason: &NotReplaced) -> Failure {
    match reason {
        NotReplaced::NothingToFind => Failure::new("bad_arguments", "`old_text` is empty. To make a file use `write_file`."),
        NotReplaced::NothingToChange => Failure::new("bad_arguments", "`old_text` and `new_text` are the same."),
        NotReplaced::NotFound => Failure::new(
            "no_match",
            format!("`old_text` is not in {}; nothing was changed. {}", quoted(shown), nearest(content, old)),
        ),
        NotReplaced::Ambiguous { count, lines } => {
            let named: Vec<String> = lines.iter().map(usize::to_string).collect();
            let more = if *count > lines.len() { " and others" } else { "" };
            Failure::new(
                "several_matches",
                format!(
                    "`old_text` is in {} {count} times (on the lines {}{more}); nothing was changed. Add more of what stands \
                     around it, or set `replace_all`.",
                    quoted(shown),
                    named.join(", ")
                ),
            )
        }
    }
}
