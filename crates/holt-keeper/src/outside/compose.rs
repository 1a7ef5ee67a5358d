//! As root: the whole room, composed in a mount namespace of the keeper's own, where the session's user may pass and nobody
//! else can look.
//!
//! Bubblewrap then binds one tree instead of twenty parts, each of which would cost it a look through all of the machine's
//! mounts; memory file systems can be bounded in files; and files of the user's own directory appear as the session's, and
//! keep their owner on disk.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::CString;
use std::fmt::Display;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, mkdirat, openat, openat2, symlinkat};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_change, mount_remount, move_mount, open_tree,
};

use super::mapping::mapping;
use super::stage::{Parts, open};
use crate::arguments::{Reached, Sources};
use crate::spec::{Bind, Identity, Room, Source, Tmpfs};
use crate::system::{self, Attributes};

/// Directories that every system has and no sandbox is given; one of them is covered in the keeper's own namespace.
const COVERED: [&str; 4] = ["/mnt", "/media", "/srv", "/tmp"];
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);
const FILE_MODE: Mode = Mode::from_raw_mode(0o444);
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const DEVICE_LINKS: [(&str, &str); 6] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
    ("ptmx", "pts/ptmx"),
];
const TERMINALS: &str = "newinstance,ptmxmode=0666,mode=620";

/// Composes the room for this user, and makes what the browser's room needs besides reachable.
pub fn compose(room: &Room, browser: &Room, identity: Identity) -> io::Result<(Parts, Parts)> {
    system::own_mounts()?;
    mount_change("/", MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC)?;
    let mut copies = Copies { identity, namespaces: BTreeMap::new() };
    // All sources are reached before one of the host's directories is covered.
    let binds = room.binds.iter().map(|bind| copies.copy(bind)).collect::<io::Result<Vec<_>>>()?;
    let besides = browser.binds.iter().filter(|bind| is_besides(bind, room));
    let besides = besides.map(|bind| copies.copy(bind)).collect::<io::Result<Vec<_>>>()?;
    let devices = DEVICES.map(device);
    let mut places = COVERED.iter().map(Path::new).filter(|path| path.is_dir());
    let mut next_place = || places.next().ok_or_else(|| io::Error::other("too few of /mnt, /media, /srv and /tmp are there"));
    let root = Root::make(next_place()?)?;
    root.directory(Path::new("/proc"))?;
    for link in &room.links {
        root.link(&link.at, &link.target)?;
    }
    root.devices(devices)?;
    for tmpfs in &room.tmpfs {
        root.tmpfs(tmpfs, identity)?;
    }
    for (bind, tree) in room.binds.iter().zip(&binds) {
        root.attach(tree, &bind.at).map_err(|error| about(&bind.at.display(), &error))?;
    }
    root.seal("dev")?;
    let places = besides.iter().map(|tree| cover(next_place()?, tree)).collect::<io::Result<Vec<_>>>()?;
    let browser = Sources::Each(reached(browser, room, &root.path, places));
    let parts = |sources| Parts { sources, held: Vec::new() };
    Ok((parts(Sources::Whole(root.path)), parts(browser)))
}

/// Whether the session's room does not have this of the browser's.
fn is_besides(bind: &Bind, room: &Room) -> bool {
    bind.source_kind != Source::Public && !room.binds.iter().any(|other| other.source == bind.source)
}

fn cover(place: &Path, tree: &OwnedFd) -> io::Result<PathBuf> {
    let both = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    let target = rustix::fs::open(place, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    move_mount(tree, "", target, "", both)?;
    Ok(place.to_owned())
}

/// Where what the browser's room binds is to be found by the session's user: in the session's room, which is composed
/// below `root`, or at one of these places. Nothing inside can put another thing there: all of them are mounts.
fn reached(browser: &Room, room: &Room, root: &Path, places: Vec<PathBuf>) -> Vec<Reached> {
    let mut places = places.into_iter();
    let find = |bind: &Bind| match room.binds.iter().find(|other| other.source == bind.source) {
        _ if bind.source_kind == Source::Public => bind.source.clone(),
        Some(there) => root.join(there.at.strip_prefix("/").unwrap_or(&there.at)),
        None => places.next().unwrap_or_default(),
    };
    browser.binds.iter().map(find).map(Reached::Path).collect()
}

fn about(what: &impl Display, error: &io::Error) -> io::Error {
    io::Error::other(format!("{what} cannot be put into the sandbox: {error}"))
}

/// Copies of mounts that are not attached anywhere yet.
struct Copies {
    identity: Identity,
    /// User namespaces that map owners, by the owners: one for each is enough.
    namespaces: BTreeMap<(u32, u32), OwnedFd>,
}

impl Copies {
    fn copy(&mut self, bind: &Bind) -> io::Result<OwnedFd> {
        // What is public is the system's own, with all that is mounted in it.
        let tree = clone_of(&open(bind)?, bind.source_kind == Source::Public)?;
        let owners = match bind.source_kind {
            Source::Owned { uid, gid } => Some(self.namespace(uid, gid)?),
            _ => None,
        };
        let attributes = Attributes { read_only: !bind.writable, devices: false, owners: owners.map(AsFd::as_fd) };
        system::set_mount_attributes(tree.as_fd(), &attributes).map_err(|error| about(&bind.source.display(), &error))?;
        Ok(tree)
    }

    fn namespace(&mut self, uid: u32, gid: u32) -> io::Result<&OwnedFd> {
        Ok(match self.namespaces.entry((uid, gid)) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(place) => place.insert(mapping((uid, self.identity.uid), (gid, self.identity.gid))?),
        })
    }
}

