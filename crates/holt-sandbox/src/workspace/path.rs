//! Paths as people and clients write them: from the workspace's top, with `/` between the names.

use holt_core::workspace::FileError;

const MAX_NAME: usize = 255;
const MAX_PATH: usize = 4096;

/// A path that is plain names all the way, so that it can only lead downward. The top itself is the empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside<'a>(&'a str);

impl<'a> Inside<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, FileError> {
        let is_good = text.is_empty() || (text.len() < MAX_PATH && text.split('/').all(is_name));
        if is_good { Ok(Self(text)) } else { Err(FileError::BadPath(shown(text))) }
    }

    /// The same, for what must not be the top.
    pub(super) fn below_top(text: &'a str) -> Result<Self, FileError> {
        if text.is_empty() { Err(FileError::BadPath(String::new())) } else { Self::parse(text) }
    }

    pub(super) fn as_str(self) -> &'a str {
        self.0
    }

    pub(super) fn names(self) -> impl Iterator<Item = &'a str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The directory that it stands in, and its name there.
    pub(super) fn split(self) -> (Self, &'a str) {
        let (parent, name) = self.0.rsplit_once('/').unwrap_or(("", self.0));
        (Self(parent), name)
    }

    /// The path of something that stands in it.
    pub(super) fn join(self, name: &str) -> String {
        if self.0.is_empty() { name.to_owned() } else { format!("{}/{name}", self.0) }
    }
}

/// Whether it may stand between two slashes. Control characters include the byte zero and whatever moves a cursor.
pub(super) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME && !name.chars().any(|c| c.is_control() || c == '/')
}

/// What a refused path looks like in a message.
fn shown(text: &str) -> String {
    text.chars().take(200).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_names_lead_downward() {
        for good in [
            "",
            "a",
            "a/b",
            ".git/config",
            "...",
            "..a",
            "a..",
            "-rf",
            "~",
            "Grüße/🦦",
            "a\\b",
            "%2e%2e",
            "a b",
            &"x".repeat(255),
        ] {
            assert!(Inside::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long_name = "x".repeat(256);
        let long_path = "x/".repeat(2048) + "x";
        let bad = [
            "/",
            "/etc/passwd",
            "..",
            ".",
            "a/..",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            "//a",
            "./a",
            "a/./b",
            "a\0b",
            "a\nb",
            "a\x1b[2Jb",
            "a\u{7f}",
            "a\u{85}",
            &long_name,
            &long_path,
        ];
        for bad in bad {
            assert!(matches!(Inside::parse(bad), Err(FileError::BadPath(_))), "{bad:?}");
        }
        assert!(Inside::below_top("").is_err());
    }

    proptest! {
        /// Whatever is let through, joined to a directory, stays beneath it by name.
        #[test]
        fn what_is_let_through_stays_inside(text in "[a./\\\\\0\n-]{0,24}|\\PC{0,40}") {
            if let Ok(path) = Inside::parse(&text) {
                prop_assert_eq!(path.names().collect::<Vec<_>>().join("/"), text.as_str());
                let joined = std::path::Path::new("/top").join(&text);
                prop_assert!(joined.starts_with("/top"));
                prop_assert!(joined.components().skip(1).all(|part| matches!(part, std::path::Component::Normal(_))));
                prop_assert!(!text.chars().any(char::is_control));
            }
        }
    }
}
