//! Sandboxes: what each may use, and what is kept ready.

use std::time::Duration;

use holt_core::session::{Limits, Network};
use holt_egress::Exceptions;

use super::Setting;
use super::layers::Settings;
use super::values::{duration, number, size};
use crate::failure::Failure;

pub const SETTINGS: &[Setting] = &[
    Setting::new("sandbox.environment", &["HOLT_ENVIRONMENT"], None, "The environment of sessions that name none"),
    Setting::new(
        "sandbox.network",
        &["HOLT_NETWORK"],
        Some("allow"),
        "Where sessions that say nothing may go: none, allow, or open",
    ),
    Setting::new(
        "sandbox.network_exceptions",
        &["HOLT_NETWORK_EXCEPTIONS"],
        None,
        "host:port that sessions may reach though not public, if their policy lets them",
    ),
    Setting::new("sandbox.prepared", &["HOLT_PREPARED_SANDBOXES"], Some("1"), "How many empty sandboxes wait ready"),
    Setting::new("sandbox.grace", &["HOLT_SANDBOX_GRACE"], Some("10m"), "How long sandboxes outlive a server that is gone"),
    Setting::new("limits.memory", &["HOLT_LIMIT_MEMORY"], Some("4GiB"), "Memory of one sandbox"),
    Setting::new("limits.processes", &["HOLT_LIMIT_PROCESSES"], Some("512"), "Processes of one sandbox"),
    Setting::new("limits.cpu_percent", &["HOLT_LIMIT_CPU_PERCENT"], Some("200"), "100 is one processor"),
    Setting::new("limits.disk", &["HOLT_LIMIT_DISK"], Some("10GiB"), "What a workspace and its home may hold"),
    Setting::new("limits.tmp", &["HOLT_LIMIT_TMP"], Some("512MiB"), "What /tmp may hold, in memory"),
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    pub environment: Option<String>,
    pub network: Network,
    pub network_exceptions: Exceptions,
    pub prepared: usize,
    pub grace: Duration,
    pub limits: Limits,
}

const MIB: u64 = 1 << 20;

impl Sandbox {
    pub fn read(settings: &Settings) -> Result<Self, Failure> {
        let at_least = |bytes: u64| {
            move |text: &str| match size(text)? {
                size if size < bytes => Err(format!("at least {} MiB are needed", bytes / MIB)),
                size => Ok(size),
            }
        };
        Ok(Self {
            environment: settings.get("sandbox.environment").map(|value| value.text.trim().to_owned()),
            network: settings.parse_always("sandbox.network", network)?,
            network_exceptions: settings.parse("sandbox.network_exceptions", exceptions)?.unwrap_or_default(),
            prepared: settings.parse_always("sandbox.prepared", |text| number(text, 0, 64))?,
            grace: settings.parse_always("sandbox.grace", duration)?,
            limits: Limits {
                memory_bytes: settings.parse_always("limits.memory", at_least(64 * MIB))?,
                processes: settings.parse_always("limits.processes", |text| number(text, 16, 100_000))?,
                cpu_percent: settings.parse_always("limits.cpu_percent", |text| number(text, 1, 100_000))?,
                disk_bytes: settings.parse_always("limits.disk", at_least(16 * MIB))?,
                tmp_bytes: settings.parse_always("limits.tmp", at_least(MIB))?,
            },
        })
    }
}

fn network(text: &str) -> Result<Network, String> {
    Network::find(text.trim()).ok_or_else(|| "say none, allow or open".to_owned())
}

fn exceptions(text: &str) -> Result<Exceptions, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Exceptions::parse(items).map_err(|(item, why)| format!("`{item}`: {why}"))
}
