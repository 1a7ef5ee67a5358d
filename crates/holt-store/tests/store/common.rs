//! What several of the tests need.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use holt_core::event::Event;
use holt_core::id::SessionId;
use holt_core::store::{Store as _, StoreError};
use holt_store::{DataDir, OpenError, Options, SqliteStore};

pub fn open(directory: &Path) -> SqliteStore {
    try_open(directory).unwrap()
}

pub fn try_open(directory: &Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(Options::new(Arc::new(DataDir::acquire(directory).unwrap())))
}

/// A session's whole log.
pub async fn log(store: &SqliteStore, session: SessionId) -> Result<Vec<Event>, StoreError> {
    let mut log: Vec<Event> = Vec::new();
    loop {
        let page = store.events_after(session, log.len() as u64, 1_000).await?;
        if page.is_empty() {
            return Ok(log);
        }
        log.extend(page);
    }
}

/// Runs another test of this program, by itself, as a process of its own. `through` runs it, `directory` is for it.
pub fn child(through: &[&str], test: &str, directory: &Path) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut words: Vec<_> = through.iter().map(std::ffi::OsStr::new).collect();
    words.push(program.as_os_str());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["--exact", test, "--ignored", "--nocapture"]).env("HOLT_STORE_TEST", directory);
    command
}

/// The directory that `child` was given.
pub fn given_directory() -> std::path::PathBuf {
    std::env::var_os("HOLT_STORE_TEST").expect("only for tests that start it themselves").into()
}
