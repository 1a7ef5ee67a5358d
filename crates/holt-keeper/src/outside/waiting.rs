//! Waiting for something that others change.

use tokio::sync::Notify;

/// Waits until something holds. Whoever may have made it hold notifies all who wait.
pub async fn until(changed: &Notify, holds: impl Fn() -> bool) {
    loop {
        // Before looking, so that a change in between is not missed.
        let change = changed.notified();
        if holds() {
            return;
        }
        change.await;
    }
}
