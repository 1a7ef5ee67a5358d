//! The wiring: the one place that names the adapters.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holt_agents::builtin::{self, BuiltinAgent};
use holt_api::{AgentInfo, EnvironmentInfo};
use holt_core::access::{Principal, Scope};
use holt_core::agent::Agent;
use holt_core::id::{OwnerId, SessionId};
use holt_core::model::Model as _;
use holt_core::sandbox::Sandboxes;
use holt_core::store::{Keys, Store, StoreError};
use holt_core::vault::Vault;
use holt_engine::{CreateSession, Engine, ListSessions};
use holt_mcp::servers::{Apart, Servers};
use holt_models::{Models, Registry};
use holt_sandbox::blobs::ArtifactStore;
use holt_sandbox::bwrap::BwrapDriver;
use holt_sandbox::coming::{Bringer, Coming};
use holt_sandbox::environment::{DEFAULT, ENVIRONMENTS};
use holt_sandbox::profiles::ProfileStore;
use holt_sandbox::recordings::RecordingStore;
use holt_sandbox::snapshots::SnapshotStore;
use holt_sandbox::workspace::{SessionWorkspaces, write_zip};
use holt_server::{About, AppParts, Certificate, Listen, VncOptions, VncPorts};
use holt_store::{DataDir, FileMemories, FileVault, SqliteStore};

use super::egress::WayOut;
use super::{Arguments, elsewhere, epoch, gateway, keeper};
use crate::config::{Config, SessionPorts, Tls, Vnc};
use crate::definitions::FileDefinitions;
use crate::failure::{Exit, Failure};

/// What was put together.
pub struct House {
    pub engine: Engine,
    pub sandboxes: Coming,
    pub parts: AppParts,
    /// Outside servers of tools.
    pub servers: Servers,
    pub demo_only: bool,
}

/// What is still to be done when the server can answer already. Nothing that needs it is acknowledged before.
pub struct Remainder {
    config: Config,
    data_dir: PathBuf,
    store: Arc<SqliteStore>,
    engine: Engine,
    vault: Arc<dyn Vault>,
    profiles: ProfileStore,
    bringer: Bringer,
    registry: Arc<Registry>,
    apart: Apart,
}

/// The server itself, as one who acts.
pub fn house(name: &str) -> Principal {
    Principal { owner: OwnerId::new("owner"), name: name.into(), scopes: vec![Scope::Admin], key: None, rules: None }
}

pub async fn assemble(config: &Config, data_dir: &DataDir, store: Arc<SqliteStore>) -> Result<(House, Remainder), Failure> {
    let vault: Arc<dyn Vault> = Arc::new(FileVault::new(data_dir.path()));
    let registry = super::models::registry(&config.models, vault.clone()).await?;
    let models = Arc::new(registry.models());
    let (sandboxes, bringer) = Coming::new();
    let agents: BTreeMap<String, Arc<dyn Agent>> =
        BTreeMap::from([("holt".to_owned(), Arc::new(BuiltinAgent::new(models.clone(), builtin_options(config))) as _)]);
    let apart = Apart::default();
    let servers = elsewhere::servers(config, data_dir.path(), Arc::clone(&vault), Arc::new(sandboxes.clone()), apart.clone());
    let parts = holt_engine::Parts {
        store: store.clone(),
        sandboxes: Arc::new(sandboxes.clone()),
        workspaces: Arc::new(SessionWorkspaces::new(data_dir.path())),
        blobs: Arc::new(ArtifactStore::new(data_dir.path())),
        agents,
        models: models.clone(),
        snapshots: Arc::new(SnapshotStore::new(data_dir.path())),
        definitions: Arc::new(FileDefinitions::new(data_dir.path())),
        elsewhere: vec![Arc::new(servers.clone())],
        memories: Arc::new(FileMemories::new(data_dir.path())),
    };
    let engine = Engine::start(parts, engine_options(config, &models)?)
        .await
        .map_err(|error| Failure::new(Exit::DataDirUnusable, error.code(), error.to_string(), error.hint()))?;
    let keys: Arc<dyn Keys> = store.clone();
    let recordings = Arc::new(RecordingStore::new(data_dir.path()));
    let profiles = ProfileStore::new(data_dir.path(), Arc::clone(&vault));
    let parts = AppParts {
        engine: engine.clone(),
        keys,
        archiver: Arc::new(write_zip),
        recordings,
        vault: Arc::clone(&vault),
        tool_servers: Arc::new(servers.clone()),
        profiles: Arc::new(profiles.clone()),
        providers: registry.clone(),
        about: about(),
    };
    let (config, data_dir) = (config.clone(), data_dir.path().to_owned());
    let remainder = Remainder { config, data_dir, store, engine: engine.clone(), vault, profiles, bringer, registry, apart };
    Ok((House { engine, sandboxes, parts, servers, demo_only: models.is_demo_only() }, remainder))
}

impl Remainder {
    /// Makes the first key and the sandboxes' driver.
    pub async fn finish(self) -> Result<(), Failure> {
        let Self { config, data_dir, store, engine, vault, profiles, bringer, registry, apart } = self;
        holt_server::ensure_first_key(&*store, &data_dir).await.map_err(|error| {
            let hint = "Mend the data directory's permissions or its disk.";
            Failure::new(Exit::DataDirUnusable, "first_key", error.to_string(), hint)
        })?;
        let gateway = gateway::gateway(&engine, registry);
        let way_out = WayOut::new(&engine, config.sandbox.network_exceptions.clone(), gateway, vault, apart);
        // Writing, and looking at thousands of files, would hold up the requests of others.
        let made = tokio::task::spawn_blocking(move || {
            elsewhere::lay_out(&data_dir)?;
            let (keeper, epoch) = (keeper::install(&data_dir)?, epoch::next(&data_dir)?);
            driver(&config, &data_dir, (keeper, epoch), way_out, profiles)
        });
        let driver = made.await.unwrap_or_else(|error| Err(Failure::failed("start", error.to_string(), "")))?;
        let known = known(&driver, &*store).await;
        driver.sweep(&known).await;
        bringer.bring(Ok(driver));
        Ok(())
    }
}

