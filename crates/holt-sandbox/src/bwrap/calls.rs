//! Following a call at its keeper, over lost connections too.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::sandbox::{CallUpdate, SandboxError, ToolCall};
use holt_core::tool::{CallOutcome, CallStatus};
use holt_keeper::protocol::message::{Answer, Ending, Verb};

use holt_toolbox::catalogue;

use super::client::Running;
use super::driver::Inner;
use crate::outcome;

const GONE: &str = "The sandbox ended while this ran; how far it came is not known.";
const UNKNOWN: &str = "The sandbox's keeper does not know this call: whether it ran is not known.";

pub async fn follow(
    inner: Arc<Inner>,
    call: ToolCall,
    only_if_known: bool,
    within_seconds: u64,
) -> Result<BoxStream<'static, CallUpdate>, SandboxError> {
    let arguments = serde_json::to_vec(&call.arguments).map_err(|error| SandboxError::Faulty(error.to_string()))?;
    let mut following = Following { inner, call, arguments, within_seconds, from: 0, running: None, done: false };
    // Here, so that a sandbox that is not open is an error and not an outcome.
    following.running = Some(following.begin(only_if_known).await?);
    Ok(stream::unfold(following, |mut following| async move { Some((following.next().await?, following)) }).boxed())
}

struct Following {
    inner: Arc<Inner>,
    call: ToolCall,
    arguments: Vec<u8>,
    within_seconds: u64,
    /// How much of the output has been passed on.
    from: u64,
    running: Option<Running>,
    done: bool,
}

impl Following {
    async fn begin(&self, only_if_known: bool) -> Result<Running, SandboxError> {
        let verb = || Verb::Call {
            call: self.call.call.to_string(),
            tool: self.call.tool.clone(),
            from: self.from,
            only_if_known,
            within_seconds: self.within_seconds,
        };
        // A connection may end between finding and using it; the next attempt finds what has become of its keeper.
        for _ in 0..2 {
            let open = self.inner.find(self.call.session).await?;
            if catalogue::find(&self.call.tool).is_some_and(|tool| tool.screen) {
                open.desktop.note();
            }
            if let Some(running) = open.client.call(verb(), self.arguments.clone()).await {
                return Ok(running);
            }
        }
        Err(SandboxError::Gone)
    }

    /// The next update; none at the end, and when a newer server has taken the sandbox: then it is not for this one to say.
    async fn next(&mut self) -> Option<CallUpdate> {
        while !self.done {
            let mut running = match self.running.take() {
                Some(running) => running,
                None => match self.begin(true).await {
                    Ok(running) => running,
                    Err(SandboxError::Fenced) => return None,
                    Err(_) => return self.finish(CallOutcome::text(CallStatus::Interrupted, GONE)),
                },
            };
            if let Some((offset, bytes)) = running.pieces.recv().await {
                self.from = offset + bytes.len() as u64;
                self.running = Some(running);
                return Some(CallUpdate::Output { offset, text: String::from_utf8_lossy(&bytes).into_owned() });
            }
            if let Ok((ending, body)) = running.end.await {
                return self.finish(outcome_of(ending, &body));
            }
            if let Ok(answer) = running.refused.await {
                return self.finish(refused(answer));
            }
        }
        None
    }

    fn finish(&mut self, outcome: CallOutcome) -> Option<CallUpdate> {
        self.done = true;
        Some(CallUpdate::Finished(outcome))
    }
}

fn outcome_of(ending: Ending, body: &[u8]) -> CallOutcome {
    let text = |status| CallOutcome::text(status, String::from_utf8_lossy(body)).bounded();
    match ending {
        Ending::Result => outcome::of_answer(body),
        Ending::Failed => text(CallStatus::Failed),
        Ending::Cancelled => text(CallStatus::Cancelled),
        Ending::Unknown => CallOutcome::text(CallStatus::Interrupted, UNKNOWN),
    }
}

fn refused(answer: Answer) -> CallOutcome {
    let text = match answer {
        Answer::Refused { message, .. } => format!("The sandbox does not take the call: {message}."),
        _ => "The sandbox does not take the call.".to_owned(),
    };
    CallOutcome::text(CallStatus::Failed, text).bounded()
}
