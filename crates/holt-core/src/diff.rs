//! How a text became another, line by line, as people read it: what went, what came, and a little of what stands around it.
//!
//! Pure and bounded: texts that differ in more than it looks for are shown as one gone and one come.

use serde::{Deserialize, Serialize};

/// How many unchanged lines are shown around a change.
const AROUND: usize = 3;
/// How many lines may have gone and come for the shortest way between two texts to be looked for.
const MOST_EDITS: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum LineKind {
    Same,
    Removed,
    Added,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffLine {
    pub kind: LineKind,
    /// Without its end.
    pub text: String,
}

/// Changes that stand close to each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hunk {
    /// The numbers of its first line before and afterwards, from 1.
    pub before: u64,
    pub after: u64,
    pub lines: Vec<DiffLine>,
}

/// The changes from one text to another.
pub fn diff(before: &str, after: &str) -> Vec<Hunk> {
    let (before, after): (Vec<&str>, Vec<&str>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    hunks(&edits(&before, &after))
}

type Edit<'a> = (LineKind, &'a str);

fn edits<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<Edit<'a>> {
    let front = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let rest = before.len().min(after.len()) - front;
    let back = before.iter().rev().zip(after.iter().rev()).take(rest).take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[front..before.len() - back], &after[front..after.len() - back]);
    let same = |lines: &[&'a str]| lines.iter().map(|line| (LineKind::Same, *line)).collect::<Vec<_>>();
    let middle = shortest(old, new).unwrap_or_else(|| {
        let removed = old.iter().map(|line| (LineKind::Removed, *line));
        removed.chain(new.iter().map(|line| (LineKind::Added, *line))).collect()
    });
    [same(&before[..front]), middle, same(&before[before.len() - back..])].concat()
}

