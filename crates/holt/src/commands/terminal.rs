//! `holt terminal`: a terminal in a session's sandbox, on the person's own.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::Args;
use holt_api::{OpenTerminal, SessionId, TerminalExit, TerminalId, TerminalServerFrame, TerminalSize};
use holt_client::{Client, TerminalItem, TerminalReader, TerminalWriter};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::terminal::{RESTORE, ScreenFilter};

#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl+] leaves the terminal and lets it run.\n\nExamples:\n  holt terminal last\n  holt terminal last -- vim notes.md\n  holt terminal last --list\n  holt terminal last --attach 01920000-0000-7000-8000-0000000000aa"
)]
pub struct Arguments {
    /// The session
    session: String,
    /// A program and its arguments, instead of a shell
    #[arg(last = true)]
    command: Vec<String>,
    /// Let everybody who sees the session see it, and type in it if they may operate
    #[arg(long)]
    shared: bool,
    /// Go back to one that is open
    #[arg(long, value_name = "TERMINAL", conflicts_with_all = ["command", "shared"])]
    attach: Option<TerminalId>,
    /// List those that are open
    #[arg(long, conflicts_with_all = ["command", "shared", "attach"])]
    list: bool,
}

/// Ctrl+].
const LEAVE: u8 = 0x1d;
const USUAL_SIZE: TerminalSize = TerminalSize { rows: 24, cols: 80 };
/// The server is told what was shown at least this often, in bytes.
const TOLD_EVERY: u64 = 64 * 1024;

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let client = context.server().await?;
    let session = context.find(&client, &arguments.session).await?;
    if arguments.list {
        return list(&client, session, context).await;
    }
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let message = "a terminal needs a terminal on this side too";
        return Err(Failure::usage("not_a_terminal", message, "Use `holt send` to have commands run by the agent."));
    }
    let terminal = match arguments.attach {
        Some(terminal) => terminal,
        None => open(&client, session, &arguments, context).await?,
    };
    let (writer, reader) = client.watch_terminal(session, terminal, None).await.map_err(context.explain())?;
    let left = {
        let _raw = Raw::enter()?;
        Attached { writer, filter: ScreenFilter::default(), at: 0, told: 0, draws: false, writable: None }.run(reader).await
    };
    match left.map_err(context.explain())? {
        Left::Detached => {
            context.output.note(&format!("left; `holt terminal {session} --attach {terminal}` goes back"));
            Ok(())
        }
        Left::Ended(exit) => {
            // Nobody else needs a terminal whose program has ended; one that is gone already is as good.
            let _ = client.close_terminal(session, terminal).await;
            result(exit)
        }
        Left::Closed => Err(Failure::failed("terminal_closed", "the terminal was closed", "`holt show` says what became of it.")),
    }
}

async fn list(client: &Client, session: SessionId, context: &Context) -> Result<(), Failure> {
    let list = client.terminals(session).await.map_err(context.explain())?;
    let line = |one: &holt_api::Terminal| {
        let shared = if one.shared { "  shared" } else { "" };
        let ended = if one.exit.is_some() { "  ended" } else { "" };
        format!("{}  {}{shared}{ended}\n", one.id, crate::terminal::clean_line(&one.title))
    };
    context.output.result(&list, || list.items.iter().map(line).collect())
}

async fn open(client: &Client, session: SessionId, arguments: &Arguments, context: &Context) -> Result<TerminalId, Failure> {
    let TerminalSize { rows, cols } = own_size();
    let (command, shared) = (arguments.command.clone(), arguments.shared);
    let open = OpenTerminal { rows, cols, command, shared, title: None };
    Ok(client.open_terminal(session, &open).await.map_err(context.explain())?.id)
}

fn result(exit: TerminalExit) -> Result<(), Failure> {
    match exit {
        TerminalExit::Code { code: 0 } => Ok(()),
        TerminalExit::Code { code: 130 } | TerminalExit::Signal { signal: 2 } => Err(Failure::silent(Exit::Interrupted)),
        TerminalExit::Code { code } => Err(Failure::failed("program_failed", format!("the program ended with code {code}"), "")),
        TerminalExit::Signal { signal } => {
            Err(Failure::failed("program_failed", format!("the program was ended by signal {signal}"), ""))
        }
        TerminalExit::Lost => Err(Failure::failed("program_failed", "the program ended, nobody knows how", "")),
    }
}

