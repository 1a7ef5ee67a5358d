//! A time limit that counts only the time in which the toolbox was awake.
//!
//! The sandbox may be frozen for as long as a person drives, and its commands with it. So the clock looks often, and a
//! look that comes much too late counts only a little.

use std::time::{Duration, Instant};

const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// What a look counts at most.
const MOST: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Clock {
    left: Duration,
    last: Instant,
}

impl Clock {
    pub fn new(limit: Duration) -> Self {
        Self { left: limit, last: Instant::now() }
    }

    /// Returns when the limit is reached. Dropped and begun again, it goes on where it was.
    pub async fn run_out(&mut self) {
        loop {
            tokio::time::sleep(self.next_look(self.last.elapsed())).await;
            if self.look() {
                return;
            }
        }
    }

    /// How long to wait before the next look, so long after the last. Counted from there, whatever else happens meanwhile:
    /// a look that is put off again and again would count too little.
    fn next_look(&self, since: Duration) -> Duration {
        self.left.min(BETWEEN_LOOKS).saturating_sub(since)
    }

    /// Counts the time since the last look. Says whether the limit is reached.
    pub fn look(&mut self) -> bool {
        let now = Instant::now();
        let passed = now.duration_since(self.last);
        self.last = now;
        self.count(passed)
    }

    fn count(&mut self, passed: Duration) -> bool {
        self.left = self.left.saturating_sub(passed.min(MOST));
        self.left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_passes_but_not_a_long_sleep() {
        let mut clock = Clock::new(Duration::from_secs(3));
        assert!(!clock.count(Duration::from_secs(3600)), "frozen for an hour");
        assert!(!clock.count(Duration::from_millis(1900)), "a late look");
        assert!(!clock.count(Duration::from_millis(999)));
        assert!(clock.count(Duration::from_millis(1)));
        assert_eq!(clock.next_look(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn the_next_look_comes_in_time_whatever_interrupts_the_waiting() {
        let clock = Clock::new(Duration::from_secs(3));
        assert_eq!(clock.next_look(Duration::ZERO), BETWEEN_LOOKS);
        assert_eq!(clock.next_look(Duration::from_millis(200)), Duration::from_millis(50));
        assert_eq!(clock.next_look(Duration::from_millis(400)), Duration::ZERO);
    }
}
