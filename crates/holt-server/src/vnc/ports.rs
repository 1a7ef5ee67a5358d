//! Ports of sessions: each serves one session's desktop and nothing else, to whoever shows a capability of that session.
//!
//! A port is opened when it is asked for and stays the session's until that ends or is removed, or the server ends. What lets
//! somebody in lives in memory, and ends with the port and with the key that asked for it.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::StatusCode;
use holt_api::{Scope, SessionId, Status};
use holt_core::access::Principal;
use holt_engine::WatchItem;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, Semaphore};
use tokio_util::sync::CancellationToken;

use super::port;
use crate::auth::keyring::Proved;
use crate::auth::secret::{self, Hash};
use crate::clock::now;
use crate::error::{ApiError, ApiResult};
use crate::listen::{Connections, accept_tcp};
use crate::state::App;

/// Capabilities of one port, each of another key.
const MOST_GRANTS: usize = 64;
/// Browsers that one capability has let in. The oldest makes room.
const MOST_COOKIES: usize = 32;
/// Connections to one port.
const PLACES: usize = 64;

/// Which ports there are for sessions.
#[derive(Debug, Clone)]
pub struct VncPorts {
    pub addresses: Vec<IpAddr>,
    pub range: RangeInclusive<u16>,
    /// Listens where others can come, although nothing on these connections is encrypted.
    pub wide: bool,
}

pub(crate) struct Ports {
    options: VncPorts,
    place: OnceLock<Place>,
    /// One is opened at a time.
    opening: AsyncMutex<()>,
    open: Mutex<HashMap<SessionId, Arc<Port>>>,
}

/// What ports need of the server that runs.
struct Place {
    connections: Connections,
    /// Ports that the configuration gives to others, whether they have them yet or not.
    others: Vec<u16>,
}

/// The port of one session.
pub(crate) struct Port {
    pub session: SessionId,
    pub port: u16,
    pub over: CancellationToken,
    grants: Mutex<Vec<Grant>>,
}

/// What lets somebody in.
struct Grant {
    token: String,
    hash: Hash,
    cookies: Vec<Hash>,
    drives: bool,
    by: Proved,
}

/// Somebody who was let in.
pub(super) struct Guest {
    pub by: Proved,
    pub drives: bool,
}

impl Ports {
    pub fn new(options: VncPorts) -> Self {
        Self { options, place: OnceLock::new(), opening: AsyncMutex::default(), open: Mutex::default() }
    }

    pub fn options(&self) -> &VncPorts {
        &self.options
    }

    /// The server runs: from now on ports can be opened.
    pub fn begin(&self, connections: Connections, others: Vec<u16>) {
        let _ = self.place.set(Place { connections, others });
    }

    /// The session's port, opened when it is not, and a capability for it, the same each time a key asks.
    pub async fn open(&self, app: &App, by: Proved, session: SessionId, drives: bool) -> ApiResult<(Arc<Port>, String)> {
        let port = self.find_or_open(app, session).await?;
        let token = port.grant(by, drives)?;
        Ok((port, token))
    }

    async fn find_or_open(&self, app: &App, session: SessionId) -> ApiResult<Arc<Port>> {
        let _opening = self.opening.lock().await;
        if let Some(port) = self.lock().get(&session) {
            return Ok(Arc::clone(port));
        }
        let Some(place) = self.place.get() else { return Err(none_free(&self.options)) };
        let (listeners, number) = self.listen(&place.others).await.ok_or_else(|| none_free(&self.options))?;
        let over = place.connections.closing.child_token();
        let port = Arc::new(Port { session, port: number, over: over.clone(), grants: Mutex::default() });
        let connections = Connections {
            router: port::routes(app, &port),
            places: Arc::new(Semaphore::new(PLACES)),
            closing: over,
            ..place.connections.clone()
        };
        for listener in listeners {
            place.connections.tasks.spawn(accept_tcp(listener, None, connections.clone()));
        }
        self.lock().insert(session, Arc::clone(&port));
        tracing::info!(%session, port = number, "a desktop has a port of its own");
        Ok(port)
    }

    /// The first port that is free at every address.
    async fn listen(&self, others: &[u16]) -> Option<(Vec<TcpListener>, u16)> {
        for port in self.options.range.clone().filter(|port| !others.contains(port)) {
            let mut listeners = Vec::new();
            for address in &self.options.addresses {
                match TcpListener::bind(SocketAddr::new(*address, port)).await {
                    Ok(listener) => listeners.push(listener),
                    Err(_) => break,
                }
            }
            if listeners.len() == self.options.addresses.len() {
                return Some((listeners, port));
            }
        }
        None
    }

