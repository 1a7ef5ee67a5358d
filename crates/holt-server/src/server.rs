//! The server as a whole: bound, and then run until it is told to end.
//!
//! Binding does everything that can fail and says why; nobody is served before `run`. Ending stops accepting, ends live
//! streams, gives what is under way a moment, and leaves no task behind.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holt_api::{Listener, SignInCode};
use holt_core::store::StoreError;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::keyring::Proved;
use crate::auth::site::BadSetting;
use crate::listen::{
    Connections, Exposure, PrivateSocket, SocketError, Tls, TlsError, accept_tcp, accept_unix, check_exposure, names_for,
};
use crate::options::{AppParts, Options};
use crate::recorder;
use crate::router;
use crate::routes::sign_in;
use crate::state::App;
use crate::vnc::{Raw, VncExposure, VncOptions, accept_raw, check_plain, check_vnc, keep_ports};

/// Figures of histograms are folded this often, so that they do not grow.
const FOLD: Duration = Duration::from_secs(5);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(transparent)]
    Setting(#[from] BadSetting),
    #[error(transparent)]
    Exposure(#[from] Exposure),
    #[error(transparent)]
    Vnc(#[from] VncExposure),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("the keys cannot be read: {0}")]
    Keys(#[from] StoreError),
    #[error("{address} is in use by another program")]
    InUse { address: SocketAddr },
    #[error("{address} cannot be listened on: {error}")]
    Address { address: SocketAddr, error: io::Error },
}

impl BindError {
    /// The stable code that programs can rely on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) => "bad_setting",
            Self::Exposure(exposure) => exposure.code(),
            Self::Vnc(exposure) => exposure.code(),
            Self::Tls(_) => "tls_unusable",
            Self::Socket(SocketError::InUse(_)) => "already_running",
            Self::Socket(_) => "socket_unusable",
            Self::Keys(_) => "store_unavailable",
            Self::InUse { .. } => "address_in_use",
            Self::Address { .. } => "address_unusable",
        }
    }

    /// What to do next.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Setting(_) => "Correct it in the configuration.",
            Self::Exposure(exposure) => exposure.hint(),
            Self::Vnc(exposure) => exposure.hint(),
            Self::Tls(_) => "Check the paths and that both files belong together, or let Holt make a certificate of its own.",
            Self::Socket(SocketError::InUse(_)) => "Use the server that runs, or give this one another `--data-dir`.",
            Self::Socket(_) => "Check who owns the data directory.",
            Self::Keys(_) => "Look at what the log says of the store.",
            Self::InUse { .. } => "Choose another with `--listen`, or stop the program that has it.",
            Self::Address { .. } => "Choose an address of this machine with `--listen`; ports below 1024 need rights.",
        }
    }
}

#[derive(Debug)]
pub struct Server;

/// A server that has its addresses and serves nobody yet.
#[derive(Debug)]
pub struct Bound {
    app: App,
    listeners: Vec<(TcpListener, SocketAddr, bool)>,
    /// No session gets one of these.
    given_ports: Vec<u16>,
    /// For native viewers of the default desktop.
    vnc: Option<(Vec<TcpListener>, VncOptions)>,
    socket: Option<PrivateSocket>,
    tls: Option<Arc<Tls>>,
    connections: usize,
}

impl Server {
    pub async fn bind(options: Options, parts: AppParts) -> Result<Bound, BindError> {
        let app = App::new(&options, parts)?;
        check_exposures(&app, &options).await?;
        let mut listeners = Vec::new();
        for listen in &options.listen {
            let (listener, address) = listen_on(listen.address).await?;
            listeners.push((listener, address, listen.tls));
        }
        let vnc = listen_for_vnc(&app, &options).await?;
        check_vnc_ports(&app, &options).await?;
        let tls = load_tls(&options, &listeners)?;
        let socket = options.socket.as_deref().map(PrivateSocket::bind).transpose()?;
        let _ = app.listeners.set(describe(&listeners, options.socket.as_deref()));
        let _ = app.address.set(address_for_people(&options, &listeners));
        let given = options.listen.iter().map(|listen| listen.address).chain(listeners.iter().map(|(_, at, _)| *at));
        let given = given.chain(options.vnc.iter().flat_map(|vnc| vnc.listen.clone())).map(|address| address.port());
        let given_ports = given.collect();
        Ok(Bound { app, listeners, given_ports, vnc, socket, tls, connections: options.limits.connections })
    }
}

