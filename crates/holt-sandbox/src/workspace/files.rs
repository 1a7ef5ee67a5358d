//! The files of one session, as the port wants them.

use std::path::PathBuf;

use holt_core::workspace::{Entry, EntryKind, FileError, Files, Incoming, Listing, MAX_ENTRIES, OpenFile};
use rustix::fs::{AtFlags, Dir, unlinkat};

use super::incoming::Reception;
use super::path::{Inside, is_name};
use super::root::{Root, kind, look, measure, modified_at};
use super::{removal, said};

/// How deep a walk goes.
const MAX_DEPTH: usize = 128;

#[derive(Debug)]
pub(super) struct WorkspaceFiles {
    path: PathBuf,
    /// Holt's own, made when needed. Else the user's, with whatever they have mounted in it.
    is_managed: bool,
}

impl WorkspaceFiles {
    pub(super) fn managed(path: PathBuf) -> Self {
        Self { path, is_managed: true }
    }

    pub(super) fn project(path: PathBuf) -> Self {
        Self { path, is_managed: false }
    }

    /// Nothing when the workspace is still to be made.
    fn root(&self) -> Result<Option<Root>, FileError> {
        match Root::open(&self.path, !self.is_managed) {
            Ok(root) => Ok(Some(root)),
            Err(error) if self.is_managed && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(said(error, "")),
        }
    }

    fn existing(&self, path: &str) -> Result<Root, FileError> {
        self.root()?.ok_or_else(|| FileError::NotFound(path.to_owned()))
    }

    fn made(&self) -> Result<Root, FileError> {
        if let Some(root) = self.root()? {
            return Ok(root);
        }
        removal::make_private(&self.path)?;
        self.existing("")
    }
}

impl Files for WorkspaceFiles {
    fn list(&self, path: &str) -> Result<Listing, FileError> {
        let place = Inside::parse(path)?;
        match self.root()? {
            Some(root) => list(&root, place),
            None if path.is_empty() => Ok(Listing { entries: Vec::new(), truncated: false }),
            None => Err(FileError::NotFound(path.to_owned())),
        }
    }

    fn walk(&self, path: &str, limit: usize) -> Result<Listing, FileError> {
        let place = Inside::parse(path)?;
        let mut found = Listing { entries: Vec::new(), truncated: false };
        let Some(root) = self.root()? else { return self.list(path) };
        walk(&root, place, limit, MAX_DEPTH, &mut found)?;
        Ok(found)
    }

    fn open(&self, path: &str) -> Result<OpenFile, FileError> {
        let file = self.existing(path)?.file(Inside::below_top(path)?)?;
        let (size, modified_at) = measure(&file)?;
        Ok(OpenFile { file, size, modified_at })
    }

    fn receive(&self, path: &str, limit: u64) -> Result<Box<dyn Incoming>, FileError> {
        let place = Inside::below_top(path)?;
        Ok(Box::new(Reception::begin(&self.made()?, place, limit)?))
    }

    fn create_directory(&self, path: &str) -> Result<(), FileError> {
        let place = Inside::below_top(path)?;
        let root = self.made()?;
        let (parent, name) = place.split();
        let parent = root.make_directory(parent)?;
        root.make_new_directory(&parent, name).map_err(|error| said(error, path))
    }

    fn remove(&self, path: &str) -> Result<(), FileError> {
        let place = Inside::below_top(path)?;
        let root = self.existing(path)?;
        let (parent, name) = place.split();
        let parent = root.directory(parent)?;
        match unlinkat(&parent, name, AtFlags::empty()) {
            Err(rustix::io::Errno::ISDIR) => removal::remove_tree(&parent, name).map_err(|error| said(error, path)),
            other => other.map_err(|error| said(error, path)),
        }
    }
}

fn list(root: &Root, path: Inside<'_>) -> Result<Listing, FileError> {
    let directory = root.directory(path)?;
    let failed = |error| said(error, path.as_str());
    let mut listing = Listing { entries: Vec::new(), truncated: false };
    for entry in Dir::read_from(&directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if listing.entries.len() == MAX_ENTRIES {
            listing.truncated = true;
            break;
        }
        // What is gone again already is not listed.
        let Ok(found) = look(&directory, name) else { continue };
        // A name that nobody can ask for is shown so that one sees it, with what is wrong in it replaced.
        let name: String = name.to_string_lossy().chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        listing.entries.push(Entry {
            path: path.join(&name),
            name,
            kind: kind(&found),
            size: u64::try_from(found.st_size).unwrap_or(0),
            modified_at: modified_at(found.st_mtime, found.st_mtime_nsec as i64),
        });
    }
    listing.entries.sort_by(|a, b| (a.kind != EntryKind::Directory, &a.name).cmp(&(b.kind != EntryKind::Directory, &b.name)));
    Ok(listing)
}

/// Adds the regular files beneath a directory, those of each directory together. What cannot be entered is left out.
fn walk(root: &Root, path: Inside<'_>, limit: usize, depth: usize, found: &mut Listing) -> Result<(), FileError> {
    let listing = list(root, path)?;
    found.truncated |= listing.truncated;
    for entry in listing.entries {
        if found.entries.len() >= limit {
            found.truncated = true;
            return Ok(());
        }
        match entry.kind {
            EntryKind::File => found.entries.push(entry),
            EntryKind::Directory if depth == 0 || !is_name(&entry.name) => found.truncated = true,
            EntryKind::Directory => {
                let inner = Inside::parse(&entry.path).and_then(|inner| walk(root, inner, limit, depth - 1, found));
                found.truncated |= inner.is_err();
            }
            EntryKind::Link | EntryKind::Other => {}
        }
    }
    Ok(())
}