fn builtin_options(config: &Config) -> builtin::Options {
    builtin::Options { titles: config.sessions.titles, ..builtin::Options::default() }
}

fn driver(
    config: &Config,
    data_dir: &Path,
    (keeper, epoch): (PathBuf, u64),
    way_out: WayOut,
    profiles: ProfileStore,
) -> Result<BwrapDriver, Failure> {
    let mut options = holt_sandbox::bwrap::Options::new(data_dir, keeper, epoch);
    options.prepared = config.sandbox.prepared;
    options.environment = default_environment(config);
    options.limits = config.sandbox.limits;
    options.packages = Some(elsewhere::packages(data_dir));
    options.grace = config.sandbox.grace;
    options.profiles = Some(profiles);
    options.outside = Some(Arc::new(way_out));
    BwrapDriver::new(options)
        .map_err(|error| Failure::new(Exit::NoSandbox, "sandbox", error.to_string(), "`holt doctor` says more."))
}

/// The sessions whose sandboxes an earlier server left and that are still on record.
async fn known(driver: &BwrapDriver, store: &dyn Store) -> HashSet<SessionId> {
    let mut known = HashSet::new();
    for session in driver.opened().await.unwrap_or_default() {
        // A store that cannot say now is no reason to end a sandbox.
        if !matches!(store.head(session).await, Err(StoreError::NotFound)) {
            known.insert(session);
        }
    }
    known
}

fn engine_options(config: &Config, models: &Models) -> Result<holt_engine::Options, Failure> {
    let environments: Vec<String> = ENVIRONMENTS.iter().map(|environment| environment.name.to_owned()).collect();
    let default_environment = default_environment(config);
    if !environments.contains(&default_environment) {
        let message = format!("there is no environment `{default_environment}`");
        return Err(Failure::usage("environment_unknown", message, format!("Choose one of {}.", environments.join(", "))));
    }
    Ok(holt_engine::Options {
        default_model: models.default_model().unwrap_or_default(),
        default_environment,
        environments,
        budget: config.sessions.budget,
        session_budget: config.sessions.session_budget,
        day_budget: config.sessions.day_budget,
        limits: config.sandbox.limits,
        network: config.sandbox.network,
        sleep_after_seconds: config.sessions.sleep_after.as_secs(),
        keep_awake_seconds: config.sessions.keep_awake.as_secs(),
        retention: config.sessions.retention,
        ..holt_engine::Options::default()
    })
}

fn default_environment(config: &Config) -> String {
    config.sandbox.environment.clone().unwrap_or_else(|| DEFAULT.to_owned())
}

fn about() -> About {
    let environments = ENVIRONMENTS
        .iter()
        .map(|environment| EnvironmentInfo { id: environment.name.to_owned(), note: environment.line.to_owned() });
    About {
        version: env!("CARGO_PKG_VERSION").into(),
        agents: vec![AgentInfo { id: "holt".into(), note: "Holt's own agent: a model with the tools of the sandbox.".into() }],
        environments: environments.collect(),
    }
}

pub fn server_options(config: &Config, data_dir: &DataDir, arguments: &Arguments) -> holt_server::Options {
    let tls = config.tls.is_on();
    let listen = config.listen.addresses.iter().map(|address| Listen { address: *address, tls });
    holt_server::Options {
        listen: if arguments.background { Vec::new() } else { listen.collect() },
        socket: Some(data_dir.path().join("holt.sock")),
        certificate: match &config.tls {
            Tls::Off => None,
            Tls::Generated => Some(Certificate::Generated { directory: data_dir.path().join("tls") }),
            Tls::Given { certificate, key } => Some(Certificate::Given { cert: certificate.clone(), key: key.clone() }),
        },
        management_key: config.access.management_key.clone(),
        public_url: config.listen.public_url.clone(),
        preview_domain: config.listen.preview_domain.clone(),
        allowed_hosts: config.listen.allowed_hosts.clone(),
        cors_origins: config.listen.cors_origins.clone(),
        trusted_proxies: config.listen.trusted_proxies.clone(),
        page_dir: arguments.page_dir.clone(),
        vnc: config.vnc.as_ref().filter(|_| !arguments.background).and_then(vnc_options),
        vnc_ports: config.session_ports.as_ref().filter(|_| !arguments.background).map(vnc_ports),
        ..holt_server::Options::default()
    }
}

/// Without a password nobody is let in, so nothing listens.
fn vnc_options(vnc: &Vnc) -> Option<VncOptions> {
    let password = vnc.password.clone()?;
    Some(VncOptions { listen: vnc.listen.clone(), password, takes_control: vnc.takes_control, wide: vnc.wide })
}

fn vnc_ports(ports: &SessionPorts) -> VncPorts {
    VncPorts { addresses: ports.addresses.clone(), range: ports.range.clone(), wide: ports.wide }
}

/// A first session, so that the page has something to show. Without it everything works as well.
pub async fn welcome(engine: &Engine) {
    let by = house("welcome");
    let none = engine.list(&by, ListSessions { limit: 1, ..ListSessions::default() }).await;
    if none.is_ok_and(|page| page.items.is_empty()) {
        let first = CreateSession { title: Some("Your first session".into()), ..CreateSession::default() };
        if let Err(error) = engine.create(&by, first).await {
            tracing::warn!(%error, "the first session could not be made");
        }
    }
}
