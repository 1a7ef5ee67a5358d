//! The servers as sessions have them: offered without being started, started when they are first called, ended when nobody has
//! called them for a while, and tried again after a failure, each time a little later.
//!
//! A tool is offered and called only as somebody agreed to it: when a server that has started describes a tool in other words
//! than then, or does not have it any more, nothing is called until a person has looked at it again.
//!
//! A program runs in its session's sandbox. One that holds a secret has a sandbox of its own, with nothing of the session's but
//! its network policy: what else runs beside it could read what it was given.

mod desk;
mod running;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt as _};
use holt_core::elsewhere::Elsewhere;
use holt_core::id::SessionId;
use holt_core::sandbox::{CallUpdate, Sandboxes, ToolCall};
use holt_core::session::SessionSpec;
use holt_core::tool::{CallOutcome, CallStatus, ToolSpec};
use holt_core::vault::Vault;
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::conversation::Patience;
use crate::remote::Lookup;
use crate::shelf::{Agreed, Shelf};
use crate::tools::{Listing, server_of};
use running::{Slot, Starting};

/// How long things may take, and rest.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// A server that nobody has called for so long is ended.
    pub idle: Duration,
    /// After a failure, before it is tried again; twice as long after each further one.
    pub first_pause: Duration,
    pub longest_pause: Duration,
    pub patience: Patience,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(300),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            patience: Patience::default(),
        }
    }
}

/// What the servers need.
pub struct Parts {
    pub shelf: Arc<Shelf>,
    pub vault: Arc<dyn Vault>,
    pub sandboxes: Arc<dyn Sandboxes>,
    pub lookup: Arc<dyn Lookup>,
    pub timing: Timing,
    /// Shared with whoever lets things out of sandboxes.
    pub apart: Apart,
}

/// The sandboxes that servers have for themselves, and whose session's network policy is theirs. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Apart(Arc<Mutex<HashMap<SessionId, Option<SessionId>>>>);

/// Whose sandbox it is that something wants to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    Session(SessionId),
    /// A server's, for this session, or for none.
    Server(Option<SessionId>),
}

impl Apart {
    pub fn whose(&self, sandbox: SessionId) -> Whose {
        self.lock().get(&sandbox).map_or(Whose::Session(sandbox), |of| Whose::Server(*of))
    }

    fn add(&self, sandbox: SessionId, of: Option<SessionId>) {
        self.lock().insert(sandbox, of);
    }

    fn remove(&self, sandbox: SessionId) {
        self.lock().remove(&sandbox);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Option<SessionId>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("shelf", &self.shelf).field("timing", &self.timing).finish_non_exhaustive()
    }
}

/// The servers. Cheap to clone; the last one ends what runs.
#[derive(Clone)]
pub struct Servers {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    slots: Mutex<HashMap<(SessionId, String), Arc<Slot>>>,
    /// What the last test of each server has shown, of the entry that it had then.
    tested: Mutex<HashMap<String, Agreed>>,
    ended: CancellationToken,
    _ends: DropGuard,
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Servers")
    }
}

impl Servers {
    pub fn new(parts: Parts) -> Self {
        let ended = CancellationToken::new();
        let guard = ended.clone().drop_guard();
        Self { inner: Arc::new(Inner { parts, slots: Mutex::default(), tested: Mutex::default(), ended, _ends: guard }) }
    }

    /// Ends every server, and waits for it.
    pub async fn shutdown(&self) {
        let slots: Vec<_> = self.inner.slots().drain().collect();
        for (_, slot) in slots {
            slot.end(&self.inner.parts).await;
        }
    }

    /// How many servers run.
    pub async fn running(&self) -> usize {
        let slots: Vec<_> = self.inner.slots().values().cloned().collect();
        let mut running = 0;
        for slot in slots {
            running += usize::from(slot.runs().await);
        }
        running
    }
}

