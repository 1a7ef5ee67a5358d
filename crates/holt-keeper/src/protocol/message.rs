//! What is said after the handshake.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::terminal::{TerminalAsk, TerminalStatus};

/// The most bytes of output that one frame carries.
pub const OUTPUT_AT_ONCE: usize = 64 * 1024;
/// The most seconds that a call may be given.
pub const LONGEST_CALL: u64 = 24 * 60 * 60;
/// The most ports that are told.
pub const MOST_PORTS: usize = 64;

/// A named group of processes, each of which can be frozen, killed and measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Commands,
    Agent,
    Desktop,
    Browser,
    /// What people run in terminals. It goes on while one of them drives the desktop.
    Terminals,
}

impl Group {
    pub const ALL: [Self; 5] = [Self::Commands, Self::Agent, Self::Desktop, Self::Browser, Self::Terminals];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Agent => "agent",
            Self::Desktop => "desktop",
            Self::Browser => "browser",
            Self::Terminals => "terminals",
        }
    }
}

/// What is on a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesktopFlavour {
    Light,
    Full,
}

impl DesktopFlavour {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Full => "full",
        }
    }
}

/// Which spooled output of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    Output,
    Errors,
}

/// A request of the server. Its number comes back with every answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    pub id: u64,
    pub verb: Verb,
}

/// What a server may ask for. All of it happens inside the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Verb {
    Status,
    /// Starts a tool call, or takes up the one with this id; its arguments, JSON, are the body. Answered by [`Message::Output`]
    /// from byte `from` of its output on, and at last by [`Message::Finished`].
    Call {
        call: String,
        tool: String,
        from: u64,
        only_if_known: bool,
        /// How long it may run when it is started, not counting the time in which its group stands still; then the keeper
        /// gives it up. Bounded by [`LONGEST_CALL`].
        within_seconds: u64,
    },
    /// The call's outcome is safe elsewhere and may be forgotten.
    Acknowledge {
        call: String,
    },
    Cancel {
        call: String,
    },
    /// Starts a process with pipes, or finds the one with this id.
    Spawn {
        process: String,
        group: Group,
        argv: Vec<String>,
        variables: BTreeMap<String, String>,
        directory: Option<String>,
    },
    /// Writes the body to the process's input.
    Write {
        process: String,
    },
    CloseInput {
        process: String,
    },
    /// Reads spooled output from a byte on; what lies before it may be forgotten.
    ReadSpool {
        process: String,
        stream: Stream,
        from: u64,
    },
    Signal {
        process: String,
        signal: i32,
    },
    /// Forgets a process that has ended, and what of its output was not read.
    Forget {
        process: String,
    },
    /// Starts the desktop, or finds it running. Viewers come to the keeper's socket for desktops.
    StartDesktop {
        flavour: DesktopFlavour,
        width: u16,
        height: u16,
        /// Answered only when programs find a screen whose windows are managed. Viewers need not wait for that.
        wait: bool,
    },
    /// Something about the terminal with this id.
    Terminal {
        terminal: String,
        ask: TerminalAsk,
    },
    /// Ends the desktop, if it runs and no program has a window on it.
    RestDesktop,
    Freeze {
        group: Group,
    },
    Thaw {
        group: Group,
    },
    Kill {
        group: Group,
    },
    /// One group, or the whole sandbox.
    Measure {
        group: Option<Group>,
    },
    /// Whether processes are alive other than Holt's own.
    Busy,
    /// The ports on which something inside serves.
    Ports,
    /// Reaches what serves on a port inside. Only on a connection for a stream, which becomes that.
    Connect {
        port: u16,
    },
    /// Takes a connection that wants to leave ([`Report::Leaving`]). Only on a connection for a stream, which becomes that.
    TakeLeaving {
        number: u64,
    },
    /// Starts a program in the agent's group and talks to it over its standard streams; it ends with them. Only on a connection
    /// for a stream, which becomes that.
    Run {
        argv: Vec<String>,
        variables: BTreeMap<String, String>,
    },
    /// Ends everything.
    End,
}

