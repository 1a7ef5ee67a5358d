//! A session's files, for callers that must not block.

use std::sync::Arc;

use holt_core::workspace::{FileError, Files, Incoming, Listing, OpenFile};

use crate::error::EngineError;

/// The files of one session. Every call runs where blocking is allowed.
#[derive(Clone)]
pub struct SessionFiles {
    files: Arc<dyn Files>,
}

impl std::fmt::Debug for SessionFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionFiles")
    }
}

impl SessionFiles {
    pub(crate) fn new(files: Arc<dyn Files>) -> Self {
        Self { files }
    }

    /// The files themselves, for work that brings its own thread: an archive, for example.
    pub fn inner(&self) -> Arc<dyn Files> {
        self.files.clone()
    }

    pub async fn list(&self, path: String) -> Result<Listing, EngineError> {
        self.off_thread(move |files| files.list(&path)).await
    }

    pub async fn open(&self, path: String) -> Result<OpenFile, EngineError> {
        self.off_thread(move |files| files.open(&path)).await
    }

    pub async fn receive(&self, path: String, limit: u64) -> Result<Box<dyn Incoming>, EngineError> {
        self.off_thread(move |files| files.receive(&path, limit)).await
    }

    pub async fn create_directory(&self, path: String) -> Result<(), EngineError> {
        self.off_thread(move |files| files.create_directory(&path)).await
    }

    pub async fn remove(&self, path: String) -> Result<(), EngineError> {
        self.off_thread(move |files| files.remove(&path)).await
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Files) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let files = self.files.clone();
        off_thread(move || work(&*files)).await
    }
}

/// Runs file work where blocking is allowed.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, EngineError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| EngineError::ShuttingDown)?;
    Ok(done?)
}
