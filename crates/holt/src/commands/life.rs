//! `holt cancel` and `holt rm`.

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::words::short_id;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The session
    session: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt rm last\n  holt rm 1f2e3d4c 5a6b7c8d --yes")]
pub struct RemoveArguments {
    /// The sessions
    #[arg(required = true)]
    sessions: Vec<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

pub async fn cancel(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.cancel(id).await.map_err(context.explain())?;
    context.output.result(&session, || "cancelling".into())
}

pub async fn remove(arguments: RemoveArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let mut ids = Vec::new();
    for named in &arguments.sessions {
        ids.push(context.find(&client, named).await?);
    }
    for id in &ids {
        let session = client.session(*id).await.map_err(context.explain())?;
        let question = format!("Remove {} “{}” with its files?", short_id(*id), clean_line(&session.title));
        if !arguments.yes && !context.output.confirm(&question) {
            return Err(Failure::usage("not_confirmed", "nothing was removed", "Add `--yes` to remove without a question."));
        }
        client.remove(*id).await.map_err(context.explain())?;
    }
    context.output.result(&json!({ "removed": ids }), || format!("removed {}", ids.len()))
}
