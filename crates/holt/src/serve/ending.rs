//! What makes the server end, and what becomes of the sandboxes then.
//!
//! SIGINT, and `holt stop server`, end them. SIGTERM and SIGHUP leave them to their keepers, so that the next server goes
//! on with them. A second signal ends the process at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::failure::Failure;

/// Why the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A person wants it gone.
    Interrupted,
    /// A service manager ends it, perhaps to start the next version.
    Terminated,
    /// Nobody needs a server in the background any more.
    Unneeded,
}

impl Ending {
    pub fn keeps_sandboxes(self) -> bool {
        self == Self::Terminated
    }
}

/// Listens from the moment that it is made.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Interrupted,
            _ = self.terminate.recv() => Ending::Terminated,
            _ = self.hang_up.recv() => Ending::Terminated,
        }
    }

    /// Tells of the first signal. The second ends the process where it stands.
    pub fn watch(mut self) -> watch::Receiver<Option<Ending>> {
        let (tell, told) = watch::channel(None);
        tokio::spawn(async move {
            let first = self.next().await;
            tracing::info!(?first, "ending; a second signal ends at once");
            tell.send_replace(Some(first));
            self.next().await;
            std::process::exit(if first == Ending::Interrupted { 130 } else { 143 });
        });
        told
    }
}