/// What a keeper says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    Answer {
        id: u64,
        answer: Answer,
    },
    /// Output of a call: the body is text, this is where it begins.
    Output {
        id: u64,
        offset: u64,
    },
    /// The end of a call. For [`Ending::Result`] the body is what the toolbox answered, else a sentence.
    Finished {
        id: u64,
        ending: Ending,
    },
    Happened {
        report: Report,
    },
    /// The keeper closes this connection: a newer server has come.
    Fenced {
        epoch: u64,
    },
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The toolbox answered; hostile until understood.
    Result,
    Failed,
    Cancelled,
    /// The keeper does not know it and was not asked to start it.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    Done,
    Status(Status),
    Measured(Measured),
    Busy {
        busy: bool,
    },
    Started {
        found: bool,
    },
    /// At most [`MOST_PORTS`].
    Ports {
        ports: Vec<u16>,
    },
    /// The body is the output. `end` tells the exit once everything has been read.
    Spooled {
        from: u64,
        end: Option<Exit>,
    },
    /// The body is what a terminal put out from byte `from` on: later than asked for when that is not kept any more. Empty
    /// when nothing came for a while, or at the end, which is told once everything has been read.
    TerminalOutput {
        from: u64,
        end: Option<Exit>,
    },
    Refused {
        code: Code,
        message: String,
    },
}

/// Why a request is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Invalid,
    Unknown,
    /// Too much is unacknowledged or running.
    Full,
    /// The sandbox could not do it.
    Failed,
}

/// What a keeper tells about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub keeper_pid: i32,
    pub calls: Vec<String>,
    pub processes: Vec<String>,
    pub terminals: Vec<TerminalStatus>,
    pub frozen: Vec<Group>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    pub memory_bytes: u64,
    pub processes: u32,
    pub cpu_millis: u64,
    pub disk_bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "exit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Exit {
    Code {
        code: i32,
    },
    Signal {
        signal: i32,
    },
    /// It ended with its group, nobody knows how.
    Lost,
}

/// What a keeper reports by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case", deny_unknown_fields)]
pub enum Report {
    /// Everything stands still: so little is free where the session may write, whoever filled it. Said again to each server
    /// that comes while it is so.
    DiskFloor {
        free_bytes: u64,
    },
    /// It goes on.
    DiskFine,
    /// The session holds more than its share of the disk; what ran, and could go on writing, was ended. Said again whenever it
    /// has grown.
    DiskShare {
        used_bytes: u64,
        share_bytes: u64,
        /// Some of it lies so deep, or is so much, that it cannot be counted.
        uncountable: bool,
        ended: u32,
    },
    /// Processes that earlier commands had left were ended, so that there is room for the next one.
    ProcessesEnded {
        ended: u32,
        limit: u32,
    },
    /// The session held more memory than it may; its largest processes were ended. Only where no cgroup limits memory.
    MemoryLimit {
        used_bytes: u64,
        limit_bytes: u64,
        /// Names that the processes gave themselves, of harmless characters only.
        ended: Vec<String>,
    },
    ToolboxDied {
        death: Death,
    },
    /// The desktop ended by itself. It is started again when it is asked for.
    DesktopEnded {
        /// What it said; hostile.
        reason: String,
    },
    /// The browser, or its whole room, ended by itself. It is started again when it is asked for.
    BrowserEnded {
        /// What is known of why; hostile.
        reason: String,
    },
    /// What the browser shows now. Said at most once in a while, and hostile.
    Page(Page),
    /// Somebody inside wants to leave, and waits to be taken.
    Leaving {
        number: u64,
        door: Door,
    },
    /// Everything has ended; the keeper goes too.
    Ended {
        reason: String,
    },
}

/// Which of the ports that are Holt's own inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    Network,
    Models,
}

/// What a browser shows, as it says itself. Bounded in every part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub url: String,
    pub title: String,
    pub loading: bool,
    /// All that is open, this one among them.
    pub tabs: Vec<Tab>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tab {
    pub url: String,
    pub title: String,
}

impl Page {
    /// The most tabs that are told.
    pub const TABS: usize = 32;
    /// The most characters of an address.
    pub const URL: usize = 2048;
    /// The most characters of a title.
    pub const TITLE: usize = 256;

    /// The same, with no more of anything than is told.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.tabs.truncate(Self::TABS);
        let tabs = self.tabs.iter_mut().map(|tab| (&mut tab.url, &mut tab.title));
        for (url, title) in tabs.chain([(&mut self.url, &mut self.title)]) {
            cut(url, Self::URL);
            cut(title, Self::TITLE);
        }
        self
    }
}

fn cut(text: &mut String, characters: usize) {
    if let Some((end, _)) = text.char_indices().nth(characters) {
        text.truncate(end);
    }
}

/// How a toolbox ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Death {
    /// By itself, or by a hand inside.
    Died,
    /// It was there and answered nothing, so the keeper ended it with all that its commands had started.
    Silent,
}
