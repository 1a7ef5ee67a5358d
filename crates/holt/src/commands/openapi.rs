//! `holt openapi`.

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt openapi > openapi.json")]
pub struct Arguments {}

pub fn run(_: Arguments, context: &Context) -> Result<(), Failure> {
    context.output.line(holt_server::openapi_json(env!("CARGO_PKG_VERSION")).trim_end())
}
