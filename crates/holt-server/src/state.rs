//! What all requests share.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use holt_api::{Finding, FindingState, Listener};
use holt_core::elsewhere::ToolServers;
use holt_core::profile::Profiles;
use holt_core::provider::Providers;
use holt_core::recording::Recordings;
use holt_core::time::Timestamp;
use holt_core::vault::Vault;
use holt_engine::Engine;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::auth::keyring::Keyring;
use crate::auth::sign_in::SignIns;
use crate::auth::site::{BadSetting, Site, parse_setting};
use crate::auth::throttle::Throttle;
use crate::auth::ticket::Tickets;
use crate::clock::now;
use crate::desktops::Desktops;
use crate::meters;
use crate::options::{About, AppParts, Archiver, Limits, Options, Timing};
use crate::page::Page;
use crate::previews::{Domain, Previews};
use crate::streams::Streams;
use crate::terminals::Terminals;
use crate::vnc::Ports;

#[derive(Debug, Clone)]
pub(crate) struct App(Arc<Shared>);

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

pub(crate) struct Shared {
    pub engine: Engine,
    pub keyring: Keyring,
    pub tickets: Tickets,
    pub sign_ins: SignIns,
    pub throttle: Throttle,
    pub site: Site,
    pub trusted_proxies: Vec<IpAddr>,
    pub archiver: Archiver,
    pub recordings: Arc<dyn Recordings>,
    pub profiles: Arc<dyn Profiles>,
    pub vault: Arc<dyn Vault>,
    pub providers: Arc<dyn Providers>,
    pub tool_servers: Arc<dyn ToolServers>,
    /// How many archives may be packed at the same time.
    pub archives: Arc<Semaphore>,
    pub about: About,
    pub limits: Limits,
    pub timing: Timing,
    pub streams: Streams,
    pub desktops: Desktops,
    pub previews: Previews,
    pub preview_domain: Option<Domain>,
    pub vnc_ports: Option<Ports>,
    pub terminals: Terminals,
    pub page: Page,
    pub meters: PrometheusHandle,
    pub started_at: Timestamp,
    pub started: Instant,
    /// The server ends: streams end too.
    pub closing: CancellationToken,
    pub listeners: OnceLock<Vec<Listener>>,
    /// Where a person finds the page: `http://127.0.0.1:9090`.
    pub address: OnceLock<String>,
    findings: Mutex<Option<(Instant, Arc<[Finding]>)>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// How old what was found about this machine may be.
const FINDINGS_FOR: Duration = Duration::from_secs(60);

impl App {
    pub fn new(options: &Options, parts: AppParts) -> Result<Self, BadSetting> {
        let site = Site::new(options.public_url.as_deref(), &options.allowed_hosts, &options.cors_origins)?;
        let preview_domain = options
            .preview_domain
            .as_deref()
            .map(|domain| parse_setting("preview_domain", domain, "a domain such as preview.holt.example", Domain::parse));
        let preview_domain = preview_domain.transpose()?;
        Ok(Self(Arc::new(Shared {
            keyring: Keyring::new(parts.keys, options.management_key.as_ref()),
            engine: parts.engine,
            tickets: Tickets::default(),
            sign_ins: SignIns::default(),
            throttle: Throttle::default(),
            site,
            trusted_proxies: options.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
            archiver: parts.archiver,
            recordings: parts.recordings,
            profiles: parts.profiles,
            vault: parts.vault,
            providers: parts.providers,
            tool_servers: parts.tool_servers,
            archives: Arc::new(Semaphore::new(options.limits.archives)),
            about: parts.about,
            limits: options.limits,
            timing: options.timing,
            desktops: Desktops::default(),
            previews: Previews::default(),
            preview_domain,
            vnc_ports: options.vnc_ports.clone().map(Ports::new),
            terminals: Terminals::default(),
            streams: Streams::new(options.limits.streams_per_key),
            page: Page::new(options.page_dir.clone(), options.preview_domain.clone()),
            meters: meters::install(),
            started_at: now(),
            started: Instant::now(),
            closing: CancellationToken::new(),
            listeners: OnceLock::new(),
            address: OnceLock::new(),
            findings: Mutex::new(None),
        })))
    }
}

impl Shared {
    /// What this machine can do: tried now, or not long ago.
    pub async fn findings(&self) -> Arc<[Finding]> {
        let mut cached = self.findings.lock().await;
        if let Some((at, found)) = &*cached
            && at.elapsed() < FINDINGS_FOR
        {
            return found.clone();
        }
        let found: Arc<[Finding]> = self.engine.examine().await.into();
        *cached = Some((Instant::now(), found.clone()));
        found
    }

    /// What was found last, if anything was, without trying.
    pub fn findings_so_far(&self) -> Arc<[Finding]> {
        let cached = self.findings.try_lock().ok();
        cached.and_then(|cached| cached.as_ref().map(|(_, found)| found.clone())).unwrap_or_default()
    }
}

/// The bounds of a sandbox that this machine cannot enforce. Disk use is bounded by a watcher and a floor everywhere, which
/// is weaker than a quota and said so, but leaves Holt and other sessions their reserve.
pub(crate) fn unenforced(findings: &[Finding]) -> Vec<&Finding> {
    let is_bound = |finding: &&Finding| finding.name.ends_with("_limit") && finding.name != "disk_limit";
    findings.iter().filter(is_bound).filter(|finding| finding.state != FindingState::Good).collect()
}
