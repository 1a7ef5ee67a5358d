//! `holt memory`: what agents remember from session to session.

use clap::Subcommand;
use holt_api::{About, ChangeFact, Fact, RememberFact, SessionId};
use holt_client::Client;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::show::words::short_id;
use crate::terminal::clean_line;

#[derive(Debug, Subcommand)]
#[command(after_help = "What is told to a session's agent: the facts that hold everywhere, and those about its workspace.
What an agent wants to hold everywhere waits until somebody agrees.

Examples:
  holt memory
  holt memory add I want commit messages in English
  holt memory add --session last the tests need Postgres on port 5433
  holt memory agree 7
  holt memory rm 3 4")]
pub enum Command {
    /// List the facts
    #[command(visible_alias = "list")]
    Ls {
        /// Only what counts in this session's workspace
        #[arg(long)]
        session: Option<String>,
    },
    /// Write a fact down
    Add {
        /// About this session's workspace; else it holds everywhere
        #[arg(long)]
        session: Option<String>,
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Say a fact in other words
    Change {
        fact: u64,
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Agree to facts that wait
    Agree {
        #[arg(required = true)]
        facts: Vec<u64>,
    },
    /// Forget facts
    Rm {
        #[arg(required = true)]
        facts: Vec<u64>,
    },
}

pub async fn run(command: Option<Command>, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    match command.unwrap_or(Command::Ls { session: None }) {
        Command::Ls { session } => {
            let session = find(&client, session, context).await?;
            let facts = client.facts(session).await.map_err(context.explain())?;
            context.output.result(&facts, || list(&facts.items))
        }
        Command::Add { session, text } => {
            let session = find(&client, session, context).await?;
            let wanted = RememberFact { text: text.join(" "), session };
            let fact = client.remember(&wanted).await.map_err(context.explain())?;
            context.output.result(&fact, || line(&fact))
        }
        Command::Change { fact, text } => {
            let change = ChangeFact { text: Some(text.join(" ")) };
            let fact = client.change_fact(fact, &change).await.map_err(context.explain())?;
            context.output.result(&fact, || line(&fact))
        }
        Command::Agree { facts } => {
            for fact in &facts {
                client.change_fact(*fact, &ChangeFact::default()).await.map_err(context.explain())?;
            }
            context.output.result(&json!({ "agreed": facts }), || "agreed: agents are told from their next run on".into())
        }
        Command::Rm { facts } => {
            for fact in &facts {
                client.forget_fact(*fact).await.map_err(context.explain())?;
            }
            context.output.result(&json!({ "forgotten": facts }), || "forgotten".into())
        }
    }
}

async fn find(client: &Client, session: Option<String>, context: &Context) -> Result<Option<SessionId>, Failure> {
    match session {
        Some(named) => context.find(client, &named).await.map(Some),
        None => Ok(None),
    }
}

fn list(facts: &[Fact]) -> String {
    if facts.is_empty() {
        return "nothing is remembered; `holt memory add …` writes a fact down, and agents note what they find out".into();
    }
    facts.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn line(fact: &Fact) -> String {
    let about = match &fact.about {
        About::Everywhere => "everywhere".into(),
        About::Directory { path } => clean_line(path),
        About::Session { session } => format!("session {}", short_id(*session)),
    };
    let whose = if fact.session.is_some() { ", noted by an agent" } else { "" };
    let waiting = if fact.waiting { format!("; waits: holt memory agree {}", fact.id) } else { String::new() };
    format!("{:>4}  {}  ({about}{whose}{waiting})", fact.id, clean_line(&fact.text))
}
