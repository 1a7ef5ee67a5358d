//! The server itself.

use crate::client::Client;
use crate::error::ClientError;
use crate::path::Path;
use holt_api::{Health, ServerStatus};

impl Client {
    pub async fn status(&self) -> Result<ServerStatus, ClientError> {
        self.get(Path::new("/v2/status")).await
    }

    /// Whether somebody answers there at all.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(Path::new("/health")).await
    }
}
