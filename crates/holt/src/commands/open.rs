//! `holt open`: a fresh link that signs a browser in, once.

use std::process::{Command, Stdio};

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "The link works once and for five minutes.\n\nExamples:\n  holt open\n  holt open --no-browser")]
pub struct Arguments {
    /// Only print the link
    #[arg(long)]
    no_browser: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let code = context.client()?.sign_in_code().await.map_err(context.explain())?;
    if !code.url.starts_with("http") {
        let message = "the server that runs was started for a command and has no page";
        return Err(Failure::failed("no_page", message, "Start one with `holt serve`: it goes on with the sessions."));
    }
    context.output.result(&code, || code.url.clone())?;
    show(context, &code.url, arguments.no_browser);
    Ok(())
}

/// Opens a browser, where there is one to be opened.
pub fn show(context: &Context, url: &str, no_browser: bool) {
    if !no_browser && !context.output.json && !context.is_remote() && has_display(context) {
        open_browser(url);
    }
}

fn has_display(context: &Context) -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| context.environment.get(name).is_some()) && context.output.can_ask()
}

/// Tries. The link is printed either way, so nothing depends on it.
fn open_browser(url: &str) {
    let _ = Command::new("xdg-open").arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}
