//! Process 1 of the sandbox: it makes a leader for each group that the keeper asks for, and collects the dead. When the
//! keeper's end of its socket closes it ends, and with it everything inside.

use std::io;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{DumpableBehavior, WaitOptions, set_dumpable_behavior, wait};

use super::channel::{Packet, ProcessLimits, ToInit, receive};
use super::leader::lead;
use super::seccomp::{Filters, Profile};
use crate::protocol::message::Group;
use crate::system::{self, Forked};

/// Why process 1's loop ended.
enum Turn {
    KeeperGone,
    /// This is the child of a fork, and is to lead a group.
    Lead {
        descriptors: Vec<OwnedFd>,
        group: Group,
        limits: ProcessLimits,
    },
}

/// Runs as process 1 until the keeper is gone.
pub fn run(socket: OwnedFd) -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let ends = system::signals(&[libc::SIGCHLD])?;
    match serve(&socket, &ends)? {
        Turn::KeeperGone => Ok(()),
        Turn::Lead { mut descriptors, group, limits } => {
            // A leader that held process 1's descriptors would keep them open, within reach of its group.
            drop((socket, ends));
            let channel = descriptors.remove(0);
            let filters = Filters::compile(Profile::of(group)).map_err(io::Error::other)?;
            lead(&channel, descriptors, &limits, &filters)
        }
    }
}

fn serve(socket: &OwnedFd, ends: &OwnedFd) -> io::Result<Turn> {
    loop {
        let mut both = [PollFd::new(socket, PollFlags::IN), PollFd::new(ends, PollFlags::IN)];
        match poll(&mut both, None) {
            Err(rustix::io::Errno::INTR) => continue,
            polled => polled?,
        };
        let [asked, ended] = both.map(|one| !one.revents().is_empty());
        if ended {
            let _ = rustix::io::read(ends, &mut [0_u8; 1024]);
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
        if asked {
            let Some(packet) = receive(socket)? else { return Ok(Turn::KeeperGone) };
            if let Some(turn) = obey(packet)? {
                return Ok(turn);
            }
        }
    }
}

/// Makes a leader. Only in the leader does anything come of it.
fn obey(packet: Packet<ToInit>) -> io::Result<Option<Turn>> {
    let ToInit::Lead { group, limits } = packet.message;
    let descriptors = packet.descriptors;
    if descriptors.is_empty() {
        return Ok(None);
    }
    match system::fork() {
        Ok(Forked::Child) => Ok(Some(Turn::Lead { descriptors, group, limits })),
        // Where there is no room for another process, the keeper learns by the closed socket that there is no leader.
        Ok(Forked::Parent(_)) | Err(_) => Ok(None),
    }
}
