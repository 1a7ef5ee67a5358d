//! How a keeper begins: it takes what it was given, closes everything else, and gives up every right that it does not need.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use rustix::process::{DumpableBehavior, Signal, getppid, set_dumpable_behavior, set_parent_process_death_signal, setsid};
use rustix::thread::{set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::compose::compose;
use super::disk::Watched;
use super::stage::Parts;
use super::{network, stage};
use crate::protocol::PROTOCOL;
use crate::spec::{Identity, KeeperSpec, MAX_SPEC};
use crate::system;

/// What the server handed over.
#[derive(Debug)]
pub struct Born {
    pub spec: KeeperSpec,
    pub listener: OwnedFd,
    janitor: rustix::process::Pid,
}

/// A keeper with no more rights than the session's user, and all that it needed them for.
#[derive(Debug)]
pub struct Settled {
    pub spec: KeeperSpec,
    pub listener: OwnedFd,
    /// Where viewers of the desktop come to.
    pub viewers: OwnedFd,
    /// What the session's room is made of, and what the browser's.
    pub room: Parts,
    pub browser: Parts,
    pub spool: OwnedFd,
    pub watched: Watched,
}

/// Writes to the log that the server gave as standard error.
pub fn log(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(io::stderr(), "{text}");
}

pub fn take() -> io::Result<Born> {
    system::close_from(3)?;
    // The server's terminal, if it has one, is not the keeper's.
    let _ = setsid();
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGTERM] {
        system::ignore_signal(signal);
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let (listener, spec) = (rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?, read_spec()?);
    system::place(null.as_fd(), 0)?;
    system::place(null.as_fd(), 1)?;
    rustix::process::chdir("/")?;
    // Also that of everything inside.
    rustix::process::umask(Mode::WGRP | Mode::WOTH);
    Ok(Born { spec, listener, janitor: rustix::process::getpid() })
}

fn read_spec() -> io::Result<KeeperSpec> {
    let mut file = File::from(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 3)?);
    let mut text = Vec::new();
    file.rewind()?;
    file.take(MAX_SPEC).read_to_end(&mut text)?;
    let spec: KeeperSpec = serde_json::from_slice(&text)?;
    if spec.protocol != PROTOCOL {
        return Err(io::Error::other(format!("the server speaks protocol {}, this keeper {PROTOCOL}", spec.protocol)));
    }
    if spec.identity.is_none() && rustix::process::geteuid().is_root() {
        return Err(io::Error::other("a keeper that root starts must be told whom to become"));
    }
    Ok(spec)
}

/// Reaches everything that needs the server's rights, then gives them up for good.
pub fn settle(born: Born, mut cgroups_are_made: io::PipeReader) -> io::Result<Settled> {
    let Born { spec, listener, janitor } = born;
    let spool = open_directory(&spec.spool)?;
    let viewers = listen(&spec.desktop_socket)?;
    let open_all = |paths: &[PathBuf]| paths.iter().map(|path| open_directory(path)).collect::<io::Result<_>>();
    let watched = Watched { own: open_all(&spec.disk.directories)?, elsewhere: open_all(&spec.disk.elsewhere)? };
    let (room, browser) = match spec.identity {
        Some(identity) => compose(&spec.room, &spec.browser, identity)?,
        None => {
            let hold = |room| stage::hold(room, spec.bwrap_binds_descriptors);
            (hold(&spec.room)?, hold(&spec.browser)?)
        }
    };
    cgroups_are_made.read_exact(&mut [0])?;
    if let Some(cgroups) = &spec.cgroups {
        cgroups.join_as_keeper()?;
    }
    network::leave_the_hosts(spec.identity.is_none())?;
    if let Some(identity) = spec.identity {
        become_user(identity)?;
    }
    set_no_new_privs(true)?;
    // Changing users clears both of these.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    if getppid() != Some(janitor) {
        return Err(io::Error::other("the janitor is gone"));
    }
    Ok(Settled { spec, listener, viewers, room, browser, spool, watched })
}

/// A listening socket in a directory of the server's. By descriptor: paths to sockets have little room.
fn listen(path: &Path) -> io::Result<OwnedFd> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("the desktop's socket has no place"));
    };
    let directory = open_directory(directory)?;
    let place = Path::new("/proc/self/fd").join(directory.as_raw_fd().to_string()).join(name);
    Ok(std::os::unix::net::UnixListener::bind(place)?.into())
}

fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    openat2(CWD, path, flags, Mode::empty(), resolve)
        .map_err(|error| io::Error::other(format!("cannot open {}: {}", path.display(), io::Error::from(error))))
}

fn become_user(Identity { uid, gid }: Identity) -> io::Result<()> {
    let (uid, gid) = (rustix::fs::Uid::from_raw(uid), rustix::fs::Gid::from_raw(gid));
    if uid.is_root() || gid.is_root() {
        return Err(io::Error::other("a sandbox never belongs to root"));
    }
    // For one thread, which is all there is: the runtime has not begun.
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    Ok(set_thread_res_uid(uid, uid, uid)?)
}
