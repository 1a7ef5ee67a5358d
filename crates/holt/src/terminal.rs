//! The filter between everything that an agent, a tool or a file wrote and a person's terminal.
//!
//! What comes out has no control characters but line ends and tabs, and no character that changes the direction of text
//! or hides. So nothing that passes here can move the cursor, change a title, write to the clipboard, hide where a link
//! leads, or make a line read as something else. What was taken out is shown in its place.

mod screen;

use std::fmt::Write as _;

pub use screen::{RESTORE, ScreenFilter};

/// Filters a text that comes in pieces.
#[derive(Debug, Default)]
pub struct Filter {
    /// A carriage return was the last character: with a line feed behind it, it is a plain line end.
    carriage_return: bool,
}

impl Filter {
    pub fn push(&mut self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for character in text.chars() {
            if std::mem::take(&mut self.carriage_return) && character != '\n' {
                clean.push('␍');
            }
            match character {
                '\r' => self.carriage_return = true,
                '\n' | '\t' => clean.push(character),
                _ => show(&mut clean, character),
            }
        }
        clean
    }

    /// What is left at the end of the text.
    pub fn finish(&mut self) -> &'static str {
        if std::mem::take(&mut self.carriage_return) { "␍" } else { "" }
    }
}

/// A whole text.
pub fn clean(text: &str) -> String {
    let mut filter = Filter::default();
    let mut clean = filter.push(text);
    clean.push_str(filter.finish());
    clean
}

/// A text on one line: a title, a name, a path.
pub fn clean_line(text: &str) -> String {
    clean(text).replace('\n', "␊").replace('\t', "␉")
}

/// A text on one line and no longer than that many characters.
pub fn short_line(text: &str, longest: usize) -> String {
    let line = clean_line(text);
    if line.chars().count() <= longest {
        return line;
    }
    line.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

fn show(clean: &mut String, character: char) {
    match character {
        // The pictures of the control characters.
        '\0'..='\x1f' => clean.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('�')),
        '\x7f' => clean.push('␡'),
        _ if is_hidden(character) => {
            // Writing to a String cannot fail.
            let _ = write!(clean, "<U+{:04X}>", u32::from(character));
        }
        _ => clean.push(character),
    }
}

/// Control characters beyond ASCII, those that change direction, and those that take no room. The joiners stay: scripts
/// and emoji are written with them.
fn is_hidden(character: char) -> bool {
    matches!(character,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

/// A text that somebody is to decide upon: nothing in it is invisible, the joiners neither.
pub fn reveal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => {
                let _ = write!(shown, "<U+{:04X}>", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_harmless(text: &str) -> bool {
        text.chars().all(|character| matches!(character, '\n' | '\t') || !character.is_control() && !is_hidden(character))
    }

    #[test]
    fn known_tricks_are_shown_for_what_they_are() {
        let table = [
            ("plain, ünïcode, 🦦, tab\tand\nline", "plain, ünïcode, 🦦, tab\tand\nline"),
            ("\x1b]52;c;ZXZpbA==\x07", "␛]52;c;ZXZpbA==␇"),
            ("\x1b]8;;https://evil.example\x1b\\bank\x1b]8;;\x1b\\", "␛]8;;https://evil.example␛\\bank␛]8;;␛\\"),
            ("\u{9b}31mred", "<U+009B>31mred"),
            ("safe\rrm -rf", "safe␍rm -rf"),
            ("dos\r\nlines\r\n", "dos\nlines\n"),
            ("exe.\u{202e}txt", "exe.<U+202E>txt"),
            ("ab\x08\x08cd\x7f", "ab␈␈cd␡"),
            ("end\r", "end␍"),
        ];
        for (dirty, expected) in table {
            assert_eq!(clean(dirty), expected);
        }
        assert_eq!(clean_line("a\nb\tc"), "a␊b␉c");
        assert_eq!(short_line("otters", 4), "ott…");
        assert_eq!(reveal("rm\u{200d} x"), "rm<U+200D> x");
    }

    proptest! {
        #[test]
        fn nothing_that_moves_or_hides_passes(text in any::<String>()) {
            prop_assert!(is_harmless(&clean(&text)));
            prop_assert!(is_harmless(&reveal(&text)));
            prop_assert!(!clean_line(&text).contains(['\n', '\t']));
        }

        #[test]
        fn raw_bytes_do_not_pass_either(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(is_harmless(&clean(&String::from_utf8_lossy(&bytes))));
        }

        #[test]
        fn pieces_come_out_as_the_whole(pieces in proptest::collection::vec("[a\r\n\x1b]{0,4}", 0..10)) {
            let mut filter = Filter::default();
            let mut clean_pieces: String = pieces.iter().map(|piece| filter.push(piece)).collect();
            clean_pieces.push_str(filter.finish());
            prop_assert_eq!(clean_pieces, clean(&pieces.concat()));
        }

        #[test]
        fn harmless_text_passes_unchanged(text in "[a-zA-Zäöü0-9 .,;:!?\n\t🦦-🦩]{0,80}") {
            prop_assert_eq!(clean(&text), text);
        }
    }
}
