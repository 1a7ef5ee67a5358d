//! Programs that talk over their standard streams, each with a connection of the server's: what it says goes in, what they
//! say comes out. They end with that connection.
//!
//! They are in the agent's group, which stands still while a person drives the desktop.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::birth::log;
use super::keeper::Keeper;
use super::leaders::Running;
use crate::inside::channel::Start;
use crate::protocol::message::{Code, Group};

const GROUP: Group = Group::Agent;
/// How long one may take to end once nobody talks to it any more.
const LEAVE: Duration = Duration::from_secs(2);

/// How many programs there are.
#[derive(Debug, Default)]
pub struct Programs {
    /// Held while one begins, and while what the last one has left is ended: none that begins is taken for a leftover.
    count: Mutex<usize>,
}

/// A program that has begun. It is ended by [`Program::end`], and by nothing less.
#[derive(Debug)]
pub struct Program {
    pub stream: UnixStream,
    running: Running,
}

/// Starts a program, with one socket as its input and its output. What it says to its errors is nobody's.
pub async fn start(
    keeper: &Rc<Keeper>,
    argv: Vec<String>,
    variables: BTreeMap<String, String>,
) -> Result<Program, (Code, String)> {
    if argv.is_empty() {
        return Err((Code::Invalid, "a program needs a name".to_owned()));
    }
    keeper.ready().await.map_err(|reason| (Code::Failed, reason))?;
    begin(keeper, argv, variables).await.map_err(|error| (Code::Failed, error.to_string()))
}

async fn begin(keeper: &Rc<Keeper>, argv: Vec<String>, variables: BTreeMap<String, String>) -> io::Result<Program> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let null = File::options().write(true).open("/dev/null")?;
    let room = keeper.spec.room_of(GROUP);
    let mut all = room.variables.clone();
    all.extend(variables);
    let directory = Some(room.directory.to_string_lossy().into_owned());
    let start = Start { id: 0, argv, variables: all, directory, descriptors: vec![0, 1, 2], terminal: None };
    let mut count = keeper.programs.count.lock().await;
    let running = keeper.start(GROUP, start, &[theirs.as_fd(), theirs.as_fd(), null.as_fd()]).await?;
    *count += 1;
    Ok(Program { stream: UnixStream::from_std(ours)?, running })
}

impl Program {
    /// Ends it: nicely, then not. What the last one has started ends with it.
    pub async fn end(self, keeper: &Rc<Keeper>) {
        drop(self.stream);
        let mut end = self.running.end.clone();
        if timeout(LEAVE, end.wait_for(Option::is_some)).await.is_err() {
            let _ = self.running.signal(Signal::KILL.as_raw()).await;
        }
        let mut count = keeper.programs.count.lock().await;
        *count = count.saturating_sub(1);
        // Others in the group are there by their own names, and end by them.
        if *count == 0
            && keeper.processes.names().is_empty()
            && let Err(error) = keeper.groups.end_all(GROUP).await
        {
            log(&format!("what programs have started could not be ended: {error}"));
        }
    }
}
