//! The keys that open this server: those in the store, and the one from the environment.
//!
//! Looking a key up is cheap the second time. Revoking one takes effect at once, on requests and on everything that the
//! key has opened and that is still under way: that is what a `Lease` is for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holt_core::access::{KeyRecord, KeyRules, Principal, Scope};
use holt_core::id::{KeyId, OwnerId};
use holt_core::store::{Keys, StoreError};
use holt_core::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::secret::{self, Hash};
use crate::clock::now;

/// The owner of everything that the person who set Holt up makes.
pub(crate) const OWNER: &str = "owner";
const MAX_CACHED: usize = 1024;
/// After this the store is asked again, in case that somebody else has changed it.
const CACHED_FOR: Duration = Duration::from_secs(30);
/// How exact the time of the last use is.
const USE_NOTED_EVERY: Duration = Duration::from_secs(60);

/// Somebody who has proved who they are, and for how long that holds.
#[derive(Debug, Clone)]
pub(crate) struct Proved {
    pub principal: Principal,
    pub lease: Lease,
}

impl Proved {
    /// A proof that no key stands for, and that nothing takes back.
    pub fn lasting(principal: Principal) -> Self {
        Self { principal, lease: Lease { over: CancellationToken::new(), until: None } }
    }

    /// Whoever owns the machine's side of the private socket, or knows the key from the environment.
    pub fn owner(name: &str) -> Self {
        let scopes = vec![Scope::Admin, Scope::Operate, Scope::Approve, Scope::View];
        Self::lasting(Principal { owner: OwnerId::new(OWNER), name: name.into(), scopes, key: None, rules: None })
    }
}

/// How long what a key has opened may stay open.
#[derive(Debug, Clone)]
pub(crate) struct Lease {
    over: CancellationToken,
    until: Option<Timestamp>,
}

impl Lease {
    /// Whether the key has been revoked or has expired by now.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over.is_cancelled() || self.until.is_some_and(|until| until <= now)
    }

    /// Waits until the key is revoked or has expired.
    pub async fn ended(&self) {
        let expiry = async {
            match self.until {
                Some(until) => wait_until(until).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.over.cancelled() => {}
            () = expiry => {}
        }
    }
}

/// Waits in pieces: a timer has its bounds, an expiry date has none.
async fn wait_until(until: Timestamp) {
    loop {
        let left = until.since(now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(Duration::from_secs(3600))).await;
    }
}

pub(crate) struct Keyring {
    store: Arc<dyn Keys>,
    management: Option<Hash>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    cached: HashMap<Hash, Cached>,
    /// What ends when a key is revoked, for keys that have been seen.
    live: HashMap<KeyId, CancellationToken>,
    /// Revoked here: whatever a look-up that was under way still finds, these open nothing.
    revoked: HashSet<KeyId>,
}

#[derive(Clone)]
struct Cached {
    record: KeyRecord,
    at: Timestamp,
    noted: Timestamp,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keyring")
    }
}

impl Keyring {
    pub fn new(store: Arc<dyn Keys>, management: Option<&SecretString>) -> Self {
        let management = management.map(|key| secret::hash(key.expose_secret()));
        Self { store, management, inner: Mutex::new(Inner::default()) }
    }

    /// Who shows this key, if anybody.
    pub async fn prove(&self, key: &str) -> Result<Option<Proved>, StoreError> {
        let (hash, now) = (secret::hash(key), now());
        if self.management.as_ref().is_some_and(|known| secret::same(known, &hash)) {
            return Ok(Some(Proved::owner("management key")));
        }
        if !secret::looks_like_key(key) {
            return Ok(None);
        }
        let Some(cached) = self.find(hash, now).await? else { return Ok(None) };
        if !secret::same(&cached.record.hash, &hash) || !cached.record.is_valid(now) {
            return Ok(None);
        }
        self.note_use(hash, &cached, now).await;
        Ok(self.lend(cached.record))
    }

    /// Whether this is a key of Holt's that was right lately. Guessing such keys is hopeless, so that their holders need
    /// not suffer for what others at the same address do.
    pub fn is_familiar(&self, key: &str) -> bool {
        secret::looks_like_key(key) && self.lock().cached.contains_key(&secret::hash(key))
    }

