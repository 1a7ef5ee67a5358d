//! `holt fork` and `holt retry`: a session out of another one, and a run done again from one of its steps.

use clap::{Args, ValueEnum};
use holt_api::{ForkFiles, ForkSession, SendPrompt};
use holt_client::Client;
use holt_core::event::WhenBusy;
use holt_core::id::{PromptId, SessionId};
use holt_core::session::Status;
use holt_core::view::Snapshot;
use uuid::Uuid;

use super::{follow, run};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::show::words::short_id;
use crate::terminal::clean_line;

#[derive(Debug, Args)]
#[command(
    after_help = "The other session stays as it is. What was installed in its sandbox, what its browser knows and what people allowed
there stays there too.

Examples:
  holt fork last                             a copy of all of it as it is now
  holt fork last \"now try it with SQLite\"    and go on with this
  holt fork last --at 42 \"do it otherwise\"   from event 42 on, with the files as they were there; `holt logs --json` has numbers"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// What to do there, or `-` to read it from standard input
    task: Vec<String>,
    /// The last event that both have
    #[arg(long, value_name = "EVENT")]
    at: Option<u64>,
    /// Which files it has
    #[arg(long, value_enum, default_value_t)]
    files: Files,
    /// Its title [default: as the other's]
    #[arg(long)]
    title: Option<String>,
    /// Return at once and let it work
    #[arg(long, short)]
    detach: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Files {
    /// As they were there
    #[default]
    Then,
    /// As they are now
    Now,
    /// None
    None,
}

impl From<Files> for ForkFiles {
    fn from(files: Files) -> Self {
        match files {
            Files::Then => Self::Then,
            Files::Now => Self::Now,
            Files::None => Self::None,
        }
    }
}

#[derive(Debug, Args)]
#[command(
    after_help = "Without a step, a session that has failed is tried again. With one, the last run is done again from there, in a session
of its own: the other stays as it is.

Examples:
  holt retry last
  holt retry last --step 3"
)]
pub struct RetryArguments {
    /// The session
    session: String,
    /// The step of the last run to begin with, from 1: each answer of the model is one
    #[arg(long, value_name = "N")]
    step: Option<u32>,
    /// Return at once and let it work
    #[arg(long, short)]
    detach: bool,
}

pub async fn fork(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let text = if arguments.task.is_empty() { None } else { Some(run::task(&arguments.task)?) };
    let client = context.server().await?;
    let from = context.find(&client, &arguments.session).await?;
    let prompt = PromptId::new(Uuid::now_v7());
    let said = text.map(|text| SendPrompt { id: Some(prompt), text, attachments: Vec::new(), when_busy: WhenBusy::Queue });
    let waits = said.is_some() && !arguments.detach;
    let wanted = ForkSession {
        id: Some(SessionId::new(Uuid::now_v7())),
        at: arguments.at,
        files: arguments.files.into(),
        title: arguments.title,
        prompt: said,
        ..ForkSession::default()
    };
    let forked = client.fork(from, &wanted).await.map_err(context.explain())?;
    if waits { watch(context, &client, &forked, prompt).await } else { context.output.result(&forked, || made(&forked)) }
}

pub async fn retry(arguments: RetryArguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let Some(step) = arguments.step else {
        let session = client.retry(id).await.map_err(context.explain())?;
        return context.output.result(&session, || "it is tried again".into());
    };
    let wanted =
        ForkSession { id: Some(SessionId::new(Uuid::now_v7())), before_step: Some(step), go_on: true, ..ForkSession::default() };
    let forked = client.fork(id, &wanted).await.map_err(context.explain())?;
    match &forked.run {
        Some(run) if !arguments.detach => watch(context, &client, &forked, run.id.into()).await,
        _ => context.output.result(&forked, || made(&forked)),
    }
}

fn made(session: &Snapshot) -> String {
    let going = if session.status == Status::Running { ", which works" } else { "" };
    format!("session {} “{}”{going}", short_id(session.id), clean_line(&session.title))
}

/// From where the fork goes its own way.
async fn watch(context: &Context, client: &Client, session: &Snapshot, prompt: PromptId) -> Result<(), Failure> {
    if !context.output.json {
        context.output.note(&made(session));
    }
    let after = session.forked_from.map_or(0, |from| from.at);
    match follow::until_done(context, client, session.id, prompt, after).await? {
        Exit::Good => Ok(()),
        exit => Err(Failure::silent(exit)),
    }
}
