//! A pseudo-terminal of the room's own: made by the process that will have it, from the room's `/dev/ptmx`, so that it is
//! one that programs inside find by its name.

use std::io;
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::protocol::terminal::Size;

/// Both ends of a terminal.
#[derive(Debug)]
pub struct Terminal {
    /// Goes out to the keeper, who types and reads here.
    pub driven_from: OwnedFd,
    /// What the program has.
    pub terminal: OwnedFd,
}

impl Terminal {
    pub fn open(size: Size) -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let driven_from = openpt(flags)?;
        unlockpt(&driven_from)?;
        let terminal = ioctl_tiocgptpeer(&driven_from, flags)?;
        tcsetwinsize(&terminal, winsize(size))?;
        Ok(Self { driven_from, terminal })
    }
}

/// A size in the kernel's words.
pub fn winsize(size: Size) -> Winsize {
    Winsize { ws_row: size.rows, ws_col: size.cols, ws_xpixel: 0, ws_ypixel: 0 }
}
