//! What a session is asked to be when it is made, and the words for how it lives and ends.

use serde::{Deserialize, Serialize};

use crate::access::KeyRules;
use crate::budget::{Allowance, Budget};
use crate::definition::AgentDefinition;
use crate::id::{KeyId, OwnerId};
use crate::network::{HostRule, USUAL_HOSTS};
use crate::policy::{Mode, Policy, Verdict};
use crate::profile::ProfileName;
use crate::source::Source;
use crate::time::Timestamp;

/// How a session lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SessionKind {
    /// Lives until it is stopped, or until it expires where that was asked for.
    Chat,
    /// Ends after its first run.
    Task,
    /// Works in a directory of the user's and never expires.
    Project,
}

/// Where the agent works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WorkspaceSpec {
    /// A directory that Holt makes, keeps and removes with the session.
    Managed,
    /// A directory of the user's, at its own path.
    Directory { path: String },
}

/// What a sandbox may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Limits {
    pub memory_bytes: u64,
    pub processes: u32,
    /// Hundredths of one processor: 150 is one and a half.
    pub cpu_percent: u32,
    /// What the workspace and home may hold.
    pub disk_bytes: u64,
    /// What `/tmp` and the other memory file systems may hold.
    pub tmp_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        const GIB: u64 = 1 << 30;
        Self { memory_bytes: 4 * GIB, processes: 512, cpu_percent: 200, disk_bytes: 10 * GIB, tmp_bytes: GIB / 2 }
    }
}

/// What kind of desktop a session has. It is started when it is first needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Flavour {
    /// It has none.
    None,
    /// A small window manager.
    #[default]
    Light,
    /// A whole desktop environment.
    Full,
}

/// A session's desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DesktopSpec {
    pub flavour: Flavour,
    /// The size that it begins with; whoever has control may change it.
    pub width: u16,
    pub height: u16,
}

impl Default for DesktopSpec {
    fn default() -> Self {
        Self { flavour: Flavour::default(), width: 1280, height: 800 }
    }
}

impl DesktopSpec {
    /// The smallest and the largest side that a desktop may begin with.
    pub const SIDES: std::ops::RangeInclusive<u16> = 320..=4096;

    pub fn is_sensible(&self) -> bool {
        Self::SIDES.contains(&self.width) && Self::SIDES.contains(&self.height)
    }
}

/// Where a session may go beyond its sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Network {
    /// Nowhere.
    #[default]
    None,
    /// To where packages and code come from, and to hosts that its rules or a person allow.
    Allow,
    /// To every public host that no rule denies.
    Open,
}

impl Network {
    pub const ALL: [Self; 3] = [Self::None, Self::Allow, Self::Open];

    /// How far it lets a session go: farther where it is larger.
    pub fn reach(self) -> u8 {
        self as u8
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Allow => "allow",
            Self::Open => "open",
        }
    }

    /// By its word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.as_str() == word)
    }
}

/// Everything that is decided when a session is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSpec {
    pub owner: OwnerId,
    pub kind: SessionKind,
    pub title: String,
    /// Which brain works: `holt` is the built-in one.
    pub agent: String,
    /// Which model the brain uses, when it uses one of Holt's.
    pub model: String,
    /// Which preset of programs and variables the sandbox has.
    pub environment: String,
    pub workspace: WorkspaceSpec,
    /// Where what stands in the workspace at first comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    pub policy: Policy,
    /// The policies that the session's own may not go beyond: of the key that made it, of its agent's definition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Policy>,
    /// The mode that it begins in.
    #[serde(default, skip_serializing_if = "Mode::is_full")]
    pub mode: Mode,
    /// What its agent is, as it was defined when the session was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<AgentDefinition>,
    pub budget: Budget,
    /// What all its runs may use together.
    #[serde(default)]
    pub session_budget: Allowance,
    /// The key that made it: what it uses goes on that key's account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// What that key's sessions may not go beyond; the policy of them is among `bounds`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<KeyRules>>,
    pub limits: Limits,
    #[serde(default)]
    pub desktop: DesktopSpec,
    #[serde(default)]
    pub network: Network,
    /// What it says to hosts of its own, before what `network` says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostRule>,
    /// What happens on the desktop is recorded from the beginning.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub record_desktop: bool,
    /// What its browser knows from before: the owner's profile of this name, which no other session has meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_profile: Option<ProfileName>,
    /// Which interface made it; native ones say `holt`.
    pub origin: String,
    /// When it ends by itself, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How long it may sit idle before its sandbox is closed to give the memory back.
    pub sleep_after_seconds: u64,
    /// For how long after it was last used a process that was left running keeps it from sleeping.
    #[serde(default = "a_day")]
    pub keep_awake_seconds: u64,
}

impl SessionSpec {
    /// Why its key does not let it be in this mode, if it does not.
    pub fn check_mode(&self, mode: Mode) -> Result<(), String> {
        match self.rules.as_ref().and_then(|rules| rules.mode) {
            Some(most) if mode.freedom() > most.freedom() => {
                Err(format!("its sessions may be in the mode `{}` at most", most.as_str()))
            }
            _ => Ok(()),
        }
    }

    /// Why its key does not let it go there, if it does not. A host that it may go to already may stay.
    pub fn check_network(&self, network: Network, hosts: &[HostRule]) -> Result<(), String> {
        let Some(most) = self.rules.as_ref().and_then(|rules| rules.network) else { return Ok(()) };
        if network.reach() > most.reach() {
            return Err(format!("the network of its sessions may be `{}` at most", most.as_str()));
        }
        let is_known = |rule: &HostRule| self.hosts.contains(rule) || USUAL_HOSTS.contains(&rule.host.as_str());
        let further = hosts.iter().find(|rule| rule.verdict == Verdict::Allow && !is_known(rule));
        match further {
            Some(rule) if most != Network::Open => {
                Err(format!("its sessions may not name further hosts, such as `{}`; people are asked about them", rule.host))
            }
            _ => Ok(()),
        }
    }
}

/// How long processes keep a session awake when nobody says otherwise.
pub const KEEP_AWAKE_SECONDS: u64 = 24 * 60 * 60;

fn a_day() -> u64 {
    KEEP_AWAKE_SECONDS
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EndReason {
    Completed,
    Stopped,
    Expired,
    Failed,
    Evicted,
}

/// The one word that says how a session is. Every contract's status words are a view of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Status {
    Idle,
    Running,
    /// A run waits for a human.
    Waiting,
    /// Idle, its sandbox closed to give memory back; the next prompt wakes it.
    Asleep,
    Ending,
    Ended,
    /// Something a person can act on went wrong; it can be retried.
    Failed,
}

impl Status {
    pub const ALL: [Self; 7] = [Self::Idle, Self::Running, Self::Waiting, Self::Asleep, Self::Ending, Self::Ended, Self::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Asleep => "asleep",
            Self::Ending => "ending",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }

    /// There is work that somebody must take up after a crash.
    pub fn is_unfinished(self) -> bool {
        matches!(self, Self::Running | Self::Waiting | Self::Ending)
    }
}
