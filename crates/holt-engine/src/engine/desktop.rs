//! The desktop of a session, and who drives it.

use std::sync::Arc;

use holt_core::access::{Principal, Scope};
use holt_core::event::{ControlEnd, Level};
use holt_core::id::{ClientId, SessionId};
use holt_core::machine::{Input, Refusal};
use holt_core::sandbox::{Link, Picture};
use holt_core::session::Flavour;
use holt_core::view::{Control, Programs, SandboxState, Snapshot};
use tokio::sync::{broadcast, watch};

use super::Engine;
use crate::error::EngineError;
use crate::hub::{Hub, Recording};
use crate::owner::Request;

/// Who drives a desktop, now and from now on. As long as there is one, somebody watches, and the session does not fall
/// asleep by itself.
#[derive(Debug, Clone)]
pub struct ControlWatch {
    pub receiver: watch::Receiver<Option<Control>>,
    /// The session's meeting place stays while somebody looks.
    _hub: Arc<Hub>,
}

/// Whether a desktop is to be recorded, now and from now on.
#[derive(Debug, Clone)]
pub struct RecordingWatch {
    pub receiver: watch::Receiver<Recording>,
    _hub: Arc<Hub>,
}

impl Engine {
    /// Reaches the screen of a session's desktop, which is started when it does not run. The session has to be awake.
    pub async fn desktop(&self, by: &Principal, id: SessionId) -> Result<Box<dyn Link>, EngineError> {
        let session = self.with_desktop(by, id).await?;
        let link = self.node.parts.sandboxes.reach_desktop(id, session.desktop).await?;
        self.node.desktop_runs(id);
        Ok(link)
    }

    /// A desktop that runs is looked at once more: what follows desktops has to hear of it.
    pub fn desktop_is_used(&self, id: SessionId) {
        self.node.desktop_runs(id);
    }

    /// A picture of the desktop as its agent sees it. There is none while a person drives.
    pub async fn look(&self, by: &Principal, id: SessionId) -> Result<Picture, EngineError> {
        let session = self.with_desktop(by, id).await?;
        if let Some(control) = session.control {
            return Err(Refusal::Driven(control.by).into());
        }
        let sandboxes = &self.node.parts.sandboxes;
        sandboxes.start_desktop(id, session.desktop).await?;
        self.node.desktop_runs(id);
        Ok(sandboxes.look(id).await?)
    }

    /// The ports on which something in a session's sandbox serves. The session has to be awake.
    pub async fn ports(&self, by: &Principal, id: SessionId) -> Result<Vec<u16>, EngineError> {
        self.awake(by, Scope::View, id).await?;
        Ok(self.node.parts.sandboxes.ports(id).await?)
    }

    /// Reaches what serves on a port in a session's sandbox. The session has to be awake.
    pub async fn connect(&self, by: &Principal, id: SessionId, port: u16) -> Result<Box<dyn Link>, EngineError> {
        self.awake(by, Scope::View, id).await?;
        Ok(self.node.parts.sandboxes.connect(id, port).await?)
    }

    async fn awake(&self, by: &Principal, scope: Scope, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.check(by, scope, id).await?;
        if session.sandbox == SandboxState::Closed {
            return Err(Refusal::Closed.into());
        }
        Ok(session)
    }

    /// An awake session that has a desktop.
    async fn with_desktop(&self, by: &Principal, id: SessionId) -> Result<Snapshot, EngineError> {
        let session = self.check(by, Scope::View, id).await?;
        if session.desktop.flavour == Flavour::None {
            return Err(EngineError::Invalid {
                code: "no_desktop",
                what: "this session has no desktop".into(),
                hint: "Make a session whose `desktop` has the flavour `light` or `full`.",
            });
        }
        if session.sandbox == SandboxState::Closed {
            return Err(Refusal::Closed.into());
        }
        Ok(session)
    }

    /// Lets a person drive the desktop; the agent waits until they give it back.
    pub async fn take_control(
        &self,
        by: &Principal,
        id: SessionId,
        client: ClientId,
        programs: Programs,
        seize: bool,
    ) -> Result<Snapshot, EngineError> {
        let input = Input::TakeControl { by: by.name.clone(), client, programs, seize };
        self.change(by, Scope::Operate, id, input).await
    }

    /// Gives the desktop back to the agent.
    pub async fn return_control(&self, by: &Principal, id: SessionId, client: ClientId) -> Result<Snapshot, EngineError> {
        let input = Input::ReturnControl { why: ControlEnd::Given, by: Some(by.name.clone()), client: Some(client) };
        self.change(by, Scope::Operate, id, input).await
    }

    /// Records what happens on the desktop from now on, or not any more. What was recorded stays.
    pub async fn record(&self, by: &Principal, id: SessionId, on: bool, while_driven: bool) -> Result<Snapshot, EngineError> {
        let input = Input::Record { by: by.name.clone(), on, while_driven };
        let session = self.change(by, Scope::Operate, id, input).await?;
        self.node.tell_if_it_runs(id);
        Ok(session)
    }

    /// The sessions whose desktops run and may have to be recorded, as that comes to be. Some may be named more than once; whoever
    /// is too slow misses some until they are used again.
    pub fn running_desktops(&self) -> broadcast::Receiver<SessionId> {
        self.node.running_desktops()
    }

    /// Whether a desktop is to be recorded, as long as the answer is kept. It keeps nothing awake.
    pub async fn watch_recording(&self, by: &Principal, id: SessionId) -> Result<RecordingWatch, EngineError> {
        self.check(by, Scope::View, id).await?;
        let state = Arc::new(self.load(by, id).await?);
        let hub = self.node.hub(&state);
        Ok(RecordingWatch { receiver: hub.watch_recording(), _hub: hub })
    }

    /// Says something in the session that a person should know.
    pub async fn note(&self, by: &Principal, id: SessionId, level: Level, code: &str, text: &str) -> Result<(), EngineError> {
        let input = Input::Note { level, code: code.into(), text: text.into() };
        self.change(by, Scope::Operate, id, input).await.map(drop)
    }

    /// Whoever drives from there is still there.
    pub fn driver_is_present(&self, id: SessionId, client: ClientId) {
        // An owner that is gone or overloaded will hear of it the next time.
        let _ = self.node.send(id, Request::Present { client });
    }

    /// Who drives, as long as the answer is kept.
    pub async fn watch_control(&self, by: &Principal, id: SessionId) -> Result<ControlWatch, EngineError> {
        self.check(by, Scope::View, id).await?;
        let state = Arc::new(self.load(by, id).await?);
        let hub = self.node.hub(&state);
        Ok(ControlWatch { receiver: hub.watch_control(), _hub: hub })
    }
}
