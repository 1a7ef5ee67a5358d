//! Text that pages, files and addresses bring, made harmless and short.

/// Text on one line: what cannot be seen becomes a space or is left out, and at most this many characters remain.
pub fn line(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut count = 0;
    for letter in text.chars() {
        if count == most {
            shown.push('…');
            break;
        }
        let letter = if letter.is_whitespace() || letter.is_control() { ' ' } else { letter };
        if is_hidden(letter) || (letter == ' ' && (shown.ends_with(' ') || shown.is_empty())) {
            continue;
        }
        shown.push(letter);
        count += 1;
    }
    shown.truncate(shown.trim_end().len());
    shown
}

/// Text of several lines with the same done to it; says how much was left out.
pub fn block(text: &str, most: usize) -> (String, usize) {
    let clean = |letter: &char| !is_hidden(*letter) && (!letter.is_control() || matches!(letter, '\n' | '\t'));
    let shown: String = text.chars().filter(clean).take(most).collect();
    let all = text.chars().filter(clean).count();
    let left_out = all.saturating_sub(most);
    (shown, left_out)
}

/// Characters that hide, or change the direction of what follows.
fn is_hidden(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_of_what_can_be_seen() {
        assert_eq!(line("  a\n\t b\u{202e}c\u{0} \u{1b}[1md ", 100), "a bc [1md");
        assert_eq!(line("abcdef", 3), "abc…");
        assert_eq!(line("", 3), "");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\n\u{1b}b\u{200b}\tc", 100), ("a\nb\tc".into(), 0));
        assert_eq!(block("abcdef", 4), ("abcd".into(), 2));
    }
}
