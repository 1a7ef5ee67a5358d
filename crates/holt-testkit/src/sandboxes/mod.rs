//! Sandboxes in memory, which keep every promise of their port and break it on request.
//!
//! The value plays the keepers: it outlives the engines of a test, goes on with running calls when nobody listens, knows
//! calls by their ids, and remembers outcomes until they are acknowledged. It counts how often each call really began, so
//! that a test can see whether anything was repeated.

mod running;
mod terminals;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use holt_core::id::{CallId, SessionId, TerminalId};
use holt_core::sandbox::{
    CallUpdate, Finding, FindingState, Group, Link, Measurement, Picture, Reported, SandboxError, SandboxInfo, SandboxReport,
    SandboxSpec, Sandboxes, ToolCall,
};
use holt_core::session::DesktopSpec;
use holt_core::terminal::{TerminalExit, TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use holt_core::tool::{CallOutcome, CallStatus, ToolSpec};

use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use crate::{HostTools, fixtures};
pub use running::Output;
use running::Running;
use terminals::{FakeTerminal, Terminals, find};

type Work = Pin<Box<dyn Future<Output = CallOutcome> + Send>>;
type Tool = Arc<dyn Fn(ToolCall, Output) -> Work + Send + Sync>;

/// What the port can be asked, for faults and for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    Open,
    Opened,
    Call,
    Acknowledge,
    Cancel,
    Busy,
    StartDesktop,
    ReachDesktop,
    Look,
    Ports,
    Connect,
    OpenTerminal,
    WriteTerminal,
    Freeze,
    Thaw,
    Measure,
    Close,
    Remove,
}

/// Sandboxes in memory. Clones share everything.
#[derive(Clone, Default)]
pub struct FakeSandboxes {
    tools: Arc<Mutex<HashMap<String, Tool>>>,
    state: Arc<Mutex<State>>,
    reports: Arc<Reports>,
}

struct Reports(broadcast::Sender<Reported>);

impl Default for Reports {
    fn default() -> Self {
        Self(broadcast::Sender::new(4096))
    }
}

#[derive(Default)]
struct State {
    open: HashMap<SessionId, Sandbox>,
    faults: HashMap<Operation, Fault>,
    begun: HashMap<CallId, usize>,
    record: Vec<(Operation, Option<SessionId>)>,
    removed: Vec<SessionId>,
    warnings: Vec<String>,
    /// Where the screen of every desktop is.
    screen: Option<PathBuf>,
    /// What serves in every sandbox: ports there, and where they lead here.
    served: BTreeMap<u16, SocketAddr>,
}

struct Sandbox {
    spec: SandboxSpec,
    calls: HashMap<CallId, Running>,
    frozen: Vec<Group>,
    desktop: Option<DesktopSpec>,
    processes: Vec<String>,
    terminals: Terminals,
}

struct Fault {
    error: SandboxError,
    /// How many more times; without a number, until it is taken back.
    left: Option<usize>,
}

impl FakeSandboxes {
    /// Sandboxes whose every tool succeeds with a word about itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sandboxes that all work on one directory of this machine with real files and commands.
    pub fn on(tools: &HostTools) -> Self {
        let sandboxes = Self::new();
        for spec in fixtures::tool_specs() {
            let (tools, name) = (tools.clone(), spec.name.clone());
            sandboxes.set_tool(&spec.name, move |call, _| {
                let (tools, name) = (tools.clone(), name.clone());
                async move { tools.call(&name, &call.arguments).await }
            });
        }
        sandboxes
    }

    /// Says what a tool does. It may stream output, and take as long as it likes.
    pub fn set_tool<F, W>(&self, name: &str, tool: F)
    where
        F: Fn(ToolCall, Output) -> W + Send + Sync + 'static,
        W: Future<Output = CallOutcome> + Send + 'static,
    {
        let tool: Tool = Arc::new(move |call, output| Box::pin(tool(call, output)));
        lock(&self.tools).insert(name.to_owned(), tool);
    }

    /// What serves on a port in every sandbox: a server of the test's.
    pub fn serve(&self, port: u16, at: SocketAddr) {
        lock(&self.state).served.insert(port, at);
    }

    /// Where every desktop's screen is reached: the Unix socket of an X server of the test's.
    pub fn set_screen(&self, socket: PathBuf) {
        lock(&self.state).screen = Some(socket);
    }

    /// The desktop that was started for a session.
    pub fn desktop(&self, session: SessionId) -> Option<DesktopSpec> {
        lock(&self.state).open.get(&session)?.desktop
    }

