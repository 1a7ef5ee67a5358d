//! The filter between a terminal in a sandbox and a person's own.
//!
//! A program there has the whole screen: it draws, colours and moves the cursor. What reaches further does not pass: the
//! clipboard, titles, links that hide where they lead, the colours of the whole, printers, the window, and all that a
//! terminal would answer with words that somebody else chose. Bytes that are no text are shown as such.

/// Puts a person's terminal back as it was, as far as what passes here can have changed it.
pub const RESTORE: &[u8] = b"\x1b[!p\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1006l\x1b[?2004l\x1b[?2026l\
    \x1b[<u\x1b[>4m\x1b[?25h\x1b[r\x1b[m\x1b(B\x0f\x1b[0 q\x1b[9999;1H\r\n";

/// The most bytes of a sequence that passes.
const LONGEST_SEQUENCE: usize = 64;
/// Characters that turn text around; they take no room, so that nothing moves when they are gone.
const TURNING: [(char, char); 4] =
    [('\u{200e}', '\u{200f}'), ('\u{202a}', '\u{202e}'), ('\u{2066}', '\u{2069}'), ('\u{61c}', '\u{61c}')];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// Behind an escape, perhaps with what says what is designated.
    Escape,
    Control,
    /// In words for the terminal itself: none of them passes.
    Words,
    /// The same, behind an escape that may end them.
    WordsEscape,
}

/// Filters what comes in pieces, at any places.
#[derive(Debug)]
pub struct ScreenFilter {
    state: State,
    sequence: Vec<u8>,
    /// The beginning of a character.
    cut: Vec<u8>,
}

impl Default for ScreenFilter {
    fn default() -> Self {
        Self { state: State::Text, sequence: Vec::new(), cut: Vec::new() }
    }
}

impl ScreenFilter {
    /// What may pass of these bytes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut passed = Vec::with_capacity(bytes.len() + 8);
        for byte in bytes {
            if self.state == State::Text && *byte >= 0x80 {
                self.part_of_a_character(*byte, &mut passed);
            } else {
                self.end_of_character(&mut passed);
                self.byte(*byte, &mut passed);
            }
        }
        passed
    }

    fn byte(&mut self, byte: u8, passed: &mut Vec<u8>) {
        match (self.state, byte) {
            // These end whatever was begun.
            (_, 0x18 | 0x1a) => self.state = State::Text,
            (State::Words, 0x07) => self.state = State::Text,
            (State::Words, 0x1b) => self.state = State::WordsEscape,
            (State::WordsEscape, b'\\') => self.state = State::Text,
            (State::Words, _) => {}
            (State::WordsEscape, _) => {
                self.begin();
                self.byte(byte, passed);
            }
            (_, 0x1b) => self.begin(),
            (State::Text, 0x07..=0x0f | 0x20..=0x7e) => passed.push(byte),
            (State::Text, _) => {}
            // Within a sequence a terminal does these at once.
            (State::Escape | State::Control, 0x07..=0x0d) => passed.push(byte),
            (State::Escape, _) => self.escape(byte, passed),
            (State::Control, _) => self.control(byte, passed),
        }
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.sequence = vec![0x1b];
    }

    fn escape(&mut self, byte: u8, passed: &mut Vec<u8>) {
        let is_first = self.sequence.len() == 1;
        self.sequence.push(byte);
        match byte {
            b'[' if is_first => self.state = State::Control,
            b']' | b'P' | b'X' | b'^' | b'_' | b'k' if is_first => self.state = State::Words,
            0x20..=0x2f if self.sequence.len() < LONGEST_SEQUENCE => {}
            _ => {
                self.state = State::Text;
                let is_known = match self.sequence[1..] {
                    [final_byte] => b"78=>DEHMNOc".contains(&final_byte),
                    [b'(' | b')' | b'*' | b'+', final_byte] => (0x30..=0x7e).contains(&final_byte),
                    [b'#', final_byte] => (b'3'..=b'8').contains(&final_byte),
                    _ => false,
                };
                if is_known {
                    passed.extend_from_slice(&self.sequence);
                }
            }
        }
    }

    fn control(&mut self, byte: u8, passed: &mut Vec<u8>) {
        self.sequence.push(byte);
        match byte {
            0x20..=0x3f => {}
            0x40..=0x7e => {
                self.state = State::Text;
                if self.sequence.len() <= LONGEST_SEQUENCE && passes(&self.sequence[2..]) {
                    passed.extend_from_slice(&self.sequence);
                }
            }
            _ => self.state = State::Text,
        }
        // One that goes on for ever takes no room.
        self.sequence.truncate(LONGEST_SEQUENCE + 1);
    }

    fn part_of_a_character(&mut self, byte: u8, passed: &mut Vec<u8>) {
        if byte & 0xc0 != 0x80 {
            self.end_of_character(passed);
        }
        self.cut.push(byte);
        match std::str::from_utf8(&self.cut) {
            Ok(text) => {
                let is_fine = text.chars().all(|character| !is_refused(character));
                if is_fine {
                    passed.extend_from_slice(&self.cut);
                }
                self.cut.clear();
            }
            Err(error) if error.error_len().is_none() => {}
            Err(_) => self.end_of_character(passed),
        }
    }

    /// A character that was begun and does not go on is none.
    fn end_of_character(&mut self, passed: &mut Vec<u8>) {
        if !self.cut.is_empty() {
            passed.extend_from_slice("\u{fffd}".as_bytes());
            self.cut.clear();
        }
    }
}

