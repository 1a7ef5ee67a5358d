//! Terminals in a session's sandbox, and whose they are.
//!
//! Its keeper keeps with each terminal the words that say who opened it and who may see it, so that they are true for as
//! long as it is there and the next server reads the same. A terminal of somebody else's is as if it were not there.

use std::collections::BTreeMap;
use std::sync::Arc;

use holt_core::access::{Principal, Scope};
use holt_core::id::{KeyId, OwnerId, SessionId, TerminalId};
use holt_core::machine::{Input, Refusal};
use holt_core::sandbox::{SandboxError, Sandboxes};
use holt_core::terminal::{Terminal, TerminalOutput, TerminalSize, TerminalSpec, TerminalStatus};
use holt_core::time::Timestamp;
use holt_core::view::SandboxState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ControlWatch, Engine};
use crate::error::EngineError;
use crate::requests::{ChangeTerminal, OpenTerminal};

/// What is kept with a terminal.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Label {
    title: String,
    shared: bool,
    by: String,
    owner: OwnerId,
    key: Option<KeyId>,
    opened_at: Timestamp,
}

impl Label {
    fn is_of(&self, by: &Principal) -> bool {
        self.owner == by.owner && self.key == by.key
    }

    fn text(&self) -> String {
        #[expect(clippy::expect_used, reason = "a label has string keys and no fallible serialisers")]
        serde_json::to_string(self).expect("a label is plain data")
    }
}

/// The way to one terminal. Cheap to clone. As long as there is one, somebody watches, and the session does not fall asleep by itself.
#[derive(Clone)]
pub struct TerminalLine {
    sandboxes: Arc<dyn Sandboxes>,
    session: SessionId,
    id: TerminalId,
    _watch: ControlWatch,
}

impl std::fmt::Debug for TerminalLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TerminalLine").field("session", &self.session).field("id", &self.id).finish_non_exhaustive()
    }
}

impl TerminalLine {
    pub async fn read(&self, from: u64) -> Result<TerminalOutput, SandboxError> {
        self.sandboxes.read_terminal(self.session, self.id, from).await
    }

    pub async fn write(&self, bytes: Vec<u8>) -> Result<(), SandboxError> {
        self.sandboxes.write_terminal(self.session, self.id, bytes).await
    }

    pub async fn resize(&self, size: TerminalSize) -> Result<(), SandboxError> {
        self.sandboxes.resize_terminal(self.session, self.id, size).await
    }
}

impl Engine {
    /// Opens a terminal; the session is woken when it sleeps.
    pub async fn open_terminal(&self, by: &Principal, id: SessionId, open: OpenTerminal) -> Result<Terminal, EngineError> {
        let session = self.check(by, Scope::Operate, id).await?;
        check_size(open.size)?;
        if session.sandbox == SandboxState::Closed {
            self.wake(by, id).await?;
        }
        let (terminal, size, shared) = (TerminalId::new(Uuid::now_v7()), open.size, open.shared);
        let title = open.title.unwrap_or_else(|| open.command.first().cloned().unwrap_or_else(|| "shell".into()));
        let opened_at = self.node.now();
        let label = Label { title, shared, by: by.name.clone(), owner: by.owner.clone(), key: by.key, opened_at };
        let variables = BTreeMap::from([("COLORTERM".to_owned(), "truecolor".to_owned())]);
        let spec = TerminalSpec { session: id, terminal, argv: open.command, variables, size, label: label.text() };
        self.node.parts.sandboxes.open_terminal(spec).await?;
        let told = self.change(by, Scope::Operate, id, Input::TerminalOpened { terminal, by: by.name.clone(), shared }).await;
        if let Err(error) = told {
            // One that is nowhere on record is not left open.
            let _ = self.node.parts.sandboxes.close_terminal(id, terminal).await;
            return Err(error);
        }
        let status = TerminalStatus { terminal, label: label.text(), size, kept_from: 0, written: 0, exit: None };
        Ok(view(&status, label, by))
    }

    /// The terminals that the caller may see, oldest first. A session that sleeps has none.
    pub async fn terminals(&self, by: &Principal, id: SessionId) -> Result<Vec<Terminal>, EngineError> {
        let seen = self.seen_terminals(by, id).await?;
        let mut terminals: Vec<Terminal> = seen.into_iter().map(|(status, label)| view(&status, label, by)).collect();
        terminals.sort_by_key(|terminal| terminal.id);
        Ok(terminals)
    }

