//! Snapshots of workspaces: contents by their hash, and for each snapshot a list of what was there.
//!
//! They stand below the data directory, where no sandbox reaches. What an agent wrote is read through the port to files
//! alone, which follows no link. Contents are not flushed one by one: what comes back is checked against its hash, so what a
//! power cut took is missing and never wrong.

mod list;
mod look;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use holt_core::id::SessionId;
use holt_core::snapshot::{ChangeKind, Changes, FileChange, MAX_CHANGES, NOTHING, Restored, SnapshotId, SnapshotInfo, Snapshots};
use holt_core::time::Timestamp;
use holt_core::workspace::{FileError, Files, OpenFile};
use rustix::fs::{Mode, OFlags};
use sha2::{Digest as _, Sha256};

use self::list::{Known, List, Stands};
use crate::workspace::nameless::Nameless;

/// How many snapshots of a session are kept.
const MOST_SNAPSHOTS: usize = 200;
/// How many bytes of contents all snapshots of a session may have together.
const MOST_BYTES: u64 = 2 << 30;

/// Keeps the snapshots of all sessions.
#[derive(Debug, Clone)]
pub struct SnapshotStore {
    directory: PathBuf,
}

impl SnapshotStore {
    pub fn new(data_dir: &Path) -> Self {
        Self { directory: data_dir.join("snapshots") }
    }

    fn of(&self, session: SessionId) -> Shelf {
        Shelf { directory: self.directory.join(session.to_string()) }
    }
}

impl Snapshots for SnapshotStore {
    fn take(&self, session: SessionId, files: &dyn Files) -> Result<SnapshotInfo, FileError> {
        let shelf = self.of(session);
        let known = Known::read(&shelf.known());
        let found = look::look(files)?;
        if found.stands.is_empty() && known.is_none() {
            return Ok(SnapshotInfo { left_out: found.left_out, ..SnapshotInfo::of_nothing() });
        }
        shelf.make()?;
        let (list, now) = shelf.keep(files, found, known.as_ref().unwrap_or(&Known::default()))?;
        let text = list.write();
        let id = hash(text.as_bytes());
        if !shelf.list(&id).exists() {
            write_whole(&shelf.lists(), &id, text.as_bytes())?;
            shelf.prune(&id)?;
        }
        if known.is_none_or(|known| known != now) {
            now.write(&shelf.directory)?;
        }
        let bytes = list.entries.values().map(|entry| entry.size).sum();
        Ok(SnapshotInfo { id, files: list.entries.len() as u64, bytes, left_out: list.left_out })
    }

    fn changes(&self, session: SessionId, from: &str, to: &str) -> Result<Changes, FileError> {
        let shelf = self.of(session);
        Ok(changes(&shelf.read(from)?, &shelf.read(to)?))
    }

    fn open(&self, session: SessionId, snapshot: &str, path: &str) -> Result<OpenFile, FileError> {
        let shelf = self.of(session);
        let list = shelf.read(snapshot)?;
        let entry = list.entries.get(path).ok_or_else(|| FileError::NotFound(path.to_owned()))?;
        let file = shelf.content(path, entry)?;
        Ok(OpenFile { file, size: entry.size, modified_at: Timestamp::from_millis(entry.modified) })
    }

    fn restore(&self, session: SessionId, snapshot: &str, files: &dyn Files, path: Option<&str>) -> Result<Restored, FileError> {
        let shelf = self.of(session);
        let wanted = shelf.read(snapshot)?;
        let before = self.take(session, files)?;
        let now = shelf.read(&before.id)?;
        let chosen = |changed: &&FileChange| path.is_none_or(|path| changed.path == path);
        let all = all_changes(&now, &wanted);
        if let Some(path) = path.filter(|path| !wanted.entries.contains_key(*path) && !now.entries.contains_key(*path)) {
            return Err(FileError::NotFound(path.to_owned()));
        }
        // Everything is there before anything is changed.
        for change in all.iter().filter(chosen).filter(|change| change.change != ChangeKind::Removed) {
            shelf.content(&change.path, &wanted.entries[&change.path])?;
        }
        // What is in the way of others goes first.
        for change in all.iter().filter(chosen).filter(|change| change.change == ChangeKind::Removed) {
            ignore_missing(files.remove(&change.path))?;
        }
        for change in all.iter().filter(chosen).filter(|change| change.change != ChangeKind::Removed) {
            put_back(files, &change.path, shelf.content(&change.path, &wanted.entries[&change.path])?, change.size)?;
        }
        Ok(Restored { before, files: all.iter().filter(chosen).count() as u64 })
    }

