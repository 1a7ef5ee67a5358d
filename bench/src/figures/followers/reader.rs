//! A thousand sockets, read by one thread that notes when each event came.

use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use holt_core::event::Seq;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::pace::Pace;
use super::socket::Follower;

/// How long after the last event was due it is waited for.
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
const READY: usize = 256;

#[derive(Debug)]
pub struct Reader {
    epoll: OwnedFd,
    followers: Vec<Follower>,
    /// The last event that each saw.
    last: Vec<Option<Seq>>,
}

impl Reader {
    pub fn new(followers: Vec<Follower>) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        for (number, follower) in followers.iter().enumerate() {
            follower.stream().set_nonblocking(true)?;
            epoll::add(&epoll, follower.stream(), EventData::new_u64(number as u64), EventFlags::IN)?;
        }
        let last = vec![None; followers.len()];
        Ok(Self { epoll, followers, last })
    }

    /// Reads until every follower has every event of the pace, or it is too late.
    pub fn read(&mut self, pace: &Pace) -> Result<Arrivals> {
        let mut arrivals = Arrivals::new(self.followers.len(), pace.events);
        let deadline = pace.end() + PATIENCE;
        let mut ready = [MaybeUninit::uninit(); READY];
        while arrivals.missing > 0 && Instant::now() < deadline {
            let (ready, _) = match epoll::wait(&self.epoll, &mut ready, Some(&LOOK)) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            for event in ready {
                self.take(usize::try_from(event.data.u64())?, &mut arrivals)?;
            }
        }
        Ok(arrivals)
    }

    fn take(&mut self, number: usize, arrivals: &mut Arrivals) -> Result<()> {
        let last = &mut self.last[number];
        let taken = self.followers[number].take(|seq| {
            let in_order = last.is_none_or(|last| seq == last + 1);
            *last = Some(seq);
            arrivals.note(number, in_order, Instant::now());
        });
        match taken {
            Ok(0) => bail!("the server let follower {number} go"),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// When each event came to each follower. Events come in order, so a follower's n-th is the n-th of the pace; one that does
/// not come in order counts as lost, and its follower's later ones are late by as much.
#[derive(Debug)]
pub struct Arrivals {
    /// Per follower, in order of arrival.
    came: Vec<Vec<Instant>>,
    events: usize,
    missing: usize,
    disordered: u64,
}

impl Arrivals {
    fn new(followers: usize, events: usize) -> Self {
        let came = (0..followers).map(|_| Vec::with_capacity(events)).collect();
        Self { came, events, missing: followers * events, disordered: 0 }
    }

    fn note(&mut self, follower: usize, in_order: bool, at: Instant) {
        self.came[follower].push(at);
        self.missing = self.missing.saturating_sub(1);
        self.disordered += u64::from(!in_order);
    }

    /// How many did not come, came again or came out of order.
    pub fn lost(&self) -> u64 {
        let off = self.came.iter().map(|came| came.len().abs_diff(self.events) as u64).sum::<u64>();
        off + self.disordered
    }

    /// How late each was.
    pub fn late(&self, pace: &Pace) -> Vec<Duration> {
        let of_one = |came: &Vec<Instant>| {
            let late = came.iter().enumerate().map(|(event, at)| at.saturating_duration_since(pace.due(event)));
            late.collect::<Vec<_>>()
        };
        self.came.iter().flat_map(of_one).collect()
    }
}
