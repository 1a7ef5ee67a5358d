//! A place where something waits until the test lets it go on.

use std::sync::Arc;

use tokio::sync::watch;

/// Holds whoever passes until it is released. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Gate {
    arrivals: Arc<watch::Sender<usize>>,
    open: Arc<watch::Sender<bool>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { arrivals: Arc::new(watch::Sender::new(0)), open: Arc::new(watch::Sender::new(false)) }
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits here until the test releases the gate.
    pub async fn pass(&self) {
        self.arrivals.send_modify(|arrivals| *arrivals += 1);
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    /// Lets everyone pass, now and later.
    pub fn release(&self) {
        self.open.send_replace(true);
    }

    /// Waits until someone has come to the gate.
    pub async fn reached(&self) {
        let _ = self.arrivals.subscribe().wait_for(|arrivals| *arrivals > 0).await;
    }
}