    /// Gives a session's port back, and ends whatever goes through it.
    pub fn close(&self, session: SessionId) {
        if let Some(port) = self.lock().remove(&session) {
            port.over.cancel();
            tracing::info!(%session, port = port.port, "a desktop's port is closed");
        }
    }

    fn sessions(&self) -> Vec<SessionId> {
        self.lock().keys().copied().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Port>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Port {
    fn grant(&self, by: Proved, drives: bool) -> ApiResult<String> {
        let mut grants = self.grants();
        grants.retain(|grant| !grant.by.lease.is_over(now()));
        let mut scopes = vec![Scope::View];
        scopes.extend(drives.then_some(Scope::Operate));
        let by = Proved { principal: Principal { scopes, ..by.principal }, lease: by.lease };
        if let Some(same) = grants.iter().find(|grant| grant.by.principal == by.principal) {
            return Ok(same.token.clone());
        }
        if grants.len() >= MOST_GRANTS {
            let message = "too many keys have asked for this desktop's port";
            let hint = "Pass on an address that one of them got; it serves several viewers.";
            return Err(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_vnc_urls", message, hint));
        }
        let token = secret::new_token();
        grants.push(Grant { hash: secret::hash(&token), token: token.clone(), cookies: Vec::new(), drives, by });
        Ok(token)
    }

    /// A cookie for whoever shows a capability.
    pub(super) fn exchange(&self, token: &str) -> Option<String> {
        let (hash, cookie, mut grants) = (secret::hash(token), secret::new_token(), self.grants());
        let grant = grants.iter_mut().find(|grant| grant.opens(|grant| secret::same(&grant.hash, &hash)))?;
        if grant.cookies.len() >= MOST_COOKIES {
            grant.cookies.remove(0);
        }
        grant.cookies.push(secret::hash(&cookie));
        Some(cookie)
    }

    pub(super) fn by_token(&self, token: &str) -> Option<Guest> {
        let hash = secret::hash(token);
        self.guest(|grant| secret::same(&grant.hash, &hash))
    }

    pub(super) fn by_cookie(&self, cookie: &str) -> Option<Guest> {
        let hash = secret::hash(cookie);
        self.guest(|grant| grant.cookies.iter().any(|known| secret::same(known, &hash)))
    }

    fn guest(&self, is_theirs: impl Fn(&Grant) -> bool) -> Option<Guest> {
        let grants = self.grants();
        let grant = grants.iter().find(|grant| grant.opens(&is_theirs))?;
        Some(Guest { by: grant.by.clone(), drives: grant.drives })
    }

    fn grants(&self) -> MutexGuard<'_, Vec<Grant>> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    fn opens(&self, is_theirs: impl Fn(&Self) -> bool) -> bool {
        is_theirs(self) && !self.by.lease.is_over(now())
    }
}

/// Gives ports back when their sessions end or are removed, until the server ends.
pub(crate) async fn keep(app: App) {
    let Some(ports) = &app.vnc_ports else { return };
    let by = Proved::owner("the desktops' ports").principal;
    let Ok(mut watch) = app.engine.watch(&by) else { return };
    loop {
        let news = tokio::select! {
            news = watch.next() => news,
            () = app.closing.cancelled() => return,
        };
        for item in news {
            match item {
                WatchItem::Changed(summary) if summary.status == Status::Ended => ports.close(summary.id),
                WatchItem::Changed(_) => {}
                WatchItem::Removed(session) => ports.close(session),
                WatchItem::Lost => {
                    for session in ports.sessions() {
                        close_if_over(&app, ports, &by, session).await;
                    }
                }
            }
        }
    }
}

/// Also for whoever asked while the session ended.
pub(crate) async fn close_if_over(app: &App, ports: &Ports, by: &Principal, session: SessionId) -> bool {
    let is_there = app.engine.session(by, session).await.is_ok_and(|session| session.ended.is_none());
    if !is_there {
        ports.close(session);
    }
    !is_there
}

fn none_free(options: &VncPorts) -> ApiError {
    let message = format!("no port from {} to {} is free for this desktop", options.range.start(), options.range.end());
    let hint = "End or remove a session that has one, widen `vnc.session_ports`, or use the desktop in Holt's page.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "vnc_ports_exhausted", message, hint)
}
