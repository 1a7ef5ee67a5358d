//! Where a session's files come from at its beginning: a repository, by its address.
//!
//! It is fetched inside of the sandbox, by the way that everything takes from there. What proves who asks is added outside, and
//! is never in an address.

use serde::{Deserialize, Serialize};

use crate::network::HostRule;
use crate::policy::Verdict;

const LONGEST_URL: usize = 500;
const LONGEST_BRANCH: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Source {
    Git {
        /// `https://host/path`. Without a name or a password in it: a secret is kept for the host.
        url: String,
        /// A branch or a tag; the repository's own choice when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
    },
}

/// What was fetched. Said by the sandbox, so it is to be read and not to be relied on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fetched {
    /// Empty where the repository has nothing in it yet.
    pub branch: String,
    pub commit: String,
}

impl Source {
    /// What is wrong with it, in words for people.
    pub fn check(&self) -> Result<(), String> {
        let Self::Git { url, branch } = self;
        address(url)?;
        match branch.as_deref().map(is_branch) {
            Some(false) => Err("the branch is not a name that Git takes".into()),
            _ => Ok(()),
        }
    }

    /// Whoever makes a session out of a repository means it to be reached.
    pub fn rule(&self) -> Option<HostRule> {
        let Self::Git { url, .. } = self;
        let (scheme, host) = address(url).ok()?;
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let usual = if scheme == "https" { 443 } else { 80 };
        let host = if has_port { host.to_owned() } else { format!("{host}:{usual}") };
        Some(HostRule { host, verdict: Verdict::Allow })
    }

    /// Fetches it into the current directory, and says in the last line what it has fetched. It may be run again, whatever is left
    /// of an earlier time.
    pub fn script(&self) -> String {
        let Self::Git { url, branch } = self;
        let only = branch.as_ref().map(|branch| format!("--branch '{branch}' ")).unwrap_or_default();
        format!(
            "export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=true\n\
             rm -rf .holt-source .git && git clone --no-checkout {only}-- '{url}' .holt-source \\\n\
             && mv .holt-source/.git .git && rmdir .holt-source \\\n\
             && {{ ! git rev-parse -q --verify HEAD >/dev/null || git reset -q --hard; }} \\\n\
             && echo && echo \"{MARK} $(git rev-parse -q --verify HEAD || echo {NOTHING}) $(git symbolic-ref -q --short HEAD)\""
        )
    }
}

/// How the last line of the script begins.
const MARK: &str = "fetched";
/// What stands in place of a commit where there is none.
const NOTHING: &str = "nothing";

/// What a script has said.
pub fn fetched(output: &str) -> Option<Fetched> {
    let line = output.lines().rev().find_map(|line| line.trim().strip_prefix(MARK))?;
    let mut words = line.split_whitespace();
    let commit = words.next().filter(|commit| *commit != NOTHING).unwrap_or_default();
    let is_commit = commit.is_empty() || (matches!(commit.len(), 40 | 64) && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let branch = words.next().unwrap_or_default();
    let is_known = is_commit && (branch.is_empty() || is_branch(branch));
    is_known.then(|| Fetched { branch: branch.to_owned(), commit: commit.to_owned() })
}

/// The scheme and the host of an address, when nothing in it could mean something else to a shell or to Git.
fn address(url: &str) -> Result<(&str, &str), String> {
    let wrong = |why: &str| Err(format!("the address of the repository {why}"));
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "https" | "http")) else {
        return wrong("does not begin with `https://`");
    };
    if url.len() > LONGEST_URL {
        return wrong("is too long");
    }
    if rest.contains('@') {
        return wrong("has a name or a password in it: keep a secret for the host instead, with `holt secret add`");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/%+:[]".contains(c);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    if host.is_empty() || path.is_empty() || !rest.chars().all(plain) {
        return wrong("is not a host and a path of plain characters");
    }
    Ok((scheme, host))
}

/// What Git takes as the name of a branch or a tag, and no more than that.
pub fn is_branch(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/+#@".contains(c);
    let fits = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock");
    name.len() <= LONGEST_BRANCH
        && name.chars().all(plain)
        && !name.starts_with('-')
        && !name.contains("..")
        && !name.contains("@{")
        && name.split('/').all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(url: &str, branch: Option<&str>) -> Source {
        Source::Git { url: url.into(), branch: branch.map(Into::into) }
    }

    #[test]
    fn an_address_says_where_and_nothing_else() {
        for good in ["https://github.com/a/b.git", "https://git.example:8443/~x/y", "http://127.0.0.1:80/r"] {
            assert_eq!(git(good, None).check(), Ok(()), "{good}");
        }
        for bad in [
            "git@github.com:a/b",
            "ssh://github.com/a/b",
            "https://me:token@github.com/a",
            "https://github.com",
            "https:///a",
            "https://a/b'; rm -rf /",
            "https://a/b c",
            "ext::sh -c x",
            "file:///etc",
        ] {
            assert!(git(bad, None).check().is_err(), "{bad}");
        }
        let rule = |url| git(url, None).rule().map(|rule| rule.host);
        assert_eq!(rule("https://github.com/a/b").as_deref(), Some("github.com:443"));
        assert_eq!(rule("http://git.example:3000/a").as_deref(), Some("git.example:3000"));
    }

    #[test]
    fn a_branch_is_a_name() {
        for good in ["main", "feature/x-1", "v1.2", "a#1"] {
            assert!(is_branch(good), "{good}");
        }
        for bad in ["", "-x", "a..b", "a b", "a'b", "/a", "a/", "a//b", ".a", "a.lock", "a@{1}", "a~1", "a:b"] {
            assert!(!is_branch(bad), "{bad}");
        }
    }

    #[test]
    fn what_was_fetched_is_read_from_the_end() {
        let commit = "a".repeat(40);
        let read = fetched(&format!("Cloning…\n\nfetched {commit} main\n")).unwrap();
        assert_eq!((read.branch.as_str(), read.commit), ("main", commit));
        assert_eq!(fetched("fetched nothing main\n").unwrap().commit, "");
        assert_eq!(fetched("fetched xyz main"), None);
        assert_eq!(fetched("nothing"), None);
    }
}