    /// One terminal, if the caller may see it.
    pub async fn terminal(&self, by: &Principal, id: SessionId, terminal: TerminalId) -> Result<Terminal, EngineError> {
        let (status, label) = self.seen_terminal(by, id, terminal).await?;
        Ok(view(&status, label, by))
    }

    /// The way to a terminal that the caller may see. What passes over it is for whoever has it to judge.
    pub async fn terminal_line(
        &self,
        by: &Principal,
        id: SessionId,
        terminal: TerminalId,
    ) -> Result<(Terminal, TerminalLine), EngineError> {
        let seen = self.terminal(by, id, terminal).await?;
        let watch = self.watch_control(by, id).await?;
        let sandboxes = Arc::clone(&self.node.parts.sandboxes);
        Ok((seen, TerminalLine { sandboxes, session: id, id: terminal, _watch: watch }))
    }

    /// Renames a terminal, or shares it. Only who opened it may decide who sees it.
    pub async fn change_terminal(
        &self,
        by: &Principal,
        id: SessionId,
        terminal: TerminalId,
        change: ChangeTerminal,
    ) -> Result<Terminal, EngineError> {
        self.check(by, Scope::Operate, id).await?;
        let (status, mut label) = self.seen_terminal(by, id, terminal).await?;
        if change.shared.is_some_and(|shared| shared != label.shared) && !label.is_of(by) {
            return Err(EngineError::Invalid {
                code: "terminal_of_another",
                what: format!("{} opened this terminal and decides who sees it", label.by),
                hint: "Ask them, or open one of your own.",
            });
        }
        label.title = change.title.unwrap_or(label.title);
        label.shared = change.shared.unwrap_or(label.shared);
        self.node.parts.sandboxes.label_terminal(id, terminal, label.text()).await?;
        Ok(view(&status, label, by))
    }

    /// Hangs a terminal up and ends what runs on it.
    pub async fn close_terminal(&self, by: &Principal, id: SessionId, terminal: TerminalId) -> Result<(), EngineError> {
        self.check(by, Scope::Operate, id).await?;
        let (status, _) = self.seen_terminal(by, id, terminal).await?;
        self.node.parts.sandboxes.close_terminal(id, terminal).await?;
        let input = Input::TerminalClosed { terminal, by: by.name.clone(), exit: status.exit };
        match self.change(by, Scope::Operate, id, input).await {
            // It went with its session.
            Ok(_) | Err(EngineError::Refused(Refusal::Ended)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn seen_terminal(
        &self,
        by: &Principal,
        id: SessionId,
        terminal: TerminalId,
    ) -> Result<(TerminalStatus, Label), EngineError> {
        let seen = self.seen_terminals(by, id).await?;
        let found = seen.into_iter().find(|(status, _)| status.terminal == terminal);
        found.ok_or(EngineError::Sandbox(SandboxError::NoTerminal))
    }

    async fn seen_terminals(&self, by: &Principal, id: SessionId) -> Result<Vec<(TerminalStatus, Label)>, EngineError> {
        let session = self.check(by, Scope::View, id).await?;
        if session.sandbox == SandboxState::Closed {
            return Ok(Vec::new());
        }
        let all = match self.node.parts.sandboxes.terminals(id).await {
            Err(SandboxError::NotOpen | SandboxError::Gone) => Vec::new(),
            all => all?,
        };
        let labelled = all.into_iter().filter_map(|status| {
            let label: Label = serde_json::from_str(&status.label).ok()?;
            Some((status, label))
        });
        Ok(labelled.filter(|(_, label)| label.shared || label.is_of(by)).collect())
    }
}

/// A size that terminals have.
fn check_size(size: TerminalSize) -> Result<(), EngineError> {
    size.is_sensible().then_some(()).ok_or_else(|| EngineError::Invalid {
        code: "bad_size",
        what: format!("no terminal has {} rows and {} columns", size.rows, size.cols),
        hint: "Give 2 to 500 rows and 4 to 1000 columns.",
    })
}

fn view(status: &TerminalStatus, label: Label, by: &Principal) -> Terminal {
    let mine = label.is_of(by);
    let Label { title, shared, by, opened_at, .. } = label;
    let TerminalStatus { terminal, size, kept_from, written, exit, .. } = status;
    Terminal {
        id: *terminal,
        title,
        shared,
        by,
        mine,
        opened_at,
        size: *size,
        kept_from: *kept_from,
        written: *written,
        exit: *exit,
    }
}
