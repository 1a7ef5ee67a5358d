//! `holt agents`: the definitions of agents.

use std::path::PathBuf;

use clap::Subcommand;
use holt_api::ListedAgent;
use serde_json::json;

use crate::context::Context;
use crate::definitions;
use crate::failure::Failure;
use crate::terminal::{clean, clean_line};

#[derive(Debug, Subcommand)]
#[command(after_help = "A definition is a TOML file; all of it but `instructions` may be left out:
  description = \"Writes the documentation\"
  instructions = \"You write for people who have never seen this project.\"
  model = \"anthropic/claude-sonnet-5\"
  mode = \"accept_edits\"                  plan, ask, accept_edits or full
  tools = [\"read_*\", \"write_file\"]       all when absent
  [policy]
  otherwise = \"ask\"
  [[policy.rules]]
  command = \"npm *\"
  verdict = \"allow\"

Examples:
  holt agents
  holt agents add writer.toml
  holt run --agent writer \"describe how to install it\"")]
pub enum Command {
    /// List the agents
    Ls,
    /// Show what an agent is
    Show { name: String },
    /// Define an agent as a file says, under the file's name; a project's own are added like every other
    Add { file: PathBuf },
    /// Remove an agent that was added
    Rm { name: String },
}

pub async fn run(command: Option<Command>, context: &Context) -> Result<(), Failure> {
    match command {
        None | Some(Command::Ls) => list(context).await,
        Some(Command::Show { name }) => show(&name, context).await,
        Some(Command::Add { file }) => add(file, context).await,
        Some(Command::Rm { name }) => {
            let client = context.server().await?;
            client.forget_agent(&name).await.map_err(context.explain())?;
            context.output.result(&json!({ "removed": name }), || format!("{} is removed", clean_line(&name)))
        }
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let agents = context.server().await?.agents().await.map_err(context.explain())?;
    let longest = agents.items.iter().map(|agent| agent.definition.name.len()).max().unwrap_or_default();
    let line = |agent: &ListedAgent| {
        let mark = if agent.built_in { "" } else { "  (added)" };
        format!("{:longest$}  {}{mark}", agent.definition.name, clean_line(&agent.definition.description))
    };
    context.output.result(&agents, || agents.items.iter().map(line).collect::<Vec<_>>().join("\n"))
}

async fn show(name: &str, context: &Context) -> Result<(), Failure> {
    let agents = context.server().await?.agents().await.map_err(context.explain())?;
    let found = agents.items.into_iter().find(|agent| agent.definition.name == name);
    let missing = || Failure::failed("agent_unknown", format!("there is no agent `{name}`"), "`holt agents` lists them.");
    let agent = found.ok_or_else(missing)?;
    context.output.result(&agent, || clean(&toml::to_string_pretty(&agent.definition).unwrap_or_default()))
}

async fn add(file: PathBuf, context: &Context) -> Result<(), Failure> {
    let bad = |message: String| Failure::usage("bad_definition", message, "`holt agents --help` shows what one looks like.");
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let text = definitions::read(&file).map_err(|error| bad(format!("{} cannot be read: {error}", file.display())))?;
    let definition = definitions::parse(name, &text).map_err(|error| bad(format!("{}: {error}", file.display())))?;
    let kept = context.server().await?.keep_agent(&definition).await.map_err(context.explain())?;
    context.output.result(&kept, || format!("{name} is defined: holt run --agent {name} \"…\""))
}
