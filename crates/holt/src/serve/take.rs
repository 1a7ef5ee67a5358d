//! Taking the data directory, and what to say when something of a start fails.

use std::path::Path;

use holt_client::Client;
use holt_server::BindError;
use holt_store::{DataDir, DataDirError, OpenError};
use rustix::process::Signal;

use crate::commands::stop;
use crate::failure::{Exit, Failure};

/// Takes the data directory. A server in the background gives way to one that somebody started on purpose; its
/// sandboxes stay and are gone on with.
pub async fn data_dir(path: &Path, background: bool) -> Result<DataDir, Failure> {
    match DataDir::acquire(path) {
        Err(DataDirError::InUse { .. }) if !background && gives_way(path).await => {
            DataDir::acquire(path).map_err(|error| data_dir_failure(&error))
        }
        other => other.map_err(|error| data_dir_failure(&error)),
    }
}

/// Ends a server that has nothing but the private socket. Says whether it did.
async fn gives_way(path: &Path) -> bool {
    let client = Client::local(path);
    let Ok(status) = client.status().await else { return false };
    if status.listeners.iter().any(|listener| !listener.address.starts_with('/')) {
        return false;
    }
    let Ok(process) = client.server_process().await else { return false };
    stop::end(process, Signal::TERM).await.is_ok()
}

fn data_dir_failure(error: &DataDirError) -> Failure {
    let exit = match error {
        DataDirError::InUse { .. } => Exit::DataDirInUse,
        DataDirError::Newer { .. } => Exit::DataDirNewer,
        _ => Exit::DataDirUnusable,
    };
    Failure::new(exit, error.code(), error.to_string(), error.hint())
}

pub fn store_failure(error: &OpenError) -> Failure {
    let exit = if matches!(error, OpenError::Newer { .. }) { Exit::DataDirNewer } else { Exit::DataDirUnusable };
    Failure::new(exit, error.code(), error.to_string(), error.hint())
}

pub fn bind_failure(error: &BindError) -> Failure {
    let exit = match error {
        BindError::InUse { .. } => Exit::AddressInUse,
        BindError::Setting(_) | BindError::Exposure(_) | BindError::Vnc(_) | BindError::Tls(_) => Exit::Usage,
        BindError::Socket(_) | BindError::Keys(_) => Exit::DataDirUnusable,
        BindError::Address { .. } => Exit::Failed,
    };
    Failure::new(exit, error.code(), error.to_string(), error.hint())
}
