//! Leaders of groups, as the keeper knows them, and the processes that they started for it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use tokio::sync::{oneshot, watch};

use super::link::Link;
use crate::inside::channel::ToLeader;
use crate::protocol::message::Exit;

/// How a process came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Exit(Exit),
    NotStarted(String),
}

/// A process that was asked for.
#[derive(Debug, Clone)]
pub struct Running {
    pub(super) leader: Rc<Leader>,
    pub(super) id: u64,
    pub end: watch::Receiver<Option<End>>,
    pub(super) pid: Rc<Cell<Option<i32>>>,
}

/// What is known of a process that was asked for.
#[derive(Debug)]
pub struct Begun {
    pub end: watch::Sender<Option<End>>,
    pub pid: Rc<Cell<Option<i32>>>,
    pub give_terminal: RefCell<Option<oneshot::Sender<OwnedFd>>>,
}

impl Begun {
    /// Hands on where its terminal is driven from, if it has one. Only what came first counts.
    pub fn give_terminal(&self, descriptors: Vec<OwnedFd>) {
        if let (Some(give), Some(terminal)) = (self.give_terminal.take(), descriptors.into_iter().next()) {
            let _ = give.send(terminal);
        }
    }
}

#[derive(Debug)]
pub struct Leader {
    /// As the host sees it; none until the leader has said that it is there, or when it never will.
    pub pid: watch::Sender<Option<i32>>,
    pub link: Link,
    pub running: RefCell<BTreeMap<u64, Begun>>,
    /// It has ended, and nothing of its group was left then.
    pub gone: watch::Sender<bool>,
}

pub fn is_nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused)
}

/// Waits until a leader has ended and nothing of its group is left.
pub async fn until_gone(leader: &Rc<Leader>) {
    let mut gone = leader.gone.subscribe();
    let _ = gone.wait_for(|gone| *gone).await;
}

impl Running {
    /// Its process id as the host sees it, once it has begun.
    pub fn pid(&self) -> Option<i32> {
        self.pid.get()
    }

    /// Its group's leader as the host sees it.
    pub fn leader_pid(&self) -> Option<i32> {
        *self.leader.pid.borrow()
    }

    /// Waits until the group's leader is there; false when it never will be.
    pub async fn is_led(&self) -> bool {
        let mut pid = self.leader.pid.subscribe();
        let mut end = self.end.clone();
        tokio::select! {
            led = pid.wait_for(Option::is_some) => led.is_ok(),
            _ = end.wait_for(Option::is_some) => self.leader.pid.borrow().is_some(),
        }
    }

    pub async fn signal(&self, signal: i32) -> io::Result<()> {
        self.leader.link.send(&ToLeader::Signal { id: self.id, signal }, &[]).await
    }
}
