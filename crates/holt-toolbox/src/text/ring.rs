//! The newest output of a background process, addressed by how many bytes came before.
//!
//! A reader goes on where it stopped, for as long as what it wants is kept; afterwards it is told that this has expired,
//! instead of being given something else.

use std::collections::VecDeque;

use super::utf8::incomplete_end;

/// Keeps the last `capacity` bytes of a stream.
#[derive(Debug)]
pub struct Ring {
    capacity: usize,
    bytes: VecDeque<u8>,
    /// How many bytes came before the first that is kept.
    oldest: u64,
}

/// A part of the stream.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    pub bytes: Vec<u8>,
    /// Where the first byte of the part stands in the stream.
    pub offset: u64,
    /// Where to go on reading.
    pub next: u64,
}

/// Why there is nothing at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// It was there, but newer output has taken its place.
    Expired { oldest: u64 },
    /// The stream is not that long yet.
    NotYet { end: u64 },
}

impl Ring {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, bytes: VecDeque::new(), oldest: 0 }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        let skipped = bytes.len().saturating_sub(self.capacity);
        let kept = &bytes[skipped..];
        let surplus = (self.bytes.len() + kept.len()).saturating_sub(self.capacity);
        self.bytes.drain(..surplus);
        self.oldest += (surplus + skipped) as u64;
        self.bytes.extend(kept);
    }

    /// How many bytes came in altogether.
    pub fn end(&self) -> u64 {
        self.oldest + self.bytes.len() as u64
    }

    /// At most `most` bytes from `offset` on (from the oldest that is kept, when there is none).
    ///
    /// A character whose rest is missing is left for the next part, unless it is all that there is.
    pub fn read(&self, offset: Option<u64>, most: usize) -> Result<Part, NotKept> {
        let offset = offset.unwrap_or(self.oldest);
        if offset < self.oldest {
            return Err(NotKept::Expired { oldest: self.oldest });
        }
        if offset > self.end() {
            return Err(NotKept::NotYet { end: self.end() });
        }
        let from = (offset - self.oldest) as usize;
        let to = self.bytes.len().min(from.saturating_add(most));
        let mut bytes: Vec<u8> = self.bytes.range(from..to).copied().collect();
        let incomplete = incomplete_end(&bytes);
        if incomplete < bytes.len() {
            bytes.truncate(bytes.len() - incomplete);
        }
        let next = offset + bytes.len() as u64;
        Ok(Part { bytes, offset, next })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_a_window_on_the_stream(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..20),
            capacity in 1usize..100,
            offset in 0u64..500,
            most in 1usize..60,
        ) {
            let mut ring = Ring::new(capacity);
            let mut stream = Vec::new();
            for piece in &pieces {
                ring.push(piece);
                stream.extend_from_slice(piece);
                prop_assert!(ring.bytes.len() <= capacity);
            }
            let end = stream.len() as u64;
            let oldest = end.saturating_sub(capacity as u64);
            prop_assert_eq!(ring.end(), end);
            match ring.read(Some(offset), most) {
                Err(NotKept::Expired { oldest: said }) => prop_assert!(offset < oldest && said == oldest),
                Err(NotKept::NotYet { end: said }) => prop_assert!(offset > end && said == end),
                Ok(part) => {
                    prop_assert!((oldest..=end).contains(&offset));
                    prop_assert!(part.bytes.len() <= most);
                    prop_assert_eq!(&stream[offset as usize..part.next as usize], part.bytes.as_slice());
                    prop_assert!(!part.bytes.is_empty() || offset == end);
                }
            }
        }

        #[test]
        fn reading_on_misses_nothing_and_breaks_no_character(text in "[a-z€🦦]{0,80}", most in 4usize..20) {
            let mut ring = Ring::new(10_000);
            let (mut next, mut seen) = (0, String::new());
            for piece in text.as_bytes().chunks(3) {
                ring.push(piece);
                let part = ring.read(Some(next), most).unwrap();
                if let Ok(piece) = std::str::from_utf8(&part.bytes) {
                    seen.push_str(piece);
                    next = part.next;
                }
            }
            while next < ring.end() {
                let part = ring.read(Some(next), most).unwrap();
                seen.push_str(std::str::from_utf8(&part.bytes).unwrap());
                next = part.next;
            }
            prop_assert_eq!(seen, text);
        }
    }
}
