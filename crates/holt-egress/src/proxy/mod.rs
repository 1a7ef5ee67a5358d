//! The proxy that a sandbox finds: SOCKS5 or HTTP over one stream of bytes, told apart by the first byte.

mod http;
mod socks;
mod stream;
mod tunnel;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holt_core::session::Network;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::dial::Dialer;
use crate::policy::{Verdict, judge};
use crate::refusal::Refusal;
use crate::target::Target;
use stream::{Activity, Watched};

/// What one session may hold at a time, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections of one session.
    pub connections: usize,
    /// Names of one session that are looked up: all sessions share the machine's resolver.
    pub lookups: usize,
    /// Until somebody who has connected says what it wants, and between one request and the next.
    pub asking: Duration,
    /// Until the first words of TLS are over.
    pub hello: Duration,
    /// Nothing goes either way.
    pub idle: Duration,
    /// Nothing goes the one way that is left.
    pub half_closed: Duration,
    /// The most bytes of a request's head.
    pub head: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connections: 128,
            lookups: 8,
            asking: seconds(60),
            hello: seconds(30),
            idle: seconds(3600),
            half_closed: seconds(60),
            head: 32 * 1024,
        }
    }
}

/// Told of what is refused.
type Told = dyn Fn(&Target, Refusal) + Send + Sync;

/// A session as the proxy knows it. Shared by its connections.
pub struct Client {
    network: Network,
    room: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    told: Box<Told>,
    sent: AtomicU64,
    received: AtomicU64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("network", &self.network).finish_non_exhaustive()
    }
}

impl Client {
    /// A session with this policy. `told` hears of each target that is refused by a decision.
    pub fn new(network: Network, limits: &Limits, told: impl Fn(&Target, Refusal) + Send + Sync + 'static) -> Self {
        Self {
            network,
            room: Arc::new(Semaphore::new(limits.connections)),
            lookups: Arc::new(Semaphore::new(limits.lookups)),
            told: Box::new(told),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// Bytes that have come from the sandbox, and gone to it.
    pub fn counted(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.received.load(Ordering::Relaxed))
    }

    fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).try_acquire_owned().ok()
    }
}

/// Serves sandboxes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Proxy {
    dialer: Dialer,
    limits: Arc<Limits>,
}

impl Proxy {
    pub fn new(dialer: Dialer, limits: Limits) -> Self {
        Self { dialer, limits: Arc::new(limits) }
    }

    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Serves one connection from inside until it ends, breaks the protocol, or nothing has gone over it for too long.
    pub async fn serve<S>(&self, client: &Arc<Client>, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Activity::new();
        let stream = Watched::new(stream, Arc::clone(client), activity.clone());
        tokio::select! {
            () = self.converse(client, stream, activity.clone()) => {}
            () = activity.until_idle(self.limits.idle) => {}
        }
    }

    async fn converse<S>(&self, client: &Arc<Client>, mut stream: Watched<S>, activity: Activity)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let permit = client.enter();
        let visit = Visit { proxy: self.clone(), client: Arc::clone(client), activity, welcome: permit.is_some() };
        let Ok(Ok(first)) = timeout(self.limits.asking, stream.read_u8()).await else { return };
        stream.unread(first);
        match first {
            socks::VERSION => socks::serve(&visit, stream).await,
            b'A'..=b'Z' => http::serve(visit, stream).await,
            _ => {}
        }
    }
}

/// One connection from inside.
#[derive(Debug, Clone)]
struct Visit {
    proxy: Proxy,
    client: Arc<Client>,
    activity: Activity,
    /// There was room for it.
    welcome: bool,
}

impl Visit {
    /// Reaches a target, if it may be.
    async fn reach(&self, target: &Target) -> Result<TcpStream, Refusal> {
        let reached = self.try_to_reach(target).await;
        if let Err(refusal) = &reached {
            self.tell(target, *refusal);
        }
        reached
    }

    async fn try_to_reach(&self, target: &Target) -> Result<TcpStream, Refusal> {
        if !self.welcome {
            return Err(Refusal::TooMany);
        }
        match judge(self.client.network, target) {
            Verdict::Refused => Err(Refusal::Policy),
            Verdict::Allowed => {
                let _one_of_a_few = self.client.lookups.acquire().await.map_err(|_| Refusal::Unreachable)?;
                self.proxy.dialer.dial(target).await
            }
        }
    }

    fn tell(&self, target: &Target, refusal: Refusal) {
        if refusal.is_decided() {
            (self.client.told)(target, refusal);
        }
    }

    /// Lets bytes through both ways, once they are seen to be for this target.
    async fn tunnel<S>(&self, target: &Target, inside: S, outside: TcpStream)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin,
    {
        if let Err(refusal) =
            tunnel::run(target, self.proxy.limits.hello, inside, outside, || self.activity.shorten(self.proxy.limits.half_closed))
                .await
        {
            self.tell(target, refusal);
        }
    }
}
