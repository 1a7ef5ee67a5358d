//! `holt stop`: ends a session, or the server.

use std::time::Duration;

use clap::Args;
use holt_client::{Client, ClientError};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt stop last\n  holt stop server       ends the server on this machine and all sandboxes")]
pub struct Arguments {
    /// The session; or `server`, which ends the server of this data directory and all sandboxes
    #[arg(value_name = "SESSION|server")]
    session: String,
}

/// How long a server may take to close its sandboxes.
const PATIENCE: Duration = Duration::from_secs(60);

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    if arguments.session == "server" {
        return stop_server(context).await;
    }
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.stop(id).await.map_err(context.explain())?;
    context.output.result(&session, || "ending".into())
}

async fn stop_server(context: &Context) -> Result<(), Failure> {
    if context.is_remote() {
        let message = "only the server on this machine can be ended from here";
        return Err(Failure::usage("server_elsewhere", message, "Go to its machine, or leave out `--server`."));
    }
    let client = Client::local(context.data_dir()?);
    let process = match client.server_process().await {
        Ok(process) => process,
        Err(ClientError::Unreachable { .. }) => {
            return context.output.result(&json!({ "stopped": false }), || "no server runs".into());
        }
        Err(error) => return Err(error.into()),
    };
    let bar = context.output.spinner("the server closes its sandboxes");
    end(process, Signal::INT).await?;
    bar.finish_and_clear();
    context.output.result(&json!({ "stopped": true }), || "the server has ended".into())
}

/// Sends a signal to the server that listens on the socket, and waits until it is gone.
pub async fn end(process: Option<i32>, signal: Signal) -> Result<(), Failure> {
    let pid = process.and_then(Pid::from_raw).ok_or_else(unknown)?;
    kill_process(pid, signal).map_err(|error| {
        let message = format!("the server (process {pid:?}) could not be told to end: {error}");
        Failure::failed("stop_refused", message, "End it as the user who started it.")
    })?;
    let since = Instant::now();
    while test_kill_process(pid).is_ok() {
        if since.elapsed() > PATIENCE {
            let message = format!("the server (process {pid:?}) is still there after {} seconds", PATIENCE.as_secs());
            return Err(Failure::failed("stop_timed_out", message, "Look into its log; a second signal ends it at once."));
        }
        sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn unknown() -> Failure {
    Failure::failed("stop_unknown", "the kernel does not say which process listens on the socket", "End the server by hand.")
}
