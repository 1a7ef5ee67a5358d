//! One tool call, from the open door to its outcome. Whatever happens, the owner hears of exactly one.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use holt_core::agent::{Brief, Delta, DeltaTarget};
use holt_core::event::Seq;
use holt_core::id::{ArtifactId, CallId, SessionId};
use holt_core::machine::own::delegate;
use holt_core::machine::{Published, own};
use holt_core::sandbox::{CallUpdate, SandboxError, ToolCall};
use holt_core::session::{SessionSpec, WorkspaceSpec};
use holt_core::tool::{CallOutcome, CallStatus, Place};
use holt_core::view::OpenCall;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::keep::keep;
use crate::memory;
use crate::node::Node;
use crate::owner::{Door, Owner, Word};
use crate::part;

/// How long a cancelled call may take to say so.
const CANCEL_WITHIN: Duration = Duration::from_secs(10);
/// The largest file that can be handed out.
const MAX_ARTIFACT_BYTES: u64 = 2 << 30;

/// The tool by which an agent hands something out.
const PUBLISH: &str = "publish_artifact";

pub(crate) struct CallTask {
    pub(crate) handle: AbortHandle,
    cancelled: CancellationToken,
    place: Place,
}

impl CallTask {
    /// It is answered by what is in the sandbox.
    pub fn is_inside(&self) -> bool {
        self.place == Place::Sandbox
    }

    pub fn cancel(&self) {
        self.cancelled.cancel();
    }
}

struct Running {
    node: Arc<Node>,
    session: SessionId,
    spec: SessionSpec,
    open: OpenCall,
    only_if_known: bool,
    door: watch::Receiver<Door>,
    words: mpsc::Sender<Word>,
    cancelled: CancellationToken,
    /// Of the agent that does a part of the work, when this call gives it one.
    part: Option<(Brief, Seq)>,
    /// The workspace is kept before it begins.
    keeps: Option<Arc<Mutex<()>>>,
}

pub(crate) fn start(owner: &mut Owner, open: OpenCall, only_if_known: bool) -> CallTask {
    let keeps = if only_if_known { None } else { owner.keeps_before(&open) };
    let part = owner.state.run().filter(|_| open.tool == delegate::NAME && open.place == Place::Session);
    let told = owner.state.compactions.last().map_or(0, |place| place.through);
    let part = part.map(|run| (owner.brief(run.id), told));
    let (cancelled, place) = (CancellationToken::new(), open.place);
    let running = Running {
        node: owner.node.clone(),
        session: owner.session,
        spec: owner.state.spec.clone(),
        open,
        only_if_known,
        door: owner.door.subscribe(),
        words: owner.words.clone(),
        cancelled: cancelled.clone(),
        part,
        keeps,
    };
    CallTask { handle: owner.helpers.spawn(running.run()), cancelled, place }
}

impl Running {
    async fn run(mut self) {
        let call = self.open.id;
        if self.open.place != Place::Sandbox {
            let outcome = match self.open.place {
                Place::Elsewhere => self.made_elsewhere().await,
                _ => self.done_here().await,
            };
            let _ = self.words.send(Word::CallReturned { call, outcome }).await;
            return;
        }
        let outcome = if self.is_kept().await { self.outcome().await } else { Ok(cancelled_outcome("Nothing was run.")) };
        match outcome {
            Ok(outcome) => {
                let outcome = if self.open.tool == PUBLISH && outcome.status == CallStatus::Succeeded {
                    self.publish(outcome).await
                } else {
                    outcome
                };
                let _ = self.words.send(Word::CallReturned { call, outcome }).await;
            }
            Err(Lost::Sandbox { opening }) => {
                let _ = self.words.send(Word::SandboxLost { opening }).await;
                let outcome = CallOutcome::text(
                    CallStatus::Interrupted,
                    "The sandbox ended while this call was running; nobody knows how far it came.",
                );
                let _ = self.words.send(Word::CallReturned { call, outcome }).await;
            }
            // The door never opened: that ends the run, and with it this call.
            Err(Lost::Door) => {}
        }
    }

