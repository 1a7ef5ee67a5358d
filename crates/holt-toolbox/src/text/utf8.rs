//! Bytes that arrive in pieces, as text that arrives in pieces.
//!
//! A character that is split between two pieces is held back until its rest is there, so no piece has a broken end. What
//! is not UTF-8 at all becomes U+FFFD, exactly as if the whole had been converted at once.

const REPLACEMENT: char = '\u{FFFD}';

/// Converts one stream.
#[derive(Debug, Default)]
pub struct Utf8Pieces {
    /// The beginning of a character, at most three bytes.
    held: Vec<u8>,
}

impl Utf8Pieces {
    /// Appends what `bytes` add to the text.
    pub fn push(&mut self, bytes: &[u8], text: &mut String) {
        if self.held.is_empty() {
            self.convert(bytes, text);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            self.convert(&joined, text);
        }
    }

    /// The stream has ended: what is still held back will never be complete.
    pub fn finish(&mut self, text: &mut String) {
        if !std::mem::take(&mut self.held).is_empty() {
            text.push(REPLACEMENT);
        }
    }

    fn convert(&mut self, bytes: &[u8], text: &mut String) {
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            if chunk.invalid().is_empty() {
                continue;
            }
            if chunks.peek().is_none() && is_beginning_of_a_character(chunk.invalid()) {
                self.held = chunk.invalid().to_vec();
            } else {
                text.push(REPLACEMENT);
            }
        }
    }
}

fn is_beginning_of_a_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

/// How many bytes at the end of `bytes` are the beginning of a character whose rest is missing.
pub fn incomplete_end(bytes: &[u8]) -> usize {
    (1..=bytes.len().min(3)).find(|back| is_beginning_of_a_character(&bytes[bytes.len() - back..])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes that are often text, often cut text, and sometimes rubbish.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            "[a-zäß€🦦]{0,8}".prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..6),
            Just("🦦".as_bytes()[..3].to_vec()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_text_as_the_whole(bytes in bytes(), cuts in prop::collection::vec(1usize..7, 0..40)) {
            let mut converter = Utf8Pieces::default();
            let mut text = String::new();
            let mut rest = bytes.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                converter.push(piece, &mut text);
                rest = after;
                prop_assert!(converter.held.len() <= 3);
            }
            converter.push(rest, &mut text);
            converter.finish(&mut text);
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn text_never_has_a_replacement_in_it(text in "\\PC{0,60}", size in 1usize..5) {
            let mut converter = Utf8Pieces::default();
            let mut seen = String::new();
            for piece in text.as_bytes().chunks(size) {
                converter.push(piece, &mut seen);
                prop_assert!(text.starts_with(&seen));
            }
            prop_assert_eq!(seen, text);
        }

        #[test]
        fn an_incomplete_end_is_what_a_cut_leaves(text in "\\PC{1,20}", at in 0usize..80) {
            let at = at.min(text.len());
            let whole = text.floor_char_boundary(at);
            prop_assert_eq!(incomplete_end(&text.as_bytes()[..at]), at - whole);
        }
    }
}
