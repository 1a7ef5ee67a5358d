//! Finds what a path means, step by step over descriptors, and refuses what lies outside of the allowed roots.
//!
//! Every symbolic link is followed here and not by the kernel, so the answer is a real path of which each directory is
//! held open: nothing that is swapped afterwards leads anywhere else. Links may lead from one allowed place to another;
//! the real path decides. No file is opened for reading or writing on the way.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::answer::Failure;

const MAX_LINKS: usize = 40;
/// Each directory on the way is held open, so the depth is bounded.
const MAX_DEPTH: usize = 128;
const MAX_PATH_BYTES: usize = 4096;

/// The directories below which the tools work.
#[derive(Debug, Clone)]
pub struct Roots {
    workspace: PathBuf,
    home: Option<PathBuf>,
    /// Real paths, the workspace first.
    allowed: Vec<PathBuf>,
}

/// What a path leads to.
#[derive(Debug)]
pub struct Place {
    /// The real path, without any link.
    pub path: PathBuf,
    /// The open directories from `/` to the last one that exists on the way, each with its name.
    directories: Vec<(OwnedFd, OsString)>,
    pub target: Target,
}

#[derive(Debug)]
pub enum Target {
    /// The last open directory itself.
    Directory,
    /// Something that is neither a directory nor a link, by its name in the last open directory.
    File { name: OsString, stat: Box<Stat> },
    /// A link, by its name in the last open directory. Only when the last link is not to be followed.
    Link { name: OsString },
    /// Nothing: these names are missing below the last open directory.
    Missing { names: Vec<OsString> },
}

/// Whether a link at the very end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastLink {
    Follow,
    Keep,
}

impl Roots {
    /// # Errors
    /// When the workspace does not exist.
    pub fn new<'a>(workspace: &Path, home: Option<&Path>, others: impl IntoIterator<Item = &'a Path>) -> std::io::Result<Self> {
        let workspace = std::fs::canonicalize(workspace)?;
        let mut allowed = vec![workspace.clone()];
        // The root directory as a home would allow everything.
        allowed.extend(
            others.into_iter().filter_map(|path| std::fs::canonicalize(path).ok()).filter(|path| path.parent().is_some()),
        );
        Ok(Self { workspace, home: home.map(Path::to_owned), allowed })
    }

    pub fn workspace(&self) -> &Path {
        &self.workspace
    }

    /// The path as it is best shown: relative to the workspace when it lies there.
    pub fn shown(&self, path: &Path) -> String {
        match path.strip_prefix(&self.workspace) {
            Ok(inside) if inside.as_os_str().is_empty() => ".".to_owned(),
            Ok(inside) => visible(&inside.to_string_lossy()),
            Err(_) => visible(&path.to_string_lossy()),
        }
    }

    /// Whether it is one of the roots itself, which are never deleted.
    pub fn is_root(&self, path: &Path) -> bool {
        self.allowed.iter().any(|root| root == path || root.starts_with(path))
    }

    /// Finds what `path` means.
    pub fn find(&self, path: &str, last_link: LastLink) -> Result<Place, Failure> {
        let written = self.absolute(path)?;
        let place = Walk::new(last_link).go(&written).map_err(|error| Failure::system("open", quoted(path), error))?;
        if self.allowed.iter().any(|root| place.path.starts_with(root)) {
            return Ok(place);
        }
        let roots: Vec<_> = self.allowed.iter().map(|root| root.display().to_string()).collect();
        let through = if place.path == written { "" } else { " (that is where it leads)" };
        Err(Failure::new(
            "outside_workspace",
            format!(
                "{} is outside of what the tools may touch{through}. Use a path below one of: {}",
                quoted(&place.path.to_string_lossy()),
                roots.join(", ")
            ),
        ))
    }

    fn absolute(&self, path: &str) -> Result<PathBuf, Failure> {
        if path.is_empty() || path.len() > MAX_PATH_BYTES || path.contains('\0') {
            return Err(Failure::new("bad_path", "the path is empty, too long, or has a zero byte in it"));
        }
        match (path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')), &self.home) {
            (Some(rest), Some(home)) => Ok(home.join(rest.trim_start_matches('/'))),
            _ => Ok(self.workspace.join(path)),
        }
    }
}

