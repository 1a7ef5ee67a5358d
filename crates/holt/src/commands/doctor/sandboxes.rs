//! Whether a sandbox can be opened: asked of the server that runs, else tried by a driver of our own.

use std::path::{Path, PathBuf};

use holt_client::Client;
use holt_core::sandbox::{Finding, FindingState, Sandboxes};
use holt_sandbox::bwrap::{BwrapDriver, Options};
use holt_store::DataDir;

use crate::config::Config;
use crate::context::Context;
use crate::failure::Failure;
use crate::serve::{epoch, keeper};

pub async fn examine(context: &Context, config: &Config) -> Vec<Finding> {
    let client = Client::local(&config.data_dir);
    if let Ok(status) = client.status().await {
        context.output.note("asking the server that runs");
        return status.findings;
    }
    try_here(&config.data_dir).await.unwrap_or_else(|failure| vec![broken(&failure)])
}

/// In the data directory where there is one, so that its file system is the one that is tried; else beside its place.
async fn try_here(data_dir: &Path) -> Result<Vec<Finding>, Failure> {
    if data_dir.join("version").exists()
        && let Ok(taken) = DataDir::acquire(data_dir)
    {
        return try_in(taken.path()).await;
    }
    let temporary = temporary(data_dir)?;
    let findings = try_in(temporary.path()).await;
    // What cannot be removed is an empty directory under a telling name.
    let _ = temporary.close();
    findings
}

fn temporary(data_dir: &Path) -> Result<tempfile::TempDir, Failure> {
    let near = data_dir.ancestors().skip(1).find(|ancestor| ancestor.is_dir()).map(Path::to_owned);
    let places: Vec<PathBuf> = near.into_iter().chain([std::env::temp_dir()]).collect();
    let mut made = places.iter().map(|place| tempfile::Builder::new().prefix(".holt-doctor-").tempdir_in(place));
    let made = made.find_map(Result::ok);
    made.ok_or_else(|| {
        Failure::failed(
            "doctor_no_place",
            "there is no place to try a sandbox in",
            "Set TMPDIR to a directory that can be written.",
        )
    })
}

async fn try_in(directory: &Path) -> Result<Vec<Finding>, Failure> {
    let keeper = keeper::install(directory)?;
    let driver = BwrapDriver::new(Options { prepared: 0, ..Options::new(directory, keeper, epoch::next(directory)?) });
    let driver = driver.map_err(|error| Failure::failed("sandbox", error.to_string(), ""))?;
    let findings = driver.examine().await;
    driver.shutdown().await;
    Ok(findings)
}

fn broken(failure: &Failure) -> Finding {
    let hint = Some(failure.hint.clone()).filter(|hint| !hint.is_empty());
    Finding { name: "sandbox".into(), state: FindingState::Bad, text: failure.message.clone(), hint, fix: None }
}