fn is_refused(character: char) -> bool {
    character.is_control() || TURNING.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Whether a control sequence only draws, moves, or asks what a terminal answers about itself.
fn passes(sequence: &[u8]) -> bool {
    let Some((final_byte, rest)) = sequence.split_last() else { return false };
    let is_plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b';' | b':');
    let (prefix, rest) = match rest {
        [prefix @ (b'?' | b'>' | b'=' | b'<'), rest @ ..] => (Some(*prefix), rest),
        rest => (None, rest),
    };
    let parameters = rest.iter().take_while(|byte| is_plain(byte)).count();
    match (prefix, &rest[parameters..], final_byte) {
        (None, [], final_byte) => b"@ABCDEFGHIJKLMPSTXZ`abcdefghlmnrsu".contains(final_byte),
        (Some(b'?'), [], final_byte) => b"hlJKnsrSu".contains(final_byte),
        (Some(b'>'), [], final_byte) => b"cmqu".contains(final_byte),
        (Some(b'='), [], final_byte) => b"cu".contains(final_byte),
        (Some(b'<'), [], final_byte) => *final_byte == b'u',
        (None, b" ", final_byte) => *final_byte == b'q',
        (None, b"!", final_byte) => *final_byte == b'p',
        (None | Some(b'?'), b"$", final_byte) => *final_byte == b'p',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filtered(bytes: &[u8]) -> String {
        String::from_utf8(ScreenFilter::default().push(bytes)).unwrap()
    }

    #[test]
    fn what_draws_passes_as_it_is() {
        for text in [
            "plain, ünïcode 🦦, tab\tand\r\nline\x08\x07",
            "\x1b[1;31mred\x1b[38;2;1;2;3mtrue\x1b[48:5:9mcolon\x1b[m",
            "\x1b[2J\x1b[H\x1b[10;20Hhere\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[4 q\x1b[!p",
            "\x1b(0lqk\x1b(B\x1b7\x1b8\x1bM\x1b=\x1b>\x1bc\x1b#8",
            "\x1b[6n\x1b[c\x1b[>c\x1b[?1u\x1b[>4;1m",
        ] {
            assert_eq!(filtered(text.as_bytes()), text);
        }
    }

    #[test]
    fn what_reaches_further_does_not() {
        for (dirty, clean) in [
            ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
            ("a\x1b]0;title\x1b\\b", "ab"),
            ("a\x1b]8;;https://evil.example\x1b\\bank\x1b]8;;\x1b\\b", "abankb"),
            ("a\x1b]4;1;rgb:00/00/00\x07\x1b]11;?\x07b", "ab"),
            ("a\x1bP$qm\x1b\\b\x1b_apc\x1b\\c\x1b^pm\x1b\\d\x1bXsos\x1b\\e\x1bkname\x1b\\f", "abcdef"),
            ("a\x1b[21tb\x1b[5ic\x1b[?5id\x1b[3;1;1te", "abcde"),
            ("a\u{9d}52;c;ZXZpbA==\u{9c}b", "a52;c;ZXZpbA==b"),
            ("exe.\u{202e}txt", "exe.txt"),
            ("a\x1b]0;never ends\x1b[31mb", "a\x1b[31mb"),
            ("a\x1b]0;stopped\x18b", "ab"),
            ("\x00\x05\x11\x13\x7fx", "x"),
            ("\x1b%Gx\x1b%@y\x1b Fz", "xyz"),
        ] {
            assert_eq!(filtered(dirty.as_bytes()), clean, "{dirty:?}");
        }
        assert_eq!(filtered(b"a\x9d52;c;x\x9cb\xc3(\xf0\x9f"), "a\u{fffd}52;c;x\u{fffd}b\u{fffd}(");
    }

    proptest! {
        #[test]
        fn nothing_passes_that_is_not_known_however_it_is_cut(
            pieces in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..20),
                "(\u{1b}[\\[\\]PX^_k(# ]?[0-9;?<>=$! ]{0,6}[a-zA-Z\u{7}\\\\]?){0,6}".prop_map(String::into_bytes),
            ], 0..8)
        ) {
            let whole = ScreenFilter::default().push(&pieces.concat());
            let mut filter = ScreenFilter::default();
            let cut: Vec<u8> = pieces.concat().iter().flat_map(|byte| filter.push(&[*byte])).collect();
            prop_assert_eq!(&whole, &cut);
            let text = String::from_utf8(whole.clone()).unwrap();
            for words in ["\u{1b}]", "\u{1b}P", "\u{1b}_", "\u{1b}^", "\u{1b}X", "\u{1b}k"] {
                prop_assert!(!text.contains(words), "{:?}", text);
            }
            let has_c1 = text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c));
            prop_assert!(!has_c1);
            // What has passed once passes again.
            prop_assert_eq!(ScreenFilter::default().push(&whole), whole);
        }

        #[test]
        fn text_passes_unchanged(text in "[a-zA-Zäöü0-9 .,;:!?\n\t🦦-🦩]{0,80}") {
            prop_assert_eq!(filtered(text.as_bytes()), text);
        }
    }
}
