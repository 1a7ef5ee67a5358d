//! What to say next: finds out what is asked for and follows the plan for it.

use holt_core::model::ModelRequest;

use super::conversation::Conversation;
use super::replay::{Flow, Leave, Replay, Wanted, reason};
use super::wish::Wish;
use super::words::excerpt;
use super::{chart, explain, introduce, page, script};

/// What the demo says in one turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    pub text: String,
    pub calls: Vec<Wanted>,
}

/// Everything that a plan looks at.
pub struct Desk<'a> {
    pub conversation: &'a Conversation,
    pub replay: Replay<'a>,
}

pub fn next(request: &ModelRequest) -> Said {
    let conversation = Conversation::of(&request.turns);
    let wishes = current(&conversation.prompts);
    let mut desk = Desk { conversation: &conversation, replay: Replay::new(&conversation.steps, &request.tools) };
    match follow(&mut desk, &wishes) {
        Ok(text) | Err(Leave::GiveUp(text)) => Said { text, calls: Vec::new() },
        Err(Leave::Ask { words, calls }) => Said { text: words, calls },
    }
}

/// What is wanted now. The newest beginning counts, with all that was said about it since; what was begun before and not
/// ended is left. "Go on" takes up what was left.
fn current(prompts: &[String]) -> Vec<Wish> {
    let wishes: Vec<Wish> = prompts.iter().map(|prompt| Wish::of(prompt)).collect();
    let first = wishes.iter().rposition(Wish::is_a_beginning).unwrap_or(0);
    let later = wishes.into_iter().skip(first);
    let (on, mut others): (Vec<Wish>, Vec<Wish>) = later.partition(|wish| *wish == Wish::GoOn);
    if others.is_empty() {
        others.extend(on.into_iter().take(1));
    }
    others
}

fn follow(desk: &mut Desk<'_>, wishes: &[Wish]) -> Flow<String> {
    let mut said = Vec::new();
    for wish in wishes {
        said.push(match wish {
            Wish::Page(wish) => page::make(desk, wish)?,
            Wish::Change(changes) => page::change(desk, changes)?,
            Wish::Script(kind) => script::make(desk, *kind)?,
            Wish::Chart(wish) => chart::make(desk, wish)?,
            Wish::Explain => explain::look(desk)?,
            Wish::Again => again(desk)?,
            Wish::GoOn => "There is nothing that I left unfinished. What shall I do?".to_owned(),
            Wish::Other => introduce::answer(desk)?,
        });
    }
    if said.is_empty() {
        said.push(introduce::answer(desk)?);
    }
    Ok(said.join("\n\n"))
}

/// Runs the last command once more.
fn again(desk: &mut Desk<'_>) -> Flow<String> {
    let last = desk.conversation.all_steps().rev().find(|step| step.tool == "execute_command");
    // What this very wish has run is not what it is to run again.
    let before = desk.conversation.earlier.iter().rev().find(|step| step.tool == "execute_command");
    let Some(step) = before.or(last) else {
        return Ok(
            "I have not run anything in this conversation yet, so there is nothing to run again. Ask me for a script with \
                   a test, or a data file with a chart."
                .to_owned(),
        );
    };
    let reply = desk.replay.call("I run it again.", Wanted::new("execute_command", step.arguments.clone()))?;
    if !reply.succeeded() {
        return Ok(reason("running it again", &reply));
    }
    Ok(format!("It ran again and succeeded:\n\n```\n{}\n```", excerpt(reply.output(), 15)))
}
