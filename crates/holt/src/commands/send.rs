//! `holt send`.

use clap::{Args, ValueEnum};
use holt_api::SendPrompt;
use holt_core::event::WhenBusy;
use holt_core::id::PromptId;
use uuid::Uuid;

use super::{follow, run};
use crate::context::Context;
use crate::failure::{Exit, Failure};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  holt send last \"now add a second page\"\n  holt send last --when-busy steer \"use blue\"\n  cat notes.md | holt send last -"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// The prompt, or `-` to read it from standard input
    #[arg(required = true)]
    text: Vec<String>,
    /// What to do when it is busy
    #[arg(long, value_enum, default_value_t)]
    when_busy: Busy,
    /// Return at once and let it work
    #[arg(long, short)]
    detach: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Busy {
    /// Wait for its turn
    #[default]
    Queue,
    /// Give it to the agent at its next step
    Steer,
    /// Cancel what runs and begin with this
    Interrupt,
    /// Do not take it
    Refuse,
}

impl From<Busy> for WhenBusy {
    fn from(busy: Busy) -> Self {
        match busy {
            Busy::Queue => Self::Queue,
            Busy::Steer => Self::Steer,
            Busy::Interrupt => Self::Interrupt,
            Busy::Refuse => Self::Refuse,
        }
    }
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let text = run::task(&arguments.text)?;
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let before = client.session(id).await.map_err(context.explain())?.last_seq;
    let prompt = PromptId::new(Uuid::now_v7());
    let wanted = SendPrompt { id: Some(prompt), text, attachments: Vec::new(), when_busy: arguments.when_busy.into() };
    let receipt = client.prompt(id, &wanted).await.map_err(context.explain())?;
    if arguments.detach {
        return context.output.result(&receipt, || match receipt.waiting_behind {
            Some(before) => format!("it waits behind {before} others"),
            None => "sent".into(),
        });
    }
    match follow::until_done(context, &client, id, prompt, before).await? {
        Exit::Good => Ok(()),
        exit => Err(Failure::silent(exit)),
    }
}
