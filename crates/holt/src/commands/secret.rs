//! `holt secret`: what is added to requests to a host, outside of sandboxes.

use std::io::{IsTerminal as _, Read as _};

use clap::Subcommand;
use holt_core::vault::MAX_SECRET_BYTES;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::time;
use crate::terminal::clean_line;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the hosts that a secret is kept for
    #[command(visible_alias = "list")]
    Ls,
    /// Keep a secret for a host, read from standard input: a token, or a header as `Name: value`
    #[command(after_help = "Examples:
  holt secret add api.github.com < token
  echo \"PRIVATE-TOKEN: $TOKEN\" | holt secret add gitlab.example:8443")]
    Add {
        /// The host's name, with `:port` when that is not 443
        host: String,
    },
    /// Forget the secret of a host
    Rm {
        /// As it was kept
        host: String,
    },
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    match command {
        Command::Ls => {
            let list = client.host_secrets().await.map_err(context.explain())?;
            let row = |kept: &holt_api::HostSecret| vec![clean_line(&kept.host), time(kept.kept_at)];
            context.output.result(&list, || table(&list.items.iter().map(row).collect::<Vec<_>>()))
        }
        Command::Add { host } => {
            client.keep_host_secret(&host, secret(context)?).await.map_err(context.explain())?;
            context.output.result(&serde_json::json!({ "host": host }), || {
                format!("kept: sessions that may reach {} send it along, and never see it", clean_line(&host))
            })
        }
        Command::Rm { host } => {
            client.forget_host_secret(&host).await.map_err(context.explain())?;
            context.output.result(&serde_json::json!({ "host": host }), || "forgotten".to_owned())
        }
    }
}

/// Never from an argument, where the list of processes would show it.
fn secret(context: &Context) -> Result<String, Failure> {
    let mut input = std::io::stdin().lock();
    if input.is_terminal() {
        context.output.note("Type or paste the secret, then a new line and Ctrl+D.");
    }
    let mut text = String::new();
    input.by_ref().take(MAX_SECRET_BYTES as u64 + 1).read_to_string(&mut text)?;
    match text.trim() {
        "" => Err(Failure::usage("no_secret", "there is no secret", "Give it on standard input: holt secret add HOST < file")),
        text => Ok(text.to_owned()),
    }
}
