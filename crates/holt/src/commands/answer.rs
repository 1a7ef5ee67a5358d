//! `holt approve` and `holt deny`.

use clap::Args;
use holt_core::id::CallId;
use holt_core::view::{CallStage, OpenCall, Snapshot};

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::{clean_line, reveal};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt show last          what it asks\n  holt approve last\n  holt deny last")]
pub struct Arguments {
    /// The session
    session: String,
    /// The call, when it asks about several
    call: Option<CallId>,
}

pub async fn run(arguments: Arguments, context: &Context, allow: bool) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let call = the_one(&session, arguments.call)?;
    let session = client.answer(id, call.id, allow).await.map_err(context.explain())?;
    let word = if allow { "allowed" } else { "not allowed" };
    context.output.result(&session, || format!("{word}: {} {}", clean_line(&call.tool), reveal(&call.arguments.to_string())))
}

fn the_one(session: &Snapshot, wanted: Option<CallId>) -> Result<OpenCall, Failure> {
    let asked: Vec<&OpenCall> =
        session.run.iter().flat_map(|run| &run.calls).filter(|call| call.stage == CallStage::Asked).collect();
    match (wanted, asked.as_slice()) {
        (Some(wanted), asked) => asked.iter().find(|call| call.id == wanted).map(|call| (*call).clone()),
        (None, [one]) => Some((*one).clone()),
        (None, []) => None,
        (None, several) => {
            let lines: Vec<_> = several.iter().map(|call| format!("{} {} {}", call.id, call.tool, call.arguments)).collect();
            let message = format!("it asks about {} calls:\n{}", several.len(), reveal(&lines.join("\n")));
            return Err(Failure::usage("which_question", message, "Name the call behind the session."));
        }
    }
    .ok_or_else(|| Failure::failed("question_not_found", "it asks nothing of the kind", "`holt show` says what it asks."))
}
