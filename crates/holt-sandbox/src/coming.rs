//! The sandboxes of a server that already answers while their driver is still being made: writing out the keeper, looking at
//! the machine and ending what earlier servers left takes longer than everything else of a start.
//!
//! Whoever needs a sandbox waits for the driver; to everybody else the start is over.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use holt_core::id::{CallId, SessionId, TerminalId};
use holt_core::sandbox::{
    CallUpdate, Finding, FindingState, Group, Link, Measurement, Picture, ProgramSpec, Reported, SandboxError, SandboxInfo,
    SandboxSpec, Sandboxes, ToolCall,
};
use holt_core::session::DesktopSpec;
use holt_core::terminal::{TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use holt_core::tool::ToolSpec;
use tokio::sync::watch;

use crate::bwrap::{self, BwrapDriver};

type Made = Result<BwrapDriver, SandboxError>;

/// A driver that is there or will be. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Coming {
    made: watch::Receiver<Option<Made>>,
}

/// Brings the driver. Dropped without one, there are no sandboxes.
#[derive(Debug)]
pub struct Bringer(watch::Sender<Option<Made>>);

impl Bringer {
    pub fn bring(self, made: Made) {
        self.0.send_replace(Some(made));
    }
}

impl Coming {
    pub fn new() -> (Self, Bringer) {
        let (sender, made) = watch::channel(None);
        (Self { made }, Bringer(sender))
    }

    /// The driver, as soon as it is there.
    pub async fn driver(&self) -> Made {
        let mut made = self.made.clone();
        let made = made.wait_for(Option::is_some).await;
        made.ok().and_then(|made| made.clone()).unwrap_or(Err(SandboxError::Gone))
    }

    fn driver_now(&self) -> Option<BwrapDriver> {
        self.made.borrow().clone()?.ok()
    }
}

#[async_trait]
impl Sandboxes for Coming {
    fn tools(&self) -> Vec<ToolSpec> {
        bwrap::tools()
    }

    async fn open(&self, spec: SandboxSpec) -> Result<SandboxInfo, SandboxError> {
        self.driver().await?.open(spec).await
    }

    async fn opened(&self) -> Result<Vec<SessionId>, SandboxError> {
        self.driver().await?.opened().await
    }

    async fn call(&self, call: ToolCall, only_if_known: bool) -> Result<BoxStream<'static, CallUpdate>, SandboxError> {
        self.driver().await?.call(call, only_if_known).await
    }

    async fn acknowledge(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        self.driver().await?.acknowledge(session, call).await
    }

    async fn cancel(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        self.driver().await?.cancel(session, call).await
    }

    async fn busy(&self, session: SessionId) -> Result<Vec<String>, SandboxError> {
        self.driver().await?.busy(session).await
    }

    fn reports(&self) -> BoxStream<'static, Reported> {
        if let Some(driver) = self.driver_now() {
            return driver.reports();
        }
        let coming = self.clone();
        let reports = stream::once(async move { coming.driver().await });
        reports.flat_map(|made| made.map_or_else(|_| stream::empty().boxed(), |driver| driver.reports())).boxed()
    }

    async fn start_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<(), SandboxError> {
        self.driver().await?.start_desktop(session, desktop).await
    }

    async fn reach_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<Box<dyn Link>, SandboxError> {
        self.driver().await?.reach_desktop(session, desktop).await
    }

    async fn ports(&self, session: SessionId) -> Result<Vec<u16>, SandboxError> {
        self.driver().await?.ports(session).await
    }

    async fn connect(&self, session: SessionId, port: u16) -> Result<Box<dyn Link>, SandboxError> {
        self.driver().await?.connect(session, port).await
    }

    async fn run(&self, program: ProgramSpec) -> Result<Box<dyn Link>, SandboxError> {
        self.driver().await?.run(program).await
    }

    async fn look(&self, session: SessionId) -> Result<Picture, SandboxError> {
        self.driver().await?.look(session).await
    }

    async fn open_terminal(&self, terminal: TerminalSpec) -> Result<(), SandboxError> {
        self.driver().await?.open_terminal(terminal).await
    }

    async fn terminals(&self, session: SessionId) -> Result<Vec<TerminalStatus>, SandboxError> {
        self.driver().await?.terminals(session).await
    }

    async fn read_terminal(&self, session: SessionId, id: TerminalId, from: u64) -> Result<TerminalOutput, SandboxError> {
        self.driver().await?.read_terminal(session, id, from).await
    }

    async fn write_terminal(&self, session: SessionId, id: TerminalId, bytes: Vec<u8>) -> Result<(), SandboxError> {
        self.driver().await?.write_terminal(session, id, bytes).await
    }

    async fn resize_terminal(&self, session: SessionId, id: TerminalId, size: TerminalSize) -> Result<(), SandboxError> {
        self.driver().await?.resize_terminal(session, id, size).await
    }

    async fn label_terminal(&self, session: SessionId, id: TerminalId, label: String) -> Result<(), SandboxError> {
        self.driver().await?.label_terminal(session, id, label).await
    }

    async fn close_terminal(&self, session: SessionId, id: TerminalId) -> Result<(), SandboxError> {
        self.driver().await?.close_terminal(session, id).await
    }

    async fn freeze(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        self.driver().await?.freeze(session, group).await
    }

    async fn thaw(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        self.driver().await?.thaw(session, group).await
    }

    async fn measure(&self, session: SessionId) -> Result<Measurement, SandboxError> {
        self.driver().await?.measure(session).await
    }

    async fn close(&self, session: SessionId) -> Result<(), SandboxError> {
        self.driver().await?.close(session).await
    }

    async fn remove(&self, session: SessionId) -> Result<(), SandboxError> {
        self.driver().await?.remove(session).await
    }

    async fn examine(&self) -> Vec<Finding> {
        match self.driver().await {
            Ok(driver) => driver.examine().await,
            Err(error) => {
                let (state, text) = (FindingState::Bad, error.to_string());
                vec![Finding { name: "sandbox".into(), state, text, hint: None, fix: None }]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_needs_a_sandbox_waits_for_the_driver_and_the_tools_are_known_before() {
        let (coming, bringer) = Coming::new();
        assert!(!coming.tools().is_empty());
        let asking = coming.clone();
        let asked = tokio::spawn(async move { asking.opened().await });
        tokio::task::yield_now().await;
        assert!(!asked.is_finished());
        let data = tempfile::tempdir().unwrap();
        bringer.bring(BwrapDriver::new(bwrap::Options { prepared: 0, ..bwrap::Options::new(data.path(), "none", 1) }));
        assert_eq!(asked.await.unwrap(), Ok(Vec::new()));
    }

    #[tokio::test]
    async fn without_a_driver_nobody_waits_for_ever() {
        let (coming, bringer) = Coming::new();
        let reports = coming.reports();
        drop(bringer);
        assert_eq!(coming.opened().await, Err(SandboxError::Gone));
        assert_eq!(coming.examine().await[0].state, FindingState::Bad);
        assert_eq!(reports.count().await, 0);
    }
}
