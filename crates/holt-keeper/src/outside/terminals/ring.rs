//! The newest part of what a terminal put out, by byte offset from its beginning.

use std::collections::VecDeque;

use crate::protocol::terminal::KEPT_BYTES;

/// Never holds more than [`KEPT_BYTES`]: its oldest bytes make room. Offsets count all that ever came.
#[derive(Debug, Default)]
pub struct Ring {
    dropped: u64,
    kept: VecDeque<u8>,
}

impl Ring {
    pub fn push(&mut self, bytes: &[u8]) {
        let bytes = match bytes.len().checked_sub(KEPT_BYTES) {
            Some(more) => {
                self.dropped += more as u64;
                &bytes[more..]
            }
            None => bytes,
        };
        let over = (self.kept.len() + bytes.len()).saturating_sub(KEPT_BYTES);
        self.kept.drain(..over);
        self.dropped += over as u64;
        self.kept.extend(bytes);
    }

    /// The first byte that is kept.
    pub fn kept_from(&self) -> u64 {
        self.dropped
    }

    /// How many bytes there have been.
    pub fn written(&self) -> u64 {
        self.dropped + self.kept.len() as u64
    }

    /// At most so many bytes from `from` on, or from the oldest that are kept, and where they begin.
    pub fn piece(&self, from: u64, most: usize) -> (u64, Vec<u8>) {
        let from = from.clamp(self.dropped, self.written());
        let at = usize::try_from(from - self.dropped).unwrap_or(self.kept.len());
        (from, self.kept.iter().skip(at).take(most).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_read_from_any_byte_on_is_what_came_from_there_on(
            parts in prop::collection::vec((any::<u8>(), 0usize..400_000), 0..10),
            from in 0u64..3_000_000,
            most in 1usize..70_000,
        ) {
            let (mut ring, mut whole) = (Ring::default(), Vec::new());
            for (first, length) in parts {
                let part: Vec<u8> = (0..length).map(|at| first.wrapping_add(at as u8)).collect();
                ring.push(&part);
                whole.extend(part);
            }
            prop_assert_eq!(ring.written(), whole.len() as u64);
            prop_assert_eq!(ring.kept_from(), whole.len().saturating_sub(KEPT_BYTES) as u64);
            let (at, piece) = ring.piece(from, most);
            prop_assert_eq!(at, from.clamp(ring.kept_from(), ring.written()));
            prop_assert_eq!(piece.len(), most.min(whole.len() - at as usize));
            prop_assert!(whole[at as usize..].starts_with(&piece));
        }
    }
}