    pub async fn list(&self, owner: Option<OwnerId>) -> Result<Vec<KeyRecord>, StoreError> {
        self.store.list(owner).await
    }

    /// Whether anybody can get in at all.
    pub async fn can_open(&self) -> Result<bool, StoreError> {
        let now = now();
        Ok(self.management.is_some() || self.store.list(None).await?.iter().any(|key| key.is_valid(now)))
    }

    pub async fn create(&self, new: NewKey) -> Result<(String, KeyRecord), StoreError> {
        create(&*self.store, new).await
    }

    /// Revokes a key: whatever it opened ends now.
    pub async fn revoke(&self, key: KeyId) -> Result<(), StoreError> {
        // First here and then in the store, so that whoever asks and leaves in the middle leaves nothing open.
        self.forget(key);
        self.store.revoke(key, now()).await
    }

    fn forget(&self, key: KeyId) {
        let mut inner = self.lock();
        inner.revoked.insert(key);
        inner.cached.retain(|_, cached| cached.record.id != key);
        if let Some(over) = inner.live.remove(&key) {
            over.cancel();
        }
    }

    async fn find(&self, hash: Hash, now: Timestamp) -> Result<Option<Cached>, StoreError> {
        let cached = self.lock().cached.get(&hash).cloned();
        if let Some(cached) = cached.filter(|cached| now.since(cached.at) < CACHED_FOR) {
            return Ok(Some(cached));
        }
        let found = self.store.find(hash).await?;
        let mut inner = self.lock();
        let Some(record) = found.filter(|record| record.is_valid(now)) else {
            inner.forget(&hash);
            return Ok(None);
        };
        if inner.cached.len() >= MAX_CACHED {
            inner.cached.clear();
        }
        let noted = record.last_used_at.unwrap_or_default();
        let cached = Cached { record, at: now, noted };
        inner.cached.insert(hash, cached.clone());
        Ok(Some(cached))
    }

    /// The proof with its lease. A key that was revoked while it was being looked up opens nothing.
    fn lend(&self, record: KeyRecord) -> Option<Proved> {
        let mut inner = self.lock();
        if inner.revoked.contains(&record.id) {
            return None;
        }
        let over = inner.live.entry(record.id).or_default().clone();
        let KeyRecord { id, owner, name, scopes, expires_at, rules, .. } = record;
        let principal = Principal { owner, name, scopes, key: Some(id), rules };
        Some(Proved { principal, lease: Lease { over, until: expires_at } })
    }

    async fn note_use(&self, hash: Hash, cached: &Cached, now: Timestamp) {
        if now.since(cached.noted) < USE_NOTED_EVERY {
            return;
        }
        if let Some(cached) = self.lock().cached.get_mut(&hash) {
            cached.noted = now;
        }
        if let Err(error) = self.store.used(cached.record.id, now).await {
            tracing::debug!(%error, "the use of a key was not noted");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The key is not valid any more: somebody else revoked it, or it expired.
    fn forget(&mut self, hash: &Hash) {
        if let Some(cached) = self.cached.remove(hash)
            && let Some(over) = self.live.remove(&cached.record.id)
        {
            over.cancel();
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewKey {
    pub name: String,
    pub owner: OwnerId,
    pub scopes: Vec<Scope>,
    pub expires_at: Option<Timestamp>,
    pub rules: Option<Box<KeyRules>>,
}

pub(crate) async fn create(store: &dyn Keys, new: NewKey) -> Result<(String, KeyRecord), StoreError> {
    let NewKey { name, owner, mut scopes, expires_at, rules } = new;
    scopes.sort_unstable();
    scopes.dedup();
    let key = secret::new_key();
    let record = KeyRecord {
        id: KeyId::new(Uuid::now_v7()),
        owner,
        name,
        scopes,
        hash: secret::hash(&key),
        created_at: now(),
        expires_at,
        last_used_at: None,
        revoked_at: None,
        rules,
    };
    store.add(record.clone()).await?;
    Ok((key, record))
}
