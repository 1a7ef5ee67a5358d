//! The session's network: a namespace with nothing but a loopback device, in which the keeper itself is.
//!
//! All rooms share it, because bubblewrap is started in it and makes none of its own. So the keeper can reach what serves in a
//! room, and serve rooms, over ordinary sockets; and it has no way to the host's network any more than they have.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

use crate::system;

/// Leaves the host's network for the session's. Who is not root stays who it is, in a user namespace.
pub fn leave_the_hosts(as_ordinary_user: bool) -> io::Result<()> {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    system::own_network(as_ordinary_user).map_err(|error| about("made", &error))?;
    if as_ordinary_user {
        // The map of a process that nobody may look into is not its own. No room has begun.
        set_dumpable_behavior(DumpableBehavior::Dumpable)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
        fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))?;
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    system::raise_loopback(socket.as_fd()).map_err(|error| about("used", &error))?;
    if as_ordinary_user {
        // In its user namespace it could do anything; it has done all that it needs to.
        let none = CapabilitySet::empty();
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    }
    Ok(())
}

fn about(done: &str, error: &io::Error) -> io::Error {
    io::Error::other(format!("a network of the session's own cannot be {done}: {error}"))
}
