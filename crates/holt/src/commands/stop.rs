//! `holt stop`: ends a session, or the server.

use std::io;
use std::os::fd::OwnedFd;

use clap::Args;
use holt_client::{Client, ClientError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde_json::json;

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
const PATIENCE_SECONDS: i64 = 60;

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
    let number = pid.as_raw_nonzero();
    let told = pidfd_open(pid, PidfdFlags::NONBLOCK).and_then(|process| {
        pidfd_send_signal(&process, signal)?;
        Ok(process)
    });
    let process = told.map_err(|error| {
        let message = format!("the server (process {number}) could not be told to end: {error}");
        Failure::failed("stop_refused", message, "End it as the user who started it.")
    })?;
    let gone = tokio::task::spawn_blocking(move || has_ended(&process)).await;
    if gone.map_err(io::Error::from)?? {
        return Ok(());
    }
    let message = format!("the server (process {number}) is still there after {PATIENCE_SECONDS} seconds");
    Err(Failure::failed("stop_timed_out", message, "Look into its log; a second signal ends it at once."))
}

/// Waits for the end: the descriptor of a process becomes readable then.
fn has_ended(process: &OwnedFd) -> io::Result<bool> {
    let patience = Timespec { tv_sec: PATIENCE_SECONDS, tv_nsec: 0 };
    let ended = retry_on_intr(|| poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&patience)))?;
    Ok(ended > 0)
}

fn unknown() -> Failure {
    Failure::failed("stop_unknown", "the kernel does not say which process listens on the socket", "End the server by hand.")
}
