//! Time that counts only while a group may run, and what is noticed by it: a toolbox that is there and says nothing.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::mcp::Client;

/// How often a toolbox with calls to answer is asked whether it is there.
const BETWEEN_PINGS: Duration = Duration::from_secs(2);
/// How long it may take to say so.
const SILENCE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// What a look counts at most: the whole machine may have slept.
const MOST: Duration = Duration::from_secs(1);

/// Returns when this much time has passed, without that in which `stands_still` holds.
pub async fn awake(time: Duration, stands_still: impl Fn() -> bool) {
    let mut left = time;
    while !left.is_zero() {
        let before = Instant::now();
        sleep(left.min(BETWEEN_LOOKS)).await;
        if !stands_still() {
            left = left.saturating_sub(before.elapsed().min(MOST));
        }
    }
}

/// Returns when the toolbox does not answer although it may run. It is asked while calls run, and at once when it is doubted.
pub async fn until_silent(client: &Client, stands_still: impl Fn() -> bool) {
    loop {
        tokio::select! {
            () = client.doubted() => {}
            () = async { client.at_work().await; sleep(BETWEEN_PINGS).await } => {
                if !client.is_at_work() {
                    continue;
                }
            }
        }
        tokio::select! {
            () = client.ping() => {}
            () = awake(SILENCE, &stands_still) => return,
        }
    }
}

#[cfg(test)]
mod tests;
