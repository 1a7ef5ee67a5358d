//! The leader of a group of processes: it starts them, collects them, also those whose own parents are gone, and tells of
//! their ends.
//!
//! It enters the group's cgroups before it does anything, so that nothing of the group is ever outside; and it takes the
//! group's system call filter upon itself, so that nothing of the group is ever without.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions, WaitStatus, getpid, kill_process, set_child_subreaper,
    set_dumpable_behavior, setrlimit, wait,
};

use super::channel::{FromLeader, Packet, ProcessLimits, Start, ToLeader, receive, send};
use super::seccomp::Filters;
use super::start::become_program;
use super::terminal::Terminal;
use crate::protocol::message::Exit;
use crate::system::{self, Forked};

const OPEN_FILES: u64 = 65_536;
const OPEN_FILES_AT_FIRST: u64 = 4096;

/// Leads a group until the keeper's end of the socket closes.
pub fn lead(socket: &OwnedFd, entrances: Vec<OwnedFd>, limits: &ProcessLimits, filters: &Filters) -> io::Result<()> {
    set_child_subreaper(Some(getpid()))?;
    // A fork keeps this, but let nothing depend on that: what can read a leader's memory can act as one.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let ends = system::signals(&[libc::SIGCHLD])?;
    for entrance in entrances {
        rustix::io::write(&entrance, b"0")?;
    }
    set_limits(limits)?;
    filters.apply().map_err(io::Error::other)?;
    send(socket, &FromLeader::Here, &[])?;
    Leader { socket, children: BTreeMap::new() }.run(&ends)
}

fn set_limits(limits: &ProcessLimits) -> io::Result<()> {
    let set = |resource, value| setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) });
    set(Resource::Core, 0)?;
    set(Resource::Fsize, limits.file_bytes)?;
    set(Resource::Nproc, limits.processes)?;
    if let Some(bytes) = limits.data_bytes {
        set(Resource::Data, bytes)?;
    }
    let most = rustix::process::getrlimit(Resource::Nofile).maximum.unwrap_or(OPEN_FILES).min(OPEN_FILES);
    let files = Rlimit { current: Some(most.min(OPEN_FILES_AT_FIRST)), maximum: Some(most) };
    Ok(setrlimit(Resource::Nofile, files)?)
}

struct Leader<'a> {
    socket: &'a OwnedFd,
    /// The processes that were asked for, by their number here.
    children: BTreeMap<i32, u64>,
}

impl Leader<'_> {
    fn run(&mut self, ends: &OwnedFd) -> io::Result<()> {
        loop {
            let mut both = [PollFd::new(self.socket, PollFlags::IN), PollFd::new(ends, PollFlags::IN)];
            match poll(&mut both, None) {
                Err(rustix::io::Errno::INTR) => continue,
                polled => polled?,
            };
            let [asked, ended] = both.map(|one| !one.revents().is_empty());
            if ended {
                let _ = rustix::io::read(ends, &mut [0_u8; 1024]);
                self.collect()?;
            }
            if asked {
                match receive(self.socket)? {
                    Some(packet) => self.obey(packet)?,
                    None => return Ok(()),
                }
            }
        }
    }

    fn obey(&mut self, packet: Packet<ToLeader>) -> io::Result<()> {
        match packet.message {
            ToLeader::Start(start) => self.start(&start, packet.descriptors),
            ToLeader::Signal { id, signal } => {
                self.signal(id, signal);
                Ok(())
            }
        }
    }

    fn start(&mut self, start: &Start, descriptors: Vec<OwnedFd>) -> io::Result<()> {
        match system::fork() {
            Ok(Forked::Parent(pid)) => {
                drop(descriptors);
                self.children.insert(pid.as_raw_nonzero().get(), start.id);
                Ok(())
            }
            Ok(Forked::Child) => {
                let error = self.begin(start, &descriptors);
                self.tell(&FromLeader::Failed { id: start.id, message: format!("cannot start {:?}: {error}", start.argv) });
                system::exit_now(127)
            }
            Err(error) => {
                self.tell(&FromLeader::Failed { id: start.id, message: format!("cannot start a process: {error}") });
                Ok(())
            }
        }
    }

    /// Says that the process has begun, and becomes its program; returns only why not.
    fn begin(&self, start: &Start, descriptors: &[OwnedFd]) -> io::Error {
        let Some(size) = start.terminal else {
            self.tell(&FromLeader::Begun { id: start.id });
            return become_program(start, descriptors, None);
        };
        match Terminal::open(size) {
            Ok(Terminal { driven_from, terminal }) => {
                let _ = send(self.socket.as_fd(), &FromLeader::Begun { id: start.id }, &[driven_from.as_fd()]);
                drop(driven_from);
                become_program(start, descriptors, Some(&terminal))
            }
            Err(error) => error,
        }
    }

    fn signal(&self, id: u64, signal: i32) {
        let child = self.children.iter().find(|(_, child)| **child == id);
        let pid = child.and_then(|(pid, _)| Pid::from_raw(*pid));
        if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
            let _ = kill_process(pid, signal);
        }
    }

    /// Collects whoever has ended, children and orphans.
    fn collect(&mut self) -> io::Result<()> {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            if let Some(id) = self.children.remove(&pid.as_raw_nonzero().get()) {
                send(self.socket, &FromLeader::Exited { id, exit: exit_of(status) }, &[])?;
            }
        }
        Ok(())
    }

    fn tell(&self, message: &FromLeader) {
        // A keeper that is gone needs no telling: everything here ends with it.
        let _ = send(self.socket.as_fd(), message, &[]);
    }
}

fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code { code },
        (None, Some(signal)) => Exit::Signal { signal },
        (None, None) => Exit::Lost,
    }
}
