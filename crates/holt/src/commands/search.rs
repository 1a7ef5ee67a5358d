//! `holt search`.

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{ago, now, short_id};
use crate::terminal::{clean_line, short_line};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt search otters\n  holt search dam water level --limit 5")]
pub struct Arguments {
    /// Words that all have to be there
    #[arg(required = true)]
    words: Vec<String>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 30)]
    limit: usize,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let found = client.search(&arguments.words.join(" "), arguments.limit).await.map_err(context.explain())?;
    context.output.result(&found, || {
        if found.items.is_empty() {
            return "nothing found".into();
        }
        let now = now();
        let rows = found.items.iter().map(|found| {
            let who = if found.kind == "agent_message" { "agent" } else { "" };
            let words = clean_line(&found.excerpt);
            vec![short_id(found.session), ago(found.at, now), short_line(&found.title, 30), who.into(), words]
        });
        table(&rows.collect::<Vec<_>>())
    })
}
