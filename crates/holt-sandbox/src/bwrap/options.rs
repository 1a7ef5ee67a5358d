//! How the driver is set up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holt_core::sandbox::Outside;
use holt_core::session::Limits;
use holt_keeper::cgroup::Plan;

use crate::environment;
use crate::profiles::ProfileStore;

const GIB: u64 = 1 << 30;

/// Where sandboxes see the packages.
pub const PACKAGES: &str = "/opt/holt/mcp";

/// What the driver needs to know. [`Options::new`] fills in the rest.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where sessions, keepers' records and sockets live. Made when it is missing; nobody else may enter it.
    pub data_dir: PathBuf,
    /// The keeper's executable.
    pub keeper: PathBuf,
    /// Greater than that of every earlier server on the same data: keepers refuse older ones.
    pub epoch: u64,
    /// Bubblewrap, by name or path.
    pub bwrap: PathBuf,
    /// How many sandboxes are opened ahead for sessions to come.
    pub prepared: usize,
    /// What those have: it fits sessions that ask for nothing else.
    pub environment: String,
    pub limits: Limits,
    /// How long after a session took a prepared sandbox, or after the start, the next one is opened.
    pub prepare_after: Duration,
    /// How long a keeper lives without a server.
    pub grace: Duration,
    /// Writers freeze when the disk has less than this free: by default a gibibyte or a twentieth, whichever is less.
    pub disk_floor: Option<u64>,
    /// How often keepers look at the disk's free space, and count what their session uses.
    pub disk_look: Duration,
    pub disk_count: Duration,
    /// A desktop is stopped when nobody has watched or used it for so long and no program has a window on it.
    pub desktop_rest: Duration,
    pub cgroups: Cgroups,
    /// Packages of programs, which every session sees at [`PACKAGES`] and none can change.
    pub packages: Option<PathBuf>,
    /// Lets things out of sandboxes. Without it nothing leaves, whatever a session's policy is.
    pub outside: Option<Arc<dyn Outside>>,
    /// Where profiles of browsers are kept. Without it, sessions that want one are not opened.
    pub profiles: Option<ProfileStore>,
}

/// Where sessions' control groups are made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Cgroups {
    /// Where this machine lets them be made, if anywhere.
    #[default]
    Detected,
    /// Nowhere, as on a machine that lets none be made.
    None,
    /// Below these.
    Below(Plan),
}

impl Options {
    pub fn new(data_dir: impl Into<PathBuf>, keeper: impl Into<PathBuf>, epoch: u64) -> Self {
        Self {
            data_dir: data_dir.into(),
            keeper: keeper.into(),
            epoch,
            bwrap: PathBuf::from("bwrap"),
            prepared: 1,
            environment: environment::DEFAULT.to_owned(),
            limits: Limits::default(),
            prepare_after: Duration::from_secs(1),
            grace: Duration::from_secs(600),
            disk_floor: None,
            disk_look: Duration::from_millis(250),
            disk_count: Duration::from_secs(30),
            desktop_rest: Duration::from_secs(600),
            cgroups: Cgroups::Detected,
            packages: None,
            outside: None,
            profiles: None,
        }
    }

    /// The floor on a file system of this size.
    pub fn floor_of(&self, total_bytes: u64) -> u64 {
        self.disk_floor.unwrap_or_else(|| GIB.min(total_bytes / 20))
    }
}
