//! What is remembered, in files: one for each owner below `memory/`, as JSON that a person can read.
//!
//! A file is written beside and put in place whole, so that a crash leaves the one or the other.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use holt_core::id::OwnerId;
use holt_core::memory::{Memories, MemoryError, Notebook};

const DIRECTORY: &str = "memory";
/// A file that is larger was not written here.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The memory of one data directory.
#[derive(Debug)]
pub struct FileMemories {
    directory: PathBuf,
    /// Held while a file is changed.
    changing: Mutex<()>,
}

impl FileMemories {
    /// Nothing is made or read until it is used.
    pub fn new(data_dir: &Path) -> Self {
        Self { directory: data_dir.join(DIRECTORY), changing: Mutex::new(()) }
    }

    /// Owners may be called anything, files may not.
    fn path(&self, owner: &OwnerId) -> PathBuf {
        let name: String = owner.as_str().bytes().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(format!("{name}.json"))
    }

    fn write(&self, owner: &OwnerId, book: &Notebook) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        let (path, text) = (self.path(owner), serde_json::to_string_pretty(book)?);
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &path)?;
        File::open(&self.directory)?.sync_all()
    }
}

impl Memories for FileMemories {
    fn read(&self, owner: &OwnerId) -> Result<Notebook, MemoryError> {
        let path = self.path(owner);
        let failed = |error: &dyn std::fmt::Display| MemoryError::Storage(format!("{}: {error}", path.display()));
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Notebook::default()),
            Err(error) => return Err(failed(&error)),
            Ok(file) => file,
        };
        let mut text = String::new();
        file.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| failed(&error))?;
        serde_json::from_str(&text).map_err(|error| failed(&error))
    }

    fn change(
        &self,
        owner: &OwnerId,
        change: &mut dyn FnMut(&mut Notebook) -> Result<(), MemoryError>,
    ) -> Result<(), MemoryError> {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read(owner)?;
        let mut book = before.clone();
        change(&mut book)?;
        if book == before {
            return Ok(());
        }
        self.write(owner, &book).map_err(|error| MemoryError::Storage(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use holt_core::memory::{About, Writer};
    use holt_core::time::Timestamp;

    use super::*;

    #[test]
    fn what_is_remembered_is_found_by_the_next_server_and_belongs_to_one_owner() {
        let place = tempfile::tempdir().unwrap();
        let (ada, bob) = (OwnerId::new("ada/../x"), OwnerId::new("bob"));
        let writer = Writer::Person { name: "ada".into(), agrees: true };
        let add = |book: &mut Notebook| book.add(About::Everywhere, "otters", &writer, Timestamp::from_millis(5)).map(drop);
        FileMemories::new(place.path()).change(&ada, &mut { add }).unwrap();
        let later = FileMemories::new(place.path());
        let facts = later.read(&ada).unwrap();
        assert_eq!(facts.facts()[0].text, "otters");
        assert!(later.read(&bob).unwrap().facts().is_empty());
        let refused = later.change(&ada, &mut |book| {
            book.forget(1);
            Err(MemoryError::Full)
        });
        assert_eq!((refused, later.read(&ada).unwrap()), (Err(MemoryError::Full), facts));
    }

    #[test]
    fn a_file_that_is_damaged_is_not_written_over() {
        let place = tempfile::tempdir().unwrap();
        let (memories, owner) = (FileMemories::new(place.path()), OwnerId::new("ada"));
        fs::create_dir(place.path().join(DIRECTORY)).unwrap();
        fs::write(memories.path(&owner), "{").unwrap();
        let changed = memories.change(&owner, &mut |book| book.forget(1).then_some(()).ok_or(MemoryError::NotFound(1)));
        assert!(matches!(changed, Err(MemoryError::Storage(_))), "{changed:?}");
        assert_eq!(fs::read_to_string(memories.path(&owner)).unwrap(), "{");
    }
}
