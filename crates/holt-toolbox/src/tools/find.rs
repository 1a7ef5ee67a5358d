//! `find_files`, and what it shares with `search_text`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};
use rustix::fs::FileType;
use serde_json::json;

use super::{Patience, Toolbox};
use crate::answer::{Answer, Failure, Outcome};
use crate::catalogue::FindFiles;
use crate::paths::{LastLink, Place, Roots, Target, quoted};
use crate::text::count;
use crate::walk::walk;

const MAX_FOUND: usize = 500;

pub fn find_files(toolbox: &Toolbox, wanted: &FindFiles, patience: &Patience) -> Outcome {
    let (start, shown) = starting_place(toolbox, wanted.path.as_deref())?;
    let glob = Glob::new(&wanted.pattern)?;
    let mut found = Vec::new();
    let mut cut = None;
    let outer = above(&toolbox.roots, &start.path);
    let include_ignored = wanted.include_ignored.unwrap_or(false);
    let walked = walk(start.directory(), &start.path, &outer, include_ignored, &|| patience.go_on(), &mut |entry| {
        if matches!(entry.kind, FileType::RegularFile | FileType::Symlink) && glob.matches(&start.path, entry.path) {
            if found.len() == MAX_FOUND {
                cut = Some(format!("only the first {MAX_FOUND} are shown; use a narrower pattern or path"));
                return ControlFlow::Break(());
            }
            found.push(toolbox.roots.shown(entry.path));
        }
        ControlFlow::Continue(())
    });
    let walked = walked.map_err(|error| Failure::system("look through", quoted(&shown), error))?;
    let cut = cut.or_else(|| walked.missed());
    let mut text = match found.len() {
        0 => format!("No file below {shown} matches {}.", quoted(&wanted.pattern)),
        number => format!("{} below {shown}:\n{}", count(number, "file", "files"), found.join("\n")),
    };
    if let Some(cut) = &cut {
        text.push_str(&format!("\n[{cut}]"));
    }
    Ok(Answer::new(text, json!({ "path": shown, "files": found, "truncated": cut.is_some() })))
}

/// The directory that a search starts from.
fn starting_place(toolbox: &Toolbox, path: Option<&str>) -> Result<(Place, String), Failure> {
    let place = toolbox.roots.find(path.unwrap_or("."), LastLink::Follow)?;
    let shown = toolbox.roots.shown(&place.path);
    match place.target {
        Target::Directory => Ok((place, shown)),
        Target::Missing { .. } => Err(Failure::system("look through", quoted(&shown), rustix::io::Errno::NOENT)),
        _ => Err(Failure::new("not_a_directory", format!("{} is a file", quoted(&shown)))),
    }
}

/// The directories from the workspace down to `path`, without the latter: their `.gitignore` counts too.
pub fn above(roots: &Roots, path: &Path) -> Vec<PathBuf> {
    let inside = path.ancestors().skip(1).take_while(|above| above.starts_with(roots.workspace()));
    let mut above: Vec<PathBuf> = inside.map(Path::to_owned).collect();
    above.reverse();
    above
}

/// A pattern for paths; without a slash in it, for names.
pub struct Glob {
    matcher: GlobMatcher,
    names_only: bool,
}

impl Glob {
    pub fn new(pattern: &str) -> Result<Self, Failure> {
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern);
        let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build().map_err(|error| {
            Failure::new("bad_pattern", format!("{} is not a glob pattern: {}", quoted(pattern), error.kind()))
        })?;
        Ok(Self { matcher: glob.compile_matcher(), names_only: !pattern.contains('/') })
    }

    pub fn matches(&self, base: &Path, path: &Path) -> bool {
        if self.names_only {
            return path.file_name().is_some_and(|name| self.matcher.is_match(name));
        }
        self.matcher.is_match(path.strip_prefix(base).unwrap_or(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_a_slash_is_for_names() {
        let base = Path::new("/w");
        let matches = |pattern: &str, path: &str| Glob::new(pattern).unwrap().matches(base, &base.join(path));
        assert!(matches("*.rs", "a/b/c.rs") && matches("*.rs", "c.rs"));
        assert!(matches("src/**/*.rs", "src/a/b.rs") && matches("src/**/*.rs", "src/b.rs"));
        assert!(!matches("src/*.rs", "src/a/b.rs"), "a star does not cross directories");
        assert!(matches("./*.{js,ts}", "x.ts"));
        assert_eq!(Glob::new("a[").err().unwrap().code, "bad_pattern");
    }
}
