//! Waits until the screen stands still.

use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};

use crate::{Screen, ScreenError};

/// When a screen counts as standing still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settle {
    /// Nothing was drawn for this long.
    pub quiet: Duration,
    /// It is not waited for longer than this.
    pub most: Duration,
}

/// How the wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// False when something was still being drawn at the end.
    pub still: bool,
    pub waited: Duration,
}

impl Settle {
    /// Waits, on a connection of its own: others may use the screen meanwhile.
    ///
    /// # Errors
    /// When there is no screen, or it goes.
    pub fn wait(self, display: &str) -> Result<Settled, ScreenError> {
        let screen = Screen::open(display)?;
        let connection = &screen.connection;
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, screen.root, ReportLevel::NON_EMPTY)?.check()?;
        let begun = Instant::now();
        let mut drawn = begun;
        loop {
            while let Some(event) = connection.poll_for_event()? {
                if matches!(event, Event::DamageNotify(_)) {
                    connection.damage_subtract(damage, x11rb::NONE, x11rb::NONE)?;
                    drawn = Instant::now();
                }
            }
            connection.flush()?;
            let now = Instant::now();
            let (still, over) = (now - drawn >= self.quiet, now - begun >= self.most);
            if still || over {
                return Ok(Settled { still, waited: now - begun });
            }
            let wait = (self.quiet.saturating_sub(now - drawn)).min(self.most.saturating_sub(now - begun));
            wait_for_event(&screen, wait)?;
        }
    }
}

fn wait_for_event(screen: &Screen, most: Duration) -> Result<(), ScreenError> {
    let timeout = Timespec::try_from(most.max(Duration::from_millis(1))).map_err(|_| rustix::io::Errno::INVAL)?;
    let mut descriptors = [PollFd::new(screen.connection.stream(), PollFlags::IN)];
    match poll(&mut descriptors, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
