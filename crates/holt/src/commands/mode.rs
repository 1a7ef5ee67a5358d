//! `holt mode`: how freely a session's agent works.

use clap::Args;
use holt_core::policy::Mode;

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Modes:
  plan           it looks and makes a plan: the workspace cannot be written to, and nothing leaves the sandbox
  ask            it asks before whatever changes something
  accept-edits   it edits files of the workspace, and asks before everything else
  full           inside its sandbox it may do everything that the policy does not forbid

Into and out of `plan` the sandbox is opened anew, and what runs in it ends.

Examples:
  holt mode last
  holt mode last plan")]
pub struct Arguments {
    /// The session
    session: String,
    /// The mode from now on
    #[arg(value_parser = mode)]
    mode: Option<Mode>,
}

pub fn mode(word: &str) -> Result<Mode, String> {
    Mode::find(word).ok_or_else(|| "say plan, ask, accept-edits or full".to_owned())
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = match arguments.mode {
        Some(mode) => client.set_mode(id, mode).await,
        None => client.session(id).await,
    };
    let session = session.map_err(context.explain())?;
    context.output.result(&session, || session.mode.as_str().replace('_', "-"))
}
