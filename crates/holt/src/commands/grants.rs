//! `holt grants`: what was allowed until a session ends, and taking it back.

use clap::Args;
use holt_api::KeptGrant;

use super::answer::covers;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::time;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt grants last                 what is allowed for as long as the session lives
  holt grants last --revoke 17     that one is asked about again
  holt grants last --revoke-all")]
pub struct Arguments {
    /// The session
    session: String,
    /// Take this one back
    #[arg(long, value_name = "ID")]
    revoke: Vec<u64>,
    /// Take all of them back
    #[arg(long, conflicts_with = "revoke")]
    revoke_all: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let mut session = client.session(id).await.map_err(context.explain())?;
    let mut revoked = arguments.revoke;
    if arguments.revoke_all {
        revoked = session.grants.iter().map(|kept| kept.id).collect();
        revoked.dedup();
    }
    for grant in revoked {
        session = client.revoke_grant(id, grant).await.map_err(context.explain())?;
    }
    context.output.result(&session.grants, || {
        if session.grants.is_empty() { "nothing is allowed for the session".into() } else { table(&rows(&session.grants)) }
    })
}

fn rows(grants: &[KeptGrant]) -> Vec<Vec<String>> {
    let row = |kept: &KeptGrant| {
        let by = kept.by.as_deref().map(clean_line).unwrap_or_default();
        vec![kept.id.to_string(), covers(&kept.grant), by, kept.at.map(time).unwrap_or_default()]
    };
    grants.iter().map(row).collect()
}
