//! `read_file`.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};

use serde_json::json;

use super::Toolbox;
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::ReadFile;
use crate::files::open_regular;
use crate::paths::{LastLink, quoted};
use crate::text::{shorten, size};

/// How much of a file is looked through for its lines.
const MAX_LOOKED_AT: u64 = 256 * 1024 * 1024;
/// How much of a file is looked at to tell whether it is text.
const LOOK_FOR_ZEROS: u64 = 8192;

/// The lines that were asked for, as far as they fit.
struct Excerpt {
    bytes: Vec<u8>,
    /// How many lines are in `bytes`.
    lines: u64,
    /// How many lines the file has, when that is known.
    total: Option<u64>,
    /// The bytes of the first line, when not even that one fits.
    long_line: Option<usize>,
}

pub fn read_file(toolbox: &Toolbox, wanted: &ReadFile) -> Outcome {
    let place = toolbox.roots.find(&wanted.path, LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let (mut file, stat) = open_regular(&place, &shown)?;
    let broken = |error| Failure::system("read", quoted(&shown), error);
    let bytes = stat.st_size.cast_unsigned();
    if is_binary(&mut file).map_err(broken)? {
        let text = format!("{} is a binary file of {}; its content cannot be shown as text.", quoted(&shown), size(bytes));
        return Ok(Answer::new(text, json!({ "path": shown, "size": bytes, "binary": true })));
    }
    let first = wanted.offset.unwrap_or(1).max(1);
    let limit = wanted.limit.unwrap_or(u64::MAX).max(1);
    let excerpt = excerpt(file, first, limit, toolbox.options.max_read).map_err(broken)?;
    if excerpt.lines == 0 && excerpt.long_line.is_none() && first > 1 {
        let lines = excerpt.total.map_or_else(|| "too many".to_owned(), |total| total.to_string());
        return Err(Failure::new(
            "past_the_end",
            format!("{} has {lines} lines, so there is nothing from line {first} on", quoted(&shown)),
        ));
    }
    Ok(answer(&shown, first, bytes, &excerpt))
}

fn answer(shown: &str, first: u64, size_of_file: u64, excerpt: &Excerpt) -> Answer {
    let last = first + excerpt.lines.max(1) - 1;
    let of = excerpt.total.map_or_else(String::new, |total| format!(" of {total}"));
    let is_part = first > 1 || excerpt.total != Some(excerpt.lines) || excerpt.long_line.is_some();
    let mut text = format!("File: {shown}");
    if is_part {
        text.push_str(&format!(" (lines {first} to {last}{of})"));
    }
    text.push_str("\n\n");
    let content = String::from_utf8_lossy(&excerpt.bytes);
    text.push_str(&content);
    if matches!(content, std::borrow::Cow::Owned(_)) {
        text.push_str("\n[the file is not all UTF-8; what is not is shown as \u{FFFD}]");
    }
    if let Some(long) = excerpt.long_line {
        text.push_str(&format!(
            "\n[line {first} has {}; this is its beginning. Use `execute_command` with `cut -c` to see more of it]",
            size(long as u64)
        ));
    }
    let more = excerpt.total.is_none_or(|total| last < total);
    if more {
        text.push_str(&format!("\n[there is more: read on with offset {}]", last + 1));
    }
    let facts = json!({
        "path": shown, "size": size_of_file, "first_line": first, "last_line": last,
        "total_lines": excerpt.total, "truncated": more || excerpt.long_line.is_some(),
    });
    Answer::new(text, facts)
}

fn is_binary(file: &mut File) -> std::io::Result<bool> {
    let mut beginning = Vec::new();
    (&mut *file).take(LOOK_FOR_ZEROS).read_to_end(&mut beginning)?;
    file.rewind()?;
    Ok(beginning.contains(&0))
}

/// Takes the lines from `first` on, at most `limit` of them and about `most` bytes, and counts the rest.
fn excerpt(file: File, first: u64, limit: u64, most: usize) -> std::io::Result<Excerpt> {
    let mut input = BufReader::with_capacity(64 * 1024, file.take(MAX_LOOKED_AT));
    let mut excerpt = Excerpt { bytes: Vec::new(), lines: 0, total: None, long_line: None };
    let (mut number, mut full) = (0_u64, false);
    loop {
        let wanted = number + 1 >= first && excerpt.lines < limit && !full;
        let room = if wanted { most.saturating_sub(excerpt.bytes.len()) } else { 0 };
        let mut line = Vec::new();
        let length = next_line(&mut input, &mut line, room)?;
        if length == 0 {
            break;
        }
        number += 1;
        if !wanted {
            continue;
        }
        if length <= room {
            excerpt.bytes.append(&mut line);
            excerpt.lines += 1;
        } else {
            full = true;
            if excerpt.lines == 0 {
                excerpt.bytes = shorten_bytes(line);
                excerpt.lines = 1;
                excerpt.long_line = Some(length);
            }
        }
    }
    excerpt.total = (input.get_ref().limit() > 0).then_some(number);
    Ok(excerpt)
}

/// Reads a line with its end, keeping at most `keep` bytes of it. Says how long it is; 0 at the end.
fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>, keep: usize) -> std::io::Result<usize> {
    let mut length = 0;
    loop {
        let available = input.fill_buf()?;
        let (used, done) = match available.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (available.len(), available.is_empty()),
        };
        let kept = used.min(keep.saturating_sub(line.len()));
        line.extend_from_slice(&available[..kept]);
        input.consume(used);
        length += used;
        if done {
            return Ok(length);
        }
    }
}

/// The beginning of a line, without a broken character at its end.
fn shorten_bytes(mut line: Vec<u8>) -> Vec<u8> {
    let incomplete = crate::text::utf8::incomplete_end(&line);
    line.truncate(line.len() - incomplete);
    line
}

/// The content of a small text file, for the tools that change it.
pub fn whole_text(file: &File, shown: &str, most: u64) -> Result<String, Failure> {
    let content = crate::files::read_at_most(file, most).map_err(|error| Failure::system("read", quoted(shown), error))?;
    let content = content.ok_or_else(|| {
        let message = format!("{} is larger than {}. Use `execute_command` to change it.", quoted(shown), size(most));
        Failure::new("too_large", message)
    })?;
    String::from_utf8(content).map_err(|_| {
        let message = format!("{} is not UTF-8 text. Use `execute_command` to change it.", quoted(&shorten(shown, 500)));
        Failure::new("not_text", message)
    })
}
