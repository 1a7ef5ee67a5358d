//! Reaching what the sandbox binds, without following a link that somebody could have put there.
//!
//! A keeper that was started by root copies the mounts into a small directory of its own mount namespace, where the session's
//! user may pass; files of the user's own directory appear as the session's there and keep their owner on disk. A keeper of
//! an ordinary user opens the sources and lets bubblewrap bind by descriptor.

use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags, ResolveFlags, fstat, openat2};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_change, move_mount, open_tree,
};
use rustix::process::{Pid, WaitOptions, waitpid};

use crate::arguments::Reached;
use crate::spec::{Bind, Identity, KeeperSpec, Source};
use crate::system::{self, Forked};

/// Directories that every system has and no sandbox is given; one of them is covered in the keeper's own namespace.
const COVERED: [&str; 4] = ["/mnt", "/media", "/srv", "/tmp"];

/// As root: makes every source reachable for the session's user, in a mount namespace of the keeper's own.
pub fn stage(binds: &[Bind], identity: Identity) -> io::Result<Vec<Reached>> {
    system::own_mounts()?;
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    let copies = binds.iter().map(|bind| copy(bind, identity)).collect::<io::Result<Vec<_>>>()?;
    let stage = COVERED.iter().map(Path::new).find(|path| path.is_dir());
    let stage = stage.ok_or_else(|| io::Error::other("none of /mnt, /media, /srv and /tmp is there"))?;
    mount("tmpfs", stage, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=64k,mode=0711")?;
    let place = |(index, (bind, copy)): (usize, (&Bind, Option<Copy>))| match copy {
        None => Ok(Reached::Path(bind.source.clone())),
        Some(copy) => copy.put(&stage.join(index.to_string())).map(Reached::Path),
    };
    binds.iter().zip(copies).enumerate().map(place).collect()
}

/// As an ordinary user: opens the sources.
pub fn hold(spec: &KeeperSpec) -> io::Result<(Vec<Reached>, Vec<OwnedFd>)> {
    let (mut reached, mut held) = (Vec::new(), Vec::new());
    for bind in &spec.room.binds {
        if bind.source_kind == Source::Public {
            reached.push(Reached::Path(bind.source.clone()));
            continue;
        }
        let descriptor = open(bind)?;
        if spec.bwrap_binds_descriptors {
            reached.push(Reached::Descriptor(descriptor.as_raw_fd()));
            held.push(descriptor);
        } else {
            reached.push(Reached::Path(bind.source.clone()));
        }
    }
    Ok((reached, held))
}

fn open(bind: &Bind) -> io::Result<OwnedFd> {
    let unreachable = |error: io::Error| io::Error::other(format!("cannot reach {}: {error}", bind.source.display()));
    let flags = OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let resolve = ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let opened = openat2(CWD, &bind.source, flags, Mode::empty(), resolve).map_err(|error| unreachable(error.into()))?;
    if bind.source_kind == Source::Executable {
        let (there, running) = (fstat(&opened)?, rustix::fs::stat("/proc/self/exe")?);
        if (there.st_dev, there.st_ino) != (running.st_dev, running.st_ino) {
            return Err(unreachable(io::Error::other("another file is there since this keeper began")));
        }
    }
    Ok(opened)
}

/// A copy of a mount that is not attached anywhere yet.
struct Copy {
    tree: OwnedFd,
    is_directory: bool,
}

fn copy(bind: &Bind, identity: Identity) -> io::Result<Option<Copy>> {
    if bind.source_kind == Source::Public {
        return Ok(None);
    }
    let source = open(bind)?;
    let is_directory = FileType::from_raw_mode(fstat(&source)?.st_mode).is_dir();
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    let tree = open_tree(&source, "", flags)?;
    if let Source::Owned { uid, gid } = bind.source_kind {
        let namespace = mapping((uid, identity.uid), (gid, identity.gid))?;
        system::map_owners(tree.as_fd(), namespace.as_fd()).map_err(|error| {
            io::Error::other(format!("the file system of {} cannot map owners: {error}", bind.source.display()))
        })?;
    }
    Ok(Some(Copy { tree, is_directory }))
}

impl Copy {
    fn put(self, at: &Path) -> io::Result<PathBuf> {
        if self.is_directory {
            std::fs::create_dir(at)?;
        } else {
            std::fs::File::create_new(at)?;
        }
        move_mount(&self.tree, "", CWD, at, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?;
        Ok(at.to_owned())
    }
}

/// A user namespace that says: what belongs to the first on disk appears as the second's.
fn mapping(users: (u32, u32), groups: (u32, u32)) -> io::Result<OwnedFd> {
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

/// The descriptors that bubblewrap is to inherit, besides process 1's socket.
pub fn numbers(held: &[OwnedFd]) -> Vec<i32> {
    held.iter().map(|descriptor| BorrowedFd::as_raw_fd(&descriptor.as_fd())).collect()
}
