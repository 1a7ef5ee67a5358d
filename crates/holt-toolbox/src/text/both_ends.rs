//! A long output of which the beginning and the end are kept: they tell most, the middle can be read elsewhere.

use std::collections::VecDeque;

use super::utf8::incomplete_end;

/// Takes any number of bytes and keeps at most `limit` of them, half from each end.
#[derive(Debug)]
pub struct BothEnds {
    limit: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    total: u64,
    newlines: u64,
}

/// What was left out of the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftOut {
    pub bytes: u64,
    /// The first line, counting from 1, of which something is missing.
    pub first_line: u64,
    /// How many line ends are missing.
    pub lines: u64,
}

impl BothEnds {
    pub fn new(limit: usize) -> Self {
        Self { limit, head: Vec::new(), tail: VecDeque::new(), total: 0, newlines: 0 }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        self.newlines += newlines(bytes);
        let room = (self.limit / 2).saturating_sub(self.head.len());
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        let most = self.limit - self.limit / 2;
        let rest = &rest[rest.len().saturating_sub(most)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(most);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// How many bytes came in.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The text within about `limit` bytes (never more than were kept), with a note where something is left out.
    pub fn text(&self, limit: usize, note: impl FnOnce(LeftOut) -> String) -> String {
        let limit = limit.min(self.limit);
        let tail: Vec<u8> = self.tail.iter().copied().collect();
        if self.total <= limit as u64 {
            return String::from_utf8_lossy(&[self.head.as_slice(), &tail].concat()).into_owned();
        }
        // Everything that was kept, as one, when nothing was dropped yet but less is asked for.
        let (head, tail) = if self.total as usize == self.head.len() + tail.len() {
            let whole = [self.head.as_slice(), &tail].concat();
            (beginning(&whole, limit / 2).to_vec(), end(&whole, limit - limit / 2).to_vec())
        } else {
            (beginning(&self.head, limit / 2).to_vec(), end(&tail, limit - limit / 2).to_vec())
        };
        let left_out = LeftOut {
            bytes: self.total - (head.len() + tail.len()) as u64,
            first_line: newlines(&head) + 1,
            lines: self.newlines - newlines(&head) - newlines(&tail),
        };
        let between = if head.last().is_none_or(|last| *last == b'\n') { "" } else { "\n" };
        format!("{}{between}{}\n{}", String::from_utf8_lossy(&head), note(left_out), String::from_utf8_lossy(&tail))
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// At most `most` bytes from the front, ending with a whole line where one ends nearby, else with a whole character.
fn beginning(bytes: &[u8], most: usize) -> &[u8] {
    let cut = &bytes[..bytes.len().min(most)];
    match cut.iter().rposition(|byte| *byte == b'\n').filter(|at| *at >= most / 2) {
        Some(at) => &cut[..=at],
        None => &cut[..cut.len() - incomplete_end(cut)],
    }
}

/// At most `most` bytes from the back, beginning with a whole line where one begins nearby, else a whole character.
fn end(bytes: &[u8], most: usize) -> &[u8] {
    let cut = &bytes[bytes.len() - bytes.len().min(most)..];
    match cut.iter().position(|byte| *byte == b'\n').filter(|at| *at < most / 2) {
        Some(at) => &cut[at + 1..],
        None => &cut[cut.iter().take(3).take_while(|byte| is_inside_a_character(**byte)).count()..],
    }
}

fn is_inside_a_character(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kept(pieces: &[Vec<u8>], keep: usize) -> BothEnds {
        let mut ends = BothEnds::new(keep);
        pieces.iter().for_each(|piece| ends.push(piece));
        ends
    }

    fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
        let piece = prop_oneof!["[a-zä€\n]{0,30}".prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..20)];
        prop::collection::vec(piece, 0..20)
    }

    proptest! {
        #[test]
        fn what_fits_is_whole(pieces in pieces()) {
            let whole = pieces.concat();
            let ends = kept(&pieces, whole.len());
            prop_assert_eq!(ends.text(usize::MAX, |_| panic!("nothing is left out")), String::from_utf8_lossy(&whole));
        }

        #[test]
        fn both_ends_are_true_and_the_note_counts_the_rest(
            text in prop::collection::vec("[a-zäß€🦦\n]{0,40}", 0..12),
            keep in 0usize..200,
            limit in 0usize..220,
        ) {
            let whole = text.concat();
            let ends = kept(&text.iter().map(|piece| piece.clone().into_bytes()).collect::<Vec<_>>(), keep);
            prop_assert_eq!(ends.total(), whole.len() as u64);
            prop_assert!(ends.head.len() + ends.tail.len() <= keep);
            let mut left_out = None;
            let shown = ends.text(limit, |left| { left_out = Some(left); "[cut]".into() });
            let Some(left) = left_out else {
                prop_assert_eq!(shown, whole);
                return Ok(());
            };
            let (head, tail) = shown.split_once("[cut]\n").unwrap();
            prop_assert!(head.len() + tail.len() <= limit.min(keep) + 1);
            let head = if whole.starts_with(head) { head } else { head.strip_suffix('\n').unwrap() };
            prop_assert!(whole.starts_with(head));
            prop_assert!(whole.ends_with(tail));
            // The cut may fall right before a line end, which then looks as if it belonged to the head.
            let missing = whole.len() - head.len() - tail.len();
            prop_assert!(left.bytes as usize == missing || left.bytes as usize == missing + 1);
            let lines = |text: &str| text.matches('\n').count() as u64;
            prop_assert!(lines(&whole) - lines(head) - lines(tail) <= left.lines);
            prop_assert!(left.first_line <= lines(head) + 1);
        }

        #[test]
        fn rubbish_never_panics(pieces in pieces(), keep in 0usize..64, limit in 0usize..64) {
            let shown = kept(&pieces, keep).text(limit, |_| String::new());
            prop_assert!(shown.len() <= 3 * limit.min(keep) + 2 || pieces.concat().len() <= limit);
        }
    }

    #[test]
    fn cuts_at_line_ends_when_they_are_near() {
        let ends = kept(&[b"one\ntwo\nthree\nfour\nfive\nsix\n".to_vec()], 22);
        let shown = ends.text(22, |left| format!("[{} bytes, {} lines from {}]", left.bytes, left.lines, left.first_line));
        assert_eq!(shown, "one\ntwo\n[11 bytes, 2 lines from 3]\nfive\nsix\n");
    }
}
