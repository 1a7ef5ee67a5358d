//! A toolbox as the keeper has it: started when it is needed, guarded while it is there, ended when it is silent.
//!
//! There are two: that of the session's room, and the browser's in a room of its own ([`super::browser`]).

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsFd as _;
use std::rc::Rc;

use tokio::sync::Mutex;
use tokio::task::spawn_local;

use super::birth::log;
use super::browser::{self, BROWSER_TOOLS};
use super::guard::until_silent;
use super::keeper::Keeper;
use super::leaders::Running;
use super::mcp::Client;
use crate::inside::channel::Start;
use crate::protocol::message::{Death, Group, Report};
use crate::spec::EXECUTABLE_INSIDE;

const DESCRIPTOR: i32 = 3;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Session,
    Browser,
}

impl Which {
    /// The one that has this tool.
    pub fn has(tool: &str) -> Self {
        if tool.starts_with(BROWSER_TOOLS) { Self::Browser } else { Self::Session }
    }

    pub fn group(self) -> Group {
        match self {
            Self::Session => Group::Commands,
            Self::Browser => Group::Browser,
        }
    }

    /// The part of the executable that it is.
    fn part(self) -> &'static str {
        match self {
            Self::Session => "toolbox",
            Self::Browser => "browser",
        }
    }

    pub fn of(self, keeper: &Keeper) -> &Toolbox {
        match self {
            Self::Session => &keeper.toolbox,
            Self::Browser => &keeper.browser.toolbox,
        }
    }
}

#[derive(Debug, Default)]
pub struct Toolbox {
    current: RefCell<Option<(Rc<Client>, Running)>>,
    /// Held while one is started or ended.
    changing: Mutex<()>,
    alive: Cell<usize>,
}

impl Toolbox {
    /// The conversation with it, if there is one.
    pub fn client(&self) -> Option<Rc<Client>> {
        self.current.borrow().as_ref().map(|(client, _)| Rc::clone(client)).filter(|client| !client.is_over())
    }

    /// Its process id as the host sees it.
    pub fn pid(&self) -> Option<i32> {
        self.current.borrow().as_ref().and_then(|(_, running)| running.pid())
    }

    /// How many of the group's processes are toolboxes.
    pub fn processes(&self) -> usize {
        self.alive.get()
    }
}

/// The toolbox, started when it is not there, which waits until its group may run.
pub async fn reach(keeper: &Rc<Keeper>, which: Which) -> io::Result<Rc<Client>> {
    let toolbox = which.of(keeper);
    loop {
        if let Some(client) = toolbox.client() {
            return Ok(client);
        }
        keeper.groups.until_thawed(which.group()).await;
        let _one_at_a_time = toolbox.changing.lock().await;
        if toolbox.client().is_some() {
            continue;
        }
        match start(keeper, which).await {
            Err(_) if keeper.groups.is_frozen(which.group()) => {}
            started => return started,
        }
    }
}

async fn start(keeper: &Rc<Keeper>, which: Which) -> io::Result<Rc<Client>> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let null = std::fs::File::options().read(true).write(true).open("/dev/null")?;
    let room = keeper.spec.room_of(which.group());
    let start = Start {
        id: 0,
        argv: [EXECUTABLE_INSIDE, which.part(), &DESCRIPTOR.to_string()].map(str::to_owned).to_vec(),
        variables: room.variables.clone(),
        directory: Some(room.directory.to_string_lossy().into_owned()),
        descriptors: vec![0, 1, 2, DESCRIPTOR],
        terminal: None,
    };
    let descriptors = [null.as_fd(), null.as_fd(), null.as_fd(), theirs.as_fd()];
    let running = keeper.start(which.group(), start, &descriptors).await?;
    let (client, conversation) = Client::begin(tokio::net::UnixStream::from_std(ours)?);
    client.greet();
    spawn_local(accompany(Rc::clone(keeper), which, Rc::clone(&client), conversation));
    if !running.is_led().await {
        return Err(io::Error::other("the group's leader did not come up"));
    }
    which.of(keeper).current.replace(Some((Rc::clone(&client), running)));
    Ok(client)
}

/// Talks with a toolbox until it is gone, or silent for too long.
async fn accompany(keeper: Rc<Keeper>, which: Which, client: Rc<Client>, conversation: impl Future<Output = ()>) {
    let toolbox = which.of(&keeper);
    toolbox.alive.set(toolbox.alive.get() + 1);
    let group = which.group();
    let is_silent = tokio::select! {
        () = conversation => false,
        () = until_silent(&client, || keeper.groups.is_frozen(group)) => true,
        () = browser::pass_on_pages(&keeper, &client), if which == Which::Browser => false,
    };
    if is_silent {
        // Nobody starts another one while this one's whole group is ended.
        let _one_at_a_time = toolbox.changing.lock().await;
        client.close(Death::Silent);
        if let Err(error) = keeper.groups.end_all(group).await {
            log(&format!("a silent toolbox could not be ended: {error}"));
        }
    }
    toolbox.alive.set(toolbox.alive.get() - 1);
    let death = client.death().unwrap_or(Death::Died);
    match which {
        Which::Session => keeper.report(Report::ToolboxDied { death }),
        Which::Browser => browser::tell_end(&keeper, death),
    }
}
