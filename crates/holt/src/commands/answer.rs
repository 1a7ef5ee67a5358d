//! `holt approve`, `holt deny` and `holt reply`.

use clap::Args;
use holt_api::Answer;
use holt_core::id::CallId;
use holt_core::policy::Grant;
use holt_core::view::{CallStage, OpenCall, Snapshot};
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::{clean_line, reveal};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  holt show last                           what it asks
  holt approve last
  holt approve last --for-session          and the same again until the session ends
  holt approve last --command 'npm ci'     this in place of what it asked for")]
pub struct Approve {
    #[command(flatten)]
    question: Question,
    /// Allow the same until the session ends; what that covers is printed
    #[arg(long)]
    for_session: bool,
    /// Run this command in place of the one that it asks about
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Call with these arguments, as JSON, in place of those that it asks about
    #[arg(long, value_name = "JSON", conflicts_with = "command")]
    arguments: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt deny last\n  holt deny last --reason 'the database is shared: use the copy'")]
pub struct Deny {
    #[command(flatten)]
    question: Question,
    /// Why not, for the agent to read
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  holt reply last \"the second one, and keep the old name\"")]
pub struct Reply {
    /// The session
    session: String,
    /// The answer
    #[arg(required = true)]
    text: Vec<String>,
}

/// Answers in words what the agent asked in words.
pub async fn reply(arguments: Reply, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &arguments.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let asking = session.run.iter().flat_map(|run| &run.calls).find(|call| call.asks.is_some());
    let nothing = || Failure::failed("question_not_found", "it asks nothing in words", "`holt show` says what it asks.");
    let call = asking.ok_or_else(nothing)?.id;
    let session = client.reply(id, call, &arguments.text.join(" ")).await.map_err(context.explain())?;
    context.output.result(&session, || "answered".into())
}

#[derive(Debug, Args)]
struct Question {
    /// The session
    session: String,
    /// The call, when it asks about several
    call: Option<CallId>,
    /// Answer only if the question still has this hash, or one that begins so; `holt show` prints it
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
}

pub async fn approve(arguments: Approve, context: &Context) -> Result<(), Failure> {
    let Approve { question, for_session, command, arguments } = arguments;
    let given = arguments.as_deref().map(serde_json::from_str).transpose();
    let given: Option<Value> = given.map_err(|error| {
        Failure::usage("bad_arguments", format!("the arguments are not JSON: {error}"), "Give an object: '{\"path\": \"a\"}'.")
    })?;
    let answer = Answer { allow: true, for_session, ..Answer::default() };
    settle(question, context, |call| Answer { arguments: given.or_else(|| with_command(call, command)), ..answer }).await
}

pub async fn deny(arguments: Deny, context: &Context) -> Result<(), Failure> {
    let answer = Answer { reason: arguments.reason, ..Answer::default() };
    settle(arguments.question, context, |_| answer).await
}

async fn settle(question: Question, context: &Context, answer: impl FnOnce(&OpenCall) -> Answer) -> Result<(), Failure> {
    let client = context.server().await?;
    let id = context.find(&client, &question.session).await?;
    let session = client.session(id).await.map_err(context.explain())?;
    let call = the_one(&session, question.call)?;
    let hash = call.question.as_ref().map(|question| question.hash.clone());
    if let Some(wanted) = &question.hash
        && !hash.as_ref().is_some_and(|hash| hash.starts_with(wanted.as_str()))
    {
        let hint = "`holt show` says what it asks now.";
        return Err(Failure::failed("question_changed", "what would run is not what was seen", hint));
    }
    let answer = Answer { hash, ..answer(&call) };
    let session = client.answer(id, call.id, &answer).await.map_err(context.explain())?;
    context.output.result(&session, || told(&call, &answer))
}

/// The arguments of a call with another command.
fn with_command(call: &OpenCall, command: Option<String>) -> Option<Value> {
    let mut arguments = call.arguments.clone();
    arguments.as_object_mut()?.insert("command".into(), command?.into());
    Some(arguments)
}

fn told(call: &OpenCall, answer: &Answer) -> String {
    let word = if answer.allow { "allowed" } else { "not allowed" };
    let arguments = answer.arguments.as_ref().unwrap_or(&call.arguments);
    let mut text = format!("{word}: {} {}", clean_line(&call.tool), reveal(&arguments.to_string()));
    if let Some(question) = call.question.as_ref().filter(|_| answer.for_session) {
        let covers = if answer.arguments.is_some() { "what was put in its place".into() } else { covers(&question.for_session) };
        text.push_str(&format!("\nuntil the session ends: {covers}"));
    }
    text
}

/// What an answer for the whole session allows, in words.
pub fn covers(grant: &Grant) -> String {
    match grant {
        Grant::Command { tool, command, directory } => {
            format!("{} with exactly `{}` in {}", clean_line(tool), reveal(command), reveal(directory))
        }
        Grant::Paths { tool, paths } => format!("{} on {}", clean_line(tool), reveal(&paths.join(", "))),
        Grant::Host { tool, host } => format!("{} at {}", clean_line(tool), reveal(host)),
        Grant::Call { tool, arguments } => format!("{} with exactly {}", clean_line(tool), reveal(&arguments.to_string())),
    }
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
