//! Connections: accepted in bounded number, served with HTTP/1.1 or HTTP/2, ended when the server ends.
//!
//! A client that sends its requests slowly, or nothing, or too much of a head, loses its connection and nothing else
//! happens. Each connection is a task of the tracker, and so is each stream of HTTP/2.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::stall::Unstalled;
use super::unix::PrivateSocket;
use super::{Peer, Tls};
use crate::options::Timing;

const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 100;
const MAX_HTTP2_STREAMS: u32 = 250;
/// After the system refused a connection, for lack of descriptors for example.
const PAUSE: Duration = Duration::from_millis(100);

/// What every connection needs.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pub router: Router,
    pub timing: Timing,
    pub places: Arc<Semaphore>,
    pub closing: CancellationToken,
    /// The server waits no longer.
    pub cut: CancellationToken,
    pub tasks: TaskTracker,
}

/// Accepts until the server ends.
pub(crate) async fn accept_tcp(listener: TcpListener, tls: Option<Arc<Tls>>, connections: Connections) {
    loop {
        // Without a free place nobody is accepted: they wait in the kernel's queue, which is bounded.
        let Some(place) = connections.place().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = connections.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => drop(connections.tasks.spawn(connections.clone().welcome(stream, tls.clone(), place))),
            Err(error) => pause(&error).await,
        }
    }
}

pub(crate) async fn accept_unix(socket: PrivateSocket, connections: Connections) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.listener.accept() => accepted,
            () = connections.closing.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) if is_trusted(&stream) => {
                drop(connections.tasks.spawn(connections.clone().serve(stream, Peer::Unix, None)));
            }
            Ok(_) => tracing::warn!("another user's process was refused on the private socket"),
            Err(error) => pause(&error).await,
        }
    }
}

async fn pause(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(PAUSE).await;
}

/// The file's mode keeps others out; the kernel's word on who is there makes sure.
fn is_trusted(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

impl Connections {
    async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            place = self.places.clone().acquire_owned() => place.ok(),
            () = self.closing.cancelled() => None,
        }
    }

    async fn welcome(self, stream: TcpStream, tls: Option<Arc<Tls>>, place: OwnedSemaphorePermit) {
        let (Ok(address), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
        // Events are small and should not wait for each other; a peer that vanished should be noticed.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_socket_keepalive(&stream, true);
        let _ = rustix::net::sockopt::set_tcp_keepidle(&stream, self.timing.stall);
        let peer = Peer::Tcp { address: address.ip(), local: local.ip(), tls: tls.is_some() };
        let Some(tls) = tls else { return self.serve(stream, peer, Some(place)).await };
        match tokio::time::timeout(self.timing.head, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream, peer, Some(place)).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn serve<T>(self, stream: T, peer: Peer, _place: Option<OwnedSemaphorePermit>)
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let spoke = Arc::new(AtomicBool::new(false));
        let service = Requests { router: self.router.clone(), peer, spoke: spoke.clone() };
        let builder = self.builder();
        let stream = TokioIo::new(Unstalled::new(stream, self.timing.stall));
        let mut connection = pin!(builder.serve_connection_with_upgrades(stream, service));
        let mut silence = pin!(tokio::time::sleep(self.timing.head));
        let (mut patient, mut open) = (true, true);
        loop {
            tokio::select! {
                done = connection.as_mut() => {
                    if let Err(error) = done {
                        tracing::debug!(%error, "a connection ended badly");
                    }
                    return;
                }
                () = self.closing.cancelled(), if open => {
                    open = false;
                    connection.as_mut().graceful_shutdown();
                }
                () = silence.as_mut(), if patient => {
                    if !spoke.load(Ordering::Relaxed) {
                        return;
                    }
                    patient = false;
                }
                () = self.cut.cancelled() => return,
            }
        }
    }

    fn builder(&self) -> auto::Builder<Tracked> {
        let mut builder = auto::Builder::new(Tracked { tasks: self.tasks.clone(), cut: self.cut.clone() });
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(self.timing.head)
            .max_buf_size(MAX_HEAD_BYTES)
            .max_headers(MAX_HEADERS);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(self.timing.ping)
            .keep_alive_timeout(self.timing.stall)
            .max_concurrent_streams(MAX_HTTP2_STREAMS)
            .max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
            .max_send_buf_size(MAX_HEAD_BYTES);
        builder
    }
}

/// Hands the requests of one connection to the routes, with the word on who is at the other end.
struct Requests {
    router: Router,
    peer: Peer,
    spoke: Arc<AtomicBool>,
}

impl hyper::service::Service<hyper::Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as tower::Service<hyper::Request<Body>>>::Future;

    fn call(&self, request: hyper::Request<Incoming>) -> Self::Future {
        self.spoke.store(true, Ordering::Relaxed);
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(self.peer.clone());
        self.router.clone().call(request)
    }
}

/// Gives tasks that HTTP/2 needs to the tracker.
#[derive(Debug, Clone)]
struct Tracked {
    tasks: TaskTracker,
    cut: CancellationToken,
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tracked {
    fn execute(&self, task: F) {
        self.tasks.spawn(self.cut.clone().run_until_cancelled_owned(task));
    }
}
