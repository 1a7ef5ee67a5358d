//! How the server is: for people, for load balancers and for other programs' health checks.

use std::collections::BTreeMap;

use holt_core::model::ModelInfo;
use holt_core::sandbox::{Finding, FindingState};
use holt_core::session::Status;
use holt_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the server is and how it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServerStatus {
    pub version: String,
    pub started_at: Timestamp,
    pub uptime_seconds: u64,
    pub agents: Vec<AgentInfo>,
    pub models: Vec<ModelInfo>,
    pub default_model: String,
    pub environments: Vec<EnvironmentInfo>,
    /// What this machine can and cannot do.
    pub findings: Vec<Finding>,
    /// How many sessions there are of each status; those that the caller may see.
    pub sessions: Vec<StatusCount>,
    /// Sessions with work under way or just done.
    pub awake: usize,
    pub sandboxes: usize,
    /// Streams that follow a session.
    pub followers: usize,
    pub limits: ServerLimits,
    pub listeners: Vec<Listener>,
    /// Desktops can be had at ports of their own.
    #[serde(default)]
    pub vnc_ports: bool,
    pub memory: ServerMemory,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentInfo {
    /// What to ask for.
    pub id: String,
    /// What it is, in a sentence.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnvironmentInfo {
    /// What to ask for.
    pub id: String,
    /// What it has, in a sentence.
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusCount {
    pub status: Status,
    pub count: u64,
}

/// The bounds of this server that clients meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerLimits {
    pub body_bytes: usize,
    pub prompt_bytes: usize,
    pub upload_bytes: u64,
    pub attachments: usize,
    pub follows_per_socket: usize,
    pub sockets_per_key: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// `127.0.0.1:9090`, or a path.
    pub address: String,
    pub tls: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServerMemory {
    /// What the server itself holds, without sandboxes.
    pub resident_bytes: u64,
    pub open_files: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HealthState {
    Healthy,
    /// Works, with less than it could.
    Degraded,
    Unhealthy,
}

/// Whether the server works: what the health checks of all contracts look for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub status: HealthState,
    pub version: String,
    /// Seconds.
    pub uptime: u64,
    /// RFC 3339.
    pub timestamp: String,
    pub service: String,
    pub agent_manager: bool,
    pub connections: u64,
    pub services: Services,
    pub checks: Checks,
}

/// The roles that other contracts call by the product that fills them elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Services {
    /// State and queue work.
    pub redis: bool,
    /// Sandboxes work.
    pub docker: bool,
    pub workers: u64,
}

/// The verdict on one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Ok,
    Degraded,
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checks {
    pub store: CheckState,
    pub sandbox: CheckState,
    pub model: CheckState,
}

/// Whether the server can take work, and what is less than it could be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// A stable name: `store`, `memory_limit`.
    pub name: String,
    pub state: FindingState,
    pub text: String,
}

/// Where to go from here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Index {
    pub name: String,
    pub version: String,
    /// What is where.
    pub endpoints: BTreeMap<String, String>,
}
