//! What runs inside the sandbox: process 1 ([`init`]), a leader for each group of processes ([`leader`]), and the words in
//! which the keeper talks to them ([`channel`]). Small, without threads, and blocking. The toolbox is a program of its own
//! that a leader starts, and so is the desktop ([`desktop`]).

mod browser;
pub mod channel;
pub mod desktop;
pub mod init;
pub mod leader;
pub mod seccomp;
mod start;
pub mod terminal;
mod toolbox;

use std::os::fd::OwnedFd;
use std::process::ExitCode;

pub use browser::run_browser;
pub use toolbox::run_toolbox;

use crate::system;

/// The part that bubblewrap starts as process 1, with its socket at this number.
pub fn run_init(number: &str) -> ExitCode {
    let ended = inherited(number).is_some_and(|socket| init::run(socket).is_ok());
    if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The one descriptor besides the standard streams that this process is to have. Whoever built its room may have left others,
/// which lead out of it.
fn inherited(number: &str) -> Option<OwnedFd> {
    let number = number.parse().ok().filter(|number| *number > 2)?;
    system::close_all_but(number).ok()?;
    Some(system::inherited(number))
}
