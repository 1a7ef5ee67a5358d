//! Words that come from a sandbox, within bounds: they are kept in the log for good.

use crate::sandbox::MAX_NAMES;

/// The longest code, in characters.
const CODE: usize = 64;
/// The longest text, in bytes.
const TEXT: usize = 2000;

/// A stable name: letters, digits and `_`; whatever else it holds is dropped.
pub(super) fn code(code: &str) -> String {
    let plain: String = code.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(CODE).collect();
    if plain.is_empty() { "unnamed".into() } else { plain }
}

/// A sentence or a few for people, on one line.
pub(super) fn text(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(TEXT)];
    let plain: String = cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if cut.len() < text.len() { format!("{plain}…") } else { plain }
}

/// The longest address and the longest title of a page, in characters.
pub(super) const ADDRESS: usize = 500;
pub(super) const TITLE: usize = 200;

/// What a page says, on one line: nothing that hides, and nothing that changes the direction of what follows.
pub(super) fn line(said: &str, most: usize) -> String {
    let hides = |c: &char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let plain = said.chars().filter(|c| !hides(c)).map(|c| if c.is_control() { ' ' } else { c });
    let mut line: String = plain.take(most + 1).collect();
    if let Some((end, _)) = line.char_indices().nth(most) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// Names of processes, which may call themselves anything.
pub(super) fn names(names: &[String]) -> Vec<String> {
    let short = |name: &String| text(&name.chars().take(CODE).collect::<String>());
    names.iter().map(short).filter(|name| !name.trim().is_empty()).take(MAX_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_sandbox_are_bounded_and_on_one_line() {
        assert_eq!(code("disk_share"), "disk_share");
        assert_eq!(code("a\u{1b}[31m b"), "a31mb");
        assert_eq!(code("\n"), "unnamed");
        assert_eq!(code(&"x".repeat(1000)).len(), CODE);
        assert_eq!(text("two\nlines\u{1b}"), "two lines ");
        let hostile = ["\u{1b}[2J".repeat(100), String::new(), " ".into()];
        assert_eq!(names(&hostile).len(), 1);
        assert!(names(&hostile)[0].len() < 100);
        assert_eq!(names(&vec!["x".to_owned(); 1000]).len(), MAX_NAMES);
        assert_eq!(line("a\u{202e}b\nc\u{200b}", 10), "ab c");
        assert_eq!(line("ééé", 2), "éé…");
        let long = text(&"é".repeat(5000));
        assert!(long.len() <= TEXT + 3 && long.ends_with('…'), "{}", long.len());
    }
}
