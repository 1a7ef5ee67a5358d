//! Making the database files of a new data directory: built beside and put in place whole.
//!
//! A flush of new files takes as long as everything else that was just made on that disk, and a start need not wait for it:
//! nothing is lost while nothing was acknowledged. So both are flushed before the first change is ([`Fresh::settle`]), and a
//! mark that stands beside them until then has the next start make them anew after a crash.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::Connection;

use super::connect::{Kind, LOGS, PAGE_SIZE, SESSIONS, SchemaError};

/// How the names of what SQLite keeps beside a database end. What is left of another database of this name is not this one's.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Stands in the directory as long as what is there may be lost in a crash.
const MARK: &str = "unsettled";

/// Files that were made and not flushed yet.
#[derive(Debug)]
pub(super) struct Fresh {
    mark: PathBuf,
    /// Never closed before the database is: that would drop the locks which SQLite has on them.
    files: Vec<File>,
}

impl Fresh {
    /// Has what was made on the disk. The directory is still to be flushed after it.
    pub(super) fn settle(&self) -> io::Result<()> {
        self.files.iter().try_for_each(File::sync_all)?;
        remove(&self.mark)
    }
}

/// Makes both files where there is none, or where a crash may have left only parts of them. A file that cannot be made shows
/// again when it is opened; what the mark speaks of is never used as it is.
pub(super) fn both(directory: &Path) -> io::Result<Option<Fresh>> {
    let mark = directory.join(MARK);
    let kinds = [&LOGS, &SESSIONS];
    if mark.try_exists()? {
        kinds.iter().try_for_each(|kind| remove_with_companions(&kind.path(directory)))?;
    } else if kinds.iter().any(|kind| kind.path(directory).exists()) {
        return Ok(None);
    }
    File::create(&mark)?;
    let made = thread::scope(|threads| {
        let making = kinds.map(|kind| threads.spawn(move || kind.make(directory)));
        making.map(|thread| thread.join().ok()?.ok()?)
    });
    Ok(Some(Fresh { mark, files: made.into_iter().flatten().collect() }))
}

impl Kind {
    /// Makes the file with its tables, unless it is there. It is still to be flushed.
    fn make(&self, directory: &Path) -> Result<Option<File>, SchemaError> {
        let path = self.path(directory);
        if path.exists() {
            return Ok(None);
        }
        let beside = with_ending(&path, ".new");
        remove_with_companions(&beside)?;
        let file = self.build(&beside)?;
        COMPANIONS.iter().try_for_each(|ending| remove(&with_ending(&path, ending)))?;
        fs::rename(&beside, &path)?;
        Ok(Some(file))
    }

    /// Makes the file and has it on the disk, unless it is there.
    pub(super) fn make_durably(&self, directory: &Path) -> Result<(), SchemaError> {
        Ok(self.make(directory)?.map_or(Ok(()), |file| file.sync_all())?)
    }

    /// Nothing but the whole file counts, so its steps are neither journaled nor flushed.
    fn build(&self, path: &Path) -> Result<File, SchemaError> {
        // SQLite gives its companions the same mode.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut db = Connection::open(path)?;
        db.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}; PRAGMA synchronous = OFF"))?;
        db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
        self.migrate(&mut db)?;
        db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        Ok(file)
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn remove_with_companions(path: &Path) -> io::Result<()> {
    remove(path)?;
    COMPANIONS.iter().try_for_each(|ending| remove(&with_ending(path, ending)))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn fresh(directory: &Path) -> Fresh {
        both(directory).unwrap().unwrap()
    }

    #[test]
    fn the_files_are_whole_and_private_and_nothing_is_beside_them() {
        let directory = tempfile::tempdir().unwrap();
        let fresh = fresh(directory.path());
        assert_eq!(names(directory.path()), ["holt.db", "logs.db", "unsettled"]);
        fresh.settle().unwrap();
        assert_eq!(names(directory.path()), ["holt.db", "logs.db"]);
        for kind in [SESSIONS, LOGS] {
            let path = kind.path(directory.path());
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            let before = fs::read(&path).unwrap();
            let db = kind.open(directory.path()).unwrap();
            assert_eq!(db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), kind.newest());
            drop(db);
            assert!(fs::read(&path).unwrap() == before, "opening a new database changes nothing in it");
        }
    }

    #[test]
    fn what_a_crash_left_is_not_taken_for_a_database() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["holt.db.new", "holt.db.new-journal", "holt.db-wal"] {
            fs::write(directory.path().join(name), "left").unwrap();
        }
        SESSIONS.make_durably(directory.path()).unwrap();
        assert_eq!(names(directory.path()), ["holt.db"]);
    }

    #[test]
    fn files_that_a_crash_may_have_cut_short_are_made_anew() {
        let directory = tempfile::tempdir().unwrap();
        drop(fresh(directory.path()));
        for name in ["holt.db", "logs.db", "holt.db-wal"] {
            fs::write(directory.path().join(name), [0; 100]).unwrap();
        }
        let fresh = fresh(directory.path());
        assert_eq!(names(directory.path()), ["holt.db", "logs.db", "unsettled"]);
        for kind in [SESSIONS, LOGS] {
            kind.open(directory.path()).unwrap();
        }
        fresh.settle().unwrap();
        fs::write(directory.path().join("logs.db"), [0; 100]).unwrap();
        assert!(both(directory.path()).unwrap().is_none(), "what was settled is never made anew");
    }

    #[test]
    fn what_cannot_be_made_anew_is_not_used() {
        let directory = tempfile::tempdir().unwrap();
        drop(fresh(directory.path()));
        fs::remove_file(directory.path().join("logs.db")).unwrap();
        fs::create_dir(directory.path().join("logs.db")).unwrap();
        both(directory.path()).unwrap_err();
        assert!(directory.path().join(MARK).exists());
    }

    #[test]
    fn a_database_that_is_there_stays() {
        let directory = tempfile::tempdir().unwrap();
        fresh(directory.path()).settle().unwrap();
        let db = SESSIONS.open(directory.path()).unwrap();
        db.execute("INSERT INTO probe VALUES (1, 7)", []).unwrap();
        assert!(both(directory.path()).unwrap().is_none());
        let count: i64 =
            SESSIONS.open(directory.path()).unwrap().query_row("SELECT count FROM probe", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 7);
    }
}