impl Place {
    /// The directory in which the target is, or that it is.
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directories.last().map_or_else(|| rustix::fs::CWD, |(directory, _)| directory.as_fd())
    }

    /// The directory in which the target is named, and its name there.
    pub fn parent(&self) -> Option<(BorrowedFd<'_>, &OsStr)> {
        match &self.target {
            Target::Directory => {
                let (_, name) = self.directories.last()?;
                let parent = self.directories.len().checked_sub(2)?;
                Some((self.directories.get(parent)?.0.as_fd(), name))
            }
            Target::File { name, .. } | Target::Link { name } => Some((self.directory(), name)),
            Target::Missing { names } => Some((self.directory(), names.last()?)),
        }
    }
}

/// A name or path in a message, quoted.
pub fn quoted(path: &str) -> String {
    format!("`{}`", visible(path))
}

/// A name or path with what cannot be seen made visible: control characters, and those that change the direction of text.
pub fn visible(path: &str) -> String {
    let hidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut shown = String::with_capacity(path.len());
    for letter in path.chars() {
        if hidden(letter) { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    shown
}

struct Walk {
    last_link: LastLink,
    open: Vec<(OwnedFd, OsString)>,
    /// The names that are still to be walked.
    ahead: VecDeque<OsString>,
    missing: Vec<OsString>,
    links: usize,
}

impl Walk {
    fn new(last_link: LastLink) -> Self {
        Self { last_link, open: Vec::new(), ahead: VecDeque::new(), missing: Vec::new(), links: 0 }
    }

    fn go(mut self, path: &Path) -> Result<Place, Errno> {
        self.open.push((open_directory("/")?, OsString::new()));
        self.put_ahead(path);
        let mut found = None;
        while let Some(name) = self.ahead.pop_front() {
            if let Some(target) = self.step(name)? {
                found = Some(target);
            }
        }
        let target = match found {
            Some(target) => target,
            None if self.missing.is_empty() => Target::Directory,
            None => Target::Missing { names: self.missing },
        };
        let mut path = PathBuf::from("/");
        path.extend(self.open.iter().skip(1).map(|(_, name)| name));
        match &target {
            Target::Directory => {}
            Target::File { name, .. } | Target::Link { name } => path.push(name),
            Target::Missing { names } => path.extend(names),
        }
        Ok(Place { path, directories: self.open, target })
    }

    /// Takes one step; says what was found when that is the end of the path.
    fn step(&mut self, name: OsString) -> Result<Option<Target>, Errno> {
        if name == ".." {
            if self.missing.pop().is_none() && self.open.len() > 1 {
                self.open.pop();
            }
            return Ok(None);
        }
        if self.open.len() + self.missing.len() > MAX_DEPTH {
            return Err(Errno::NAMETOOLONG);
        }
        if !self.missing.is_empty() {
            self.missing.push(name);
            return Ok(None);
        }
        let here = self.open.last().map_or(rustix::fs::CWD, |(directory, _)| directory.as_fd());
        let opened = match rustix::fs::openat(here, &name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty()) {
            Ok(opened) => opened,
            Err(Errno::NOENT) => {
                self.missing.push(name);
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let stat = rustix::fs::fstat(&opened)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                self.open.push((opened, name));
                Ok(None)
            }
            FileType::Symlink if self.ahead.is_empty() && self.last_link == LastLink::Keep => Ok(Some(Target::Link { name })),
            FileType::Symlink => self.follow(&opened).map(|()| None),
            _ if self.ahead.is_empty() => Ok(Some(Target::File { name, stat: Box::new(stat) })),
            _ => Err(Errno::NOTDIR),
        }
    }

    fn follow(&mut self, link: &OwnedFd) -> Result<(), Errno> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        let target = rustix::fs::readlinkat(link, "", Vec::new())?;
        let target = PathBuf::from(OsString::from_vec(target.into_bytes()));
        if target.is_absolute() {
            self.open.truncate(1);
        }
        self.put_ahead(&target);
        Ok(())
    }

    fn put_ahead(&mut self, path: &Path) {
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => self.ahead.push_front(name.to_owned()),
                Component::ParentDir => self.ahead.push_front(OsString::from("..")),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }
}

fn open_directory(path: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Whether the name could be a part of a path.
pub fn is_plain_name(name: &str) -> bool {
    let bytes = OsStr::new(name).as_bytes();
    !matches!(name, "" | "." | "..") && bytes.len() <= 255 && !name.contains('/') && !name.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;
