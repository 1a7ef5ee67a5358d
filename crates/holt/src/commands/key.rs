//! `holt key`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use holt_api::{CreateKey, Key, KeyRules, OwnerId, Policy, Scope};
use holt_core::budget::{Allowance, Bound, amount};
use holt_core::id::KeyId;
use holt_core::policy::Mode;
use holt_core::session::Network;
use serde_json::json;

use super::{mode, network};
use crate::config::{allowance, duration, read_text};
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
    #[command(
        after_help = "Examples:\n  holt key add laptop\n  holt key add dashboard --scope view --expires 30d\n  holt key add ci --scope operate --mode ask --network allow --budget cost=50 --day-budget cost=5"
    )]
    Add(Box<AddArguments>),
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
    #[command(flatten)]
    rules: Rules,
}

/// What the sessions that a key makes may not go beyond, whoever works with them.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules of its sessions")]
struct Rules {
    /// The freest mode that they may be in: plan, ask, accept-edits or full
    #[arg(long, value_parser = mode::mode)]
    mode: Option<Mode>,
    /// The farthest that they may go: none, allow or open
    #[arg(long, value_parser = network::word)]
    network: Option<Network>,
    /// When their agents are asked about, or kept from, what they want to do: a file with a policy as JSON
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What all of them may use together: steps=500,tokens=1000000,cost=10,time=8h
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    budget: Option<Allowance>,
    /// What they may use together in a day (UTC)
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    day_budget: Option<Allowance>,
    /// What each of them may use
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    session_budget: Option<Allowance>,
    /// What each run of them may use
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    run_budget: Option<Allowance>,
}

const MAX_POLICY_BYTES: usize = 256 * 1024;

impl Rules {
    /// Nothing when none was given.
    fn read(self) -> Result<Option<Box<KeyRules>>, Failure> {
        let policy = self.policy.as_deref().map(read_policy).transpose()?;
        let rules = KeyRules {
            policy,
            mode: self.mode,
            network: self.network,
            run: self.run_budget.unwrap_or_default(),
            session: self.session_budget.unwrap_or_default(),
            total: self.budget.unwrap_or_default(),
            day: self.day_budget.unwrap_or_default(),
        };
        Ok((rules != KeyRules::default()).then(|| Box::new(rules)))
    }
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let hint = "It is like {\"rules\": [{\"command\": \"git push *\", \"verdict\": \"ask\"}], \"otherwise\": \"allow\"}.";
    let text = read_text(path, MAX_POLICY_BYTES)?;
    let text = text.ok_or_else(|| Failure::usage("file_not_found", format!("there is no {}", path.display()), hint))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::usage("bad_policy", format!("{} is no policy: {error}", path.display()), hint))
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
        Command::Add(arguments) => {
            let AddArguments { name, scope, owner, expires, rules } = *arguments;
            let expires_at = expires.map(|time| now().plus(time));
            let wanted = CreateKey { name, scopes: scope, owner: owner.map(OwnerId::new), expires_at, rules: rules.read()? };
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
            let spent = format!(
                "{}, {} today",
                amount(Bound::Cost, key.spent.cost_micros),
                amount(Bound::Cost, key.spent_today.cost_micros)
            );
            let rules = key.rules.as_deref().map(in_words).unwrap_or_default();
            vec![key.id.to_string(), clean_line(&key.name), scopes.join(","), state, used, spent, rules]
        })
        .collect();
    table(&rows)
}

/// What a key's sessions may not go beyond, in a few words.
fn in_words(rules: &KeyRules) -> String {
    let bounded = [("run", &rules.run), ("session", &rules.session), ("all", &rules.total), ("day", &rules.day)];
    let budgets = bounded.into_iter().filter(|(_, allowance)| **allowance != Allowance::default());
    let budgets = budgets.map(|(whose, allowance)| format!("{whose}: {allowance}"));
    let mode = rules.mode.map(|mode| format!("mode {}", mode.as_str().replace('_', "-")));
    let network = rules.network.map(|network| format!("network {}", network.as_str()));
    let policy = rules.policy.as_ref().map(|policy| format!("{} rules", policy.rules.len()));
    mode.into_iter().chain(network).chain(policy).chain(budgets).collect::<Vec<_>>().join("; ")
}
