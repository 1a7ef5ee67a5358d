//! What a server is made of and how it is set.

use std::fmt;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use holt_api::{AgentInfo, EnvironmentInfo};
use holt_core::elsewhere::ToolServers;
use holt_core::profile::Profiles;
use holt_core::provider::Providers;
use holt_core::recording::Recordings;
use holt_core::store::Keys;
use holt_core::vault::Vault;
use holt_core::workspace::{FileError, Files};
use holt_engine::Engine;
use secrecy::SecretString;

use crate::vnc::{VncOptions, VncPorts};

/// Writes every file beneath the top of a workspace as one archive.
pub type Archiver = Arc<dyn Fn(Arc<dyn Files>, &mut dyn Write) -> Result<(), FileError> + Send + Sync>;

/// What the server serves.
#[derive(Clone)]
pub struct AppParts {
    pub engine: Engine,
    pub keys: Arc<dyn Keys>,
    pub archiver: Archiver,
    pub recordings: Arc<dyn Recordings>,
    pub vault: Arc<dyn Vault>,
    pub profiles: Arc<dyn Profiles>,
    pub providers: Arc<dyn Providers>,
    pub tool_servers: Arc<dyn ToolServers>,
    pub about: About,
}

impl fmt::Debug for AppParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppParts").field("about", &self.about).finish_non_exhaustive()
    }
}

/// What the server says about itself.
#[derive(Debug, Clone)]
pub struct About {
    pub version: String,
    pub agents: Vec<AgentInfo>,
    pub environments: Vec<EnvironmentInfo>,
}

/// One address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen {
    pub address: SocketAddr,
    pub tls: bool,
}

/// Where the certificate comes from. Either way it is read again, without dropping a connection, when it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    Given {
        cert: PathBuf,
        key: PathBuf,
    },
    /// Made by the server itself and kept in this directory.
    Generated {
        directory: PathBuf,
    },
}

/// How the server is set.
#[derive(Debug, Clone)]
pub struct Options {
    pub listen: Vec<Listen>,
    /// The private socket for programs of the same user.
    pub socket: Option<PathBuf>,
    pub certificate: Option<Certificate>,
    /// A further admin key, from the environment.
    pub management_key: Option<SecretString>,
    /// How people reach the server when it is not by the address that it listens on: `https://holt.example`.
    pub public_url: Option<String>,
    /// Further names by which the server may be called.
    pub allowed_hosts: Vec<String>,
    /// Other origins whose pages may use the interface.
    pub cors_origins: Vec<String>,
    /// A domain all of whose subdomains lead here: previews have their origins below it. Beside localhost none is needed.
    pub preview_domain: Option<String>,
    /// The only peers whose `X-Forwarded-*` counts.
    pub trusted_proxies: Vec<IpAddr>,
    /// Serves the page from here instead of from the program, for its development.
    pub page_dir: Option<PathBuf>,
    /// Raw RFB of the default desktop, for native viewers.
    pub vnc: Option<VncOptions>,
    /// A port for each session whose desktop is asked for there.
    pub vnc_ports: Option<VncPorts>,
    pub limits: Limits,
    pub timing: Timing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: vec![Listen { address: SocketAddr::from(([127, 0, 0, 1], 9090)), tls: false }],
            socket: None,
            certificate: None,
            management_key: None,
            public_url: None,
            allowed_hosts: Vec::new(),
            cors_origins: Vec::new(),
            preview_domain: None,
            trusted_proxies: Vec::new(),
            page_dir: None,
            vnc: None,
            vnc_ports: None,
            limits: Limits::default(),
            timing: Timing::default(),
        }
    }
}

/// How much of everything there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub connections: usize,
    /// Live streams, of either kind, that one key may hold open.
    pub streams_per_key: usize,
    pub upload_bytes: u64,
    /// Archives that are packed at the same time.
    pub archives: usize,
    /// The recording of one session; its oldest parts go.
    pub recording_bytes: u64,
    /// A part of a recording, after which another begins.
    pub segment_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            streams_per_key: 2048,
            upload_bytes: holt_api::bounds::MAX_UPLOAD_BYTES,
            archives: 8,
            recording_bytes: 256 << 20,
            segment_bytes: 8 << 20,
        }
    }
}

/// How long the server waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For the head of a request, and for a TLS handshake.
    pub head: Duration,
    /// For all of a body that is not a file.
    pub body: Duration,
    /// For the head of every answer.
    pub request: Duration,
    /// For a peer that sends or takes nothing at all of what is under way.
    pub stall: Duration,
    /// Between signs of life on a stream where nothing happens.
    pub ping: Duration,
    /// For what is under way when the server ends.
    pub grace: Duration,
    /// Between looks at the certificate's files.
    pub certificate: Duration,
    /// Between two pictures of a recording.
    pub recording: Duration,
    /// A part of a recording, after which another begins when something moves.
    pub segment: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(15),
            body: Duration::from_secs(15),
            request: Duration::from_secs(60),
            stall: Duration::from_secs(60),
            ping: Duration::from_secs(20),
            grace: Duration::from_secs(5),
            certificate: Duration::from_secs(2),
            recording: Duration::from_millis(100),
            segment: Duration::from_secs(60),
        }
    }
}
