//! Packages that files name and that are not there any more, with those that took their place.

/// What is in the file, what it is now called, and by which program it is started.
const NOW: [(&str, &str, &str); 5] = [
    ("@modelcontextprotocol/server-playwright", "npx", "@playwright/mcp"),
    ("@modelcontextprotocol/server-git", "uvx", "mcp-server-git"),
    ("@modelcontextprotocol/server-fetch", "uvx", "mcp-server-fetch"),
    ("@modelcontextprotocol/server-time", "uvx", "mcp-server-time"),
    ("@modelcontextprotocol/server-brave-search", "npx", "@brave/brave-search-mcp-server"),
];

/// The command as it is to be now, and what to say about it.
pub fn now_called(words: &[String]) -> Option<(Vec<String>, String)> {
    let program = words.first()?.as_str();
    if !matches!(program, "npx" | "bunx" | "pnpx") {
        return None;
    }
    let at = words.iter().skip(1).position(|word| !word.starts_with('-'))? + 1;
    let old = without_version(&words[at]);
    let (_, starter, new) = NOW.iter().find(|(name, ..)| *name == old)?;
    let rest = words[at + 1..].iter().cloned();
    let flags = (*starter == "npx").then(|| "-y".to_owned());
    let now = [(*starter).to_owned()].into_iter().chain(flags).chain([(*new).to_owned()]).chain(rest).collect();
    Some((now, format!("there is no maintained package `{old}` any more; `{new}` is used instead")))
}

/// The name alone, of `@scope/name@1.2`.
fn without_version(package: &str) -> &str {
    package.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(package, |(at, _)| &package[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(words: &str) -> Option<String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        now_called(&words).map(|(now, _)| now.join(" "))
    }

    #[test]
    fn what_is_gone_is_read_as_what_took_its_place() {
        assert_eq!(now("npx -y @modelcontextprotocol/server-playwright").as_deref(), Some("npx -y @playwright/mcp"));
        assert_eq!(
            now("npx @modelcontextprotocol/server-git@0.6 --repository .").as_deref(),
            Some("uvx mcp-server-git --repository .")
        );
        for kept in ["npx -y @upstash/context7-mcp", "node server.js", "uvx mcp-server-git", "npx", "npx -y"] {
            assert_eq!(now(kept), None, "{kept}");
        }
    }
}
