//! What bubblewrap is told, as a pure function of the room.
//!
//! Namespaces are asked for by name and never "if possible": a sandbox that would lack one does not open.

use std::ffi::OsString;
use std::os::fd::RawFd;
use std::path::PathBuf;

use crate::spec::{INSIDE_ID, Room};

/// The most that `/dev/shm` may hold when the room does not say.
const DEVICES_DIRECTORY: &str = "/dev";

/// Where a bind's source is, once it has been reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    Path(PathBuf),
    /// An open directory or file that bubblewrap inherits.
    Descriptor(RawFd),
}

/// The arguments that build `room`, its binds' sources given in the room's order, and run `command` as process 1 in it.
pub fn arguments(room: &Room, sources: &[Reached], command: &[OsString]) -> Vec<OsString> {
    let mut all = Arguments::default();
    all.isolation(room);
    for link in &room.links {
        all.add(&["--symlink"]).path(&link.target).path(&link.at);
    }
    all.add(&["--proc", "/proc", "--dev", DEVICES_DIRECTORY]);
    for tmpfs in &room.tmpfs {
        all.add(&["--perms", &format!("{:04o}", tmpfs.mode), "--size", &tmpfs.bytes.to_string(), "--tmpfs"]).path(&tmpfs.at);
    }
    for (bind, source) in room.binds.iter().zip(sources) {
        all.bind(source, bind.writable).path(&bind.at);
    }
    // Both are memory file systems of half the machine's memory: nothing may be written there.
    all.add(&["--remount-ro", DEVICES_DIRECTORY, "--remount-ro", "/", "--chdir"]).path(&room.directory);
    all.add(&["--"]);
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
        self.add(&["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup"]);
        if !room.user_namespaces {
            self.add(&["--disable-userns"]);
        }
        self.add(&["--uid", &id, "--gid", &id, "--cap-drop", "ALL", "--new-session", "--die-with-parent", "--as-pid-1"]);
        self.add(&["--clearenv", "--hostname", &room.hostname]);
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
