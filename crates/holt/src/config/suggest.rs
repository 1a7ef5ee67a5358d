//! "Did you mean …?"

/// The known name that is nearest to a misspelled one, when any is near.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let near = |known: &&str| distance(&name, &known.to_lowercase()) <= 1 + name.chars().count() / 4;
    known.into_iter().filter(near).min_by_key(|known| distance(&name, &known.to_lowercase()))
}

/// How many characters must be added, removed, replaced or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    // Names are short; a longer text is nobody's misspelling of one.
    let from: Vec<_> = from.chars().take(80).collect();
    let to: Vec<_> = to.chars().take(80).collect();
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, left) in from.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, right) in to.iter().enumerate() {
            let replaced = last[column] + usize::from(left != right);
            let mut best = replaced.min(last[column + 1] + 1).min(current[column] + 1);
            if row > 0 && column > 0 && *left == to[column - 1] && from[row - 1] == *right {
                let swapped: &Vec<usize> = &before_last;
                best = best.min(swapped[column - 1] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_seen_and_strangers_are_not() {
        let known = ["listen", "data_dir", "HOLT_LISTEN", "budget.steps"];
        for (slip, meant) in
            [("lisen", "listen"), ("datadir", "data_dir"), ("HOLT_LISTNE", "HOLT_LISTEN"), ("budget.step", "budget.steps")]
        {
            assert_eq!(nearest(slip, known), Some(meant));
        }
        assert_eq!(nearest("wallpaper", known), None);
    }

    #[test]
    fn distances() {
        for (from, to, expected) in [("", "", 0), ("abc", "", 3), ("abc", "acb", 1), ("kitten", "sitting", 3)] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }
}
