//! `holt key`.

use clap::{Args, Subcommand};
use holt_api::{CreateKey, Key, OwnerId, Scope};
use holt_core::id::KeyId;
use serde_json::json;

use crate::config::duration;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::show::words::{ago, now, time};
use crate::terminal::clean_line;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List keys
    #[command(visible_alias = "list")]
    Ls,
    /// Make a key; it is shown once
    #[command(after_help = "Examples:\n  holt key add laptop\n  holt key add dashboard --scope view --expires 30d")]
    Add(AddArguments),
    /// Revoke a key; what it opened ends
    Revoke {
        /// The key's id
        id: KeyId,
    },
}

#[derive(Debug, Args)]
pub struct AddArguments {
    /// What it is for
    name: String,
    /// What it may do: view, operate, approve, admin
    #[arg(long, value_delimiter = ',', value_parser = scope, default_value = "operate,approve")]
    scope: Vec<Scope>,
    /// Whose sessions it sees and makes [default: yours]
    #[arg(long)]
    owner: Option<String>,
    /// When it stops to work: 12h, 30d
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<std::time::Duration>,
}

fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "view" => Ok(Scope::View),
        "operate" => Ok(Scope::Operate),
        "approve" => Ok(Scope::Approve),
        "admin" => Ok(Scope::Admin),
        _ => Err("say view, operate, approve or admin".into()),
    }
}

fn word(scope: Scope) -> &'static str {
    match scope {
        Scope::View => "view",
        Scope::Operate => "operate",
        Scope::Approve => "approve",
        Scope::Admin => "admin",
    }
}

pub async fn run(command: Command, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    match command {
        Command::Ls => {
            let keys = client.keys().await.map_err(context.explain())?;
            context.output.result(&keys, || if keys.items.is_empty() { "no keys".into() } else { list(&keys.items) })
        }
        Command::Add(AddArguments { name, scope, owner, expires }) => {
            let expires_at = expires.map(|time| now().plus(time));
            let wanted = CreateKey { name, scopes: scope, owner: owner.map(OwnerId::new), expires_at };
            let made = client.add_key(&wanted).await.map_err(context.explain())?;
            if !context.output.json {
                context.output.note("This is the only time that the key is shown:");
            }
            context.output.result(&made, || made.key.clone())
        }
        Command::Revoke { id } => {
            client.revoke_key(id).await.map_err(context.explain())?;
            context.output.result(&json!({ "revoked": id }), || "revoked".into())
        }
    }
}

fn list(keys: &[Key]) -> String {
    let now = now();
    let rows: Vec<Vec<String>> = keys
        .iter()
        .map(|key| {
            let scopes: Vec<_> = key.scopes.iter().map(|scope| word(*scope)).collect();
            let state = match (key.revoked_at, key.expires_at) {
                (Some(_), _) => "revoked".into(),
                (None, Some(at)) if at <= now => "expired".into(),
                (None, Some(at)) => format!("until {}", time(at)),
                (None, None) => "valid".into(),
            };
            let used = key.last_used_at.map_or("never used".into(), |at| format!("used {}", ago(at, now)));
            vec![key.id.to_string(), clean_line(&key.name), scopes.join(","), state, used]
        })
        .collect();
    table(&rows)
}
