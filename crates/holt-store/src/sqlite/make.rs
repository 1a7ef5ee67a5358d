//! Making the database files of a new data directory: built beside, flushed once, and put in place whole.
//!
//! A crash in the middle leaves no half of a database, only a file that the next start removes. Their names are flushed before
//! the first change is acknowledged ([`DataDir::settle`](crate::DataDir::settle)).

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::Connection;

use super::connect::{Kind, LOGS, PAGE_SIZE, SESSIONS, SchemaError};

/// How the names of what SQLite keeps beside a database end. What is left of another database of this name is not this one's.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Makes both files where they are missing, at the same time, so that their flushes become one. What fails here shows again
/// when the file is opened.
pub(super) fn both(directory: &Path) {
    thread::scope(|threads| {
        for kind in [&LOGS, &SESSIONS] {
            threads.spawn(move || kind.make(directory));
        }
    });
}

impl Kind {
    /// Makes the file with its tables, unless it is there.
    pub(super) fn make(&self, directory: &Path) -> Result<(), SchemaError> {
        let path = self.path(directory);
        if path.exists() {
            return Ok(());
        }
        let beside = with_ending(&path, ".new");
        remove_with_companions(&beside)?;
        self.build(&beside)?;
        COMPANIONS.iter().try_for_each(|ending| remove(&with_ending(&path, ending)))?;
        Ok(fs::rename(&beside, &path)?)
    }

    /// Nothing but the whole file counts, so its steps are neither journaled nor flushed.
    fn build(&self, path: &Path) -> Result<(), SchemaError> {
        // SQLite gives its companions the same mode.
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let mut db = Connection::open(path)?;
        db.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}; PRAGMA synchronous = OFF"))?;
        db.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
        self.migrate(&mut db)?;
        db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        db.close().map_err(|(_, error)| error)?;
        Ok(file.sync_all()?)
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

    #[test]
    fn the_files_are_whole_and_private_and_nothing_is_beside_them() {
        let directory = tempfile::tempdir().unwrap();
        both(directory.path());
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
        SESSIONS.make(directory.path()).unwrap();
        assert_eq!(names(directory.path()), ["holt.db"]);
    }

    #[test]
    fn a_database_that_is_there_stays() {
        let directory = tempfile::tempdir().unwrap();
        both(directory.path());
        let db = SESSIONS.open(directory.path()).unwrap();
        db.execute("INSERT INTO probe VALUES (1, 7)", []).unwrap();
        both(directory.path());
        let count: i64 =
            SESSIONS.open(directory.path()).unwrap().query_row("SELECT count FROM probe", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 7);
    }
}