impl Inner {
    fn slots(&self) -> MutexGuard<'_, HashMap<(SessionId, String), Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be offered now: servers that are on, as somebody agreed to them.
    fn offered(&self) -> BTreeMap<String, Listing> {
        let shelf = &self.parts.shelf;
        let configuration = match shelf.read() {
            Ok(configuration) => configuration,
            Err(error) => {
                tracing::warn!(%error, "no tools from elsewhere are offered");
                return BTreeMap::new();
            }
        };
        let on = |name: &str| configuration.servers.get(name).is_some_and(|server| !server.disabled);
        let agreed = shelf.agreed().into_iter();
        let agreed = agreed.filter(|(name, agreed)| on(name) && shelf.entry(name).as_ref() == Some(&agreed.entry));
        agreed.map(|(name, agreed)| (name, agreed.listing)).collect()
    }

    async fn call(self: Arc<Self>, server: String, listing: Listing, call: ToolCall) -> CallOutcome {
        let Some(tool) = listing.called(&server, &call.tool) else {
            return failed(format!("Nothing was run: `{server}` has no such tool."));
        };
        let Value::Object(arguments) = call.arguments else {
            return failed("Nothing was run: the arguments of a tool are an object.".into());
        };
        let slot = Arc::clone(self.slots().entry((call.session, server.clone())).or_default());
        let starting = match Starting::of(&self.parts, &server, call.session) {
            Ok(starting) => starting,
            Err(why) => return failed(format!("Nothing was run: `{server}` cannot be started: {why}.")),
        };
        let started = match slot.reach(&self.parts, starting).await {
            Ok(started) => started,
            Err(why) => return failed(format!("Nothing was run: `{server}`: {why}")),
        };
        if let Some(why) = started.refuses(&tool) {
            return failed(format!("Nothing was run: {why}"));
        }
        self.rest_later(&call.session, &server, &slot);
        let outcome = started.conversation.call(&tool.name, arguments, self.parts.timing.patience).await;
        slot.used();
        outcome
    }

    /// Ends a server once nobody has called it for a while.
    fn rest_later(self: &Arc<Self>, session: &SessionId, server: &str, slot: &Arc<Slot>) {
        if !slot.is_to_be_watched() {
            return;
        }
        let (inner, key, slot) = (Arc::downgrade(self), (*session, server.to_owned()), Arc::clone(slot));
        let (ended, idle) = (self.ended.clone(), self.parts.timing.idle);
        // Ends with the servers themselves.
        tokio::spawn(async move {
            if ended.run_until_cancelled(slot.until_idle(idle)).await.is_none() {
                return;
            }
            let Some(inner) = inner.upgrade() else { return };
            inner.slots().remove(&key);
            slot.end(&inner.parts).await;
        });
    }
}

#[async_trait]
impl Elsewhere for Servers {
    async fn tools(&self, _session: SessionId, _spec: &SessionSpec) -> Vec<ToolSpec> {
        let offered = self.inner.offered();
        offered.iter().flat_map(|(server, listing)| listing.specs(server)).collect()
    }

    async fn call(&self, _spec: &SessionSpec, call: &ToolCall) -> Option<BoxStream<'static, CallUpdate>> {
        let server = server_of(&call.tool)?.to_owned();
        let listing = self.inner.offered().remove(&server)?;
        let calling = Arc::clone(&self.inner).call(server, listing, call.clone());
        let calling: BoxFuture<'static, CallOutcome> = Box::pin(calling);
        Some(stream::once(calling.map(|outcome| CallUpdate::Finished(outcome.bounded()))).boxed())
    }
}

fn failed(text: String) -> CallOutcome {
    CallOutcome::text(CallStatus::Failed, text)
}

/// Finds nothing: where no addresses may be reached.
#[derive(Debug)]
pub struct Nowhere;

#[async_trait]
impl Lookup for Nowhere {
    async fn look_up(&self, _host: &str, _port: u16) -> Result<Vec<SocketAddr>, String> {
        Err("nothing outside is reached from here".into())
    }
}
