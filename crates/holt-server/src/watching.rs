//! One viewer of a desktop, whatever brought its bytes: what it may do follows the session's state as that changes.

use bytes::Bytes;
use futures::{Sink, Stream};
use holt_api::{ClientId, SessionId};
use holt_core::view::Control;
use holt_desktop::{Desktop, Ending, Permit};
use holt_engine::{ControlWatch, Engine};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Duration, MissedTickBehavior, interval};

/// How often it is noted that whoever drives is there.
pub(crate) const PRESENCE: Duration = Duration::from_secs(30);

const WATCHING: Permit = Permit { act: false, clipboard: false };
const DRIVING: Permit = Permit { act: true, clipboard: true };

/// A viewer that may see a session's desktop.
pub(crate) struct Watcher {
    pub engine: Engine,
    pub session: SessionId,
    /// From where it is looked at: the id with which control is taken. Without it, this viewer only watches.
    pub client: Option<ClientId>,
    pub control: ControlWatch,
    /// Who looks. Control belongs to both: others know the id too.
    pub by: String,
}

/// A viewer that is about to be served: what it may do, as that changes.
pub(crate) struct Watching {
    watcher: Watcher,
    permit: watch::Sender<Permit>,
}

impl Watcher {
    pub fn begin(mut self) -> (Watching, watch::Receiver<Permit>) {
        let (permit, permitted) = watch::channel(self.permit());
        (Watching { watcher: self, permit }, permitted)
    }

    fn permit(&mut self) -> Permit {
        let control = self.control.receiver.borrow_and_update().clone();
        if self.drives(control.as_ref()) { DRIVING } else { WATCHING }
    }

    fn drives(&self, control: Option<&Control>) -> bool {
        control.is_some_and(|control| Some(control.client) == self.client && control.by == self.by)
    }

    /// Whoever drives is there as long as they do something now and then; an open window says nothing.
    fn note_presence(&self, desktop: &Desktop) {
        let acted = desktop.idle().is_some_and(|idle| idle <= PRESENCE);
        let control = self.control.receiver.borrow().clone().filter(|control| acted && self.drives(Some(control)));
        if let Some(control) = control {
            self.engine.driver_is_present(self.session, control.client);
        }
    }
}

impl Watching {
    /// Serves a viewer that has introduced itself, until it leaves, the desktop is gone, or `over`.
    pub async fn serve<From, To>(
        mut self,
        threads: &Handle,
        desktop: Desktop,
        (from, to): (From, To),
        over: impl Future<Output = ()>,
    ) -> Option<Ending>
    where
        From: Stream<Item = Bytes> + Send + Unpin + 'static,
        To: Sink<Bytes> + Send + Unpin + 'static,
    {
        let permitted = self.permit.subscribe();
        let serve = desktop.clone();
        let mut serving = threads.spawn(async move { serve.serve_introduced(from, to, permitted).await });
        let mut presence = interval(PRESENCE);
        presence.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut over = std::pin::pin!(over);
        loop {
            tokio::select! {
                ended = &mut serving => return ended.ok(),
                changed = self.watcher.control.receiver.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    self.permit.send_replace(self.watcher.permit());
                }
                _ = presence.tick() => self.watcher.note_presence(&desktop),
                () = over.as_mut() => break,
            }
        }
        serving.abort();
        None
    }
}
