//! What lets things out of sandboxes: Holt's proxy, and what people are told of whom it refused.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use holt_core::event::Level;
use holt_core::id::SessionId;
use holt_core::sandbox::{Departure, Outside, SandboxReport};
use holt_egress::{Client, Dialer, Exceptions, Limits, Proxy, Refusal, Target};
use tokio_util::compat::FuturesAsyncReadCompatExt as _;

/// Sessions that are remembered though nothing of theirs is under way, so that they are not told the same again.
const REMEMBERED: usize = 1024;
/// Hosts of which one session is told.
const MOST_HOSTS: usize = 24;

#[derive(Debug)]
pub struct WayOut {
    proxy: Proxy,
    clients: Mutex<HashMap<SessionId, Arc<Client>>>,
}

impl WayOut {
    pub fn new(exceptions: Exceptions) -> Self {
        Self { proxy: Proxy::new(Dialer::new(exceptions), Limits::default()), clients: Mutex::default() }
    }

    fn client(&self, departure: &mut Departure) -> Arc<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= REMEMBERED {
            clients.retain(|_, client| Arc::strong_count(client) > 1);
        }
        let client = clients.entry(departure.session).or_insert_with(|| {
            let tell = std::mem::replace(&mut departure.tell, Box::new(|_| {}));
            let refused = Mutex::new(Refused::default());
            let told = move |target: &Target, refusal| {
                if let Some(note) = refused.lock().unwrap_or_else(PoisonError::into_inner).note(target, refusal) {
                    tell(note);
                }
            };
            Arc::new(Client::new(departure.network, self.proxy.limits(), told))
        });
        Arc::clone(client)
    }
}

#[async_trait]
impl Outside for WayOut {
    async fn serve(&self, mut departure: Departure) {
        let client = self.client(&mut departure);
        self.proxy.serve(&client, departure.link.compat()).await;
        let (sent, received) = client.counted();
        tracing::debug!(session = %departure.session, sent, received, "a connection from a sandbox has ended");
    }
}

/// Who was refused, and how often.
#[derive(Debug, Default)]
struct Refused {
    times: BTreeMap<Target, u64>,
}

impl Refused {
    /// What to say about it: at the first time, and each time that ten times as many have come.
    fn note(&mut self, target: &Target, refusal: Refusal) -> Option<SandboxReport> {
        let is_new = !self.times.contains_key(target);
        if is_new && self.times.len() > MOST_HOSTS {
            return None;
        }
        let is_last = is_new && self.times.len() == MOST_HOSTS;
        let times = self.times.entry(target.clone()).or_default();
        *times += 1;
        if !is_power_of_ten(*times) {
            return None;
        }
        let again = if *times > 1 { format!(" It has tried {times} times.") } else { String::new() };
        let last = if is_last { " Of further hosts nothing is said." } else { "" };
        let text = format!(
            "Something in the sandbox wanted to reach {target} and was refused: {refusal}. {}{again}{last}",
            refusal.hint()
        );
        Some(SandboxReport::Noted { level: Level::Warning, code: "egress_refused".into(), text: text.trim_end().to_owned() })
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
        let (mut refused, target) = (Refused::default(), "a.example:443".parse().unwrap());
        let notes: Vec<_> = (0..1000).filter_map(|_| refused.note(&target, Refusal::Policy)).collect();
        let texts: Vec<_> = notes
            .iter()
            .map(|note| match note {
                SandboxReport::Noted { text, .. } => text.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts[0].contains("a.example:443") && texts[0].contains("network policy") && !texts[0].contains("times"));
        assert!(texts[3].contains("1000 times"), "{texts:?}");
    }

    #[test]
    fn a_session_that_tries_many_hosts_is_not_told_of_all() {
        let mut refused = Refused::default();
        let notes = (1..=1000).filter_map(|port| refused.note(&format!("a.example:{port}").parse().unwrap(), Refusal::Policy));
        let notes: Vec<_> = notes.collect();
        assert_eq!(notes.len(), MOST_HOSTS + 1);
        assert!(matches!(notes.last(), Some(SandboxReport::Noted { text, .. }) if text.contains("further hosts")));
    }
}