fn clone_of(source: &OwnedFd, with_what_is_mounted: bool) -> io::Result<OwnedFd> {
    let mut flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    flags.set(OpenTreeFlags::AT_RECURSIVE, with_what_is_mounted);
    Ok(open_tree(source, "", flags)?)
}

fn device(name: &str) -> io::Result<(String, OwnedFd)> {
    let path = Path::new("/dev").join(name);
    let source = rustix::fs::open(&path, OFlags::PATH | OFlags::CLOEXEC | OFlags::NOFOLLOW, Mode::empty())?;
    let tree = clone_of(&source, false)?;
    system::set_mount_attributes(tree.as_fd(), &Attributes { read_only: false, devices: true, owners: None })?;
    Ok((format!("/dev/{name}"), tree))
}

/// The room's root while it is made: a memory file system, reached by descriptor.
struct Root {
    path: PathBuf,
    top: OwnedFd,
}

impl Root {
    fn make(path: &Path) -> io::Result<Self> {
        mount("tmpfs", path, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=256k,mode=0755")?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { path: path.to_owned(), top: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// A directory of the room, made with all above it where it is missing. No link is followed: the user's own directory,
    /// in which others may write, is a part of the room.
    fn directory(&self, at: &Path) -> io::Result<OwnedFd> {
        let mut directory = rustix::io::dup(&self.top)?;
        for name in at.components().filter_map(|part| if let Component::Normal(name) = part { Some(name) } else { None }) {
            directory = match step(&directory, name, OFlags::DIRECTORY) {
                Err(Errno::NOENT) => {
                    mkdirat(&directory, name, DIRECTORY_MODE)?;
                    step(&directory, name, OFlags::DIRECTORY)?
                }
                there => there?,
            };
        }
        Ok(directory)
    }

    fn parent(&self, at: &Path) -> io::Result<OwnedFd> {
        self.directory(at.parent().unwrap_or(Path::new("/")))
    }

    fn link(&self, at: &Path, target: &Path) -> io::Result<()> {
        let name = at.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok(symlinkat(target, self.parent(at)?, name)?)
    }

    /// Attaches a mount; a file or directory to attach it to is made where none is.
    fn attach(&self, tree: &OwnedFd, at: &Path) -> io::Result<()> {
        let target = if FileType::from_raw_mode(fstat(tree)?.st_mode).is_dir() {
            self.directory(at)?
        } else {
            let (parent, name) = (self.parent(at)?, at.file_name().ok_or(io::ErrorKind::InvalidInput)?);
            match step(&parent, name, OFlags::empty()) {
                Err(Errno::NOENT) => {
                    openat(&parent, name, OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC, FILE_MODE)?;
                    step(&parent, name, OFlags::empty())?
                }
                there => there?,
            }
        };
        let both = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
        Ok(move_mount(tree, "", target, "", both)?)
    }

    fn devices(&self, devices: [io::Result<(String, OwnedFd)>; 6]) -> io::Result<()> {
        self.directory(Path::new("/dev"))?;
        let at = self.path.join("dev");
        mount("tmpfs", &at, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"size=64k,mode=0755")?;
        for device in devices {
            let (at, tree) = device?;
            self.attach(&tree, Path::new(&at))?;
        }
        for (name, target) in DEVICE_LINKS {
            self.link(&Path::new("/dev").join(name), Path::new(target))?;
        }
        self.directory(Path::new("/dev/pts"))?;
        let terminals = CString::new(TERMINALS)?;
        Ok(mount("devpts", at.join("pts"), "devpts", MountFlags::NOSUID | MountFlags::NOEXEC, terminals.as_c_str())?)
    }

    /// A memory file system that is bounded in bytes and in files.
    fn tmpfs(&self, tmpfs: &Tmpfs, Identity { uid, gid }: Identity) -> io::Result<()> {
        let Tmpfs { at, bytes, files, mode } = tmpfs;
        self.directory(at)?;
        let options = CString::new(format!("size={bytes},nr_inodes={files},mode={mode:04o},uid={uid},gid={gid}"))?;
        let inside = self.path.join(at.strip_prefix("/").unwrap_or(at));
        Ok(mount("tmpfs", inside, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())?)
    }

    /// Nothing more is written there.
    fn seal(&self, name: &str) -> io::Result<()> {
        let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
        Ok(mount_remount(self.path.join(name), flags, "")?)
    }
}

fn step(directory: &OwnedFd, name: impl rustix::path::Arg, flags: OFlags) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    openat2(directory, name, flags | OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty(), resolve)
}
