//! What a keeper is told at its birth, and never again: who it is, what sandbox it builds, what it may use.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::cgroup::Plan;
use crate::protocol::handshake::Bytes32;
use crate::protocol::message::Group;

/// The most bytes of a spec.
pub const MAX_SPEC: u64 = 1024 * 1024;
/// The user and group inside every sandbox.
pub const INSIDE_ID: u32 = 1000;
/// Where the keeper's own executable is inside.
pub const EXECUTABLE_INSIDE: &str = "/run/holt/holt-keeper";
/// The port on the sandbox's loopback where what wants to leave is taken in.
pub const WAY_OUT: u16 = 3128;
/// The port on the sandbox's loopback where programs that ask models are taken in.
pub const TO_MODELS: u16 = 3129;
/// Ports that are Holt's own.
pub const OWN_PORTS: [u16; 2] = [WAY_OUT, TO_MODELS];
/// What the session's room shares with the browser's.
pub const DOWNLOADS_INSIDE: &str = "/downloads";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeeperSpec {
    pub protocol: u32,
    /// The keeper's name: part of its proofs, of its cgroups' and its socket's names.
    pub keeper: String,
    pub secret: Bytes32,
    /// The only user who may connect.
    pub server_uid: u32,
    /// Whom to become before the sandbox is built. Given exactly when the keeper is started by root.
    pub identity: Option<Identity>,
    pub bwrap: PathBuf,
    /// This bubblewrap binds by descriptor.
    pub bwrap_binds_descriptors: bool,
    pub room: Room,
    /// The room beside it in which a browser runs, built when it is first needed. They share the network and nothing else
    /// but what both bind.
    pub browser: Room,
    pub cgroups: Option<Plan>,
    pub limits: RoomLimits,
    /// A directory on whose file system spooled output is kept, in files without names.
    pub spool: PathBuf,
    /// The keeper's socket, removed at its end.
    pub socket: PathBuf,
    /// Where viewers of the desktop come to, removed at its end. Nothing inside can reach it.
    pub desktop_socket: PathBuf,
    /// How long it lives without a server.
    pub grace_seconds: u64,
    pub disk: DiskWatch,
}

impl KeeperSpec {
    /// The room that a group is in.
    pub fn room_of(&self, group: Group) -> &Room {
        match group {
            Group::Browser => &self.browser,
            Group::Commands | Group::Agent | Group::Desktop | Group::Terminals => &self.room,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
}

/// The sandbox's own world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    pub hostname: String,
    /// In this order, later over earlier.
    pub binds: Vec<Bind>,
    pub links: Vec<Link>,
    pub tmpfs: Vec<Tmpfs>,
    pub variables: BTreeMap<String, String>,
    pub directory: PathBuf,
    /// Whether processes inside may make user namespaces, as Chromium's own sandbox does.
    pub user_namespaces: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bind {
    pub source: PathBuf,
    pub at: PathBuf,
    pub writable: bool,
    pub source_kind: Source,
}

/// How a bind's source is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "source", deny_unknown_fields)]
pub enum Source {
    /// Everyone can read it and no sandbox can change it: bubblewrap finds it by its path.
    Public,
    /// Only Holt's user may reach it, or somebody else could put another thing in its place: it is opened first, without following links.
    Held,
    /// As held, and its files keep this owner while the session works on them.
    Owned { uid: u32, gid: u32 },
    /// The keeper's own executable.
    Executable,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub at: PathBuf,
    pub target: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tmpfs {
    pub at: PathBuf,
    pub bytes: u64,
    /// How many files it may hold. Only root can set this; bubblewrap has no word for it.
    pub files: u64,
    pub mode: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomLimits {
    pub memory_bytes: u64,
    pub processes: u32,
    pub cpu_percent: u32,
    pub disk_bytes: u64,
}

/// When writers are stopped for the disk's sake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskWatch {
    /// The directories that count as the session's; the first one's file system is the data directory's.
    pub directories: Vec<PathBuf>,
    /// Directories of the user's that the session may write to. They are not counted, but there too must some room be left.
    pub elsewhere: Vec<PathBuf>,
    /// Everything freezes when less than this is free.
    pub floor_bytes: u64,
    /// How often to look at the file system's free space.
    pub look_millis: u64,
    /// How often at least to add up what the session uses.
    pub count_millis: u64,
}
