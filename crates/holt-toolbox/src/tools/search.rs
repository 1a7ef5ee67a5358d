//! `search_text`.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::path::Path;

use regex::bytes::{Regex, RegexBuilder};
use rustix::fs::FileType;
use serde_json::{Value, json};

use super::find::{Glob, above};
use super::{Patience, Toolbox};
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::SearchText;
use crate::files::{open_beneath, read_at_most};
use crate::paths::{LastLink, Place, Target, quoted};
use crate::text::{count, shorten};
use crate::walk::walk;

const MAX_MATCHES: usize = 200;
const MAX_LINE: usize = 400;
/// Larger files are passed over.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// A file with a zero byte in its beginning is taken for binary.
const LOOK_FOR_ZEROS: usize = 8192;
/// How large a compiled expression may be.
const MAX_EXPRESSION: usize = 4 * 1024 * 1024;

pub fn search_text(toolbox: &Toolbox, wanted: &SearchText, patience: &Patience) -> Outcome {
    let place = toolbox.roots.find(wanted.path.as_deref().unwrap_or("."), LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    let mut search = Search {
        toolbox,
        expression: expression(wanted)?,
        patience,
        lines: Vec::new(),
        matches: Vec::new(),
        files: 0,
        bytes: 0,
        too_large: 0,
        cut: None,
    };
    let glob = wanted.glob.as_deref().map(Glob::new).transpose()?;
    search.everywhere(&place, &shown, glob.as_ref(), wanted.include_ignored.unwrap_or(false))?;
    Ok(search.answer(wanted, &shown))
}

fn expression(wanted: &SearchText) -> Result<Regex, Failure> {
    let literal = wanted.literal.unwrap_or(false);
    let pattern = if literal { regex::escape(&wanted.pattern) } else { wanted.pattern.clone() };
    if pattern.is_empty() {
        return Err(Failure::new("bad_pattern", "`pattern` is empty"));
    }
    let mut builder = RegexBuilder::new(&pattern);
    builder.multi_line(true).case_insensitive(wanted.ignore_case.unwrap_or(false));
    builder.size_limit(MAX_EXPRESSION).dfa_size_limit(MAX_EXPRESSION);
    builder.build().map_err(|error| {
        let message = format!("{} is not a regular expression: {error}. Set `literal` for plain text.", quoted(&pattern));
        Failure::new("bad_pattern", message)
    })
}

struct Search<'a> {
    toolbox: &'a Toolbox,
    expression: Regex,
    patience: &'a Patience,
    lines: Vec<String>,
    matches: Vec<Value>,
    files: usize,
    /// How long `lines` are together.
    bytes: usize,
    too_large: usize,
    /// Why there may be more than what was found.
    cut: Option<String>,
}

impl Search<'_> {
    fn everywhere(&mut self, place: &Place, shown: &str, glob: Option<&Glob>, include_ignored: bool) -> Result<(), Failure> {
        let failed = |error| Failure::system("search", quoted(shown), error);
        match &place.target {
            Target::Directory => {}
            Target::File { name, stat } => {
                crate::files::refuse_special(stat, shown)?;
                let _ = self.file(place.directory(), name, &place.path);
                return Ok(());
            }
            _ => return Err(failed(rustix::io::Errno::NOENT)),
        }
        let outer = above(&self.toolbox.roots, &place.path);
        let patience = self.patience;
        let walked = walk(place.directory(), &place.path, &outer, include_ignored, &|| patience.go_on(), &mut |entry| {
            if entry.kind == FileType::RegularFile && glob.is_none_or(|glob| glob.matches(&place.path, entry.path)) {
                self.file(entry.directory, entry.name, entry.path)?;
            }
            ControlFlow::Continue(())
        });
        let walked = walked.map_err(failed)?;
        self.cut = self.cut.take().or_else(|| walked.missed());
        Ok(())
    }

    /// Looks through one file. What cannot be read is passed over, as is what is not text.
    fn file(&mut self, directory: BorrowedFd<'_>, name: &OsStr, path: &Path) -> ControlFlow<()> {
        let Ok(Some((file, stat))) = open_beneath(directory, name) else { return ControlFlow::Continue(()) };
        if stat.st_size.cast_unsigned() > MAX_FILE {
            self.too_large += 1;
            return ControlFlow::Continue(());
        }
        let Ok(Some(content)) = read_at_most(&file, MAX_FILE) else { return ControlFlow::Continue(()) };
        if content[..content.len().min(LOOK_FOR_ZEROS)].contains(&0) {
            return ControlFlow::Continue(());
        }
        let shown = self.toolbox.roots.shown(path);
        let before = self.lines.len();
        let done = self.lines_of(&shown, &content);
        self.files += usize::from(self.lines.len() > before);
        done
    }

    fn lines_of(&mut self, shown: &str, content: &[u8]) -> ControlFlow<()> {
        let (mut at, mut number, mut counted) = (0, 1, 0);
        while at <= content.len() && !content.is_empty() {
            let Some(found) = self.expression.find_at(content, at) else { break };
            let start = content[..found.start()].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let end = content[start..].iter().position(|byte| *byte == b'\n').map_or(content.len(), |length| start + length);
            if start == content.len() && start > 0 {
                break; // what an empty match finds after the last line end is no line
            }
            number += content[counted..start].iter().filter(|byte| **byte == b'\n').count();
            counted = start;
            self.take(shown, number, &content[start..end])?;
            at = end + 1;
        }
        ControlFlow::Continue(())
    }

    fn take(&mut self, shown: &str, number: usize, line: &[u8]) -> ControlFlow<()> {
        let text = shorten(String::from_utf8_lossy(line).trim_end(), MAX_LINE);
        let line = format!("{shown}:{number}: {text}");
        if self.lines.len() == MAX_MATCHES || self.bytes + line.len() > self.toolbox.options.max_output {
            let shown = self.lines.len();
            self.cut = Some(format!("only the first {shown} lines are shown; use a narrower pattern, path or glob"));
            return ControlFlow::Break(());
        }
        self.bytes += line.len() + 1;
        self.lines.push(line);
        self.matches.push(json!({ "path": shown, "line": number }));
        ControlFlow::Continue(())
    }

    fn answer(self, wanted: &SearchText, shown: &str) -> Answer {
        let mut text = if self.lines.is_empty() {
            format!("Nothing below {shown} matches {}.", quoted(&shorten(&wanted.pattern, MAX_LINE)))
        } else {
            self.lines.join("\n")
        };
        if self.too_large > 0 {
            text.push_str(&format!("\n[{} passed over for its size]", count(self.too_large, "file", "files")));
        }
        if let Some(cut) = &self.cut {
            text.push_str(&format!("\n[{cut}]"));
        }
        let facts = json!({
            "path": shown, "matches": self.matches, "files": self.files, "truncated": self.cut.is_some(),
        });
        Answer::new(text, facts)
    }
}
