//! Whether a sandbox's desktop is used: one that nobody watches or uses for long is stopped, and comes again when it is
//! needed. A program that has a window keeps it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use holt_core::id::SessionId;
use holt_keeper::protocol::message::Verb;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use super::driver::Inner;

/// Whoever watches holds a reference.
#[derive(Debug, Default)]
pub struct InUse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// Waits until it is not used any more.
    waiting: Option<AbortOnDropHandle<()>>,
}

impl InUse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is used now.
    pub fn note(&self) {
        self.state().last = Some(Instant::now());
    }

    /// From now on it is stopped when it is not used.
    pub fn look_after(self: &Arc<Self>, inner: &Arc<Inner>, session: SessionId) {
        let mut state = self.state();
        if state.waiting.as_ref().is_none_or(AbortOnDropHandle::is_finished) {
            let rest = let_rest(Arc::downgrade(self), Arc::downgrade(inner), inner.options.desktop_rest, session);
            state.waiting = Some(AbortOnDropHandle::new(tokio::spawn(rest)));
        }
    }

    /// When it will not have been used for so long, if it is not used until then.
    fn rests_at(self: &Arc<Self>, after: Duration) -> Instant {
        // The sandbox has one reference, the caller another.
        let is_watched = Arc::strong_count(self) > 2;
        let last = if is_watched { None } else { self.state().last };
        last.unwrap_or_else(Instant::now) + after
    }
}

async fn let_rest(desktop: Weak<InUse>, inner: Weak<Inner>, after: Duration, session: SessionId) {
    loop {
        let Some(at) = desktop.upgrade().map(|desktop| desktop.rests_at(after)) else { return };
        if at > Instant::now() {
            sleep_until(at).await;
            continue;
        }
        let (Some(desktop), Some(inner)) = (desktop.upgrade(), inner.upgrade()) else { return };
        // Should a program have a window it stays, and is asked again in a while.
        desktop.note();
        if inner.tell(session, Verb::RestDesktop).await.is_err() {
            return;
        }
    }
}
