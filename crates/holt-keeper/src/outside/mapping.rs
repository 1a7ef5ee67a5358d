//! User namespaces that say whose files appear as whose.

use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::process::{Pid, WaitOptions, waitpid};

use crate::system::{self, Forked};

/// A user namespace that says: what belongs to the first on disk appears as the second's.
pub fn mapping(users: (u32, u32), groups: (u32, u32)) -> io::Result<OwnedFd> {
    let (mut ready, tell_ready) = io::pipe()?;
    let (hold, release) = io::pipe()?;
    match system::fork()? {
        Forked::Child => {
            drop((ready, release));
            hold_namespace(tell_ready, hold)
        }
        Forked::Parent(child) => {
            drop((tell_ready, hold));
            let namespace = ready.read_exact(&mut [0]).and_then(|()| map(child, users, groups));
            drop(release);
            waitpid(Some(child), WaitOptions::empty())?;
            namespace
        }
    }
}

fn hold_namespace(mut tell_ready: io::PipeWriter, mut hold: io::PipeReader) -> ! {
    let held = system::enter_user_namespace().and_then(|()| tell_ready.write_all(b"r"));
    let _ = hold.read(&mut [0]);
    system::exit_now(i32::from(held.is_err()))
}

fn map(child: Pid, users: (u32, u32), groups: (u32, u32)) -> io::Result<OwnedFd> {
    let directory = format!("/proc/{}", child.as_raw_nonzero());
    std::fs::write(format!("{directory}/uid_map"), format!("{} {} 1", users.0, users.1))?;
    std::fs::write(format!("{directory}/gid_map"), format!("{} {} 1", groups.0, groups.1))?;
    Ok(std::fs::File::open(format!("{directory}/ns/user"))?.into())
}