    fn adopt(&self, session: SessionId, from: SessionId, snapshots: &[SnapshotId]) -> Result<(), FileError> {
        let (shelf, other) = (self.of(session), self.of(from));
        shelf.make()?;
        for id in snapshots.iter().filter(|id| *id != NOTHING) {
            let list = match other.read(id) {
                // It was one of the oldest, and is forgotten.
                Err(FileError::NotFound(_)) => continue,
                read => read?,
            };
            for entry in list.entries.values() {
                share(&other.contents().join(&entry.hash), &shelf.contents().join(&entry.hash))?;
            }
            share(&other.list(id), &shelf.list(id))?;
        }
        Ok(())
    }

    fn remove(&self, session: SessionId) -> Result<(), FileError> {
        match fs::remove_dir_all(self.of(session).directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => Ok(removed?),
        }
    }
}

/// What is kept of one session.
struct Shelf {
    directory: PathBuf,
}

impl Shelf {
    fn contents(&self) -> PathBuf {
        self.directory.join("contents")
    }

    fn lists(&self) -> PathBuf {
        self.directory.join("lists")
    }

    fn list(&self, id: &str) -> PathBuf {
        self.lists().join(id)
    }

    fn known(&self) -> PathBuf {
        self.directory.join(list::KNOWN)
    }

    fn make(&self) -> io::Result<()> {
        let mut private = DirBuilder::new();
        private.mode(0o700).recursive(true);
        private.create(self.contents())?;
        private.create(self.lists())
    }

    /// Copies what is not kept yet. What changed while it was looked at is kept as it was read.
    fn keep(&self, files: &dyn Files, found: look::Found, known: &Known) -> Result<(List, Known), FileError> {
        let contents = File::open(self.contents())?;
        let mut list = List { left_out: found.left_out, ..List::default() };
        let mut now = Known::default();
        for path in found.stands {
            let Ok(open) = files.open(&path) else { continue };
            let mark = list::Mark::of(&open.file)?;
            let hash = match known.hash_of(&path, &mark) {
                Some(hash) if self.contents().join(hash).exists() => hash.to_owned(),
                _ => match self.copy(&contents, open.file)? {
                    Some(hash) => hash,
                    None => {
                        list.left_out += 1;
                        continue;
                    }
                },
            };
            let size = fs::symlink_metadata(self.contents().join(&hash))?.len();
            list.entries.insert(path.clone(), Stands { hash: hash.clone(), size, modified: open.modified_at.as_millis() });
            now.put(path, mark, hash);
        }
        Ok((list, now))
    }

    fn copy(&self, contents: &File, source: File) -> Result<Option<String>, FileError> {
        let mut copy = Nameless::create(contents.try_clone()?.into(), Mode::from_raw_mode(0o600))?;
        let mut source = source.take(look::MOST_BYTES_OF_A_FILE + 1);
        let (hash, size) = hashed(&mut source, |piece| copy.file.write_all(piece).map_err(space))?;
        if size > look::MOST_BYTES_OF_A_FILE {
            return Ok(None);
        }
        copy.publish(&hash)?;
        Ok(Some(hash))
    }

