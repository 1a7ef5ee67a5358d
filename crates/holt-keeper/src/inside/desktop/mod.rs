//! The desktop of a sandbox: an X server with VNC, and what makes it a desk to work at.
//!
//! The X server takes its viewers from a listening socket that the keeper made outside: nothing inside can put another in
//! its place, and there is no port. It listens to programs inside at display [`DISPLAY`]. This part is the parent of all of
//! it: it starts again what manages the windows when that dies, and ends when the X server does, or when it is asked to
//! and no program has a window.

mod dress;

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use dress::Manager;
use holt_screen::Screen;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{WaitOptions, wait};

use crate::system;

/// The display inside every sandbox.
pub const DISPLAY: &str = ":1";
const DEPTH: &str = "24";
/// How long whatever manages the windows may take before programs are let in without it.
const MANAGER_COMES: Duration = Duration::from_secs(8);
const BETWEEN_LOOKS: Duration = Duration::from_millis(3);
/// The first line that is said, once programs find a screen whose windows are managed.
pub const READY: &str = "ready";
/// What dies more often than this within [`RECENTLY`] is not started again.
const MOST_STARTS: usize = 5;
const RECENTLY: Duration = Duration::from_secs(60);
/// The bytes in which a signal is told, which begin with its number.
const SIGNAL: usize = size_of::<libc::signalfd_siginfo>();

/// What is on a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// A small window manager with a menu.
    Light,
    /// A whole desktop environment.
    Full,
}

impl FromStr for Flavour {
    type Err = io::Error;

    fn from_str(text: &str) -> Result<Self, io::Error> {
        match text {
            "light" => Ok(Self::Light),
            "full" => Ok(Self::Full),
            _ => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Runs a desktop until its X server ends. Viewers come to the socket that is descriptor 0; what is to be read is said on
/// descriptor 1.
pub fn run_desktop(flavour: &str, geometry: &str) -> ExitCode {
    let run = || {
        // From before anything is started: no end may be missed.
        let signals = system::signals(&[libc::SIGCHLD, libc::SIGTERM])?;
        Desktop::start(flavour.parse()?, geometry)?.keep(&signals)
    };
    let Err(error) = run() else { return ExitCode::SUCCESS };
    // The keeper spools this and shows it to people.
    let _ = writeln!(io::stdout(), "{error}");
    ExitCode::FAILURE
}

struct Desktop {
    server: Child,
    manager: Kept,
}

/// What manages the windows, kept alive.
struct Kept {
    manager: Manager,
    child: Child,
    starts: Vec<Instant>,
}

impl Desktop {
    fn start(flavour: Flavour, geometry: &str) -> io::Result<Self> {
        let server = start_server(geometry)?;
        let screen = Screen::open(DISPLAY).map_err(io::Error::other)?;
        dress::dress(&screen).map_err(io::Error::other)?;
        let manager = match flavour {
            Flavour::Light => dress::window_manager()?,
            Flavour::Full => dress::desktop_environment()?,
        };
        let child = start(&manager)?;
        // A window that comes while its manager does might never be seen.
        let begun = Instant::now();
        while !screen.has_manager().map_err(io::Error::other)? && begun.elapsed() < MANAGER_COMES {
            std::thread::sleep(BETWEEN_LOOKS);
        }
        writeln!(io::stdout(), "{READY}")?;
        Ok(Self { server, manager: Kept { manager, child, starts: vec![Instant::now()] } })
    }

    /// Keeps it alive until it is over, or nobody uses it any more.
    fn keep(mut self, signals: &OwnedFd) -> io::Result<()> {
        loop {
            self.collect()?;
            let mut changed = [PollFd::new(signals, PollFlags::IN)];
            match poll(&mut changed, None) {
                Err(Errno::INTR) => continue,
                polled => polled?,
            };
            if is_asked_to_end(signals)? && !is_used() {
                return Ok(());
            }
        }
    }

    /// Collects who has ended: the X server, which is the end of all; the manager, which is started again; orphans.
    fn collect(&mut self) -> io::Result<()> {
        while let Ok(Some((pid, _))) = wait(WaitOptions::NOHANG) {
            let pid = pid.as_raw_nonzero().get().cast_unsigned();
            if pid == self.server.id() {
                return Err(io::Error::other("the X server ended"));
            }
            if pid == self.manager.child.id() {
                self.manager.start_again()?;
            }
        }
        Ok(())
    }
}

/// Takes all signals that have come; says whether the one that asks for the end was among them.
fn is_asked_to_end(signals: &OwnedFd) -> io::Result<bool> {
    let mut asked = false;
    let mut one = [0; SIGNAL];
    loop {
        match rustix::io::read(signals, &mut one) {
            Ok(SIGNAL) => asked |= u32::from_ne_bytes([one[0], one[1], one[2], one[3]]) == libc::SIGTERM.cast_unsigned(),
            Ok(_) | Err(Errno::AGAIN) => return Ok(asked),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether a program has a window. One that cannot be asked for is taken to have one.
fn is_used() -> bool {
    Screen::open(DISPLAY).and_then(|screen| screen.has_programs()).unwrap_or(true)
}

impl Kept {
    fn start_again(&mut self) -> io::Result<()> {
        self.starts.retain(|start| start.elapsed() < RECENTLY);
        if self.starts.len() >= MOST_STARTS {
            return Err(io::Error::other(format!("{} does not stay alive", self.manager.argv[0])));
        }
        self.starts.push(Instant::now());
        self.child = start(&self.manager)?;
        Ok(())
    }
}

/// Starts the X server and waits until it serves.
fn start_server(geometry: &str) -> io::Result<Child> {
    let viewers: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
    let program = ["Xtigervnc", "Xvnc"].into_iter().find(|program| is_there(program));
    let program = program.ok_or_else(|| io::Error::other("there is no Xtigervnc: install tigervnc-standalone-server"))?;
    let mut server = Command::new(program);
    let mut server = system::with_usual_signals(&mut server)
        .args([DISPLAY, "-inetd", "-displayfd", "1", "-geometry", geometry, "-depth", DEPTH, "-desktop", "Holt"])
        .args(["-SecurityTypes", "None", "-AlwaysShared", "-AcceptSetDesktopSize", "-nolisten", "tcp", "-noreset"])
        .stdin(viewers)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut number = String::new();
    let told = server.stdout.take().map(|output| BufReader::new(output).read_line(&mut number)).transpose()?;
    if told.unwrap_or(0) == 0 {
        return Err(io::Error::other("the X server did not come up"));
    }
    Ok(server)
}

fn start(manager: &Manager) -> io::Result<Child> {
    let [program, arguments @ ..] = &manager.argv[..] else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut command = Command::new(program);
    command.envs(manager.variables.iter().map(|(name, value)| (name, value)));
    command.args(arguments).env("DISPLAY", DISPLAY).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    system::with_usual_signals(&mut command).spawn()
}

fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').any(|directory| Path::new(directory).join(program).exists())
}
