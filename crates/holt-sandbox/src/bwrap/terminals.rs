//! A session's terminals, which its keeper drives.

use holt_core::id::{SessionId, TerminalId};
use holt_core::sandbox::SandboxError;
use holt_core::terminal::{TerminalExit, TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use holt_keeper::protocol::message::{Answer, Code, Exit, Verb};
use holt_keeper::protocol::terminal::{self, Size, TerminalAsk};

use super::driver::{Inner, unexpected};

pub async fn open(inner: &Inner, spec: TerminalSpec) -> Result<(), SandboxError> {
    let TerminalSpec { session, terminal, argv, variables, size, label } = spec;
    let ask = TerminalAsk::Open { argv, variables, directory: None, size: into_size(size), label };
    match request(inner, session, terminal, ask, Vec::new()).await?.0 {
        Answer::Started { .. } => Ok(()),
        Answer::Refused { code: Code::Full, message } => Err(SandboxError::CannotOpen {
            code: "too_many_terminals".into(),
            message: format!("A terminal cannot be opened: {message}."),
            hint: "Close one that is not needed.".into(),
        }),
        Answer::Refused { message, .. } => Err(SandboxError::CannotOpen {
            code: "terminal_unavailable".into(),
            message: format!("A terminal cannot be opened: {message}."),
            hint: "Look into the session's notes for what is wrong with its sandbox.".into(),
        }),
        other => Err(unexpected(&other)),
    }
}

pub async fn list(inner: &Inner, session: SessionId) -> Result<Vec<TerminalStatus>, SandboxError> {
    match inner.ask(session, Verb::Status).await? {
        Answer::Status(status) => Ok(status.terminals.into_iter().filter_map(status_of).collect()),
        other => Err(unexpected(&other)),
    }
}

pub async fn read(inner: &Inner, session: SessionId, id: TerminalId, from: u64) -> Result<TerminalOutput, SandboxError> {
    let (answer, bytes) = request(inner, session, id, TerminalAsk::Read { from }, Vec::new()).await?;
    match answer {
        Answer::TerminalOutput { from, end } => Ok(TerminalOutput { from, bytes, exit: end.map(exit) }),
        other => Err(refused(&other)),
    }
}

/// Asks for something to be done to a terminal.
pub async fn tell(
    inner: &Inner,
    session: SessionId,
    id: TerminalId,
    ask: TerminalAsk,
    body: Vec<u8>,
) -> Result<(), SandboxError> {
    match request(inner, session, id, ask, body).await?.0 {
        Answer::Done => Ok(()),
        other => Err(refused(&other)),
    }
}

pub fn into_size(TerminalSize { rows, cols }: TerminalSize) -> Size {
    Size { rows, cols }
}

async fn request(
    inner: &Inner,
    session: SessionId,
    id: TerminalId,
    ask: TerminalAsk,
    body: Vec<u8>,
) -> Result<(Answer, Vec<u8>), SandboxError> {
    inner.request(session, Verb::Terminal { terminal: id.to_string(), ask }, body).await
}

fn refused(answer: &Answer) -> SandboxError {
    match answer {
        Answer::Refused { code: Code::Unknown, .. } => SandboxError::NoTerminal,
        other => unexpected(other),
    }
}

fn status_of(status: terminal::TerminalStatus) -> Option<TerminalStatus> {
    let terminal::TerminalStatus { terminal, label, size: Size { rows, cols }, kept_from, written, end } = status;
    let size = TerminalSize { rows, cols };
    Some(TerminalStatus { terminal: terminal.parse().ok()?, label, size, kept_from, written, exit: end.map(exit) })
}

fn exit(exit: Exit) -> TerminalExit {
    match exit {
        Exit::Code { code } => TerminalExit::Code { code },
        Exit::Signal { signal } => TerminalExit::Signal { signal },
        Exit::Lost => TerminalExit::Lost,
    }
}
