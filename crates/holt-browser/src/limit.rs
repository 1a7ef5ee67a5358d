//! How long a call waits, and for what.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use holt_toolbox::answer::{Failure, Outcome};
use holt_toolbox::catalogue::browser::MAX_BROWSER_SECONDS;
use holt_toolbox::clock::Clock;
use tokio_util::sync::CancellationToken;

/// The first and the longest pause between two looks at a page.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(150);

/// What a call waits for, in words for when its time is over.
#[derive(Debug, Clone, Default)]
pub struct Patience {
    reason: Arc<Mutex<(&'static str, String)>>,
}

impl Patience {
    /// Notes why it is not done yet.
    pub fn because(&self, code: &'static str, reason: impl Into<String>) {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner) = (code, reason.into());
    }

    /// Does work that may wait for ever, and stops it when the time is over or nobody wants it any more.
    pub async fn bound(
        &self,
        seconds: Option<u64>,
        default: u64,
        cancelled: &CancellationToken,
        work: impl Future<Output = Outcome>,
    ) -> Outcome {
        let seconds = seconds.unwrap_or(default).clamp(1, MAX_BROWSER_SECONDS);
        let mut clock = Clock::new(Duration::from_secs(seconds));
        tokio::select! {
            done = work => done,
            () = clock.run_out() => {
                let (code, reason) = self.reason.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let (code, reason) = if reason.is_empty() { ("timed_out", "the browser did not answer") } else { (code, &*reason) };
                Err(Failure::new(code, format!("not done within {seconds} s: {reason}.")))
            }
            () = cancelled.cancelled() => Err(Failure::new("cancelled", "it was cancelled")),
        }
    }
}

/// Pauses between looks, each longer than the one before.
#[derive(Debug)]
pub struct Pauses(Duration);

impl Pauses {
    pub fn new() -> Self {
        Self(FIRST_PAUSE)
    }

    pub async fn next(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}
