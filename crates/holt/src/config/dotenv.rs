//! The `.env` file: lines of `NAME=value`, as people write them. It is parsed, never run.

use std::collections::BTreeMap;

/// The most bytes that a `.env` may have.
pub const MAX_BYTES: usize = 64 * 1024;

/// A line that is not understood.
#[derive(Debug, PartialEq, Eq)]
pub struct BadLine {
    pub number: usize,
    pub why: &'static str,
}

/// The variables of the text. A later line wins over an earlier one.
///
/// `export` before a name, comments, and values in single quotes (taken as they are) or double quotes (with `\n`, `\t`,
/// `\"`, `\\` and `\$`) are understood. Nothing is expanded.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, BadLine> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let bad = |why| BadLine { number: index + 1, why };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| bad("there is no `=` in it"))?;
        let name = name.trim();
        if !is_name(name) {
            return Err(bad("what stands before `=` is not a variable's name"));
        }
        variables.insert(name.to_owned(), parse_value(value.trim()).map_err(bad)?);
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn parse_value(value: &str) -> Result<String, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (quoted, after) = rest.split_once('\'').ok_or("the closing ' is missing")?;
        return only_comment(after).map(|()| quoted.to_owned());
    }
    if let Some(rest) = value.strip_prefix('"') {
        return double_quoted(rest);
    }
    // Without quotes, a comment begins at a `#` after a space.
    let end = value.find(" #").or_else(|| value.find("\t#")).unwrap_or(value.len());
    let bare = if value.starts_with('#') { "" } else { &value[..end] };
    Ok(bare.trim_end().to_owned())
}

fn double_quoted(rest: &str) -> Result<String, &'static str> {
    let mut value = String::new();
    let mut characters = rest.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return only_comment(characters.as_str()).map(|()| value),
            '\\' => match characters.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some(other @ ('"' | '\\' | '$')) => value.push(other),
                Some(other) => value.extend(['\\', other]),
                None => return Err("the closing \" is missing"),
            },
            other => value.push(other),
        }
    }
    Err("the closing \" is missing")
}

fn only_comment(after: &str) -> Result<(), &'static str> {
    let after = after.trim();
    if after.is_empty() || after.starts_with('#') { Ok(()) } else { Err("something follows the closing quote") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_as_people_write_them() {
        let text = "\u{feff}# keys\nA=1\nexport B = two words # comment\r\nC='$x \"y\" \\n' # c\nD=\"a\\n\\\"b\\\" \\$HOME \\x\"\nE=\nF=a#b\nG=#c\n\nA=3\n";
        let expected = [
            ("A", "3"),
            ("B", "two words"),
            ("C", "$x \"y\" \\n"),
            ("D", "a\n\"b\" $HOME \\x"),
            ("E", ""),
            ("F", "a#b"),
            ("G", ""),
        ];
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        for (text, number) in
            [("A=1\noops", 2), ("1A=x", 1), ("A B=x", 1), ("A='x", 1), ("\n\nA=\"x", 3), ("A='x' y", 1), ("A=\"\\", 1)]
        {
            assert_eq!(parse(text).unwrap_err().number, number, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            let _ = parse(&text);
        }

        #[test]
        fn a_quoted_value_comes_back(name in "[A-Z_][A-Z0-9_]{0,8}", value in "[^\r]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let parsed = parse(&format!("{name}=\"{quoted}\"")).unwrap();
            prop_assert_eq!(&parsed[&name], &value);
        }

        #[test]
        fn a_plain_value_comes_back(value in "[a-zA-Z0-9:/_.-]{0,40}") {
            prop_assert_eq!(&parse(&format!("export A={value}"))?["A"], &value);
        }
    }

    impl std::fmt::Display for BadLine {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "line {}: {}", self.number, self.why)
        }
    }

    impl std::error::Error for BadLine {}
}