    async fn outcome(&mut self) -> Result<CallOutcome, Lost> {
        let cancelled = self.cancelled.clone();
        let (opening, found) = tokio::select! {
            open = self.wait_for_door() => open?,
            // What an earlier process began may be running.
            () = cancelled.cancelled(), if !self.only_if_known => return Ok(cancelled_outcome("Nothing was run.")),
        };
        // A sandbox that outlived that process and does not know the call never got it.
        let only_if_known = self.only_if_known && (!found || cancelled.is_cancelled());
        let call = self.call();
        let sandboxes = self.node.parts.sandboxes.clone();
        if self.open.screen && !only_if_known {
            match sandboxes.start_desktop(self.session, self.spec.desktop).await {
                Ok(()) => self.node.desktop_runs(self.session),
                Err(SandboxError::NotOpen | SandboxError::Gone) => return Err(Lost::Sandbox { opening }),
                Err(error) => return Ok(CallOutcome::text(CallStatus::Failed, error.to_string())),
            }
        }
        let mut updates = match sandboxes.call(call, only_if_known).await {
            Ok(updates) => updates,
            Err(SandboxError::NotOpen | SandboxError::Gone) => return Err(Lost::Sandbox { opening }),
            Err(error) => return Ok(CallOutcome::text(CallStatus::Failed, format!("The call could not be made: {error}."))),
        };
        let mut asked_to_stop = false;
        loop {
            let update = tokio::select! {
                update = updates.next() => update,
                () = cancelled.cancelled(), if !asked_to_stop => {
                    asked_to_stop = true;
                    let _ = sandboxes.cancel(self.session, self.open.id).await;
                    continue;
                }
                () = tokio::time::sleep(CANCEL_WITHIN), if asked_to_stop => {
                    return Ok(cancelled_outcome("It did not confirm in time that it stopped."));
                }
            };
            match update {
                Some(CallUpdate::Output { offset, text }) => self.show(offset, text).await,
                // What comes next needs another sandbox, when this call's has ended with it.
                Some(CallUpdate::Finished(outcome))
                    if outcome.status == CallStatus::Interrupted && self.sandbox_is_gone().await =>
                {
                    return Err(Lost::Sandbox { opening });
                }
                Some(CallUpdate::Finished(outcome)) => return Ok(outcome),
                None => return Err(Lost::Sandbox { opening }),
            }
        }
    }

    fn call(&self) -> ToolCall {
        ToolCall {
            session: self.session,
            call: self.open.id,
            tool: self.open.tool.clone(),
            arguments: self.open.arguments.clone(),
        }
    }

    /// Keeps the workspace as it is before this call, where it has to, unless the call is cancelled meanwhile.
    async fn is_kept(&mut self) -> bool {
        let Some(turn) = self.keeps.take() else { return true };
        tokio::select! {
            () = self.keep_before(turn) => true,
            () = self.cancelled.cancelled() => false,
        }
    }

    /// Keeps the workspace, and has that recorded.
    async fn keep_before(&self, turn: Arc<Mutex<()>>) {
        if let Some((snapshot, _turn)) = keep(&self.node, self.session, turn.lock_owned().await).await {
            let (reply, recorded) = oneshot::channel();
            let _ = self.words.send(Word::Kept { snapshot, reply: Some(reply) }).await;
            let _ = recorded.await;
        }
    }

    /// What the session does itself, beyond a change of its state.
    async fn done_here(&self) -> CallOutcome {
        let (session, spec) = (self.session, &self.spec);
        if let Some((brief, after)) = self.part.clone() {
            let part = part::Part { node: &self.node, spec, open: &self.open, words: &self.words };
            return tokio::select! {
                outcome = Box::pin(part.done(brief, after)) => outcome,
                () = self.cancelled.cancelled() => cancelled_outcome("It may have done a part."),
            };
        }
        match own::memory::wish(&self.open.tool, &self.open.arguments) {
            Some(Ok(wish)) => memory::grant(&self.node, session, spec, wish).await,
            Some(Err(why)) => CallOutcome::text(CallStatus::Failed, why),
            None => CallOutcome::text(CallStatus::Failed, "This version of Holt has no such tool any more."),
        }
    }

    /// A call that nobody but this process knows of.
    async fn made_elsewhere(&self) -> CallOutcome {
        if self.only_if_known {
            let text = "Holt was started anew while this call was running; nobody knows how far it came.";
            return CallOutcome::text(CallStatus::Interrupted, text);
        }
        tokio::select! {
            outcome = self.outcome_from_elsewhere() => outcome,
            () = self.cancelled.cancelled() => cancelled_outcome("It may have done a part."),
        }
    }

    async fn outcome_from_elsewhere(&self) -> CallOutcome {
        let call = self.call();
        for source in &self.node.parts.elsewhere {
            let Some(mut updates) = source.call(&self.spec, &call).await else { continue };
            while let Some(update) = updates.next().await {
                match update {
                    CallUpdate::Output { offset, text } => self.show(offset, text).await,
                    CallUpdate::Finished(outcome) => return outcome,
                }
            }
            let text = "What was asked broke off without an answer; nobody knows how far it came.";
            return CallOutcome::text(CallStatus::Interrupted, text);
        }
        CallOutcome::text(CallStatus::Failed, "Nothing was run: whatever offered this tool does not offer it any more.")
    }

