//! Exact replacement of text, and what to say when the text is not there.

mod nearest;

pub use nearest::nearest;

/// How many of several places are named.
const PLACES_NAMED: usize = 10;

/// What a replacement made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    pub content: String,
    /// The line of each replacement, counting from 1, in the old content.
    pub lines: Vec<usize>,
}

/// Why nothing was replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotReplaced {
    NothingToFind,
    NothingToChange,
    NotFound,
    /// It occurs that often, on these lines (the first few).
    Ambiguous {
        count: usize,
        lines: Vec<usize>,
    },
}

/// Replaces the one occurrence of `old`, or every one of them when `all`.
pub fn replace(content: &str, old: &str, new: &str, all: bool) -> Result<Replaced, NotReplaced> {
    if old.is_empty() {
        return Err(NotReplaced::NothingToFind);
    }
    if old == new {
        return Err(NotReplaced::NothingToChange);
    }
    let places: Vec<usize> = content.match_indices(old).map(|(at, _)| at).collect();
    match places.len() {
        0 => Err(NotReplaced::NotFound),
        count if count > 1 && !all => {
            let lines = line_numbers(content, &places[..count.min(PLACES_NAMED)]);
            Err(NotReplaced::Ambiguous { count, lines })
        }
        _ => Ok(Replaced { content: content.replace(old, new), lines: line_numbers(content, &places) }),
    }
}

/// The lines of ascending offsets, counting from 1.
fn line_numbers(content: &str, offsets: &[usize]) -> Vec<usize> {
    let (mut line, mut seen) = (1, 0);
    offsets
        .iter()
        .map(|at| {
            line += content.as_bytes()[seen..*at].iter().filter(|byte| **byte == b'\n').count();
            seen = *at;
            line
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn replaces_what_is_there_once_and_only_that(before in "[a-y\n]{0,60}", after in "[a-y\n]{0,60}", new in "\\PC{0,9}") {
            prop_assume!(new != "zz");
            let replaced = replace(&format!("{before}zz{after}"), "zz", &new, false).unwrap();
            prop_assert_eq!(replaced.content, format!("{before}{new}{after}"));
            prop_assert_eq!(replaced.lines, vec![before.matches('\n').count() + 1]);
        }

        #[test]
        fn all_replaces_every_one(content in "[ab\n]{0,60}", new in "[c-f]{0,3}") {
            match replace(&content, "a", &new, true) {
                Ok(replaced) => {
                    prop_assert!(!replaced.content.contains('a'));
                    prop_assert_eq!(replaced.lines.len(), content.matches('a').count());
                }
                Err(error) => prop_assert!(error == NotReplaced::NotFound && !content.contains('a')),
            }
        }

        #[test]
        fn one_or_none_unless_all(content in "[ab\n]{0,40}", old in "[ab\n]{1,3}") {
            let count = content.matches(&old).count();
            match replace(&content, &old, "X", false) {
                Ok(_) => prop_assert_eq!(count, 1),
                Err(NotReplaced::NotFound) => prop_assert_eq!(count, 0),
                Err(NotReplaced::Ambiguous { count: said, lines }) => {
                    prop_assert!(count > 1 && said == count);
                    prop_assert_eq!(lines.len(), count.min(PLACES_NAMED));
                }
                Err(other) => prop_assert!(false, "{other:?}"),
            }
        }
    }

    #[test]
    fn names_the_lines_of_several_places() {
        assert_eq!(replace("x\ny\nx\n", "x", "z", false), Err(NotReplaced::Ambiguous { count: 2, lines: vec![1, 3] }));
        assert_eq!(replace("x", "", "z", false), Err(NotReplaced::NothingToFind));
        assert_eq!(replace("x", "x", "x", true), Err(NotReplaced::NothingToChange));
    }
}