    /// Makes a terminal put something out.
    pub fn put_out(&self, session: SessionId, terminal: TerminalId, bytes: &[u8]) {
        self.with_terminal(session, terminal, |terminal| terminal.put_out(bytes));
    }

    /// Ends the program of a terminal.
    pub fn end_terminal(&self, session: SessionId, terminal: TerminalId, exit: TerminalExit) {
        self.with_terminal(session, terminal, |terminal| terminal.end(exit));
    }

    /// How a terminal is now: what it was opened with, and what has become of it.
    pub fn terminal(&self, session: SessionId, terminal: TerminalId) -> Option<TerminalSpec> {
        let state = lock(&self.state);
        Some(state.open.get(&session)?.terminals.get(&terminal)?.spec().clone())
    }

    fn with_terminal(&self, session: SessionId, terminal: TerminalId, act: impl FnOnce(&mut FakeTerminal)) {
        let mut state = lock(&self.state);
        if let Some(terminal) = state.open.get_mut(&session).and_then(|sandbox| sandbox.terminals.get_mut(&terminal)) {
            act(terminal);
        }
    }

    /// Reports as a keeper does by itself.
    pub fn report(&self, session: SessionId, report: SandboxReport) {
        // Nobody may be listening.
        let _ = self.reports.0.send(Reported { session, report });
    }

    /// Makes the next `times` uses of an operation fail.
    pub fn fail(&self, operation: Operation, times: usize, error: SandboxError) {
        lock(&self.state).faults.insert(operation, Fault { error, left: Some(times) });
    }

    /// Makes an operation fail until `heal`.
    pub fn fail_always(&self, operation: Operation, error: SandboxError) {
        lock(&self.state).faults.insert(operation, Fault { error, left: None });
    }

    pub fn heal(&self, operation: Operation) {
        lock(&self.state).faults.remove(&operation);
    }

    /// The sandbox and its keeper die: running calls stop with nothing to say, and nothing is remembered of any.
    pub fn lose(&self, session: SessionId) {
        lock(&self.state).open.remove(&session);
    }

    /// Says what tools left running.
    pub fn set_processes(&self, session: SessionId, names: &[&str]) {
        if let Some(sandbox) = lock(&self.state).open.get_mut(&session) {
            sandbox.processes = names.iter().map(ToString::to_string).collect();
        }
    }

    /// What `open` says that this machine lacks.
    pub fn set_warnings(&self, warnings: &[&str]) {
        lock(&self.state).warnings = warnings.iter().map(ToString::to_string).collect();
    }

    /// How often a call really began.
    pub fn begun(&self, call: CallId) -> usize {
        lock(&self.state).begun.get(&call).copied().unwrap_or(0)
    }

    /// How often any call really began.
    pub fn begun_in_all(&self) -> usize {
        lock(&self.state).begun.values().sum()
    }

    /// The calls that the keeper of a session still remembers.
    pub fn remembered(&self, session: SessionId) -> Vec<CallId> {
        lock(&self.state).open.get(&session).map(|sandbox| sandbox.calls.keys().copied().collect()).unwrap_or_default()
    }

    pub fn is_open(&self, session: SessionId) -> bool {
        lock(&self.state).open.contains_key(&session)
    }

    pub fn is_frozen(&self, session: SessionId, group: Group) -> bool {
        lock(&self.state).open.get(&session).is_some_and(|sandbox| sandbox.frozen.contains(&group))
    }

    pub fn spec(&self, session: SessionId) -> Option<SandboxSpec> {
        lock(&self.state).open.get(&session).map(|sandbox| sandbox.spec.clone())
    }

    /// What was removed, in order.
    pub fn removed(&self) -> Vec<SessionId> {
        lock(&self.state).removed.clone()
    }

    /// How often an operation was asked for, for one session or for all.
    pub fn asked(&self, operation: Operation, session: Option<SessionId>) -> usize {
        let of_interest =
            |(other, whose): &&(Operation, Option<SessionId>)| *other == operation && (session.is_none() || session == *whose);
        lock(&self.state).record.iter().filter(of_interest).count()
    }

    /// What was asked for a session, in order.
    pub fn record(&self, session: SessionId) -> Vec<Operation> {
        let of_interest = |(operation, whose): &(Operation, Option<SessionId>)| (*whose == Some(session)).then_some(*operation);
        lock(&self.state).record.iter().filter_map(of_interest).collect()
    }

