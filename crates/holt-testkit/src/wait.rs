//! Waiting for what must happen, with an end to it.

use std::future::Future;
use std::time::Duration;

use futures::{Stream, StreamExt as _};

/// Long enough for a loaded machine; nothing that works comes near it.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for a future that must end.
///
/// # Panics
/// When it does not end in a minute, with `what` it was.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Takes items from a feed up to and with the first that `is_it`.
///
/// # Panics
/// When the feed ends or falls silent before it.
pub async fn until<S>(what: &str, feed: &mut S, mut is_it: impl FnMut(&S::Item) -> bool) -> Vec<S::Item>
where
    S: Stream + Unpin,
{
    let mut taken = Vec::new();
    loop {
        let Some(item) = within(what, feed.next()).await else {
            panic!("the feed ended after {} items, before {what}", taken.len());
        };
        let found = is_it(&item);
        taken.push(item);
        if found {
            return taken;
        }
    }
}

/// Looks again and again until something is so, for what cannot be awaited.
///
/// # Panics
/// When it is not so after a minute.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    within(what, async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