    async fn sandbox_is_gone(&self) -> bool {
        matches!(self.node.parts.sandboxes.busy(self.session).await, Err(SandboxError::NotOpen | SandboxError::Gone))
    }

    /// Waits until the sandbox is open, and says which opening it was, and whether it was open before.
    async fn wait_for_door(&mut self) -> Result<(u64, bool), Lost> {
        match self.door.wait_for(|door| *door != Door::Opening).await.map(|door| *door) {
            Ok(Door::Open { opening, found }) => Ok((opening, found)),
            _ => Err(Lost::Door),
        }
    }

    async fn show(&self, offset: u64, text: String) {
        let delta = Delta { target: DeltaTarget::Call(self.open.id), offset, text };
        let _ = self.words.send(Word::Show { delta }).await;
    }

    /// Keeps what the agent hands out. Only the arguments of the call count: what the sandbox answered is not believed.
    async fn publish(&self, outcome: CallOutcome) -> CallOutcome {
        let failed = |text: String| CallOutcome::text(CallStatus::Failed, text);
        let published = match self.keep().await {
            Ok(published) => published,
            Err(text) => return failed(text),
        };
        let (reply, taken) = oneshot::channel();
        if self.words.send(Word::Published { published, reply }).await.is_err() {
            return outcome;
        }
        match taken.await {
            Ok(Err(refusal)) => failed(format!("It was not handed out: {refusal}.")),
            _ => outcome,
        }
    }

    async fn keep(&self) -> Result<Published, String> {
        let text = |name: &str| self.open.arguments.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let given = text("path").ok_or("The argument `path` is missing.")?;
        let path = inside(&given, &self.spec.workspace).to_owned();
        let name = text("name").unwrap_or_else(|| path.rsplit('/').next().unwrap_or(&path).to_owned());
        let name: String = name.chars().filter(|c| !c.is_control() && *c != '/').take(200).collect();
        let (node, session, workspace, place) = (self.node.clone(), self.session, self.spec.workspace.clone(), path.clone());
        let stored = tokio::task::spawn_blocking(move || {
            let files = node.parts.workspaces.files(session, &workspace)?;
            let mut open = files.open(&place)?;
            node.parts.blobs.keep(session, &mut open.file, MAX_ARTIFACT_BYTES)
        });
        let stored = stored.await.map_err(|_| "The file could not be read.".to_owned())?;
        let stored = stored.map_err(|error| format!("It was not handed out: {error}."))?;
        let media_type = mime_guess::from_path(&path).first_or_octet_stream().to_string();
        Ok(Published {
            artifact: artifact_id(self.open.id),
            call: self.open.id,
            name,
            path,
            size: stored.size,
            media_type,
            sha256: stored.sha256,
        })
    }
}

/// An artifact is named after the call that handed it out, so that a repeated call does not hand it out twice.
fn artifact_id(call: CallId) -> ArtifactId {
    ArtifactId::new(call.uuid())
}

/// A path as agents write it, relative to the workspace.
fn inside<'a>(path: &'a str, workspace: &WorkspaceSpec) -> &'a str {
    let root = match workspace {
        WorkspaceSpec::Managed => "/workspace",
        WorkspaceSpec::Directory { path } => path.as_str(),
    };
    let inner = path.strip_prefix(root).or_else(|| path.strip_prefix("/workspace")).filter(|rest| rest.starts_with('/'));
    inner.unwrap_or(path).trim_start_matches("./").trim_start_matches('/')
}

/// Why a call has no outcome of its own.
enum Lost {
    Sandbox { opening: u64 },
    Door,
}

fn cancelled_outcome(more: &str) -> CallOutcome {
    CallOutcome::text(CallStatus::Cancelled, format!("The call was cancelled. {more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_workspace() {
        let project = WorkspaceSpec::Directory { path: "/home/user/site".into() };
        for (given, workspace, expected) in [
            ("index.html", &WorkspaceSpec::Managed, "index.html"),
            ("./a/b.txt", &WorkspaceSpec::Managed, "a/b.txt"),
            ("/workspace/a/b.txt", &WorkspaceSpec::Managed, "a/b.txt"),
            ("/workspaces/x", &WorkspaceSpec::Managed, "workspaces/x"),
            ("/home/user/site/x.js", &project, "x.js"),
            ("/home/user/site2/x.js", &project, "home/user/site2/x.js"),
        ] {
            assert_eq!(inside(given, workspace), expected, "{given}");
        }
    }
}
