//! The newest entries of a log.

use std::collections::VecDeque;

use crate::text::line;

const MAX_ENTRIES: usize = 300;
const MAX_TEXT: usize = 500;

#[derive(Debug, Default)]
pub struct Ring {
    entries: VecDeque<String>,
    /// How many came before the first that is kept.
    dropped: u64,
}

impl Ring {
    /// Adds an entry; its number is good for [`Ring::extend`].
    pub fn push(&mut self, text: &str) -> u64 {
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(line(text, MAX_TEXT));
        self.dropped + self.entries.len() as u64 - 1
    }

    /// Says more in an entry, if it is still there.
    pub fn extend(&mut self, number: u64, more: &str) {
        let index = number.checked_sub(self.dropped).and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| self.entries.get_mut(index))
            && entry.chars().count() < MAX_TEXT + 100
        {
            entry.push(' ');
            entry.push_str(&line(more, 100));
        }
    }

    /// The newest entries that contain `filter`, oldest first, and how many there are besides.
    pub fn newest(&self, filter: &str, most: usize) -> (Vec<&str>, usize) {
        let matching: Vec<&str> = self.entries.iter().map(String::as_str).filter(|entry| entry.contains(filter)).collect();
        let left_out = matching.len().saturating_sub(most);
        (matching[left_out..].to_vec(), left_out)
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_remain_and_late_news_find_their_entry() {
        let mut ring = Ring::default();
        let first = ring.push("GET a");
        ring.extend(first, "→ 200");
        for number in 0..MAX_ENTRIES - 1 {
            ring.push(&format!("GET {number}"));
        }
        assert_eq!(ring.newest("a", 10).0, ["GET a → 200"]);
        ring.push("GET last");
        ring.extend(first, "lost");
        assert_eq!(ring.dropped(), 1);
        let (newest, left_out) = ring.newest("GET", 2);
        assert_eq!((newest[1], left_out), ("GET last", MAX_ENTRIES - 2));
    }
}
