//! The place in a file that comes nearest to a text which is not in it, shown so that the difference can be seen.
//!
//! The cost is bounded: of very long lines only the beginning is compared, of very long files only the first lines.

use std::collections::HashSet;

/// How much of a line is compared.
const COMPARED: usize = 200;
/// How many lines of a file are compared one by one.
const LINES_COMPARED: usize = 20_000;
/// How many lines of the file are shown.
const LINES_SHOWN: usize = 12;
/// How much of a line is shown.
const SHOWN: usize = 300;
/// Below this likeness (0 to 1) a place is not worth showing.
const WORTH_SHOWING: f64 = 0.4;

/// What to say about a text that was not found.
pub fn nearest(content: &str, old: &str) -> String {
    if let Some(reason) = line_ends_differ(content, old) {
        return reason;
    }
    let lines: Vec<&str> = content.lines().collect();
    let wanted: Vec<&str> = old.lines().collect();
    if let Some(at) = same_but_for_whitespace(&lines, &wanted) {
        return format!(
            "It is there but for whitespace, from line {} on. The file has (· is a space, → is a tab):\n{}",
            at + 1,
            show(&lines, at, wanted.len(), visible)
        );
    }
    match most_alike(&lines, &wanted) {
        Some(at) => {
            format!("The nearest is from line {} on:\n{}", at + 1, show(&lines, at, wanted.len(), |line| line.to_owned()))
        }
        None => "Nothing in the file comes near to it. Read the file again; it may have changed.".to_owned(),
    }
}

/// The text would be found if the ends of lines were the other ones.
fn line_ends_differ(content: &str, old: &str) -> Option<String> {
    let plain = |text: &str| text.replace("\r\n", "\n");
    let differ = content.contains("\r\n") != old.contains("\r\n") && old.contains('\n');
    (differ && plain(content).contains(&plain(old))).then(|| {
        if content.contains("\r\n") {
            "The lines of the file end with \\r\\n, those of `old_text` with \\n. Use \\r\\n in both texts.".to_owned()
        } else {
            "The lines of the file end with \\n, those of `old_text` with \\r\\n. Use \\n in both texts.".to_owned()
        }
    })
}

fn same_but_for_whitespace(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    let squeeze = |line: &&str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let wanted: Vec<String> = wanted.iter().map(squeeze).collect();
    if wanted.iter().all(String::is_empty) || wanted.len() > lines.len() {
        return None;
    }
    let lines: Vec<String> = lines.iter().map(squeeze).collect();
    let exactly = lines.windows(wanted.len()).position(|window| window == wanted);
    let [only] = wanted.as_slice() else { return exactly };
    exactly.or_else(|| lines.iter().position(|line| line.contains(only)))
}

/// Where the lines begin that are most like the wanted ones.
fn most_alike(lines: &[&str], wanted: &[&str]) -> Option<usize> {
    // The longest line tells most about where the text belongs.
    let (position, anchor) = wanted.iter().enumerate().max_by_key(|(_, line)| line.trim().len())?;
    let anchor = pairs(anchor);
    let (best, likeness) = lines
        .iter()
        .take(LINES_COMPARED)
        .map(|line| likeness(&pairs(line), &anchor))
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    (likeness >= WORTH_SHOWING).then(|| best.saturating_sub(position))
}

/// The pairs of neighbouring bytes of a line, without the whitespace around it.
fn pairs(line: &str) -> HashSet<[u8; 2]> {
    let bytes = line.trim().as_bytes();
    bytes[..bytes.len().min(COMPARED)].windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

fn likeness(one: &HashSet<[u8; 2]>, other: &HashSet<[u8; 2]>) -> f64 {
    let together = one.len() + other.len();
    if together == 0 {
        return 0.0;
    }
    2.0 * one.intersection(other).count() as f64 / together as f64
}

fn show(lines: &[&str], at: usize, count: usize, render: impl Fn(&str) -> String) -> String {
    let to = lines.len().min(at + count.clamp(1, LINES_SHOWN));
    let shown: Vec<String> = lines[at..to]
        .iter()
        .enumerate()
        .map(|(index, line)| format!("{:>6}  {}", at + index + 1, super::super::shorten(&render(line), SHOWN)))
        .collect();
    shown.join("\n")
}

fn visible(line: &str) -> String {
    let text = line.trim();
    let start = line.len() - line.trim_start().len();
    let mark = |space: &str| space.replace(' ', "·").replace('\t', "→");
    format!("{}{}{}", mark(&line[..start]), text.replace('\t', "→"), mark(&line[(start + text.len()).min(line.len())..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_a_difference_in_whitespace() {
        let said = nearest("fn main() {\n\tlet x  = 1;\n}\n", "    let x = 1;");
        assert!(said.contains("whitespace, from line 2"), "{said}");
        assert!(said.contains("→let x  = 1;"), "{said}");
        let said = nearest("a\n  b \nc\n", "a\nb\nc");
        assert!(said.contains("··b·"), "{said}");
    }

    #[test]
    fn shows_the_nearest_lines() {
        let content = "one\ntwo\nlet total = price * count;\nreturn total;\n";
        let said = nearest(content, "let total = price * amount;\nreturn total;");
        assert!(said.contains("from line 3"), "{said}");
        assert!(said.contains("     3  let total = price * count;\n     4  return total;"), "{said}");
    }

    #[test]
    fn says_so_when_nothing_is_near_or_line_ends_differ() {
        assert!(nearest("one\ntwo\n", "zzzz qqqq").starts_with("Nothing in the file"));
        assert!(nearest("", "zzzz").starts_with("Nothing in the file"));
        assert!(nearest("a\r\nb\r\n", "a\nb").contains("end with \\r\\n, those of"));
        assert!(nearest("a\nb\n", "a\r\nb").contains("end with \\n, those of"));
    }

    proptest! {
        #[test]
        fn never_panics_and_is_bounded(content in "[ab \t\r\n€]{0,200}", old in "[ab \t\r\n€]{0,40}") {
            prop_assert!(nearest(&content, &old).len() < 8000);
        }
    }
}
