//! `holt preview`: a link to what a session serves, for one browser, once.

use clap::Args;
use holt_api::OpenPreview;

use super::open;
use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "The link lets one browser in, once and within a minute.

Examples:
  holt preview last               the ports on which something serves
  holt preview last 5173          a link to what serves on port 5173")]
pub struct Arguments {
    /// The session: its id, the end of it, or `last`
    session: String,
    /// The port in the sandbox
    port: Option<u16>,
    /// Only print the link
    #[arg(long)]
    no_browser: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.client()?;
    let session = context.find(&client, &arguments.session).await?;
    let Some(port) = arguments.port else {
        let list = client.previews(session).await.map_err(context.explain())?;
        return context.output.result(&list, || match &list.ports[..] {
            [] => "Nothing serves in the sandbox.".to_owned(),
            ports => ports.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
        });
    };
    let preview = client.open_preview(session, OpenPreview { port }).await.map_err(context.explain())?;
    let url = preview.url.clone().unwrap_or_default();
    context.output.result(&preview, || url.clone())?;
    open::show(context, &url, arguments.no_browser);
    Ok(())
}
