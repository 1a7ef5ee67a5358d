//! Sign-in codes: a link carries one into a browser, which exchanges it for a key of its own.
//!
//! A code works once, within five minutes, and gives what whoever made it has. Codes live in memory only and are never
//! logged.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use holt_core::time::Timestamp;

use super::keyring::Proved;
use super::secret::{self, Hash};

pub(crate) const LIFE: Duration = Duration::from_secs(5 * 60);
/// Nobody needs more links than this at a time; the oldest make room.
const MAX_CODES: usize = 100;

#[derive(Debug, Default)]
pub(crate) struct SignIns {
    open: Mutex<HashMap<Hash, (Timestamp, Proved)>>,
}

impl SignIns {
    pub fn make(&self, by: Proved, now: Timestamp) -> (String, Timestamp) {
        let mut open = self.lock();
        open.retain(|_, (until, _)| now < *until);
        if open.len() >= MAX_CODES
            && let Some(oldest) = open.iter().min_by_key(|(_, (until, _))| *until).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        let (code, until) = (secret::new_token(), now.plus(LIFE));
        open.insert(secret::hash(&code), (until, by));
        (code, until)
    }

    pub fn spend(&self, code: &str, now: Timestamp) -> Option<Proved> {
        let (until, by) = self.lock().remove(&secret::hash(code))?;
        (now < until && !by.lease.is_over(now)).then_some(by)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Hash, (Timestamp, Proved)>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a browser's key is called when nobody says: "Firefox on Linux".
pub(crate) fn browser_name(user_agent: Option<&str>) -> String {
    let agent = user_agent.unwrap_or_default();
    let first = |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    let browsers = [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ];
    match (first(&browsers), first(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ => "browser".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    #[test]
    fn a_code_works_once_and_not_for_long() {
        let (codes, by) = (SignIns::default(), Proved::owner("test"));
        let (code, until) = codes.make(by.clone(), NOW);
        assert_eq!(until, NOW.plus(LIFE));
        assert_eq!(codes.spend(&code, NOW).unwrap().principal, by.principal);
        assert!(codes.spend(&code, NOW).is_none());
        let (late, _) = codes.make(by.clone(), NOW);
        assert!(codes.spend(&late, until).is_none());
        let (first, _) = codes.make(by.clone(), NOW);
        for n in 0..MAX_CODES {
            codes.make(by.clone(), NOW.plus(Duration::from_millis(n as u64 + 1)));
        }
        assert!(codes.spend(&first, NOW).is_none());
        assert!(codes.lock().len() <= MAX_CODES);
    }

    #[test]
    fn a_browser_is_named_as_people_know_it() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_name(Some(firefox)), "Firefox on Linux");
        assert_eq!(browser_name(Some(phone)), "Safari on iPhone");
        assert_eq!(browser_name(Some("curl/8")), "browser");
        assert_eq!(browser_name(None), "browser");
    }
}
