//! A few connections that only read, used on threads that may block.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use holt_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connect;
use super::fault::{Fault, Outcome};

/// How many read at once. Others wait.
const READERS: usize = 4;

#[derive(Debug)]
pub(super) struct Readers {
    directory: PathBuf,
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, idle: Mutex::default(), turns: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs a question against one state of the database.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        question: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| StoreError::Unavailable("the store is closed".into()))?;
        let readers = Arc::clone(self);
        let answer = tokio::task::spawn_blocking(move || {
            // Held by the thread, not by whoever asks: that one may stop waiting.
            let _turn = turn;
            readers.ask_now(question)
        })
        .await;
        answer.map_err(|_| StoreError::Unavailable("a question to the store broke off".into()))?
    }

    /// Takes no further questions.
    pub(super) fn close(&self) {
        self.turns.close();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn ask_now<T>(&self, question: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db =
            idle.map_or_else(|| connect::reader(&self.directory), Ok).map_err(|error| StoreError::from(Fault::from(error)))?;
        let answer = ask_in_one_state(&db, question);
        // A connection whose files failed is closed; the next question opens a fresh one.
        if !matches!(answer, Err(Fault::Io(_))) {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        }
        Ok(answer?)
    }
}

fn ask_in_one_state<T>(db: &Connection, question: impl FnOnce(&Connection) -> Outcome<T>) -> Outcome<T> {
    let state = db.unchecked_transaction()?;
    let answer = question(&state)?;
    state.finish()?;
    Ok(answer)
}