impl Bound {
    /// Where it listens, with the ports that it got.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(|(_, address, _)| *address).collect()
    }

    /// Where native viewers find the default desktop.
    pub fn vnc_addresses(&self) -> Vec<SocketAddr> {
        let listeners = self.vnc.iter().flat_map(|(listeners, _)| listeners);
        listeners.filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Where a person finds the page.
    pub fn url(&self) -> &str {
        self.app.address.get().map_or("", String::as_str)
    }

    /// A link that signs one browser in, once. For the terminal alone: it must not be logged.
    pub fn sign_in_link(&self) -> SignInCode {
        sign_in::make_code(&self.app, Proved::owner("first sign-in"))
    }

    /// Serves until `shutdown`, then ends what is under way.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { app, listeners, given_ports, vnc, socket, tls, connections } = self;
        let tasks = TaskTracker::new();
        let shared = Connections {
            router: router::build(&app),
            timing: app.timing,
            places: Arc::new(Semaphore::new(connections)),
            closing: app.closing.clone(),
            cut: CancellationToken::new(),
            tasks: tasks.clone(),
        };
        let cut = shared.cut.clone();
        let mut accepting = JoinSet::new();
        for (listener, _, secure) in listeners {
            accepting.spawn(accept_tcp(listener, tls.clone().filter(|_| secure), shared.clone()));
        }
        if let Some((listeners, options)) = vnc {
            let raw = Raw::new(app.clone(), &options);
            for listener in listeners {
                accepting.spawn(accept_raw(listener, raw.clone(), tasks.clone()));
            }
        }
        if let Some(socket) = socket {
            accepting.spawn(accept_unix(socket, shared.clone()));
        }
        if let Some(ports) = &app.vnc_ports {
            ports.begin(shared.clone(), given_ports);
            tasks.spawn(keep_ports(app.clone()));
        }
        tasks.spawn(recorder::run(app.clone()));
        let mut upkeep = JoinSet::new();
        upkeep.spawn(keep_up(app.clone()));
        if let Some(tls) = tls {
            upkeep.spawn(tls.watch(app.timing.certificate));
        }
        shutdown.await;
        app.closing.cancel();
        while accepting.join_next().await.is_some() {}
        tasks.close();
        let ended = async { tokio::join!(tasks.wait(), app.streams.empty()) };
        if tokio::time::timeout(app.timing.grace, ended).await.is_err() {
            tracing::info!("requests that were still under way are cut");
            cut.cancel();
            tasks.wait().await;
        }
        upkeep.shutdown().await;
    }
}

/// What the server does for itself meanwhile: figures, and a first look at the machine.
async fn keep_up(app: App) {
    app.findings().await;
    loop {
        tokio::time::sleep(FOLD).await;
        app.meters.run_upkeep();
    }
}

async fn check_exposures(app: &App, options: &Options) -> Result<(), BindError> {
    let wide: Vec<SocketAddr> = options.listen.iter().map(|listen| listen.address).filter(|a| !a.ip().is_loopback()).collect();
    if wide.is_empty() {
        return Ok(());
    }
    let (can_open, findings) = (app.keyring.can_open().await?, app.findings().await);
    let management = options.management_key.as_ref().map(|key| key.expose_secret().len());
    for address in wide {
        check_exposure(address, can_open, management, &findings)?;
    }
    Ok(())
}

/// An address that another program has is no reason not to start: it is said, and the page has the desktop as well.
async fn listen_for_vnc(app: &App, options: &Options) -> Result<Option<(Vec<TcpListener>, VncOptions)>, BindError> {
    let Some(vnc) = &options.vnc else { return Ok(None) };
    let mut listeners = Vec::new();
    for address in &vnc.listen {
        let is_private = address.ip().to_canonical().is_loopback();
        let findings = if is_private { Arc::default() } else { app.findings().await };
        check_vnc(*address, vnc, &findings)?;
        match listen_on(*address).await {
            Ok((listener, _)) => listeners.push(listener),
            Err(error) => tracing::warn!(%error, "native viewers of desktops cannot connect there"),
        }
    }
    Ok(Some((listeners, vnc.clone())))
}

async fn check_vnc_ports(app: &App, options: &Options) -> Result<(), BindError> {
    let Some(ports) = &options.vnc_ports else { return Ok(()) };
    for address in &ports.addresses {
        let findings = if address.to_canonical().is_loopback() { Arc::default() } else { app.findings().await };
        check_plain(SocketAddr::new(*address, *ports.range.start()), ports.wide, &findings)?;
    }
    Ok(())
}

async fn listen_on(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let bound = TcpListener::bind(address).await.and_then(|listener| listener.local_addr().map(|at| (listener, at)));
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        _ => BindError::Address { address, error },
    })
}

fn load_tls(options: &Options, listeners: &[(TcpListener, SocketAddr, bool)]) -> Result<Option<Arc<Tls>>, BindError> {
    if !listeners.iter().any(|(_, _, secure)| *secure) {
        return Ok(None);
    }
    let source = options.certificate.as_ref().ok_or(TlsError::NoCertificate)?;
    let public = options.public_url.iter().filter_map(|url| host_of(url));
    let previews = options.preview_domain.iter().filter_map(|domain| domain.split(':').next()).chain(["localhost"]);
    let hosts = options.allowed_hosts.iter().cloned().chain(public).chain(previews.map(|domain| format!("*.{domain}")));
    let names = names_for(listeners.iter().map(|(_, address, _)| address.ip()), hosts);
    Ok(Some(Arc::new(Tls::load(source, &names)?)))
}

fn host_of(url: &str) -> Option<String> {
    let authority = url.split_once("://")?.1.trim_end_matches('/');
    match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(host, _)| host.to_owned()),
        None => authority.split(':').next().map(str::to_owned),
    }
}

fn describe(listeners: &[(TcpListener, SocketAddr, bool)], socket: Option<&Path>) -> Vec<Listener> {
    let tcp = listeners.iter().map(|(_, address, tls)| Listener { address: address.to_string(), tls: *tls });
    tcp.chain(socket.map(|path| Listener { address: path.display().to_string(), tls: false })).collect()
}

fn address_for_people(options: &Options, listeners: &[(TcpListener, SocketAddr, bool)]) -> String {
    if let Some(url) = &options.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let Some((_, address, tls)) = listeners.first() else { return String::new() };
    let mut shown = *address;
    if shown.ip().is_unspecified() {
        shown.set_ip(IpAddr::from([127, 0, 0, 1]));
    }
    format!("{}://{shown}", if *tls { "https" } else { "http" })
}
