//! A tool call from its start to its end: found or started, followed, given up when it is late, cancelled.

use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::task::spawn_local;

use super::calls::{Call, Next, Outcome};
use super::connection::Outlet;
use super::guard::awake;
use super::keeper::Keeper;
use super::serve::LONGEST_NAME;
use super::toolbox::{self, Which};
use super::usage;
use crate::protocol::message::{Code, Ending, Message};

/// A call as a server asks for it.
#[derive(Debug)]
pub struct Asked {
    pub id: String,
    pub tool: String,
    pub only_if_known: bool,
    /// Its time limit, when it is started.
    pub within: Duration,
}

type Found = Result<Rc<Call>, (Code, &'static str)>;

/// The call, started when nobody knew it; none when it was not to be started.
pub fn find_or_start(keeper: &Rc<Keeper>, asked: Asked, arguments: &[u8]) -> Option<Found> {
    if let Some(call) = keeper.calls.borrow().find(&asked.id) {
        return Some(Ok(call));
    }
    if asked.only_if_known {
        return None;
    }
    if asked.id.len() > LONGEST_NAME || asked.tool.len() > LONGEST_NAME {
        return Some(Err((Code::Invalid, "the call's name is too long")));
    }
    let Ok(arguments) = serde_json::from_slice::<Map<String, Value>>(arguments) else {
        return Some(Err((Code::Invalid, "the call's arguments are not a JSON object")));
    };
    let Some(call) = keeper.calls.borrow_mut().add(&asked.id) else {
        return Some(Err((Code::Full, "too many calls are not acknowledged")));
    };
    // Not part of the connection's work: a call goes on without a server.
    spawn_local(live(Rc::clone(keeper), Rc::clone(&call), asked, arguments));
    Some(Ok(call))
}

/// Sees a call to its end, whatever the toolbox does.
async fn live(keeper: Rc<Keeper>, call: Rc<Call>, asked: Asked, arguments: Map<String, Value>) {
    let group = Which::has(&asked.tool).group();
    let late = awake(asked.within, || keeper.groups.is_frozen(group));
    tokio::select! {
        () = run(&keeper, &call, &asked.tool, arguments) => {}
        () = call.finished() => {}
        () = late => {
            let seconds = asked.within.as_secs();
            call.finish(Outcome::text(Ending::Failed, &format!(
                "This did not end within the {seconds} seconds that it may take, and was given up; how far it came is not known."
            )));
            stop(&keeper, &call);
        }
    }
}

async fn run(keeper: &Rc<Keeper>, call: &Rc<Call>, tool: &str, arguments: Map<String, Value>) {
    let toolbox = match keeper.ready().await {
        Ok(()) => {
            let which = Which::has(tool);
            if which == Which::Session {
                usage::make_room(keeper).await;
            }
            toolbox::reach(keeper, which).await.map_err(|error| format!("The toolbox could not be started: {error}."))
        }
        Err(reason) => Err(format!("The sandbox is not there: {reason}.")),
    };
    match toolbox {
        Ok(_) if call.is_finished() => {}
        Ok(toolbox) => {
            toolbox.call(call, tool, &arguments);
            call.finished().await;
        }
        Err(reason) => call.finish(Outcome::text(Ending::Failed, &reason)),
    }
}

/// Passes on what comes of a call.
pub async fn follow(outlet: &Outlet, id: u64, call: &Call, from: u64) {
    let mut at = from;
    loop {
        match call.next(at).await {
            Next::Output { offset, text } => {
                at = offset + text.len() as u64;
                outlet.say(&Message::Output { id, offset }, text.into_bytes()).await;
            }
            Next::Finished(outcome) => {
                return outlet.say(&Message::Finished { id, ending: outcome.ending }, outcome.body.clone()).await;
            }
        }
    }
}

/// Ends a call at once for everyone who follows it; the toolbox is told to stop. False when nobody knows it.
pub fn cancel(keeper: &Keeper, id: &str) -> bool {
    let Some(call) = keeper.calls.borrow().find(id) else { return false };
    if !call.is_finished() {
        call.finish(Outcome::text(Ending::Cancelled, "The call was cancelled; it may have done a part of its work."));
        stop(keeper, &call);
    }
    true
}

fn stop(keeper: &Keeper, call: &Rc<Call>) {
    for toolbox in [&keeper.toolbox, &keeper.browser.toolbox] {
        if let Some(toolbox) = toolbox.client() {
            toolbox.cancel(call);
        }
    }
}
