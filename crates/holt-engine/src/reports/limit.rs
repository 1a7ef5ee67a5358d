//! How many notes of one sandbox are kept.

use std::time::Duration;

use tokio::time::Instant;

/// How many notes of one sandbox are kept in each window.
pub(super) const NOTES: u32 = 20;

/// Counts the notes of one sandbox. A window begins with a note, and the next with the first note after it.
#[derive(Debug, Default)]
pub(super) struct NoteLimit {
    since: Option<Instant>,
    kept: u32,
    left_out: u32,
}

impl NoteLimit {
    /// Whether one more note is kept. None is while nobody has heard those before.
    pub fn admits(&mut self, now: Instant, is_heard: bool) -> bool {
        self.since.get_or_insert(now);
        let is_kept = is_heard && self.kept < NOTES;
        if is_kept {
            self.kept += 1;
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
        is_kept
    }

    /// When the window that is open ends.
    pub fn end(&self, window: Duration) -> Option<Instant> {
        self.since.map(|since| since + window)
    }

    /// Ends the window if its time is over, and says how many notes were left out in it.
    pub fn end_window(&mut self, now: Instant, window: Duration) -> u32 {
        if self.end(window).is_none_or(|end| end > now) {
            return 0;
        }
        std::mem::take(self).left_out
    }
}

/// Between two pages of one session that are told, when they do not change for long at that pace.
const BETWEEN_PAGES: Duration = Duration::from_secs(1);
/// How many may follow each other so fast, and the pause after that.
const QUICK_PAGES: u32 = 20;
const PAUSE: Duration = Duration::from_secs(10);

/// How often it is told what a session's browser shows: the log keeps all of it, and a page may change for ever.
#[derive(Debug, Default)]
pub(super) struct PageLimit {
    told: Option<Instant>,
    quick: u32,
}

impl PageLimit {
    /// Whether what is shown can be told now.
    pub fn admits(&mut self, now: Instant) -> bool {
        if self.next().is_some_and(|next| next > now) {
            return false;
        }
        let is_quick = self.told.is_some_and(|told| now < told + 2 * PAUSE);
        (self.told, self.quick) = (Some(now), if is_quick { self.quick.saturating_add(1) } else { 0 });
        true
    }

    /// When something can be told again.
    pub fn next(&self) -> Option<Instant> {
        self.told.map(|told| told + if self.quick < QUICK_PAGES { BETWEEN_PAGES } else { PAUSE })
    }

    /// When it is all long ago.
    pub fn end(&self) -> Option<Instant> {
        self.told.map(|told| told + 2 * PAUSE)
    }

    /// Forgets what is long ago.
    pub fn forget(&mut self, now: Instant) {
        if self.end().is_some_and(|end| now >= end) {
            *self = Self::default();
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.told.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(60);

    proptest! {
        /// Whenever notes come: of those in a window so many are kept, and every other is counted in the end.
        #[test]
        fn every_note_is_kept_or_counted(gaps in proptest::collection::vec(0u64..5_000, 0..300)) {
            let (mut limit, mut now) = (NoteLimit::default(), Instant::now());
            let (mut kept, mut counted) = (Vec::new(), 0);
            for gap in &gaps {
                now += Duration::from_millis(*gap);
                counted += limit.end_window(now, WINDOW);
                if limit.admits(now, true) {
                    kept.push(now);
                }
            }
            counted += limit.end_window(now + WINDOW, WINDOW);
            prop_assert_eq!(kept.len() + counted as usize, gaps.len());
            prop_assert_eq!(limit.end(WINDOW), None);
            // No stretch of a window's length holds more than those of two windows that meet in it.
            for (at, first) in kept.iter().enumerate() {
                let near = kept[at..].iter().take_while(|note| **note < *first + WINDOW).count();
                prop_assert!(near <= 2 * NOTES as usize);
            }
        }
    }
}
