//! Those that stand between a desktop and its viewers, each a process of its own in front of the same source.
//!
//! Holt's is its way to viewers (`holt_desktop::Desktop`) behind the server's own WebSocket. Sessions, keys
//! and permissions, which are asked once for each viewer, are not part of it; the server would not take a recording for
//! a session's desktop.

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::serve::ListenerExt as _;
use futures::StreamExt as _;
use holt_desktop::{Desktop, Permit, WebSocket};
use holt_rfb::handshake::Security;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt as _;

use super::recording::Running;
use crate::process;

const LOOK: Permit = Permit { act: false, clipboard: false };

#[derive(Debug)]
pub struct Served {
    process: Running,
    pub address: SocketAddr,
}

impl Served {
    /// This program once more, as what it measures.
    pub fn holt(source: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--serve-desktop").arg(source).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Running(command.spawn()?);
        let mut address = String::new();
        BufReader::new(process.0.stdout.take().context("its output")?).read_line(&mut address)?;
        Ok(Self { process, address: address.trim().parse().context("Holt's way to viewers does not come up")? })
    }

    /// Debian's `websockify`, where there is one.
    pub fn websockify(source: &Path) -> Result<Option<Self>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = Command::new("websockify");
        command.arg(format!("--unix-target={}", source.display())).arg(address.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.spawn() {
            Ok(process) => Ok(Some(Self { process: Running(process), address })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).context("websockify"),
        }
    }

    fn processes(&self) -> Vec<u32> {
        process::with_children(self.process.0.id())
    }

    /// The processor time of all its processes.
    pub fn cpu(&self) -> Duration {
        self.processes().into_iter().map(process::cpu).sum()
    }

    /// The memory of all its processes, where what they share counts once. In kibibytes.
    pub fn memory(&self) -> u64 {
        self.processes().into_iter().map(process::proportional).sum()
    }
}

/// Serves a desktop until nobody holds the other end of the standard input.
pub fn serve(source: &Path) -> Result<()> {
    // As the server serves its desktops.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let desktop = Desktop::open(tokio::net::UnixStream::connect(source).await?).await?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let app = Router::new().route("/websockify", any(watch)).with_state(desktop);
        let mut nothing = [0];
        tokio::select! {
            served = axum::serve(listener, app) => Ok(served?),
            _ = async { tokio::io::stdin().read(&mut nothing).await } => Ok(()),
        }
    })
}

/// What a client has to be answered; the measuring one does not check that it is derived from what it sent.
async fn watch(State(desktop): State<Desktop>, mut request: Request) -> Response {
    let connection = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        // As `watch_desktop` of the server does, to one that may only look.
        let Ok(connection) = connection.await else { return };
        let (to, from) = WebSocket::new(TokioIo::new(connection)).split();
        let (_permit, permitted) = tokio::sync::watch::channel(LOOK);
        desktop.serve(from, to, Security::None, permitted).await;
    });
    let words = [(header::CONNECTION, "upgrade"), (header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_PROTOCOL, "binary")];
    (StatusCode::SWITCHING_PROTOCOLS, words, Body::empty()).into_response()
}
