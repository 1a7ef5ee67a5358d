//! Terminals in memory: what is typed comes back, as a shell's echo would, and a test says what else is put out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use holt_core::id::TerminalId;
use holt_core::sandbox::SandboxError;
use holt_core::terminal::{TerminalExit, TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use tokio::sync::watch;

/// How long a reader waits for output before it is told that there is none.
const READER_WAITS: Duration = Duration::from_secs(5);
const PIECE: usize = 64 * 1024;
/// How much is kept, unless a test drops more.
const KEPT: usize = 1024 * 1024;

/// A terminal of a fake sandbox.
#[derive(Debug, Clone)]
pub(super) struct FakeTerminal {
    spec: TerminalSpec,
    state: watch::Sender<Put>,
}

#[derive(Debug, Clone, Default)]
struct Put {
    dropped: u64,
    kept: Arc<Vec<u8>>,
    exit: Option<TerminalExit>,
    closed: bool,
}

pub(super) type Terminals = HashMap<TerminalId, FakeTerminal>;

pub(super) fn find(terminals: &Terminals, id: TerminalId) -> Result<&FakeTerminal, SandboxError> {
    terminals.get(&id).ok_or(SandboxError::NoTerminal)
}

impl FakeTerminal {
    pub fn new(spec: TerminalSpec) -> Self {
        Self { spec, state: watch::Sender::new(Put::default()) }
    }

    pub fn put_out(&self, bytes: &[u8]) {
        self.state.send_modify(|put| {
            let mut kept = (*put.kept).clone();
            kept.extend_from_slice(bytes);
            let over = kept.len().saturating_sub(KEPT);
            kept.drain(..over);
            put.dropped += over as u64;
            put.kept = Arc::new(kept);
        });
    }

    pub fn end(&self, exit: TerminalExit) {
        self.state.send_modify(|put| put.exit = Some(exit));
    }

    pub fn close(&self) {
        self.state.send_modify(|put| put.closed = true);
    }

    pub fn resize(&mut self, size: TerminalSize) {
        self.spec.size = size;
    }

    pub fn label(&mut self, label: String) {
        self.spec.label = label;
    }

    pub fn spec(&self) -> &TerminalSpec {
        &self.spec
    }

    pub fn status(&self) -> TerminalStatus {
        let put = self.state.borrow();
        TerminalStatus {
            terminal: self.spec.terminal,
            label: self.spec.label.clone(),
            size: self.spec.size,
            kept_from: put.dropped,
            written: put.dropped + put.kept.len() as u64,
            exit: put.exit,
        }
    }

    /// As a keeper reads: waits for output, and tells the end with the last byte behind.
    pub fn read(&self, from: u64) -> impl Future<Output = Result<TerminalOutput, SandboxError>> + Send + 'static {
        let mut state = self.state.subscribe();
        async move {
            let is_news = |put: &Put| put.closed || put.exit.is_some() || put.dropped + put.kept.len() as u64 > from;
            let put = match tokio::time::timeout(READER_WAITS, state.wait_for(is_news)).await {
                Ok(Ok(put)) => put.clone(),
                Ok(Err(_)) => return Err(SandboxError::NoTerminal),
                Err(_) => return Ok(TerminalOutput { from, bytes: Vec::new(), exit: None }),
            };
            if put.closed {
                return Err(SandboxError::NoTerminal);
            }
            let from = from.clamp(put.dropped, put.dropped + put.kept.len() as u64);
            let skipped = usize::try_from(from - put.dropped).unwrap_or(0);
            let bytes: Vec<u8> = put.kept[skipped..].iter().take(PIECE).copied().collect();
            let exit = put.exit.filter(|_| bytes.is_empty());
            Ok(TerminalOutput { from, bytes, exit })
        }
    }
}
