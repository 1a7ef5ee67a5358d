//! What a call is about, as far as rules speak of it: its tool, the command it runs, the paths and hosts it names.

use serde_json::Value;

use super::shell::Script;
use crate::session::WorkspaceSpec;
use crate::tool::ToolSpec;

/// Where every session's workspace can be found.
const WORKSPACE: &str = "/workspace";
/// Tools that change files at the path that they are given, and nothing else.
const EDITORS: [&str; 4] = ["write_file", "edit_file", "create_directory", "delete_file"];
/// Tools that go on below the path that they are given.
const GO_BELOW: [&str; 4] = ["list_files", "find_files", "search_text", "delete_file"];
/// Arguments that name places.
const PATHS: [&str; 11] =
    ["path", "file", "file_path", "filename", "directory", "dir", "source", "destination", "src", "dst", "paths"];
const MOST_PLACES: usize = 100;

/// A call, as rules see it.
#[derive(Debug)]
pub struct Subject<'a> {
    pub tool: &'a ToolSpec,
    workspace: &'a WorkspaceSpec,
    pub command: Option<Script>,
    /// Relative to the workspace where they lie in it, else from the root; without `.` and `..`. Links are not followed: what a
    /// path leads to is only known inside.
    pub paths: Vec<String>,
    pub hosts: Vec<Host>,
}

/// A host that a call names.
#[derive(Debug, PartialEq, Eq)]
pub enum Host {
    Named(String),
    /// An address that different programs read differently.
    Unclear,
}

impl<'a> Subject<'a> {
    pub fn new(tool: &'a ToolSpec, arguments: &Value, workspace: &'a WorkspaceSpec) -> Self {
        let texts = |name: &str| texts(arguments.get(name));
        let given: Vec<String> = PATHS.iter().flat_map(|name| texts(name)).take(MOST_PLACES).collect();
        let default = (given.is_empty() && GO_BELOW.contains(&tool.name.as_str())).then(|| ".".to_owned());
        let paths = given.iter().chain(&default).map(|path| place(path, workspace)).collect();
        let command = match arguments.get("command") {
            Some(Value::String(text)) => Some(Script::parse(text)),
            Some(Value::Array(_)) => Some(Script::of_words(&texts("command"))),
            _ => None,
        };
        let hosts = ["url", "urls", "uri"].iter().flat_map(|name| texts(name)).take(MOST_PLACES).filter_map(|url| host_of(&url));
        Self { tool, workspace, command, paths, hosts: hosts.collect() }
    }

    /// A word of a command as the path that it may be.
    pub fn place(&self, word: &str) -> String {
        place(word, self.workspace)
    }

    /// It changes files of the workspace and nothing else.
    pub fn edits_the_workspace(&self) -> bool {
        EDITORS.contains(&self.tool.name.as_str())
            && !self.paths.is_empty()
            && self.paths.iter().all(|path| !path.starts_with('/'))
    }

    pub fn edits(&self) -> bool {
        EDITORS.contains(&self.tool.name.as_str())
    }

    pub fn goes_below(&self) -> bool {
        GO_BELOW.contains(&self.tool.name.as_str())
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// A path as rules compare it.
pub fn place(path: &str, workspace: &WorkspaceSpec) -> String {
    let root = root(workspace);
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{root}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    let clean = format!("/{}", parts.join("/"));
    let inside = [root, WORKSPACE].iter().find_map(|root| {
        let rest = clean.strip_prefix(root.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
    });
    match inside {
        Some(inside) if inside.is_empty() => ".".into(),
        Some(inside) => inside,
        None => clean,
    }
}

/// Where the workspace is, as the agent sees it.
pub fn root(workspace: &WorkspaceSpec) -> &str {
    match workspace {
        WorkspaceSpec::Managed => WORKSPACE,
        WorkspaceSpec::Directory { path } => path,
    }
}

/// The host of an address; nothing for one without.
pub fn host_of(url: &str) -> Option<Host> {
    let url = url.trim();
    let (scheme, rest) = url.split_once(':')?;
    if !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        || ["data", "about"].contains(&&*scheme.to_ascii_lowercase())
    {
        return None;
    }
    let Some(rest) = rest.strip_prefix("//") else { return Some(Host::Unclear) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
    let has_odd = url.contains('\\') || url.chars().any(|c| c.is_control() || c.is_whitespace());
    if host.is_empty() || has_odd || !host.chars().all(is_plain) { Some(Host::Unclear) } else { Some(Host::Named(host)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_compared_without_detours() {
        let project = WorkspaceSpec::Directory { path: "/home/user/site".into() };
        for (given, workspace, expected) in [
            ("a/./b/../c", &WorkspaceSpec::Managed, "a/c"),
            ("../etc/passwd", &WorkspaceSpec::Managed, "/etc/passwd"),
            ("/workspace/a", &WorkspaceSpec::Managed, "a"),
            ("/workspaces/a", &WorkspaceSpec::Managed, "/workspaces/a"),
            ("//workspace//a/", &WorkspaceSpec::Managed, "a"),
            ("/workspace/..", &WorkspaceSpec::Managed, "/"),
            (".", &project, "."),
            ("x", &project, "x"),
            ("/workspace/x", &project, "x"),
            ("/home/user/site/x", &project, "x"),
            ("/home/user/site2/x", &project, "/home/user/site2/x"),
            ("../../../../../../x", &project, "/x"),
        ] {
            assert_eq!(place(given, workspace), expected, "{given}");
        }
    }

    #[test]
    fn hosts_are_taken_from_addresses() {
        let named = |host: &str| Some(Host::Named(host.into()));
        for (url, expected) in [
            ("https://Example.com./x", named("example.com")),
            ("https://user:pass@example.com:80/", named("example.com")),
            ("http://good.com@evil.com/", named("evil.com")),
            ("http://[::1]:80/", named("::1")),
            ("http://good.com\\@evil.com/", Some(Host::Unclear)),
            ("http://good.com\t.evil.com/", Some(Host::Unclear)),
            ("http://exa%6dple.com/", Some(Host::Unclear)),
            ("http:example.com", Some(Host::Unclear)),
            ("http:///x", Some(Host::Unclear)),
            ("about:blank", None),
            ("index.html", None),
        ] {
            assert_eq!(host_of(url), expected, "{url}");
        }
    }
}