    fn read(&self, id: &str) -> Result<List, FileError> {
        if id == NOTHING {
            return Ok(List::default());
        }
        let unknown =
            || FileError::NotFound(format!("snapshot {}", id.chars().filter(|c| !c.is_control()).take(80).collect::<String>()));
        if id.len() != 64 || !id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()) {
            return Err(unknown());
        }
        let text = match fs::read(self.list(id)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            read => read?,
        };
        if hash(&text) != id {
            return Err(damaged(id));
        }
        List::read(&text).ok_or_else(|| damaged(id))
    }

    /// Opens a content after checking that it is what it was.
    fn content(&self, path: &str, entry: &Stands) -> Result<File, FileError> {
        let place = self.contents().join(&entry.hash);
        let opened = rustix::fs::open(place, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty());
        let mut file = File::from(opened.map_err(|_| damaged(path))?);
        if hashed(&mut file, |_| Ok(()))?.0 != entry.hash {
            return Err(damaged(path));
        }
        file.rewind()?;
        Ok(file)
    }

    /// Forgets the oldest snapshots, but for this one, where there are too many or they are too large.
    fn prune(&self, newest: &str) -> Result<(), FileError> {
        let mut lists: Vec<_> = fs::read_dir(self.lists())?
            .filter_map(|entry| {
                Some((entry.as_ref().ok()?.metadata().ok()?.modified().ok()?, entry.ok()?.file_name().into_string().ok()?))
            })
            .filter(|(_, id)| id != newest)
            .collect();
        lists.sort();
        let size = |entry: &fs::DirEntry| entry.metadata().map_or(0, |facts| facts.len());
        let total: u64 = fs::read_dir(self.contents())?.filter_map(Result::ok).map(|entry| size(&entry)).sum();
        if lists.len() < MOST_SNAPSHOTS && total <= MOST_BYTES {
            return Ok(());
        }
        // Half of them at once: looking for what nobody needs any more takes a while.
        for (_, id) in &lists[..lists.len().div_ceil(2)] {
            fs::remove_file(self.list(id))?;
        }
        let mut needed = std::collections::HashSet::new();
        for (_, id) in
            lists[lists.len().div_ceil(2)..].iter().map(|(at, id)| (at, id.as_str())).chain([(&std::time::UNIX_EPOCH, newest)])
        {
            needed.extend(self.read(id)?.entries.into_values().map(|entry| entry.hash));
        }
        for entry in fs::read_dir(self.contents())?.filter_map(Result::ok) {
            if entry.file_name().to_str().is_some_and(|name| !needed.contains(name)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn changes(from: &List, to: &List) -> Changes {
    let mut all = all_changes(from, to);
    let truncated = all.len() > MAX_CHANGES;
    all.truncate(MAX_CHANGES);
    Changes { changes: all, truncated }
}

fn all_changes(from: &List, to: &List) -> Vec<FileChange> {
    let change = |path: &String, change, size| FileChange { path: path.clone(), change, size };
    let removed = from.entries.iter().filter(|(path, _)| !to.entries.contains_key(*path));
    let removed = removed.map(|(path, entry)| change(path, ChangeKind::Removed, entry.size));
    let others = to.entries.iter().filter_map(|(path, entry)| match from.entries.get(path) {
        None => Some(change(path, ChangeKind::Added, entry.size)),
        Some(before) if before.hash != entry.hash => Some(change(path, ChangeKind::Changed, entry.size)),
        Some(_) => None,
    });
    let mut all: Vec<_> = removed.chain(others).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

fn put_back(files: &dyn Files, path: &str, mut content: File, size: u64) -> Result<(), FileError> {
    let mut write = || -> Result<(), FileError> {
        content.rewind()?;
        let mut incoming = files.receive(path, size)?;
        io::copy(&mut content, &mut incoming).map_err(space)?;
        incoming.commit().map(drop)
    };
    match write() {
        // A directory stands there now, or something else above it that is none.
        Err(FileError::NotAFile(_) | FileError::Exists(_) | FileError::NotADirectory(_) | FileError::BadPath(_)) => {
            let way = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]);
            for above in way {
                if above == path || files.list(above).is_err() {
                    ignore_missing(files.remove(above))?;
                }
            }
            write()
        }
        written => written,
    }
}

/// What is kept is never written again, so that two sessions may have the same file.
fn share(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

fn ignore_missing(removed: Result<(), FileError>) -> Result<(), FileError> {
    match removed {
        Err(FileError::NotFound(_) | FileError::NotADirectory(_)) => Ok(()),
        other => other,
    }
}

fn write_whole(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), FileError> {
    let directory = File::open(directory)?;
    let mut file = Nameless::create(directory.try_clone()?.into(), Mode::from_raw_mode(0o600))?;
    file.file.write_all(bytes).map_err(space)?;
    Ok(file.publish(name)?)
}

fn damaged(what: &str) -> FileError {
    FileError::Io(io::Error::other(format!("what was kept of {what} is not what it was")))
}

fn space(error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::NoSpace,
        _ => FileError::Io(error),
    }
}

/// Reads to the end, hands on every piece, and says what it was and how much.
fn hashed(source: &mut impl io::Read, mut each: impl FnMut(&[u8]) -> Result<(), FileError>) -> Result<(String, u64), FileError> {
    let (mut hash, mut piece, mut size) = (Sha256::new(), vec![0; 64 * 1024], 0);
    loop {
        let count = source.read(&mut piece)?;
        if count == 0 {
            return Ok((hex(&hash.finalize()), size));
        }
        size += count as u64;
        hash.update(&piece[..count]);
        each(&piece[..count])?;
    }
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
