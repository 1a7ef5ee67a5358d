//! What the engine is made of, and what sessions get when nobody says otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use holt_core::agent::Agent;
use holt_core::budget::{Allowance, Budget};
use holt_core::definition::Definitions;
use holt_core::elsewhere::Elsewhere;
use holt_core::memory::Memories;
use holt_core::model::Model;
use holt_core::policy::{Mode, Policy};
use holt_core::sandbox::Sandboxes;
use holt_core::session::{DesktopSpec, KEEP_AWAKE_SECONDS, Limits, Network};
use holt_core::snapshot::Snapshots;
use holt_core::store::Store;
use holt_core::workspace::{Blobs, Workspaces};

/// What the engine drives.
#[derive(Clone)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub sandboxes: Arc<dyn Sandboxes>,
    pub workspaces: Arc<dyn Workspaces>,
    pub blobs: Arc<dyn Blobs>,
    pub snapshots: Arc<dyn Snapshots>,
    /// Brains, by the name that sessions call them.
    pub agents: BTreeMap<String, Arc<dyn Agent>>,
    pub models: Arc<dyn Model>,
    /// Where the tools are that no sandbox has.
    pub elsewhere: Vec<Arc<dyn Elsewhere>>,
    /// Agents that people defined, besides those that come with Holt.
    pub definitions: Arc<dyn Definitions>,
    /// What outlives sessions.
    pub memories: Arc<dyn Memories>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("agents", &self.agents.keys()).finish_non_exhaustive()
    }
}

/// What sessions get when whoever makes them does not say.
#[derive(Debug, Clone)]
pub struct Options {
    pub default_agent: String,
    pub default_model: String,
    pub default_environment: String,
    pub environments: Vec<String>,
    pub budget: Budget,
    /// What all runs of a session may use together.
    pub session_budget: Allowance,
    /// What everything on this server may use in a day.
    pub day_budget: Allowance,
    pub policy: Policy,
    pub mode: Mode,
    pub limits: Limits,
    pub desktop: DesktopSpec,
    pub network: Network,
    /// After this time without a sign of whoever drives a desktop, the agent has it again.
    pub driver_may_be_away: Duration,
    pub sleep_after_seconds: u64,
    /// For how long processes that were left running keep a session from sleeping.
    pub keep_awake_seconds: u64,
    /// For how long what has ended is kept, which people are told; without it, until somebody removes it. Whoever starts the
    /// engine sees to it.
    pub retention: Option<Duration>,
    /// In this time at most 20 notes of one sandbox are kept.
    pub report_window: Duration,
    /// Variables that every sandbox has. Never a secret.
    pub variables: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            default_agent: "holt".into(),
            default_model: "demo".into(),
            default_environment: "default".into(),
            environments: vec!["default".into()],
            budget: Budget::default(),
            session_budget: Allowance::default(),
            day_budget: Allowance::default(),
            policy: Policy::default(),
            mode: Mode::default(),
            limits: Limits::default(),
            desktop: DesktopSpec::default(),
            network: Network::default(),
            driver_may_be_away: Duration::from_secs(5 * 60),
            sleep_after_seconds: 15 * 60,
            keep_awake_seconds: KEEP_AWAKE_SECONDS,
            retention: None,
            report_window: Duration::from_secs(60),
            variables: BTreeMap::new(),
        }
    }
}
