//! Where a session may go: which hosts its policy allows, asks about or refuses. A pure function of the policy and the host.
//!
//! It speaks of names and ports alone. Whether the addresses behind a name are ones that may be dialled is looked at by
//! whoever dials them, whatever is said here: no rule of a session leads to this machine or its neighbours.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::event::Seq;
use crate::id::SessionId;
use crate::policy::Verdict;
use crate::session::Network;
use crate::time::Timestamp;

/// The most rules that one session may have.
pub const MAX_HOST_RULES: usize = 200;
/// The most hosts that a session may be asked about at a time. What comes then is refused.
pub const MAX_HOST_QUESTIONS: usize = 8;
/// The most answers for once that are remembered.
pub const MAX_HOST_GRANTS: usize = 32;
/// How long a connection waits for somebody's answer.
pub const HOST_QUESTION_SECONDS: u64 = 5 * 60;
/// How long an answer for once lasts: programs connect more than once, and try again.
pub const HOST_ANSWER_SECONDS: u64 = 60;
const LONGEST_PATTERN: usize = 300;

/// What `allow` lets through when nothing else is said: where packages and the code of others come from.
pub const USUAL_HOSTS: &[&str] = &[
    "registry.npmjs.org:443",
    "registry.yarnpkg.com:443",
    "nodejs.org:443",
    "pypi.org:443",
    "files.pythonhosted.org:443",
    "crates.io:443",
    "index.crates.io:443",
    "static.crates.io:443",
    "static.rust-lang.org:443",
    "proxy.golang.org:443",
    "sum.golang.org:443",
    "rubygems.org:443",
    "index.rubygems.org:443",
    "repo.maven.apache.org:443",
    "repo1.maven.org:443",
    "packagist.org:443",
    "repo.packagist.org:443",
    "deb.debian.org:80",
    "deb.debian.org:443",
    "security.debian.org:80",
    "security.debian.org:443",
    "archive.ubuntu.com:80",
    "archive.ubuntu.com:443",
    "security.ubuntu.com:80",
    "security.ubuntu.com:443",
    "github.com:443",
    "api.github.com:443",
    "codeload.github.com:443",
    "*.githubusercontent.com:443",
    "gitlab.com:443",
    "bitbucket.org:443",
    "codeberg.org:443",
    "git.sr.ht:443",
];

/// One line of a network policy: a host, or hosts, and what it says to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostRule {
    /// `example.com`, `*.example.com` for every name below it, an address, or `*`; with `:port` for that port alone.
    pub host: String,
    pub verdict: Verdict,
}

/// What a policy says to a host, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// As people read it: a rule's own text, or a word for where it comes from.
    pub rule: String,
}

impl Judgement {
    pub fn new(verdict: Verdict, rule: impl Into<String>) -> Self {
        Self { verdict, rule: rule.into() }
    }
}

/// Judges a host by a policy. The first rule that names it decides; the session's word is for the rest.
pub fn judge(network: Network, rules: &[HostRule], host: &str, port: u16) -> Judgement {
    if network == Network::None {
        return Judgement::new(Verdict::Deny, "none");
    }
    // A rule that cannot be read never was taken; should one be there all the same, nothing goes by it.
    let named = rules.iter().find(|rule| rule.host.parse::<HostPattern>().is_ok_and(|pattern| pattern.names(host, port)));
    if let Some(rule) = named {
        return Judgement::new(rule.verdict, rule.host.clone());
    }
    let is_usual = || USUAL_HOSTS.iter().any(|usual| usual.parse::<HostPattern>().is_ok_and(|usual| usual.names(host, port)));
    match network {
        Network::Open => Judgement::new(Verdict::Allow, "open"),
        Network::Allow if is_usual() => Judgement::new(Verdict::Allow, "usual"),
        Network::Allow | Network::None => Judgement::new(Verdict::Ask, "unlisted"),
    }
}

/// Hosts as a rule names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    host: Named,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Every,
    /// Every name that ends so, the dot before it included.
    Below(String),
    Name(String),
    Address(IpAddr),
}

/// It names no hosts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no host")]
pub struct NotAPattern(String);

impl HostPattern {
    /// Whether it is the name of one host, and no more.
    pub fn is_one_name(&self) -> bool {
        matches!(self.host, Named::Name(_))
    }

    /// Whether it names this host, a lower-case name or an address, and this port.
    pub fn names(&self, host: &str, port: u16) -> bool {
        let names_host = match &self.host {
            Named::Every => true,
            // An address has no labels.
            Named::Below(ending) => host.len() > ending.len() && host.ends_with(ending.as_str()) && as_address(host).is_none(),
            Named::Name(name) => name == host,
            Named::Address(address) => as_address(host) == Some(*address),
        };
        names_host && self.port.is_none_or(|own| own == port)
    }
}

fn as_address(host: &str) -> Option<IpAddr> {
    let plain = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    plain.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

impl FromStr for HostPattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let wrong = || NotAPattern(text.chars().take(80).collect());
        let text = Some(text.trim()).filter(|text| text.len() <= LONGEST_PATTERN).ok_or_else(wrong)?;
        let (host, port) = split_port(text).ok_or_else(wrong)?;
        let host = host.to_ascii_lowercase();
        let host = match host.strip_suffix('.') {
            Some("*") => return Err(wrong()),
            whole => whole.unwrap_or(&host),
        };
        let host = match host.strip_prefix("*.") {
            _ if host == "*" => Named::Every,
            Some(rest) if is_name(rest) => Named::Below(format!(".{rest}")),
            Some(_) => return Err(wrong()),
            None => match as_address(host) {
                Some(address) => Named::Address(address),
                None if is_name(host) => Named::Name(host.to_owned()),
                None => return Err(wrong()),
            },
        };
        Ok(Self { host, port })
    }
}

