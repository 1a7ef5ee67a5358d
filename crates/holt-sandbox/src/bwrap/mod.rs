//! The `bwrap` driver: each session's sandbox is a bubblewrap with a keeper of its own.
//!
//! The keeper outlives the server; what the driver knows of it is on record, so that the next server finds it. The driver
//! holds one connection and one task for each open sandbox that it has talked to, besides one that waits for the keeper
//! process; nothing for sessions whose sandboxes are closed.

mod birth;
mod busy;
mod calls;
mod certificates;
mod cgroups;
mod client;
mod desktop;
mod driver;
mod etc;
mod examine;
mod identity;
mod in_use;
mod leftovers;
mod machine;
mod opening;
mod options;
mod places;
mod pool;
mod problem;
mod profile;
mod project;
mod records;
mod reports;
mod room;
mod streams;
mod sweep;
mod terminals;
mod times;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use holt_core::id::{CallId, SessionId, TerminalId};
use holt_core::sandbox::{
    CallUpdate, Finding, Group, Link, Measurement, Picture, ProgramSpec, Reported, SandboxError, SandboxInfo, SandboxSpec,
    Sandboxes, ToolCall,
};
use holt_core::session::DesktopSpec;
use holt_core::terminal::{TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use holt_core::tool::{Place, ToolSpec};

use driver::Inner;
pub use holt_keeper::protocol::message::{Answer, Verb};
use holt_keeper::protocol::terminal::TerminalAsk;
pub use options::{Cgroups, Options, PACKAGES};
pub(crate) use places::remove_stubborn;

/// The sandboxes of this machine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BwrapDriver {
    inner: Arc<Inner>,
}

impl BwrapDriver {
    /// Makes the driver's directories. Whether sandboxes can be opened shows when the first one is, or by
    /// [`Sandboxes::examine`]. Needs to be within a runtime, in which sandboxes are prepared.
    pub fn new(options: Options) -> Result<Self, SandboxError> {
        let inner = Arc::new(Inner::new(options)?);
        pool::refill_later(&inner);
        Ok(Self { inner })
    }

    /// The directory of a session's managed workspace, made with the session's home when it is not there yet: files can be put
    /// there before the sandbox is first opened. As root the directory belongs to the session's own user, and so must what is
    /// put into it.
    pub fn managed_workspace(&self, session: SessionId) -> Result<PathBuf, SandboxError> {
        self.inner.managed_workspace(session)
    }

    /// Ends what earlier servers left and nobody knows: keepers of sessions that are not in `known`, prepared sandboxes, what
    /// dead keepers left behind. To be called at the start, before sandboxes are opened. Says how many were ended.
    pub async fn sweep(&self, known: &HashSet<SessionId>) -> usize {
        sweep::sweep(&self.inner, known).await
    }

    /// Asks a session's keeper for what the port has no words for: processes with spooled output, killing and measuring of one
    /// group. Nothing that can be asked reaches beyond the sandbox.
    pub async fn request(&self, session: SessionId, verb: Verb, body: Vec<u8>) -> Result<(Answer, Vec<u8>), SandboxError> {
        self.inner.request(session, verb, body).await
    }

    /// As [`Sandboxes::call`], with another time limit than the tool's own. A call that is known keeps the one that it has.
    pub async fn call_within(
        &self,
        call: ToolCall,
        only_if_known: bool,
        within: Duration,
    ) -> Result<BoxStream<'static, CallUpdate>, SandboxError> {
        calls::follow(Arc::clone(&self.inner), call, only_if_known, within.as_secs()).await
    }

    /// Ends the prepared sandboxes and prepares no more. The sessions' own go on without this server for their grace.
    pub async fn shutdown(&self) {
        pool::drain(&self.inner).await;
    }
}

/// The tools of every sandbox.
pub fn tools() -> Vec<ToolSpec> {
    let catalogue = holt_toolbox::catalogue::catalogue().iter();
    let spec = catalogue.filter(|tool| tool.offered).map(|tool| ToolSpec {
        name: tool.name.to_owned(),
        description: tool.description.to_owned(),
        parameters: serde_json::Value::Object(tool.input_schema.clone()),
        reads_only: tool.reads_only,
        parallel: tool.parallel,
        screen: tool.screen,
        place: Place::Sandbox,
    });
    spec.collect()
}

#[async_trait]
impl Sandboxes for BwrapDriver {
    fn tools(&self) -> Vec<ToolSpec> {
        tools()
    }

    async fn open(&self, spec: SandboxSpec) -> Result<SandboxInfo, SandboxError> {
        self.inner.open(spec).await
    }

