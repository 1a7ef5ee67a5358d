//! Small work on words: names for files, text that is safe in a page, excerpts.

/// A name for files and anchors: lower case letters, digits and single hyphens; never empty.
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 40 {
            break;
        }
    }
    let slug = slug.trim_matches('-');
    let slug = slug.strip_prefix("the-").unwrap_or(slug);
    if slug.is_empty() { "page".into() } else { slug.into() }
}

/// Text as it may stand in a page or a picture.
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

/// With a capital at the beginning.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The last lines of a text, bounded, and fit for a code block.
pub fn excerpt(text: &str, most_lines: usize) -> String {
    const MAX_LINE: usize = 200;
    let lines: Vec<&str> = text.trim_start_matches(['\n', '\r']).trim_end().lines().collect();
    let skipped = lines.len().saturating_sub(most_lines);
    let shorten = |line: &&str| line.chars().take(MAX_LINE).collect::<String>().replace("```", "'''");
    let mut shown: Vec<String> = lines[skipped..].iter().map(shorten).collect();
    if skipped > 0 {
        shown.insert(0, format!("… {skipped} lines before"));
    }
    shown.join("\n")
}

/// A number out of a text that is always the same for it.
pub fn fingerprint(text: &str) -> u64 {
    text.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The names in a listing of `list_files`.
pub fn listed(text: &str) -> Vec<(bool, String)> {
    let entry = |line: &str| {
        let (kind, name) = line.trim().split_once(char::is_whitespace)?;
        let directory = match kind {
            "DIR" => true,
            "FILE" | "LINK" | "OTHER" => false,
            _ => return None,
        };
        let name = name.trim().split(" -> ").next().unwrap_or_default();
        (!name.is_empty()).then(|| (directory, name.to_owned()))
    };
    text.lines().filter_map(entry).collect()
}

/// Where new files can go without replacing one: the workspace itself, else a directory beside what is there.
pub fn free_place(listing: &str, files: &[&str], name: &str) -> String {
    let taken: Vec<String> = listed(listing).into_iter().map(|(_, name)| name).collect();
    if !files.iter().any(|file| taken.iter().any(|taken| taken == file)) {
        return String::new();
    }
    let candidates = std::iter::once(name.to_owned()).chain((2..1000).map(|number| format!("{name}-{number}")));
    candidates.into_iter().find(|candidate| !taken.contains(candidate)).map_or_else(String::new, |free| format!("{free}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_text_are_made_safe() {
        assert_eq!(slug("The Otters & Friends!"), "otters-friends");
        assert_eq!(slug("日本"), "page");
        assert_eq!(slug(&"x".repeat(99)).len(), 40);
        assert_eq!(escaped("<b>\"A&B\"</b>\n"), "&lt;b&gt;&quot;A&amp;B&quot;&lt;/b&gt; ");
        assert_eq!(capitalised("élan"), "Élan");
    }

    #[test]
    fn files_that_are_there_are_not_replaced() {
        let listing = "DIR   otters-page\nFILE  index.html\nFILE  a name with spaces.txt";
        assert_eq!(free_place(listing, &["chart.svg"], "x"), "");
        assert_eq!(free_place(listing, &["index.html"], "cats-page"), "cats-page/");
        assert_eq!(free_place(listing, &["index.html"], "otters-page"), "otters-page-2/");
        assert_eq!(free_place(". is empty.", &["index.html"], "otters-page"), "");
        assert_eq!(listed(listing)[2], (false, "a name with spaces.txt".into()));
    }

    #[test]
    fn an_excerpt_is_the_end_of_a_text() {
        assert_eq!(excerpt("a\nb\nc\n", 2), "… 1 lines before\nb\nc");
        assert_eq!(excerpt("```", 2), "'''");
    }
}
