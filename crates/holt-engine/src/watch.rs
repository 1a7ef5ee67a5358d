//! Watching the list of sessions: the newest summary of each that changes, for those who may see it.
//!
//! A watcher is told what a session is like now, never what happened in between: however much happens, and however slow
//! it is, it holds one summary of each session at most, and of so many sessions. When more have changed than that, it is
//! told to read the list again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use holt_core::access::Principal;
use holt_core::id::{OwnerId, SessionId};
use holt_core::machine::State;
use holt_core::view::SessionSummary;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many sessions may have changed before a watcher is sent back to the list.
const MOST: usize = 1_000;
/// How long changes are collected before they are told.
const COLLECT: Duration = Duration::from_millis(200);

/// Everybody who watches.
#[derive(Debug, Default)]
pub(crate) struct Watchers {
    retention: Option<Duration>,
    all: Mutex<Vec<Weak<Watcher>>>,
}

#[derive(Debug)]
struct Watcher {
    by: Principal,
    news: Mutex<News>,
    told: Notify,
}

#[derive(Debug, Default)]
struct News {
    /// What each is like now; nothing when it was removed.
    changed: BTreeMap<SessionId, Option<SessionSummary>>,
    is_lost: bool,
}

/// What a watcher hears.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchItem {
    /// A session is like this now.
    Changed(SessionSummary),
    Removed(SessionId),
    /// Too much has changed: read the list again. What comes after this is newer than that.
    Lost,
}

/// A watcher's place. Dropping it leaves.
#[derive(Debug)]
pub struct Watch {
    watcher: Arc<Watcher>,
    /// When what is being collected is told.
    due: Option<Instant>,
}

impl Watchers {
    /// On a server that keeps what has ended for so long.
    pub fn new(retention: Option<Duration>) -> Self {
        Self { retention, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Watcher>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn join(&self, by: Principal) -> Watch {
        let watcher = Arc::new(Watcher { by, news: Mutex::default(), told: Notify::new() });
        let mut all = self.lock();
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&watcher));
        Watch { watcher, due: None }
    }

    /// A session is like this now.
    pub fn changed(&self, state: &State) {
        self.tell(&state.spec.owner, state.id, || Some(state.summary().kept(self.retention)));
    }

    pub fn removed(&self, state: &State) {
        self.tell(&state.spec.owner, state.id, || None);
    }

    fn tell(&self, owner: &OwnerId, session: SessionId, news: impl Fn() -> Option<SessionSummary>) {
        for watcher in self.lock().iter().filter_map(Weak::upgrade) {
            if watcher.by.sees(owner) {
                watcher.hear(session, news());
            }
        }
    }
}

impl Watcher {
    fn lock(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, session: SessionId, summary: Option<SessionSummary>) {
        let mut news = self.lock();
        news.changed.insert(session, summary);
        if news.changed.len() > MOST {
            *news = News { is_lost: true, ..News::default() };
        }
        self.told.notify_one();
    }
}

impl Watch {
    /// What has changed, as soon as something has: each session once, as it is now. Safe to cancel.
    pub async fn next(&mut self) -> Vec<WatchItem> {
        while self.is_quiet() {
            self.watcher.told.notified().await;
        }
        let due = *self.due.get_or_insert_with(|| Instant::now() + COLLECT);
        tokio::time::sleep_until(due).await;
        self.due = None;
        let news = std::mem::take(&mut *self.watcher.lock());
        let changed = news.changed.into_iter().map(|(session, summary)| match summary {
            Some(summary) => WatchItem::Changed(summary),
            None => WatchItem::Removed(session),
        });
        news.is_lost.then_some(WatchItem::Lost).into_iter().chain(changed).collect()
    }

    fn is_quiet(&self) -> bool {
        let news = self.watcher.lock();
        news.changed.is_empty() && !news.is_lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use holt_core::access::Scope;
    use uuid::Uuid;

    fn session(number: usize) -> SessionId {
        SessionId::new(Uuid::from_u128(number as u128))
    }

    #[tokio::test]
    async fn who_misses_too_much_is_sent_back_to_the_list_and_holds_no_more_than_so_much() {
        let watchers = Watchers::default();
        let by = Principal { owner: OwnerId::new("owner"), name: "x".into(), scopes: vec![Scope::View], key: None, rules: None };
        let mut watch = watchers.join(by.clone());
        for number in 0..3 * MOST {
            watchers.tell(&by.owner, session(number), || None);
            watchers.tell(&OwnerId::new("other"), session(number), || None);
            assert!(watch.watcher.lock().changed.len() <= MOST);
        }
        let heard = watch.next().await;
        assert_eq!(heard.first(), Some(&WatchItem::Lost));
        assert!(heard.contains(&WatchItem::Removed(session(3 * MOST - 1))), "what came after is told");
        watchers.tell(&by.owner, session(7), || None);
        assert_eq!(watch.next().await, [WatchItem::Removed(session(7))]);
        drop(watch);
        drop(watchers.join(by));
        assert_eq!(watchers.lock().len(), 1, "who has left is forgotten");
    }
}
