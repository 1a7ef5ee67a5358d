//! The proxy that a sandbox finds: SOCKS5 or HTTP over one stream of bytes, told apart by the first byte.

mod http;
mod opened;
mod socks;
mod stream;
mod tunnel;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holt_core::policy::Verdict;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;

use crate::authority::Signer;
use crate::dial::Dialer;
use crate::policy::{Decided, Policy};
use crate::refusal::Refusal;
use crate::target::Target;
pub use opened::Injected;
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

/// A session as the proxy knows it. Shared by its connections.
pub struct Client {
    policy: Box<dyn Policy>,
    /// Who speaks for hosts that are opened up, in a sandbox that trusts somebody.
    signer: Option<Signer>,
    /// Counts how often the policy has changed.
    changes: watch::Sender<u64>,
    room: Arc<Semaphore>,
    lookups: Arc<Semaphore>,
    sent: AtomicU64,
    received: AtomicU64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("room", &self.room).finish_non_exhaustive()
    }
}

impl Client {
    /// A session with this policy.
    pub fn new(policy: impl Policy + 'static, limits: &Limits) -> Self {
        Self {
            policy: Box::new(policy),
            signer: None,
            changes: watch::Sender::new(0),
            room: Arc::new(Semaphore::new(limits.connections)),
            lookups: Arc::new(Semaphore::new(limits.lookups)),
            sent: AtomicU64::new(0),
            received: AtomicU64::new(0),
        }
    }

    /// With somebody whom the session's sandbox trusts: hosts with a secret are opened up.
    #[must_use]
    pub fn trusting(self, signer: Option<Signer>) -> Self {
        Self { signer, ..self }
    }

    /// The policy says something else now: what it does not allow any more is cut.
    pub fn policy_changed(&self) {
        self.changes.send_modify(|times| *times += 1);
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
        let visit = Visit {
            proxy: self.clone(),
            client: Arc::clone(client),
            activity: activity.clone(),
            // Waiting for a person takes a place as well.
            permit: client.enter().map(Arc::new),
            reached: Arc::default(),
        };
        tokio::select! {
            () = self.converse(visit.clone(), stream) => {}
            () = visit.until_not_allowed() => {}
            () = activity.until_idle(self.limits.idle) => {}
        }
    }

    async fn converse<S>(&self, visit: Visit, mut stream: Watched<S>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
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
    /// There is room for it.
    permit: Option<Arc<OwnedSemaphorePermit>>,
    /// What it was let out to last.
    reached: Arc<Mutex<Option<Target>>>,
}

impl Visit {
    /// Reaches a target, if it may be.
    async fn reach(&self, target: &Target) -> Result<TcpStream, Refusal> {
        let rule = self.ask(target).await?;
        // From here on a change of the policy reaches it.
        *self.reached.lock().unwrap_or_else(PoisonError::into_inner) = Some(target.clone());
        let dialled = match self.client.lookups.acquire().await {
            Ok(_one_of_a_few) => self.proxy.dialer.dial(target).await,
            Err(_) => Err(Refusal::Unreachable),
        };
        match &dialled {
            // Whether anybody answers there is no decision.
            Err(refusal) if refusal.is_decided() => self.tell(target, *refusal),
            _ => self.client.policy.told(target, &Decided { refusal: None, rule }),
        }
        dialled
    }

    /// Which rule lets it out.
    async fn ask(&self, target: &Target) -> Result<String, Refusal> {
        if self.permit.is_none() {
            self.tell(target, Refusal::TooMany);
            return Err(Refusal::TooMany);
        }
        let judged = self.client.policy.judge(target).await;
        if judged.verdict == Verdict::Allow {
            return Ok(judged.rule);
        }
        let refusal = match judged.rule.as_str() {
            "unanswered" => Refusal::NotAllowed { answered: false },
            rule if rule.starts_with("asked") => Refusal::NotAllowed { answered: true },
            _ => Refusal::Policy,
        };
        self.client.policy.told(target, &Decided { refusal: Some(refusal), rule: judged.rule });
        Err(refusal)
    }

    /// Returns when what it was let out to is not allowed any more.
    async fn until_not_allowed(&self) {
        let mut changes = self.client.changes.subscribe();
        loop {
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
            let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(target) = reached
                && !self.client.policy.still(&target).await
            {
                self.tell(&target, Refusal::Policy);
                return;
            }
        }
    }

    fn tell(&self, target: &Target, refusal: Refusal) {
        if refusal.is_decided() {
            self.client.policy.told(target, &Decided { refusal: Some(refusal), rule: refusal.code().to_owned() });
        }
    }

    /// Lets bytes through both ways, once they are seen to be for this target.
    async fn tunnel<S>(&self, target: &Target, inside: S, outside: TcpStream)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        if self.client.signer.is_some()
            && let Some(secret) = self.client.policy.secret(target).await
        {
            if let Err(refusal) = opened::run(self, target, secret, inside, outside).await {
                self.tell(target, refusal);
            }
            return;
        }
        if let Err(refusal) =
            tunnel::run(target, self.proxy.limits.hello, inside, outside, || self.activity.shorten(self.proxy.limits.half_closed))
                .await
        {
            self.tell(target, refusal);
        }
    }
}
