//! `holt run`: one task, from the words to the exit code.

use std::io::Read;
use std::path::Path;

use clap::Args;
use holt_api::{CreateSession, SendPrompt};
use holt_client::{Client, ClientError};
use holt_core::budget::Allowance;
use holt_core::event::WhenBusy;
use holt_core::id::{PromptId, SessionId};
use holt_core::policy::Mode;
use holt_core::profile::ProfileName;
use holt_core::session::{Network, SessionKind, WorkspaceSpec};
use holt_core::source::Source;
use holt_core::view::Snapshot;
use uuid::Uuid;

use super::budget::of_run;
use super::{follow, mode, network, profiles, project, start};
use crate::config::allowance;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::show::words::short_id;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt run \"make a small web page about otters\"
  holt run --managed \"compute the first thousand primes\"     in a directory of Holt's own
  holt run --git https://github.com/owner/name \"mend the failing test\"
  git diff | holt run -                                       the task from standard input
  holt run --json \"run the tests\" | jq .kind")]
pub struct Arguments {
    /// What to do, or `-` to read it from standard input
    #[arg(required = true)]
    task: Vec<String>,
    /// Work in a directory that Holt makes and keeps, instead of this one
    #[arg(long)]
    managed: bool,
    /// Work on this repository, in a directory that Holt makes and keeps
    #[arg(long, value_name = "URL")]
    git: Option<String>,
    /// The branch or tag of the repository
    #[arg(long, requires = "git")]
    branch: Option<String>,
    /// The agent: one of `holt agents`, such as coder or reviewer
    #[arg(long)]
    agent: Option<String>,
    /// How freely it works: plan, ask, accept-edits or full [default: as the agent is defined, or full]
    #[arg(long, value_parser = mode::mode)]
    mode: Option<Mode>,
    /// The model to use
    #[arg(long)]
    model: Option<String>,
    /// The environment: which programs the sandbox has
    #[arg(long)]
    environment: Option<String>,
    /// Where its programs may go: `none`, `allow` for where packages and code come from, or `open` for every public host
    /// [default: as the server is set]
    #[arg(long, value_parser = network::word)]
    network: Option<Network>,
    #[command(flatten)]
    hosts: network::Hosts,
    /// What its browser knows from before: a profile by name, made if there is none yet
    #[arg(long, value_name = "NAME", value_parser = profiles::name)]
    profile: Option<ProfileName>,
    /// What the run may use: steps=50,tokens=100000,cost=2.50,time=1h [default: as the server is set]
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    budget: Option<Allowance>,
    /// What all runs of the session may use together
    #[arg(long, value_name = "BUDGET", value_parser = allowance)]
    session_budget: Option<Allowance>,
    /// The session's title [default: made from the task]
    #[arg(long)]
    title: Option<String>,
    /// Return at once and let it work
    #[arg(long, short)]
    detach: bool,
}

/// How often a server that ends under our hands is started again.
const TRIES: u32 = 3;

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let text = task(&arguments.task)?;
    let source = arguments.git.clone().map(|url| Source::Git { url, branch: arguments.branch.clone() });
    let managed = arguments.managed || source.is_some();
    let workspace = workspace(managed, context)?;
    let prompt = PromptId::new(Uuid::now_v7());
    let wanted = CreateSession {
        id: Some(SessionId::new(Uuid::now_v7())),
        kind: Some(if managed { SessionKind::Chat } else { SessionKind::Project }),
        title: arguments.title.clone(),
        agent: arguments.agent.clone(),
        mode: arguments.mode,
        model: arguments.model.clone(),
        environment: arguments.environment.clone(),
        network: arguments.network,
        hosts: arguments.hosts.rules(),
        browser_profile: arguments.profile.clone(),
        budget: arguments.budget.map(of_run),
        session_budget: arguments.session_budget,
        workspace: Some(workspace),
        source,
        prompt: Some(SendPrompt { id: Some(prompt), text, attachments: Vec::new(), when_busy: WhenBusy::Queue }),
        ..CreateSession::default()
    };
    let (client, session) = create(context, &wanted).await?;
    if arguments.detach {
        return context.output.result(&session, || short_id(session.id));
    }
    let exit = follow::until_done(context, &client, session.id, prompt, 0).await?;
    if !context.output.json {
        let id = short_id(session.id);
        let files = if managed { format!("holt get {id} · ") } else { String::new() };
        context.output.note(&format!("\nsession {id}: {files}holt send {id} \"…\" · holt logs {id}"));
    }
    if exit == Exit::Good { Ok(()) } else { Err(Failure::silent(exit)) }
}

/// Makes the session; starts a server when none is there, or when the one that was there has just ended.
async fn create(context: &Context, wanted: &CreateSession) -> Result<(Client, Snapshot), Failure> {
    let mut tries = 0;
    loop {
        let client = if context.is_remote() { context.client()? } else { start::server(context).await? };
        tries += 1;
        match client.create_session(wanted).await {
            Ok(session) => return Ok((client, session)),
            // The session's id is ours, so asking again makes no second one.
            Err(error @ ClientError::Unreachable { .. }) if tries >= TRIES => return Err(context.explain()(error)),
            Err(ClientError::Unreachable { .. }) if !context.is_remote() => {}
            Err(error) => return Err(context.explain()(error)),
        }
    }
}

fn workspace(managed: bool, context: &Context) -> Result<WorkspaceSpec, Failure> {
    if managed {
        return Ok(WorkspaceSpec::Managed);
    }
    if context.is_remote() {
        let message = "this directory is on this machine and the server is elsewhere";
        return Err(Failure::usage("project_is_local", message, "Add `--managed`, then `holt put` and `holt get` files."));
    }
    let home = context.environment.get("HOME").map(Path::new);
    let directory = project::check(&context.environment.working_directory, home, &context.data_dir()?)?;
    let not_text = || Failure::usage("bad_path", "the name of this directory is not UTF-8", "Rename it.");
    Ok(WorkspaceSpec::Directory { path: directory.to_str().ok_or_else(not_text)?.to_owned() })
}

/// The words of the task.
pub fn task(words: &[String]) -> Result<String, Failure> {
    let text = if words == ["-"] { from_standard_input()? } else { words.join(" ") };
    let empty =
        || Failure::usage("no_task", "there is no task", "Say what to do: holt run \"make a small web page about otters\"");
    if text.trim().is_empty() { Err(empty()) } else { Ok(text) }
}

fn from_standard_input() -> Result<String, Failure> {
    let limit = holt_api::bounds::MAX_PROMPT_BYTES;
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        let message = format!("the task is larger than {limit} bytes");
        return Err(Failure::usage("too_large", message, "Put the long part into a file and name it in the task."));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::usage("not_text", "the task is not UTF-8 text", "Put it into a file and name that."))
}