/// The shortest way from one to the other (Myers), if it is not longer than is looked for: on each diagonal the furthest that
/// so many edits lead to, then back along what was remembered.
fn shortest<'a>(old: &[&'a str], new: &[&'a str]) -> Option<Vec<Edit<'a>>> {
    let most = MOST_EDITS.min(old.len() + new.len());
    let (wide, n, m) = (most + 1, old.len(), new.len());
    let mut reach = vec![0_usize; 2 * wide + 1];
    let mut remembered = Vec::new();
    for edits in 0..=most {
        remembered.push(reach[wide - edits..=wide + edits].to_vec());
        for diagonal in (wide - edits..=wide + edits).step_by(2) {
            let mut x = if takes_new(&reach, diagonal, wide, edits) { reach[diagonal + 1] } else { reach[diagonal - 1] + 1 };
            // x - y is the diagonal, which may be below zero.
            let mut y = x + wide - diagonal;
            while x < n && y < m && old[x] == new[y] {
                (x, y) = (x + 1, y + 1);
            }
            reach[diagonal] = x;
            if x >= n && y >= m {
                return Some(back(old, new, &remembered, wide));
            }
        }
    }
    None
}

/// Whether the furthest on a diagonal is reached by a line that came, and not by one that went.
fn takes_new(reach: &[usize], diagonal: usize, wide: usize, edits: usize) -> bool {
    diagonal == wide - edits || (diagonal != wide + edits && reach[diagonal - 1] < reach[diagonal + 1])
}

fn back<'a>(old: &[&'a str], new: &[&'a str], remembered: &[Vec<usize>], wide: usize) -> Vec<Edit<'a>> {
    let (mut x, mut y, mut way) = (old.len(), new.len(), Vec::new());
    for (edits, kept) in remembered.iter().enumerate().rev() {
        let mut reach = vec![0; 2 * wide + 1];
        reach[wide - edits..=wide + edits].copy_from_slice(kept);
        let diagonal = x + wide - y;
        let came = takes_new(&reach, diagonal, wide, edits);
        let from = if came { diagonal + 1 } else { diagonal - 1 };
        let (x0, y0) = if edits == 0 { (0, 0) } else { (reach[from], reach[from] + wide - from) };
        while x > x0 && y > y0 {
            (x, y) = (x - 1, y - 1);
            way.push((LineKind::Same, old[x]));
        }
        match (edits, came) {
            (0, _) => {}
            (_, true) => {
                y -= 1;
                way.push((LineKind::Added, new[y]));
            }
            (_, false) => {
                x -= 1;
                way.push((LineKind::Removed, old[x]));
            }
        }
    }
    way.reverse();
    way
}

fn hunks(edits: &[Edit<'_>]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let (mut before, mut after, mut shown) = (1, 1, 0);
    for (at, (kind, _)) in edits.iter().enumerate() {
        if *kind != LineKind::Same {
            let first = at.saturating_sub(AROUND).max(shown);
            let until = (at + AROUND + 1).min(edits.len());
            if first > shown || hunks.is_empty() {
                let lead = (at - first) as u64;
                hunks.push(Hunk { before: before - lead, after: after - lead, lines: Vec::new() });
            }
            // What stands behind a change is shown up to the next one: that may add to it.
            if let Some(hunk) = hunks.last_mut() {
                hunk.lines.extend(edits[first.max(shown)..until.max(shown)].iter().map(line));
            }
            shown = until.max(shown);
        }
        before += u64::from(*kind != LineKind::Added);
        after += u64::from(*kind != LineKind::Removed);
    }
    hunks
}

fn line((kind, text): &Edit<'_>) -> DiffLine {
    DiffLine { kind: *kind, text: text.trim_end_matches('\n').to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(before: &str, after: &str) -> Vec<String> {
        let mark = |line: &DiffLine| match line.kind {
            LineKind::Same => format!(" {}", line.text),
            LineKind::Removed => format!("-{}", line.text),
            LineKind::Added => format!("+{}", line.text),
        };
        diff(before, after)
            .iter()
            .flat_map(|hunk| std::iter::once(format!("@{},{}", hunk.before, hunk.after)).chain(hunk.lines.iter().map(mark)))
            .collect()
    }

    fn lines(numbers: impl IntoIterator<Item = u32>) -> String {
        numbers.into_iter().map(|number| format!("{number}\n")).collect()
    }

    #[test]
    fn what_changed_stands_among_what_did_not() {
        let before = lines(1..=20);
        let after = before.replace("10\n", "ten\n").replace("19\n", "");
        let expected =
            ["@7,7", " 7", " 8", " 9", "-10", "+ten", " 11", " 12", " 13", "@16,16", " 16", " 17", " 18", "-19", " 20"];
        assert_eq!(shown(&before, &after), expected);
        assert_eq!(shown("", "a\nb\n"), ["@1,1", "+a", "+b"]);
        assert_eq!(shown("a\nb\n", ""), ["@1,1", "-a", "-b"]);
        assert_eq!(shown("a\n", "a\n"), [""; 0]);
        assert_eq!(shown("a", "a\n"), ["@1,1", "-a", "+a"]);
    }

    #[test]
    fn changes_that_stand_close_are_one() {
        let before = lines(1..=9);
        let after = before.replace("2\n", "two\n").replace("7\n", "seven\n");
        assert_eq!(diff(&before, &after).len(), 1);
        assert_eq!(diff(&before, &after)[0].lines.len(), 11);
    }

    #[test]
    fn texts_that_have_nothing_in_common_are_shown_all_the_same() {
        let (before, after) = (lines(0..3_000), lines(10_000..13_000));
        assert_eq!(diff(&before, &after)[0].lines.len(), 6_000);
    }

    proptest! {
        #[test]
        fn one_becomes_the_other(before in prop::collection::vec(0u32..4, 0..40), after in prop::collection::vec(0u32..4, 0..40)) {
            let (one, other) = (lines(before), lines(after));
            let (old, new): (Vec<_>, Vec<_>) = (one.split_inclusive('\n').collect(), other.split_inclusive('\n').collect());
            let edits = edits(&old, &new);
            let of = |kind| edits.iter().filter(|(found, _)| *found == LineKind::Same || *found == kind).map(|(_, line)| *line).collect::<Vec<_>>();
            prop_assert_eq!(of(LineKind::Removed), old);
            prop_assert_eq!(of(LineKind::Added), new);
        }
    }
}