/// The size of the person's terminal, as far as one can be so large.
fn own_size() -> TerminalSize {
    let Ok(size) = tcgetwinsize(io::stdout()) else { return USUAL_SIZE };
    if size.ws_row == 0 || size.ws_col == 0 {
        return USUAL_SIZE;
    }
    TerminalSize { rows: size.ws_row.clamp(2, 500), cols: size.ws_col.clamp(4, 1000) }
}

/// The person's terminal passes every key on, until this is dropped.
struct Raw {
    before: Termios,
}

impl Raw {
    fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        Ok(Self { before })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(RESTORE).and_then(|()| out.flush());
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.before);
    }
}

/// How a person has left a terminal.
enum Left {
    Detached,
    Ended(TerminalExit),
    Closed,
}

struct Attached {
    writer: TerminalWriter,
    filter: ScreenFilter,
    /// The byte that comes next.
    at: u64,
    told: u64,
    /// The next bytes draw a screen and count for none.
    draws: bool,
    /// Whether what is typed counts; known once the server has said so, and what is typed before waits.
    writable: Option<bool>,
}

type Step = Result<Option<Left>, holt_client::ClientError>;

impl Attached {
    async fn run(mut self, mut reader: TerminalReader) -> Result<Left, holt_client::ClientError> {
        let broke_off = |error: io::Error| holt_client::ClientError::BrokeOff(error.to_string());
        let mut resized = signal(SignalKind::window_change()).map_err(broke_off)?;
        let mut ended = signal(SignalKind::terminate()).map_err(broke_off)?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(broke_off)?;
        let mut keyboard = keyboard();
        loop {
            let left = tokio::select! {
                item = reader.next() => match item? {
                    Some(item) => self.take(item).await?,
                    None => Some(Left::Closed),
                },
                typed = keyboard.recv(), if self.writable.is_some() => match typed {
                    Some(typed) => self.type_in(&typed).await?,
                    None => Some(Left::Detached),
                },
                _ = resized.recv() => {
                    self.resize().await?;
                    None
                }
                _ = ended.recv() => Some(Left::Detached),
                _ = hung_up.recv() => Some(Left::Detached),
            };
            if let Some(left) = left {
                return Ok(left);
            }
        }
    }

    async fn take(&mut self, item: TerminalItem) -> Step {
        match item {
            TerminalItem::Bytes(bytes) => {
                show(&self.filter.push(&bytes));
                if std::mem::take(&mut self.draws) {
                    return Ok(None);
                }
                self.at += bytes.len() as u64;
                if self.at - self.told >= TOLD_EVERY {
                    self.told = self.at;
                    self.writer.shown(self.at).await?;
                }
            }
            TerminalItem::Word(TerminalServerFrame::Attached { offset, writable, screen, .. }) => {
                self.writable = Some(writable);
                self.begin(offset, screen).await?;
                self.resize().await?;
            }
            TerminalItem::Word(TerminalServerFrame::Behind { offset, .. }) => self.begin(offset, true).await?,
            TerminalItem::Word(TerminalServerFrame::Exited { exit }) => return Ok(Some(Left::Ended(exit))),
            TerminalItem::Word(TerminalServerFrame::Closed) => return Ok(Some(Left::Closed)),
            TerminalItem::Word(TerminalServerFrame::Resized { .. } | TerminalServerFrame::NotTaken) => {}
        }
        Ok(None)
    }

    async fn begin(&mut self, offset: u64, draws: bool) -> Result<(), holt_client::ClientError> {
        (self.at, self.told, self.draws) = (offset, offset, draws);
        self.filter = ScreenFilter::default();
        if draws {
            show(b"\x1b[!p\x1b[m\x1b[2J\x1b[H");
        }
        self.writer.shown(offset).await
    }

    async fn type_in(&mut self, typed: &[u8]) -> Step {
        let leave = typed.iter().position(|byte| *byte == LEAVE);
        let typed = &typed[..leave.unwrap_or(typed.len())];
        if self.writable == Some(true) && !typed.is_empty() {
            self.writer.write(typed).await?;
        }
        Ok(leave.map(|_| Left::Detached))
    }

    async fn resize(&mut self) -> Result<(), holt_client::ClientError> {
        if self.writable == Some(true) { self.writer.resize(own_size()).await } else { Ok(()) }
    }
}

/// What the person types, from a thread that waits for it as long as the process lives.
fn keyboard() -> mpsc::Receiver<Vec<u8>> {
    let (send, typed) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = io::stdin().lock().read(&mut bytes) {
            if send.blocking_send(bytes[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    typed
}

/// Somebody who has gone sees nothing; that they have shows elsewhere.
fn show(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
