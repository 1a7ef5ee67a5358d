//! What lets things out of sandboxes: Holt's proxy, whom it asks, and what people are told of what was decided.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use holt_core::id::SessionId;
use holt_core::network::{Doorkeeper, Judgement, NetworkDecision};
use holt_core::sandbox::{Authority, Departure, Door, Outside, SandboxReport};
use holt_core::vault::Vault;
use holt_egress::{Client, Decided, Dialer, Exceptions, Injected, Limits, Policy, Proxy, Signer, Target};
use holt_engine::Engine;
use holt_gateway::Gateway;
use holt_mcp::servers::{Apart, Whose};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::compat::FuturesAsyncReadCompatExt as _;
use tokio_util::task::AbortOnDropHandle;

use super::secrets;

/// Sessions that are remembered though nothing of theirs is under way, so that they are not told the same again.
const REMEMBERED: usize = 1024;
/// Hosts of which one session is told.
const MOST_HOSTS: usize = 100;

pub struct WayOut {
    proxy: Proxy,
    doorkeeper: Arc<dyn Doorkeeper>,
    vault: Arc<dyn Vault>,
    clients: Arc<Clients>,
    gateway: Gateway,
    apart: Apart,
    _watching: AbortOnDropHandle<()>,
}

type Clients = Mutex<HashMap<SessionId, Known>>;

impl WayOut {
    pub fn new(engine: &Engine, exceptions: Exceptions, gateway: Gateway, vault: Arc<dyn Vault>, apart: Apart) -> Self {
        let clients = Arc::<Clients>::default();
        let watching = tokio::spawn(watch(engine.clone(), Arc::clone(&clients), apart.clone()));
        Self {
            proxy: Proxy::new(Dialer::new(exceptions), Limits::default()),
            doorkeeper: Arc::new(engine.clone()),
            vault,
            clients,
            gateway,
            apart,
            _watching: AbortOnDropHandle::new(watching),
        }
    }

    fn client(&self, departure: &mut Departure, session: SessionId) -> Arc<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= REMEMBERED {
            clients.retain(|_, known| Arc::strong_count(&known.client) > 1);
        }
        // Another sandbox of the session trusts somebody else.
        clients.retain(|sandbox, known| *sandbox != departure.session || known.token == departure.token);
        let known = clients.entry(departure.session).or_insert_with(|| {
            let tell = std::mem::replace(&mut departure.tell, Box::new(|_| {}));
            let word = Word {
                session,
                doorkeeper: Arc::clone(&self.doorkeeper),
                vault: Arc::clone(&self.vault),
                decided: Mutex::default(),
                tell,
            };
            let signer = departure.authority.as_ref().and_then(|authority| Signer::new(authority).ok());
            let client = Arc::new(Client::new(word, self.proxy.limits()).trusting(signer));
            Known { token: departure.token.clone(), client }
        });
        Arc::clone(&known.client)
    }
}

impl std::fmt::Debug for WayOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WayOut").field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

/// One sandbox, as the proxy knows it.
#[derive(Debug)]
struct Known {
    token: String,
    client: Arc<Client>,
}

/// Lets those who are out know when their session may not go there any more.
async fn watch(engine: Engine, clients: Arc<Clients>, apart: Apart) {
    let mut changes = engine.network_changes();
    drop(engine);
    loop {
        let changed = changes.recv().await;
        let clients = clients.lock().unwrap_or_else(PoisonError::into_inner);
        match changed {
            Ok(session) => {
                let is_its = |sandbox: &SessionId| *sandbox == session || apart.whose(*sandbox) == Whose::Server(Some(session));
                clients.iter().filter(|(sandbox, _)| is_its(sandbox)).for_each(|(_, known)| known.client.policy_changed());
            }
            Err(RecvError::Lagged(_)) => clients.values().for_each(|known| known.client.policy_changed()),
            Err(RecvError::Closed) => return,
        }
    }
}

#[async_trait]
impl Outside for WayOut {
    fn authority(&self) -> Option<Authority> {
        let made = holt_egress::authority::make();
        made.inspect_err(|error| tracing::warn!(%error, "secrets for hosts cannot be used in a new sandbox")).ok()
    }

