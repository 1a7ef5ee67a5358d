//! Walks a tree of files in order of their names, leaving out what `.gitignore` names.
//!
//! It goes from descriptor to descriptor and follows no link, so it cannot be led out of the tree, and it reads
//! `.gitignore` only when that is a regular file of a reasonable size.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use crate::files::{MAX_TREE_DEPTH, Names, entries, open_beneath, open_directory_beneath, read_at_most};

const MAX_IGNORE_FILE: u64 = 256 * 1024;

/// A file or link on the way.
pub struct Entry<'a> {
    pub directory: BorrowedFd<'a>,
    pub name: &'a OsStr,
    /// The whole path.
    pub path: &'a Path,
    pub kind: FileType,
}

/// How far a walk came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walked {
    Everywhere,
    /// Its time was over.
    UntilItsTimeWasOver,
    /// It passed over what is too deep, or too many in one directory.
    NotEverywhere,
}

impl Walked {
    /// What to say about what was not seen.
    pub fn missed(self) -> Option<String> {
        match self {
            Self::Everywhere => None,
            Self::UntilItsTimeWasOver => Some("it took too long, so there may be more; use a narrower path".to_owned()),
            Self::NotEverywhere => {
                Some("some directories are too deep or too large to look through; name them as `path`".to_owned())
            }
        }
    }
}

struct Level {
    directory: OwnedFd,
    path: PathBuf,
    left: VecDeque<(OsString, FileType)>,
    ignored: Option<Gitignore>,
}

/// What is left out.
struct Ignoring {
    /// From the outermost directory to the one where the walk starts, without the latter.
    outer: Vec<Gitignore>,
    on: bool,
}

/// Calls `visit` for everything below `start` (whose real path is `path`) that is not a directory, while `go_on` says so.
///
/// `outer` are the directories above, from which `.gitignore` counts too: real paths, outermost first.
///
/// # Errors
/// Only when `start` itself cannot be listed; what cannot be listed below is passed over.
pub fn walk(
    start: BorrowedFd<'_>,
    path: &Path,
    outer: &[PathBuf],
    include_ignored: bool,
    go_on: &dyn Fn() -> ControlFlow<()>,
    visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>,
) -> Result<Walked, Errno> {
    let mut walked = Walked::Everywhere;
    let outer = if include_ignored { Vec::new() } else { outer.iter().filter_map(|path| ignored_above(path)).collect() };
    let ignoring = Ignoring { outer, on: !include_ignored };
    let start = rustix::fs::openat(start, ".", OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let mut levels = vec![level(start, path.to_owned(), &ignoring, &mut walked)?];
    while let Some(deepest) = levels.last_mut() {
        if go_on().is_break() {
            return Ok(Walked::UntilItsTimeWasOver);
        }
        let Some((name, kind)) = deepest.left.pop_front() else {
            levels.pop();
            continue;
        };
        let path = deepest.path.join(&name);
        let is_directory = kind == FileType::Directory;
        if (is_directory && name == ".git") || ignoring.leaves_out(&levels, &path, is_directory) {
            continue;
        }
        let Some(deepest) = levels.last() else { break };
        if !is_directory {
            let entry = Entry { directory: deepest.directory.as_fd(), name: &name, path: &path, kind };
            if visit(entry).is_break() {
                break;
            }
        } else if levels.len() == MAX_TREE_DEPTH {
            walked = Walked::NotEverywhere;
        } else if let Ok(opened) = open_directory_beneath(deepest.directory.as_fd(), &name)
            && let Ok(next) = level(opened, path, &ignoring, &mut walked)
        {
            levels.push(next);
        }
    }
    Ok(walked)
}

fn level(directory: OwnedFd, path: PathBuf, ignoring: &Ignoring, walked: &mut Walked) -> Result<Level, Errno> {
    let Names { names, all } = entries(directory.as_fd())?;
    if !all {
        *walked = Walked::NotEverywhere;
    }
    let left = VecDeque::from(names);
    let has_rules = ignoring.on && left.iter().any(|(name, kind)| name == ".gitignore" && *kind == FileType::RegularFile);
    let ignored = if has_rules { rules(directory.as_fd(), &path) } else { None };
    Ok(Level { directory, path, left, ignored })
}

impl Ignoring {
    /// The innermost rule that says anything decides.
    fn leaves_out(&self, levels: &[Level], path: &Path, is_directory: bool) -> bool {
        let inner = levels.iter().filter_map(|level| level.ignored.as_ref());
        for rules in self.outer.iter().chain(inner).rev() {
            match rules.matched(path, is_directory) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

fn ignored_above(path: &Path) -> Option<Gitignore> {
    let directory = rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    rules(directory.as_fd(), path)
}

fn rules(directory: BorrowedFd<'_>, path: &Path) -> Option<Gitignore> {
    let (file, _) = open_beneath(directory, OsStr::new(".gitignore")).ok()??;
    let text = read_at_most(&file, MAX_IGNORE_FILE).ok()??;
    let mut builder = GitignoreBuilder::new(path);
    for line in String::from_utf8_lossy(&text).trim_start_matches('\u{FEFF}').lines() {
        // A line that is no pattern is passed over, as Git does.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|rules| !rules.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(base: &Path, below: &str, include_ignored: bool) -> Vec<String> {
        let start = std::fs::File::open(base.join(below)).unwrap();
        let outer = if below.is_empty() { vec![] } else { vec![base.to_owned()] };
        let mut seen = Vec::new();
        walk(start.as_fd(), &base.join(below), &outer, include_ignored, &|| ControlFlow::Continue(()), &mut |entry| {
            seen.push(entry.path.strip_prefix(base).unwrap().display().to_string());
            ControlFlow::Continue(())
        })
        .unwrap();
        seen
    }

    #[test]
    fn leaves_out_what_is_ignored_at_any_depth() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        for file in ["a.log", "b.rs", "target/x", "sub/c.log", "sub/keep.log", "sub/d.rs", "sub/build/e", ".git/config"] {
            std::fs::create_dir_all(base.join(file).parent().unwrap()).unwrap();
            std::fs::write(base.join(file), "").unwrap();
        }
        std::fs::write(base.join(".gitignore"), "*.log\n/target\n[bad\n").unwrap();
        std::fs::write(base.join("sub/.gitignore"), "!keep.log\nbuild/\n").unwrap();
        assert_eq!(walked(base, "", false), [".gitignore", "b.rs", "sub/.gitignore", "sub/d.rs", "sub/keep.log"]);
        assert_eq!(walked(base, "sub", false), ["sub/.gitignore", "sub/d.rs", "sub/keep.log"]);
        assert_eq!(walked(base, "", true).len(), 9, "everything but .git");
    }

    #[test]
    fn follows_no_link_and_does_not_wait_for_a_fifo() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path();
        std::os::unix::fs::symlink("/etc", base.join("etc")).unwrap();
        std::os::unix::fs::symlink(".", base.join("loop")).unwrap();
        let fifo = base.join(".gitignore");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
        assert_eq!(walked(base, "", false), [".gitignore", "etc", "loop"]);
    }
}
