//! A server for those who need one and find none: started in the background on the private socket alone, and ending by
//! itself when nobody needs it any more.
//!
//! It is a process of its own, so that what an agent is doing survives the command that asked for it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use holt_client::{Client, ClientError};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStdout, Command};
use tokio::time::{sleep, timeout};

use crate::context::Context;
use crate::failure::{Exit, Failure};

/// What a server in the background says, once, on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Started {
    Ready,
    Failed { exit: u8, code: String, message: String, hint: String },
}

/// How long a server may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// How long another server that is just starting or ending is waited for.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// The server of the data directory; started when there is none.
pub async fn server(context: &Context) -> Result<Client, Failure> {
    let data_dir = context.data_dir()?;
    let client = Client::local(&data_dir);
    for _ in 0..TRIES {
        match client.server_process().await {
            Ok(_) => return Ok(client),
            Err(ClientError::Unreachable { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let bar = context.output.spinner("starting a server");
        let started = spawn(context, &data_dir).await?;
        bar.finish_and_clear();
        match started {
            Started::Ready => return Ok(client),
            // Somebody else starts one at the same moment, or one is just ending.
            Started::Failed { exit, .. } if exit == Exit::DataDirInUse as u8 => sleep(PAUSE).await,
            Started::Failed { exit, code, message, hint } => {
                return Err(Failure { exit: exit_of(exit), code, message, hint });
            }
        }
    }
    let message = format!("another server has {} and does not answer", data_dir.display());
    Err(Failure::new(Exit::DataDirInUse, "data_dir_in_use", message, "Stop it first, or name another directory with --data-dir."))
}

fn exit_of(number: u8) -> Exit {
    let known = [Exit::Usage, Exit::DataDirUnusable, Exit::DataDirNewer, Exit::NoSandbox];
    known.into_iter().find(|exit| *exit as u8 == number).unwrap_or(Exit::Failed)
}

async fn spawn(context: &Context, data_dir: &Path) -> Result<Started, Failure> {
    // The link of the running program, so that an upgrade in between changes nothing.
    let mut command = Command::new("/proc/self/exe");
    command.arg0("holt").args(["serve", "--background", "--data-dir"]).arg(absolute(context, data_dir));
    if let Some(config) = &context.global.config {
        command.arg("--config").arg(absolute(context, config));
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir("/");
    let failed =
        |why: String| Failure::failed("server_not_started", format!("no server could be started: {why}"), "Try `holt serve`.");
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let line = timeout(STARTS_WITHIN, first_line(child.stdout.take())).await;
    let line = line.map_err(|_| failed(format!("it is silent for {} seconds", STARTS_WITHIN.as_secs())))?;
    serde_json::from_str(&line).map_err(|_| failed("it ended without a word".into()))
}

fn absolute(context: &Context, path: &Path) -> PathBuf {
    context.environment.working_directory.join(path)
}

async fn first_line(stdout: Option<ChildStdout>) -> String {
    let mut line = String::new();
    if let Some(stdout) = stdout {
        // An unreadable line is an empty one, which the caller reports.
        let _ = BufReader::new(stdout.take(MAX_LINE_BYTES)).read_line(&mut line).await;
    }
    line
}