    async fn opened(&self) -> Result<Vec<SessionId>, SandboxError> {
        let opened = self.inner.opened().await;
        for session in &opened {
            desktop::look_after(&self.inner, *session).await;
        }
        Ok(opened)
    }

    async fn call(&self, call: ToolCall, only_if_known: bool) -> Result<BoxStream<'static, CallUpdate>, SandboxError> {
        let within = times::longest_seconds(&call.tool, &call.arguments);
        calls::follow(Arc::clone(&self.inner), call, only_if_known, within).await
    }

    async fn acknowledge(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        self.inner.tell(session, Verb::Acknowledge { call: call.to_string() }).await
    }

    async fn cancel(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        self.inner.tell(session, Verb::Cancel { call: call.to_string() }).await
    }

    async fn busy(&self, session: SessionId) -> Result<Vec<String>, SandboxError> {
        busy::names(&self.inner, session).await
    }

    fn reports(&self) -> BoxStream<'static, Reported> {
        self.inner.reports.follow()
    }

    async fn start_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<(), SandboxError> {
        desktop::start(&self.inner, session, desktop, true).await
    }

    async fn reach_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<Box<dyn Link>, SandboxError> {
        desktop::start(&self.inner, session, desktop, false).await?;
        desktop::reach(&self.inner, session).await
    }

    async fn ports(&self, session: SessionId) -> Result<Vec<u16>, SandboxError> {
        streams::ports(&self.inner, session).await
    }

    async fn connect(&self, session: SessionId, port: u16) -> Result<Box<dyn Link>, SandboxError> {
        streams::connect(&self.inner, session, port).await
    }

    async fn run(&self, program: ProgramSpec) -> Result<Box<dyn Link>, SandboxError> {
        streams::run(&self.inner, program).await
    }

    async fn look(&self, session: SessionId) -> Result<Picture, SandboxError> {
        desktop::look(self, session).await
    }

    async fn open_terminal(&self, terminal: TerminalSpec) -> Result<(), SandboxError> {
        terminals::open(&self.inner, terminal).await
    }

    async fn terminals(&self, session: SessionId) -> Result<Vec<TerminalStatus>, SandboxError> {
        terminals::list(&self.inner, session).await
    }

    async fn read_terminal(&self, session: SessionId, id: TerminalId, from: u64) -> Result<TerminalOutput, SandboxError> {
        terminals::read(&self.inner, session, id, from).await
    }

    async fn write_terminal(&self, session: SessionId, id: TerminalId, bytes: Vec<u8>) -> Result<(), SandboxError> {
        terminals::tell(&self.inner, session, id, TerminalAsk::Write, bytes).await
    }

    async fn resize_terminal(&self, session: SessionId, id: TerminalId, size: TerminalSize) -> Result<(), SandboxError> {
        let ask = TerminalAsk::Resize { size: terminals::into_size(size) };
        terminals::tell(&self.inner, session, id, ask, Vec::new()).await
    }

    async fn label_terminal(&self, session: SessionId, id: TerminalId, label: String) -> Result<(), SandboxError> {
        terminals::tell(&self.inner, session, id, TerminalAsk::Label { label }, Vec::new()).await
    }

    async fn close_terminal(&self, session: SessionId, id: TerminalId) -> Result<(), SandboxError> {
        terminals::tell(&self.inner, session, id, TerminalAsk::Close, Vec::new()).await
    }

    async fn freeze(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        self.inner.tell(session, Verb::Freeze { group: driver::group(group) }).await
    }

    async fn thaw(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        self.inner.tell(session, Verb::Thaw { group: driver::group(group) }).await
    }

    async fn measure(&self, session: SessionId) -> Result<Measurement, SandboxError> {
        match self.inner.ask(session, Verb::Measure { group: None }).await? {
            Answer::Measured(measured) => Ok(Measurement {
                memory_bytes: measured.memory_bytes,
                processes: measured.processes,
                cpu_millis: measured.cpu_millis,
                disk_bytes: measured.disk_bytes,
            }),
            other => Err(driver::unexpected(&other)),
        }
    }

    async fn close(&self, session: SessionId) -> Result<(), SandboxError> {
        self.inner.close(session).await
    }

    async fn remove(&self, session: SessionId) -> Result<(), SandboxError> {
        self.inner.remove(session).await
    }

    async fn examine(&self) -> Vec<Finding> {
        // By itself, so that the sandbox that is tried is ended although whoever asked has gone.
        let inner = self.inner.clone();
        tokio::spawn(async move { examine::examine(&inner).await }).await.unwrap_or_default()
    }
}
