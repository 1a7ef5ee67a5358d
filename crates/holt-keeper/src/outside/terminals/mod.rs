//! Terminals for people: each a program on a pseudo-terminal of the room's own, driven from here.
//!
//! The newest part of what each puts out is kept by byte offset, so that whoever comes back, and the next server, can go
//! on where they were.

mod ring;
mod terminal;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use tokio::sync::Mutex;
use tokio::task::spawn_local;

use super::groups::Why;
use super::keeper::Keeper;
use super::leaders::End;
use super::serve::{LONGEST_NAME, Obeyed, Refusal, unknown};
use crate::inside::channel::Start;
use crate::protocol::message::{Answer, Code, Group};
use crate::protocol::terminal::{LONGEST_LABEL, MAX_TERMINALS, Size, TerminalAsk, TerminalStatus, WRITTEN_AT_ONCE};
use terminal::Terminal;

const GROUP: Group = Group::Terminals;
/// A shell as people expect one, whichever there is. Not a login shell: what those read sets the search path anew, and
/// programs that a session has would not be found.
const SHELL: [&str; 3] = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];

/// The terminals by their names.
#[derive(Debug, Default)]
pub struct Terminals {
    all: RefCell<BTreeMap<String, Rc<Terminal>>>,
    opening: Mutex<()>,
}

impl Terminals {
    fn find(&self, name: &str) -> Result<Rc<Terminal>, Refusal> {
        self.all.borrow().get(name).cloned().ok_or_else(unknown)
    }

    /// Gives up one whose program has ended when there are too many. False when all are in use.
    fn make_room(&self) -> bool {
        let mut all = self.all.borrow_mut();
        if all.len() < MAX_TERMINALS {
            return true;
        }
        let ended = all.iter().find(|(_, terminal)| terminal.end().is_some()).map(|(name, _)| name.clone());
        ended.is_some_and(|name| all.remove(&name).is_some())
    }

    pub fn status(&self) -> Vec<TerminalStatus> {
        self.all.borrow().iter().map(|(name, terminal)| terminal.status(name)).collect()
    }
}

/// Does what a server asks of a terminal.
pub async fn obey(keeper: &Rc<Keeper>, name: String, ask: TerminalAsk, body: &[u8]) -> Obeyed {
    let find = || keeper.terminals.find(&name);
    match ask {
        TerminalAsk::Open { .. } => return open(keeper, name, ask).await,
        TerminalAsk::Read { from } => {
            let terminal = find()?;
            let (from, body) = terminal.read(from).await;
            let end = if body.is_empty() { terminal.end() } else { None };
            return Ok((Answer::TerminalOutput { from, end }, body));
        }
        TerminalAsk::Write if body.len() > WRITTEN_AT_ONCE => {
            return Err(Refusal(Code::Invalid, "this is too much to be typed at once".into()));
        }
        TerminalAsk::Write => find()?.write(body).await.map_err(|error| not_typed(&error))?,
        TerminalAsk::Resize { size } => {
            check_size(size)?;
            find()?.resize(size)?;
        }
        TerminalAsk::Label { label } => {
            check_label(&label)?;
            find()?.label.replace(label);
        }
        TerminalAsk::Close => {
            let terminal = keeper.terminals.all.borrow_mut().remove(&name).ok_or_else(unknown)?;
            // To the end, also when whoever asked has gone.
            let _ = spawn_local(async move { terminal.close().await }).await;
        }
    }
    Ok((Answer::Done, Vec::new()))
}

async fn open(keeper: &Rc<Keeper>, name: String, ask: TerminalAsk) -> Obeyed {
    let TerminalAsk::Open { argv, variables, directory, size, label } = ask else { return Err(unknown()) };
    let _one_at_a_time = keeper.terminals.opening.lock().await;
    if keeper.terminals.find(&name).is_ok() {
        return Ok((Answer::Started { found: true }, Vec::new()));
    }
    if keeper.disk_floor.get().is_some() {
        return Err(Refusal(Code::Failed, Why::Disk.words().into()));
    }
    if !keeper.terminals.make_room() {
        return Err(Refusal(Code::Full, format!("a session has at most {MAX_TERMINALS} terminals")));
    }
    if name.is_empty() || name.len() > LONGEST_NAME {
        return Err(Refusal(Code::Invalid, "a terminal needs a short name".into()));
    }
    check_size(size)?;
    check_label(&label)?;
    let argv = if argv.is_empty() { SHELL.map(str::to_owned).to_vec() } else { argv };
    let mut all = keeper.spec.room.variables.clone();
    all.extend(variables);
    let directory = directory.or_else(|| Some(keeper.spec.room.directory.to_string_lossy().into_owned()));
    let start = Start { id: 0, argv, variables: all, directory, descriptors: Vec::new(), terminal: Some(size) };
    let terminal = begin(keeper, start, size, label).await?;
    keeper.terminals.all.borrow_mut().insert(name, terminal);
    Ok((Answer::Started { found: false }, Vec::new()))
}

async fn begin(keeper: &Rc<Keeper>, start: Start, size: Size, label: String) -> io::Result<Rc<Terminal>> {
    let (running, given) = keeper.start_on_terminal(GROUP, start).await?;
    let Ok(driven_from) = given.await else {
        let mut end = running.end.clone();
        let end = end.wait_for(Option::is_some).await.ok().and_then(|end| end.clone());
        let why = if let Some(End::NotStarted(why)) = end { why } else { "it ended before it began".into() };
        return Err(io::Error::other(why));
    };
    Terminal::new(running, driven_from, size, label)
}

fn check_size(size: Size) -> Result<(), Refusal> {
    let Size { rows, cols } = size;
    size.is_sensible().then_some(()).ok_or_else(|| Refusal(Code::Invalid, format!("no terminal is {rows} × {cols}")))
}

fn check_label(label: &str) -> Result<(), Refusal> {
    (label.len() <= LONGEST_LABEL).then_some(()).ok_or_else(|| Refusal(Code::Invalid, "the label is too long".into()))
}

fn not_typed(error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::TimedOut => Refusal(Code::Full, "the program does not read what is typed".into()),
        io::ErrorKind::BrokenPipe => Refusal(Code::Unknown, "the terminal has ended".into()),
        _ => Refusal(Code::Failed, error.to_string()),
    }
}