    fn enter(&self, operation: Operation, session: Option<SessionId>) -> Result<MutexGuard<'_, State>, SandboxError> {
        let mut state = lock(&self.state);
        state.record.push((operation, session));
        if let Some(fault) = state.faults.get_mut(&operation) {
            match &mut fault.left {
                Some(0) => {}
                Some(left) => {
                    *left -= 1;
                    return Err(fault.error.clone());
                }
                None => return Err(fault.error.clone()),
            }
        }
        Ok(state)
    }

    fn begin(&self, call: ToolCall) -> Running {
        match lock(&self.tools).get(&call.tool) {
            Some(tool) => Running::start(call, tool),
            None => {
                let text = format!("{} is done.", call.tool);
                Running::finished(CallOutcome::text(CallStatus::Succeeded, text))
            }
        }
    }
}

impl fmt::Debug for FakeSandboxes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeSandboxes").field("open", &lock(&self.state).open.keys()).finish_non_exhaustive()
    }
}

fn sandbox(state: &mut State, session: SessionId) -> Result<&mut Sandbox, SandboxError> {
    state.open.get_mut(&session).ok_or(SandboxError::NotOpen)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Sandboxes for FakeSandboxes {
    fn tools(&self) -> Vec<ToolSpec> {
        fixtures::tool_specs()
    }

    async fn open(&self, spec: SandboxSpec) -> Result<SandboxInfo, SandboxError> {
        let mut state = self.enter(Operation::Open, Some(spec.session))?;
        let warnings = state.warnings.clone();
        let found = state.open.contains_key(&spec.session);
        let fresh = || Sandbox {
            spec: spec.clone(),
            calls: HashMap::new(),
            frozen: Vec::new(),
            desktop: None,
            processes: Vec::new(),
            terminals: Terminals::new(),
        };
        state.open.entry(spec.session).or_insert_with(fresh);
        Ok(SandboxInfo { driver: "fake".into(), workspace_path: "/workspace".into(), found, warnings })
    }

    async fn opened(&self) -> Result<Vec<SessionId>, SandboxError> {
        Ok(self.enter(Operation::Opened, None)?.open.keys().copied().collect())
    }

    async fn call(&self, call: ToolCall, only_if_known: bool) -> Result<BoxStream<'static, CallUpdate>, SandboxError> {
        let mut state = self.enter(Operation::Call, Some(call.session))?;
        let (session, id) = (call.session, call.call);
        if let Some(known) = sandbox(&mut state, session)?.calls.get(&id) {
            return Ok(known.follow());
        }
        if only_if_known {
            let outcome = CallOutcome::text(CallStatus::Interrupted, "The keeper does not know this call.");
            return Ok(Running::finished(outcome).follow());
        }
        *state.begun.entry(id).or_default() += 1;
        let running = self.begin(call);
        let updates = running.follow();
        sandbox(&mut state, session)?.calls.insert(id, running);
        Ok(updates)
    }

    async fn acknowledge(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::Acknowledge, Some(session))?;
        let calls = &mut sandbox(&mut state, session)?.calls;
        if calls.get(&call).is_some_and(Running::is_finished) {
            calls.remove(&call);
        }
        Ok(())
    }

    async fn cancel(&self, session: SessionId, call: CallId) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::Cancel, Some(session))?;
        if let Some(running) = sandbox(&mut state, session)?.calls.get(&call) {
            running.cancel();
        }
        Ok(())
    }

    async fn busy(&self, session: SessionId) -> Result<Vec<String>, SandboxError> {
        let mut state = self.enter(Operation::Busy, Some(session))?;
        Ok(sandbox(&mut state, session)?.processes.clone())
    }

    fn reports(&self) -> BoxStream<'static, Reported> {
        BroadcastStream::new(self.reports.0.subscribe()).filter_map(async |report| report.ok()).boxed()
    }

    async fn start_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::StartDesktop, Some(session))?;
        sandbox(&mut state, session)?.desktop = Some(desktop);
        Ok(())
    }

    async fn reach_desktop(&self, session: SessionId, desktop: DesktopSpec) -> Result<Box<dyn Link>, SandboxError> {
        let screen = {
            let mut state = self.enter(Operation::ReachDesktop, Some(session))?;
            sandbox(&mut state, session)?.desktop = Some(desktop);
            state.screen.clone()
        };
        let screen = screen.ok_or_else(|| SandboxError::Faulty("the test has no screen".into()))?;
        let stream = tokio::net::UnixStream::connect(screen).await;
        let stream = stream.map_err(|error| SandboxError::Faulty(error.to_string()))?;
        Ok(Box::new(tokio_util::compat::TokioAsyncReadCompatExt::compat(stream)))
    }

    async fn ports(&self, session: SessionId) -> Result<Vec<u16>, SandboxError> {
        let mut state = self.enter(Operation::Ports, Some(session))?;
        sandbox(&mut state, session)?;
        Ok(state.served.keys().copied().collect())
    }

    async fn connect(&self, session: SessionId, port: u16) -> Result<Box<dyn Link>, SandboxError> {
        let at = {
            let mut state = self.enter(Operation::Connect, Some(session))?;
            sandbox(&mut state, session)?;
            state.served.get(&port).copied()
        };
        let stream = tokio::net::TcpStream::connect(at.ok_or(SandboxError::NobodyServes(port))?).await;
        let stream = stream.map_err(|_| SandboxError::NobodyServes(port))?;
        Ok(Box::new(tokio_util::compat::TokioAsyncReadCompatExt::compat(stream)))
    }

    async fn look(&self, session: SessionId) -> Result<Picture, SandboxError> {
        let mut state = self.enter(Operation::Look, Some(session))?;
        sandbox(&mut state, session)?.desktop.ok_or(SandboxError::NotOpen)?;
        Ok(Picture { media_type: "image/jpeg".into(), bytes: b"\xff\xd8 a picture \xff\xd9".to_vec() })
    }

    async fn open_terminal(&self, terminal: TerminalSpec) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::OpenTerminal, Some(terminal.session))?;
        let terminals = &mut sandbox(&mut state, terminal.session)?.terminals;
        terminals.entry(terminal.terminal).or_insert_with(|| FakeTerminal::new(terminal));
        Ok(())
    }

    async fn terminals(&self, session: SessionId) -> Result<Vec<TerminalStatus>, SandboxError> {
        Ok(sandbox(&mut lock(&self.state), session)?.terminals.values().map(FakeTerminal::status).collect())
    }

    async fn read_terminal(&self, session: SessionId, id: TerminalId, from: u64) -> Result<TerminalOutput, SandboxError> {
        let reading = find(&sandbox(&mut lock(&self.state), session)?.terminals, id)?.read(from);
        reading.await
    }

    async fn write_terminal(&self, session: SessionId, id: TerminalId, bytes: Vec<u8>) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::WriteTerminal, Some(session))?;
        find(&sandbox(&mut state, session)?.terminals, id)?.put_out(&bytes);
        Ok(())
    }

    async fn resize_terminal(&self, session: SessionId, id: TerminalId, size: TerminalSize) -> Result<(), SandboxError> {
        find(&sandbox(&mut lock(&self.state), session)?.terminals, id)?;
        self.with_terminal(session, id, |terminal| terminal.resize(size));
        Ok(())
    }

    async fn label_terminal(&self, session: SessionId, id: TerminalId, label: String) -> Result<(), SandboxError> {
        find(&sandbox(&mut lock(&self.state), session)?.terminals, id)?;
        self.with_terminal(session, id, |terminal| terminal.label(label));
        Ok(())
    }

    async fn close_terminal(&self, session: SessionId, id: TerminalId) -> Result<(), SandboxError> {
        let mut state = lock(&self.state);
        let closed = sandbox(&mut state, session)?.terminals.remove(&id);
        closed.map(|terminal| terminal.close()).ok_or(SandboxError::NoTerminal)
    }

    async fn freeze(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::Freeze, Some(session))?;
        sandbox(&mut state, session)?.frozen.push(group);
        Ok(())
    }

    async fn thaw(&self, session: SessionId, group: Group) -> Result<(), SandboxError> {
        let mut state = self.enter(Operation::Thaw, Some(session))?;
        sandbox(&mut state, session)?.frozen.retain(|frozen| *frozen != group);
        Ok(())
    }

    async fn measure(&self, session: SessionId) -> Result<Measurement, SandboxError> {
        let mut state = self.enter(Operation::Measure, Some(session))?;
        sandbox(&mut state, session)?;
        Ok(Measurement { memory_bytes: 1 << 20, processes: 1, cpu_millis: 1, disk_bytes: 4096 })
    }

    async fn close(&self, session: SessionId) -> Result<(), SandboxError> {
        self.enter(Operation::Close, Some(session))?.open.remove(&session);
        Ok(())
    }

    async fn remove(&self, session: SessionId) -> Result<(), SandboxError> {
        self.enter(Operation::Remove, Some(session))?.removed.push(session);
        Ok(())
    }

    async fn examine(&self) -> Vec<Finding> {
        let text = "Sandboxes are in memory, for tests.".to_owned();
        vec![Finding { name: "fake".into(), state: FindingState::Good, text, hint: None, fix: None }]
    }
}

#[cfg(test)]
mod tests;