    async fn serve(&self, mut departure: Departure) {
        // What a server has for itself is let out as its session is, and asks no model anything.
        let session = match self.apart.whose(departure.session) {
            Whose::Session(session) => session,
            Whose::Server(Some(session)) if departure.door != Door::Models => session,
            Whose::Server(_) => return,
        };
        if departure.door == Door::Models {
            return self.gateway.serve(departure.session, &departure.token, departure.link.compat()).await;
        }
        let client = self.client(&mut departure, session);
        self.proxy.serve(&client, departure.link.compat()).await;
        let (sent, received) = client.counted();
        tracing::debug!(session = %departure.session, sent, received, "a connection from a sandbox has ended");
    }
}

/// What one session says to those who want to leave.
struct Word {
    session: SessionId,
    doorkeeper: Arc<dyn Doorkeeper>,
    vault: Arc<dyn Vault>,
    decided: Mutex<Told>,
    tell: Box<dyn Fn(SandboxReport) + Send + Sync>,
}

#[async_trait]
impl Policy for Word {
    async fn judge(&self, target: &Target) -> Judgement {
        self.doorkeeper.may_reach(self.session, &target.host.to_string(), target.port).await
    }

    async fn still(&self, target: &Target) -> bool {
        self.doorkeeper.still_may(self.session, &target.host.to_string(), target.port).await
    }

    async fn secret(&self, target: &Target) -> Option<Injected> {
        secrets::find(&*self.vault, target).await
    }

    fn told(&self, target: &Target, decided: &Decided) {
        let (allowed, rule) = match decided.refusal {
            None => (true, decided.rule.clone()),
            Some(refusal) if refusal.code() == "network_policy" => (false, decided.rule.clone()),
            Some(refusal) => (false, refusal.code().to_owned()),
        };
        let note = self.decided.lock().unwrap_or_else(PoisonError::into_inner).note(target, allowed, rule);
        if let Some(decision) = note {
            (self.tell)(SandboxReport::Network(decision));
        }
    }
}

/// What was decided of whom, and how often.
#[derive(Debug, Default)]
struct Told {
    times: BTreeMap<(Target, bool, String), u64>,
}

impl Told {
    /// What to say about it: at the first time, and each time that ten times as many have come.
    fn note(&mut self, target: &Target, allowed: bool, rule: String) -> Option<NetworkDecision> {
        let key = (target.clone(), allowed, rule);
        let is_new = !self.times.contains_key(&key);
        if is_new && self.times.len() >= MOST_HOSTS {
            // What is rare is forgotten before what happens all the time.
            let rarest = self.times.iter().min_by_key(|(_, times)| **times).map(|(key, _)| key.clone())?;
            self.times.remove(&rarest);
        }
        let times = self.times.entry(key.clone()).or_default();
        *times += 1;
        let (times, (target, allowed, rule)) = (*times, key);
        let Target { host, port } = target;
        is_power_of_ten(times).then(|| NetworkDecision { host: host.to_string(), port, allowed, rule, times })
    }
}

fn is_power_of_ten(mut number: u64) -> bool {
    while number > 1 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_told_once_and_again_when_it_has_become_many_times_more() {
        let (mut told, target) = (Told::default(), "a.example:443".parse().unwrap());
        let notes: Vec<_> = (0..1000).filter_map(|_| told.note(&target, false, "none".into())).collect();
        assert_eq!(notes.iter().map(|note| note.times).collect::<Vec<_>>(), [1, 10, 100, 1000]);
        assert!(notes.iter().all(|note| note.host == "a.example" && !note.allowed && note.rule == "none"));
        assert_eq!(told.note(&target, true, "a.example".into()).unwrap().times, 1, "another decision is news");
    }

    #[test]
    fn what_is_remembered_of_many_hosts_is_bounded() {
        let mut told = Told::default();
        for port in 1..=10_000 {
            told.note(&format!("a.example:{port}").parse().unwrap(), false, "none".into());
        }
        assert_eq!(told.times.len(), MOST_HOSTS);
    }
}