/// The host and the port of `host:port`; an address of IPv6 with a port stands in brackets.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
        _ => return Some((text, None)),
    };
    let port = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((host, Some(port.parse().ok().filter(|port| *port != 0)?)))
}

fn is_name(text: &str) -> bool {
    let fits = |label: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    // What looks like a number could be read as an address in another way of writing.
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 253 && text.split('.').all(fits) && !text.rsplit('.').next().is_some_and(is_number)
}

/// A host that somebody inside waits to reach, and that a person is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HostQuestion {
    /// The number of the event that asked.
    pub question: Seq,
    pub host: String,
    pub port: u16,
    /// After this it counts as a no.
    pub until: Timestamp,
}

/// An answer that lasts for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostGrant {
    pub host: String,
    pub port: u16,
    pub allowed: bool,
    /// Who said so; nobody, when nobody answered.
    pub by: Option<String>,
    pub until: Timestamp,
}

/// What was decided about a host, as the way out tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkDecision {
    pub host: String,
    pub port: u16,
    pub allowed: bool,
    pub rule: String,
    /// How often by now.
    pub times: u64,
}

/// Decides for the way out what a session may reach.
#[async_trait]
pub trait Doorkeeper: Send + Sync + fmt::Debug {
    /// Whether a host may be reached now. Where a person has to be asked it waits for them: the answer is never `Ask`.
    async fn may_reach(&self, session: SessionId, host: &str, port: u16) -> Judgement;

    /// The same, asking nobody: what would have to be asked is refused.
    async fn still_may(&self, session: SessionId, host: &str, port: u16) -> bool;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(of: &[(&str, Verdict)]) -> Vec<HostRule> {
        of.iter().map(|(host, verdict)| HostRule { host: (*host).to_owned(), verdict: *verdict }).collect()
    }

    fn verdict(network: Network, of: &[(&str, Verdict)], host: &str, port: u16) -> Verdict {
        judge(network, &rules(of), host, port).verdict
    }

    #[test]
    fn none_lets_nothing_out_whatever_its_rules_say_and_open_everything_that_is_not_denied() {
        use Verdict::{Allow, Ask, Deny};
        assert_eq!(verdict(Network::None, &[("*", Allow)], "example.com", 443), Deny);
        assert_eq!(verdict(Network::Open, &[], "example.com", 443), Allow);
        let some = [("api.example.com", Allow), ("*.example.com", Deny), ("ask.example", Ask)];
        assert_eq!(verdict(Network::Open, &some, "x.example.com", 443), Deny);
        assert_eq!(verdict(Network::Open, &some, "api.example.com", 443), Allow, "the first that names it decides");
        assert_eq!(verdict(Network::Open, &some, "ask.example", 1), Ask);
    }

    #[test]
    fn an_allow_list_lets_registries_and_git_hosts_through_and_asks_for_the_rest() {
        let at = |host, port| judge(Network::Allow, &[], host, port);
        assert_eq!(at("registry.npmjs.org", 443), Judgement::new(Verdict::Allow, "usual"));
        assert_eq!(at("raw.githubusercontent.com", 443).verdict, Verdict::Allow);
        assert_eq!(at("registry.npmjs.org", 8443), Judgement::new(Verdict::Ask, "unlisted"));
        for other in ["example.com", "npmjs.org", "evil-registry.npmjs.org", "registry.npmjs.org.evil.com", "1.1.1.1"] {
            assert_eq!(at(other, 443).verdict, Verdict::Ask, "{other}");
        }
        let strict = rules(&[("example.com:443", Verdict::Allow), ("*", Verdict::Deny)]);
        assert_eq!(judge(Network::Allow, &strict, "pypi.org", 443).verdict, Verdict::Deny);
        assert_eq!(judge(Network::Allow, &strict, "example.com", 443).rule, "example.com:443");
        assert!(USUAL_HOSTS.iter().all(|host| host.parse::<HostPattern>().is_ok()));
    }

    #[test]
    fn a_wildcard_stands_for_whole_labels() {
        let names = |pattern: &str, host| pattern.parse::<HostPattern>().unwrap().names(host, 443);
        assert!(names("*.example.com", "a.example.com") && names("*.example.com", "a.b.example.com"));
        assert!(!names("*.example.com", "example.com") && !names("*.example.com", "badexample.com"));
        assert!(!names("*.example.com", ".example.com"));
        assert!(names("Example.COM.", "example.com") && !names("example.com", "www.example.com"));
        assert!(names("[::1]:443", "[::1]") && names("::1", "[::1]") && !names("[::1]:80", "[::1]"));
        assert!(names("127.0.0.1", "[::ffff:127.0.0.1]"), "one address, however it is written");
        assert!(!names("*.0.0.x", "127.0.0.1"));
        for wrong in [
            "",
            "*x.com",
            "a.*.com",
            "*.",
            "*.*",
            "a..b",
            "a b",
            "a:0",
            "a:65536",
            "a:",
            "a:b",
            "http://a",
            "a/b",
            "10.0.0.0/8",
            "1.2.3",
            "[::1",
        ] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_is_not(text in "\\PC{0,60}", host in "[a-z.]{1,30}") {
            if let Ok(pattern) = text.parse::<HostPattern>() {
                let _ = pattern.names(&host, 443);
            }
        }

        #[test]
        fn what_a_wildcard_names_ends_with_it_and_has_one_label_more(label in "[a-z0-9-]{1,20}", host in "[a-z0-9.-]{1,40}") {
            let pattern: HostPattern = format!("*.{label}.org").parse().unwrap();
            prop_assert_eq!(pattern.names(&host, 1), host.len() > label.len() + 5 && host.ends_with(&format!(".{label}.org")));
        }
    }
}
