//! The patterns of rules: of words, of paths, of hosts and of commands.

use super::shell::name_of;

/// The longest pattern and the longest text that are compared; what is longer does not match.
const LONGEST: usize = 4096;

/// `*` stands for any run of characters, everything else for itself.
pub fn word(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    if pattern.len() > LONGEST || text.len() > LONGEST {
        return false;
    }
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how far its run has come.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else if let Some((at, run)) = star {
            star = Some((at, run + 1));
            (p, t) = (at + 1, run + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// As `word`, between slashes; `**` stands for any number of directories. A pattern that names a directory, with a slash at its
/// end, is about all that is in it.
pub fn path(pattern: &str, path: &str) -> bool {
    let whole = if pattern.ends_with('/') { format!("{pattern}**") } else { pattern.to_owned() };
    let whole = whole.strip_prefix("./").unwrap_or(&whole);
    if whole.len() > LONGEST || path.len() > LONGEST || whole.starts_with('/') != path.starts_with('/') {
        return false;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    // Which beginnings of the path the parts of the pattern so far can stand for.
    let mut reached = vec![false; parts.len() + 1];
    reached[0] = true;
    for step in whole.split('/').filter(|step| !step.is_empty()) {
        if step == "**" {
            for at in 0..parts.len() {
                reached[at + 1] |= reached[at];
            }
        } else {
            for at in (0..parts.len()).rev() {
                reached[at + 1] = reached[at] && word(step, parts[at]);
            }
            reached[0] = false;
        }
    }
    reached[parts.len()]
}

/// Whether something that the pattern stands for can lie below this directory.
pub fn path_below(pattern: &str, directory: &str) -> bool {
    let fixed: Vec<&str> = pattern.split('/').take_while(|step| !step.contains('*')).filter(|step| *step != ".").collect();
    let mut steps = directory.split('/').filter(|step| *step != ".").zip(&fixed);
    pattern.starts_with('/') == directory.starts_with('/') && steps.all(|(there, step)| there == *step)
}

/// `*` stands for any run of characters; upper and lower case are the same.
pub fn host(pattern: &str, host: &str) -> bool {
    word(&pattern.to_ascii_lowercase(), host)
}

/// Word by word. A `*` alone at the end stands for all words that follow, also none; one before it for exactly one word.
pub fn command(pattern: &str, words: &[String]) -> bool {
    let steps: Vec<&str> = pattern.split_whitespace().collect();
    let (steps, is_open) = match steps.split_last() {
        Some((&"*", before)) => (before, true),
        _ => (steps.as_slice(), false),
    };
    let fits = if is_open { words.len() >= steps.len() } else { words.len() == steps.len() };
    fits && steps.iter().zip(words).all(|(step, given)| word(step, given))
}

/// As `command`, and also by the program's name without its place, as rules that forbid are read.
pub fn command_or_name(pattern: &str, words: &[String]) -> bool {
    let Some((program, rest)) = words.split_first() else { return false };
    let by_name: Vec<String> = std::iter::once(name_of(program).to_owned()).chain(rest.iter().cloned()).collect();
    command(pattern, words) || command(pattern, &by_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_what_they_say() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c*e", "abcde", true),
            ("*ab", "aab", true),
            ("a*", "b", false),
        ] {
            assert_eq!(word(pattern, text), expected, "{pattern} {text}");
        }
        for (pattern, text, expected) in [
            ("src/*.rs", "src/a.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/**", "src/a/b.rs", true),
            ("src/**", "src", true),
            ("src/**/*.rs", "src/a/b/c.rs", true),
            ("src/**/*.rs", "src/c.rs", true),
            ("**/.env", ".env", true),
            ("**/.env", "a/b/.env", true),
            ("src/", "src/a/b", true),
            ("**", "/etc/passwd", false),
            ("/etc/**", "/etc/passwd", true),
            ("./a", "a", true),
        ] {
            assert_eq!(path(pattern, text), expected, "{pattern} {text}");
        }
        for (pattern, text, expected) in [
            ("npm test", "npm test", true),
            ("npm test", "npm test x", false),
            ("npm *", "npm", true),
            ("npm *", "npm run x", true),
            ("npm *", "npmx", false),
            ("git * main", "git push main", true),
            ("git * main", "git push origin main", false),
        ] {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            assert_eq!(command(pattern, &words), expected, "{pattern} {text}");
        }
        assert!(host("*.Example.com", "a.example.com") && !host("*.example.com", "example.com.evil"));
        assert!(path_below("secrets/**", ".") && path_below("a/b/*", "a") && !path_below("a/**", "b"));
    }

    proptest! {
        #[test]
        fn a_text_without_stars_matches_itself_alone(one in "[a-c/]{0,9}", other in "[a-c/]{0,9}") {
            prop_assert_eq!(word(&one, &other), one == other);
        }

        #[test]
        fn comparing_ends(pattern in "[ab*/]{0,40}", text in "[ab/]{0,60}") {
            word(&pattern, &text);
            path(&pattern, &text);
        }
    }
}
