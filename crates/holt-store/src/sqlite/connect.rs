//! Opening the two database files and bringing older ones up to date.
//!
//! While a store is open, nothing else in this process may open and close these files by other means: that would drop the
//! locks which SQLite holds on them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;

/// How many pages the write-ahead log gathers before they are copied into the database, if no quiet moment comes earlier.
/// The log's file keeps its size, so that a commit need not extend it.
const CHECKPOINT_PAGES: u32 = 2048;

/// In bytes. A group of new events touches few of them, and a page of a log holds some dozens.
pub(super) const PAGE_SIZE: u32 = 8192;

const BUSY: Duration = Duration::from_secs(5);

/// One of the database files.
#[derive(Debug)]
pub(super) struct Kind {
    name: &'static str,
    /// So that a database of some other program, or the wrong one of ours, is not taken for it.
    application_id: i64,
    /// What brings a database from the version of its index to the next one.
    steps: &'static [&'static str],
}

/// Sessions, keys and the journals: small, and written with every change.
pub(super) const SESSIONS: Kind =
    Kind { name: "holt.db", application_id: 0x484f_4c54, steps: &[include_str!("sessions.sql"), include_str!("spending.sql")] };

/// The logs: large, and written in bulk.
pub(super) const LOGS: Kind =
    Kind { name: "logs.db", application_id: 0x484f_4c4c, steps: &[include_str!("logs.sql"), include_str!("search.sql")] };

#[derive(Debug)]
pub(super) enum SchemaError {
    /// Not made by Holt.
    Foreign,
    Newer {
        found: i64,
        known: i64,
    },
    Fault(Fault),
}

impl<E: Into<Fault>> From<E> for SchemaError {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

impl Kind {
    /// The version that it is brought to.
    pub(super) fn newest(&self) -> i64 {
        i64::try_from(self.steps.len()).unwrap_or(i64::MAX)
    }

    pub(super) fn path(&self, directory: &Path) -> PathBuf {
        directory.join(self.name)
    }

    /// Opens the file to write it, making it when there is none and bringing it up to date.
    pub(super) fn open(&self, directory: &Path) -> Result<Connection, SchemaError> {
        self.make_durably(directory)?;
        let mut db = Self::writer(&self.path(directory))?;
        self.migrate(&mut db)?;
        Ok(db)
    }

    /// The one connection that writes. A commit returns when its pages are on the disk.
    fn writer(path: &Path) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(BUSY)?;
        db.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}"))?;
        db.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        db.execute_batch(&format!(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; PRAGMA cache_size = -16384;
             PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        ))?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(db)
    }

    /// Brings the tables up to date, each step in a transaction of its own.
    pub(super) fn migrate(&self, db: &mut Connection) -> Result<(), SchemaError> {
        let number = |db: &Connection, name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (application, found) = (number(db, "application_id")?, number(db, "user_version")?);
        let known = self.newest();
        let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if application != self.application_id && (application, found, tables) != (0, 0, 0) {
            return Err(SchemaError::Foreign);
        }
        if found > known {
            return Err(SchemaError::Newer { found, known });
        }
        for (step, version) in self.steps.iter().zip(1_i64..).filter(|(_, version)| *version > found) {
            let change = db.transaction()?;
            change.execute_batch(step)?;
            change.pragma_update(None, "application_id", self.application_id)?;
            change.pragma_update(None, "user_version", version)?;
            change.commit()?;
        }
        Ok(())
    }
}

/// A connection that only reads: sessions and keys, and the logs as `logs`.
pub(super) fn reader(directory: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(SESSIONS.path(directory), flags)?;
    db.busy_timeout(BUSY)?;
    db.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;")?;
    let logs = LOGS.path(directory);
    db.execute("ATTACH ?1 AS logs", [logs.to_str().ok_or(rusqlite::Error::InvalidPath(logs.clone()))?])?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kill of the process cannot show this: only a power cut would.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        for kind in [SESSIONS, LOGS] {
            let db = kind.open(directory.path()).unwrap();
            let setting = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
            assert_eq!(setting("synchronous"), 2.into());
            assert_eq!(setting("journal_mode"), "wal".to_owned().into());
            assert_eq!(setting("page_size"), i64::from(PAGE_SIZE).into());
        }
    }

    #[test]
    fn tables_are_made_once() {
        let directory = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let db = SESSIONS.open(directory.path()).unwrap();
            assert_eq!(db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), SESSIONS.newest());
        }
    }
}
