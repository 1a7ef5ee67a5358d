//! What bubblewrap is told, as a pure function of the room.
//!
//! Namespaces are asked for by name and never "if possible": a sandbox that would lack one does not open. That of the network
//! is the keeper's own, which every room of the session shares.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::spec::{INSIDE_ID, Room, Tmpfs};

/// Where a bind's source is, once it has been reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    Path(PathBuf),
    /// An open directory or file that bubblewrap inherits.
    Descriptor(RawFd),
}

/// What has been made ready for a room outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// The whole of it but `/proc`, below this directory.
    Whole(PathBuf),
    /// The sources of the room's binds, in their order.
    Each(Vec<Reached>),
}

/// The arguments that build `room` and run `command` as process 1 in it.
pub fn arguments(room: &Room, sources: &Sources, command: &[OsString]) -> Vec<OsString> {
    let mut all = Arguments::default();
    all.isolation(room);
    match sources {
        // Each mount in there has its own restrictions already; devices are in its `/dev` alone.
        Sources::Whole(root) => all.add(&["--dev-bind"]).path(root).add(&["/", "--proc", "/proc"]),
        Sources::Each(binds) => all.parts(room, binds),
    };
    // A memory file system of half the machine's memory: nothing may be written there.
    all.add(&["--remount-ro", "/", "--chdir"]).path(&room.directory).add(&["--"]);
    all.0.extend_from_slice(command);
    all.0
}

#[derive(Default)]
struct Arguments(Vec<OsString>);

impl Arguments {
    fn add(&mut self, words: &[&str]) -> &mut Self {
        self.0.extend(words.iter().map(OsString::from));
        self
    }

    fn path(&mut self, path: &PathBuf) -> &mut Self {
        self.0.push(path.into());
        self
    }

    fn isolation(&mut self, room: &Room) {
        let id = INSIDE_ID.to_string();
        self.add(&["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup"]);
        if !room.user_namespaces {
            self.add(&["--disable-userns"]);
        }
        self.add(&["--uid", &id, "--gid", &id, "--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1"]);
        self.add(&["--clearenv", "--hostname", &room.hostname]);
    }

    fn parts(&mut self, room: &Room, sources: &[Reached]) -> &mut Self {
        for link in &room.links {
            self.add(&["--symlink"]).path(&link.target).path(&link.at);
        }
        self.add(&["--proc", "/proc", "--dev", "/dev"]);
        for Tmpfs { at, bytes, mode, .. } in &room.tmpfs {
            self.add(&["--perms", &format!("{mode:04o}"), "--size", &bytes.to_string(), "--tmpfs"]).path(at);
        }
        for (bind, source) in room.binds.iter().zip(sources) {
            self.bind(source, bind.writable).path(&bind.at);
        }
        // As large as the root, and as little to be written to.
        self.add(&["--remount-ro", "/dev"])
    }

    fn bind(&mut self, source: &Reached, writable: bool) -> &mut Self {
        match (source, writable) {
            (Reached::Path(path), true) => self.add(&["--bind"]).path(path),
            (Reached::Path(path), false) => self.add(&["--ro-bind"]).path(path),
            (Reached::Descriptor(number), true) => self.add(&["--bind-fd", &number.to_string()]),
            (Reached::Descriptor(number), false) => self.add(&["--ro-bind-fd", &number.to_string()]),
        }
    }
}
