//! `holt compact`.

use clap::Args;
use holt_core::event::ContextCompacted;

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::clean;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt compact last\n  holt compact last --show\n  holt compact last --undo")]
pub struct Arguments {
    /// The session
    session: String,
    /// Show the summary that stands for the older part of the conversation
    #[arg(long, conflicts_with = "undo")]
    show: bool,
    /// Undo the newest compaction: the model sees the conversation itself again
    #[arg(long)]
    undo: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    if arguments.show {
        let compacted = client.compaction(id).await.map_err(context.explain())?;
        return context.output.result(&compacted, || text(&compacted));
    }
    if arguments.undo {
        let session = client.undo_compaction(id).await.map_err(context.explain())?;
        return context.output.result(&session, || "undone: the model sees the conversation itself again".into());
    }
    let session = client.compact(id).await.map_err(context.explain())?;
    context.output.result(&session, || "the older part is being summed up; `holt compact --show` shows the summary".into())
}

fn text(compacted: &ContextCompacted) -> String {
    let ContextCompacted { from, through, summary, said, left_out, .. } = compacted;
    let by = compacted.model.as_deref().map_or("without a model".into(), |model| format!("by {model}"));
    let left_out = if *left_out > 0 { format!(" ({left_out} more are in the log alone)") } else { String::new() };
    let head =
        format!("events {from} to {through}, summed up {by}; {} messages of people kept whole or cut{left_out}", said.len());
    format!("{}\n\n{}", clean(&head), clean(summary))
}
