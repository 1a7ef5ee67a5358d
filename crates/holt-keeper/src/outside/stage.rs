//! Reaching what the sandbox binds, without following a link that somebody could have put there.
//!
//! A keeper of an ordinary user opens the sources and lets bubblewrap bind by descriptor. A keeper that was started by root
//! composes the whole room in its own mount namespace ([`super::compose`]).

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstat, openat2};

use crate::arguments::{Reached, Sources};
use crate::spec::{Bind, Room, Source};

/// What a room is made of.
#[derive(Debug)]
pub struct Parts {
    pub sources: Sources,
    /// The descriptors that some of the sources are.
    pub held: Vec<OwnedFd>,
}

/// As an ordinary user: opens a room's sources. It may be built later, when the session's directories have moved.
pub fn hold(room: &Room, binds_descriptors: bool) -> io::Result<Parts> {
    let (mut reached, mut held) = (Vec::new(), Vec::new());
    for bind in &room.binds {
        if bind.source_kind == Source::Public {
            reached.push(Reached::Path(bind.source.clone()));
            continue;
        }
        let descriptor = open(bind)?;
        let number = descriptor.as_raw_fd();
        reached.push(match binds_descriptors {
            true => Reached::Descriptor(number),
            // Bubblewrap, which inherits it, finds out where it is by then.
            false => Reached::Path(format!("/proc/self/fd/{number}").into()),
        });
        held.push(descriptor);
    }
    Ok(Parts { sources: Sources::Each(reached), held })
}

/// Opens a bind's source as a place, following no link on the way to what is not public.
pub fn open(bind: &Bind) -> io::Result<OwnedFd> {
    let unreachable = |error: io::Error| io::Error::other(format!("cannot reach {}: {error}", bind.source.display()));
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = match bind.source_kind {
        Source::Public => ResolveFlags::empty(),
        _ => ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    };
    let opened = openat2(CWD, &bind.source, flags, Mode::empty(), resolve).map_err(|error| unreachable(error.into()))?;
    if bind.source_kind == Source::Executable {
        let (there, running) = (fstat(&opened)?, rustix::fs::stat("/proc/self/exe")?);
        if (there.st_dev, there.st_ino) != (running.st_dev, running.st_ino) {
            return Err(unreachable(io::Error::other("another file is there since this keeper began")));
        }
    }
    Ok(opened)
}

/// The descriptors that bubblewrap is to inherit, besides process 1's socket.
pub fn numbers(held: &[OwnedFd]) -> Vec<i32> {
    held.iter().map(|descriptor| BorrowedFd::as_raw_fd(&descriptor.as_fd())).collect()
}
