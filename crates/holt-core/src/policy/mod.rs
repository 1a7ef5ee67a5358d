//! Whether a call may run: allowed, asked about, or denied. A pure function of the policies, the mode and the call.
//!
//! Promises: what a command hides from its words is never allowed because of a pattern; a layer can only make the others
//! stricter; a tool that Holt does not know is denied. What a path leads to and what a program does with its words is not known
//! here: the sandbox is the wall.

mod mode;
mod pattern;
mod question;
mod shell;
mod subject;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use mode::Mode;
pub use question::{Grant, KeptGrant, Question, QuestionParts};
use subject::{Host, Subject};

use crate::session::WorkspaceSpec;
use crate::tool::{Place, ToolSpec};

/// What a policy says to a call, the milder first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    Allow,
    /// A human is asked and the run waits.
    Ask,
    Deny,
}

/// One line of a policy: what it is about, and what it says. All that it names has to fit. In patterns `*` stands for any run of
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    /// The tool.
    #[serde(default = "every")]
    pub tool: String,
    /// The file or directory: relative to the workspace, or from the root. `**` stands for any number of directories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The command, word by word; a `*` at the end stands for all further words. The command is taken apart as a shell would, and
    /// each of its parts is judged; what depends on more than its words is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The host that the call's address names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub verdict: Verdict,
}

fn every() -> String {
    "*".into()
}

/// The first rule that matches decides; `otherwise` is for the rest. The sandbox is the wall, so the default allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Policy {
    pub rules: Vec<Rule>,
    pub otherwise: Verdict,
    /// How long a question waits for its answer before it counts as a no.
    pub answer_within_seconds: u64,
}

/// The most rules that a policy may have, and the most characters of each pattern in them.
pub const MAX_RULES: usize = 200;
pub const MAX_PATTERN_CHARS: usize = 1000;

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise: Verdict::Allow, answer_within_seconds: 24 * 60 * 60 }
    }
}

impl Rule {
    /// A rule about a tool, whatever it is called with.
    pub fn about(tool: impl Into<String>, verdict: Verdict) -> Self {
        Self { tool: tool.into(), path: None, command: None, host: None, verdict }
    }

    /// A rule about a command, whichever tool runs it.
    pub fn of_command(command: impl Into<String>, verdict: Verdict) -> Self {
        Self { command: Some(command.into()), ..Self::about("*", verdict) }
    }

    fn looks_further(&self) -> bool {
        self.path.is_some() || self.command.is_some() || self.host.is_some()
    }
}

/// Whether a pattern names this tool.
pub fn tool_matches(pattern: &str, tool: &str) -> bool {
    pattern::word(pattern, tool)
}

/// What decides about the calls of a session.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    pub mode: Mode,
    /// The session's own.
    pub session: &'a Policy,
    /// Those that the session's makers may not go beyond: of the key, of the agent's definition.
    pub above: &'a [Policy],
    /// What people allowed until the session ends.
    pub grants: &'a [KeptGrant],
    pub workspace: &'a WorkspaceSpec,
}

/// What was decided, and why, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub verdict: Verdict,
    pub why: String,
}

impl Layers<'_> {
    /// Decides about a call of `tool`.
    pub fn judge(&self, tool: &ToolSpec, arguments: &Value) -> Judgement {
        let subject = Subject::new(tool, arguments, self.workspace);
        if self.mode.forbids(&subject) {
            let why = "The session is in plan mode, in which nothing is changed. Say what you would do instead.";
            return Judgement { verdict: Verdict::Deny, why: why.into() };
        }
        let otherwise = self.session.otherwise.max(self.mode.otherwise(&subject));
        let own = layer(&self.session.rules, otherwise, &subject);
        let verdict = self.above.iter().map(|policy| layer(&policy.rules, policy.otherwise, &subject)).fold(own, Verdict::max);
        // Nothing happens but a change of the session's own state: there is nothing to ask about.
        if verdict == Verdict::Ask && tool.place == Place::Session {
            return Judgement { verdict: Verdict::Allow, why: String::new() };
        }
        if verdict == Verdict::Ask && self.grants.iter().any(|kept| kept.grant.covers(&subject, arguments, self.workspace)) {
            return Judgement { verdict: Verdict::Allow, why: "It was allowed for this session.".into() };
        }
        let why = match verdict {
            Verdict::Deny => format!("The session's policy does not allow this call of `{}`.", tool.name),
            _ => match subject.command.as_ref().and_then(|command| command.unclear) {
                Some(unclear) => format!("The command cannot be judged by its words: {unclear}."),
                None if own == verdict && self.mode != Mode::Full => {
                    format!("The session's mode asks before `{}`.", tool.name)
                }
                None => format!("The session's policy asks before `{}`.", tool.name),
            },
        };
        Judgement { verdict, why }
    }

    /// What allowing this call for the session would allow.
    pub fn grant_for(&self, tool: &ToolSpec, arguments: &Value) -> Grant {
        Grant::of(&Subject::new(tool, arguments, self.workspace), arguments, self.workspace)
    }

    /// How long a question waits: as long as the most impatient layer says.
    pub fn answer_within_seconds(&self) -> u64 {
        self.above.iter().map(|policy| policy.answer_within_seconds).fold(self.session.answer_within_seconds, u64::min)
    }
}

/// What one list of rules says.
fn layer(rules: &[Rule], otherwise: Verdict, subject: &Subject<'_>) -> Verdict {
    let rules: Vec<&Rule> = rules.iter().filter(|rule| pattern::word(&rule.tool, &subject.tool.name)).collect();
    let Some(script) = &subject.command else { return first(&rules, otherwise, |rule| fits(rule, subject, None)) };
    let parts = script.commands.iter();
    let judged = parts.map(|words| first(&rules, otherwise, |rule| fits(rule, subject, Some(words))));
    let judged = judged.reduce(Verdict::max).unwrap_or_else(|| first(&rules, otherwise, |rule| !rule.looks_further()));
    if script.unclear.is_some() { judged.max(unclear(&rules, otherwise)) } else { judged }
}

/// About a command of which nobody can say what it runs: whatever a rule could say of it counts against it.
fn unclear(rules: &[&Rule], otherwise: Verdict) -> Verdict {
    let last = rules.iter().position(|rule| !rule.looks_further()).unwrap_or(rules.len());
    let rest = rules.get(last).map_or(otherwise, |rule| rule.verdict);
    let says_no = rules[..last].iter().any(|rule| rule.verdict != Verdict::Allow);
    if rest == Verdict::Allow && !says_no { Verdict::Allow } else { rest.max(Verdict::Ask) }
}

fn first(rules: &[&Rule], otherwise: Verdict, fits: impl Fn(&Rule) -> bool) -> Verdict {
    rules.iter().find(|rule| fits(rule)).map_or(otherwise, |rule| rule.verdict)
}

/// Whether a rule speaks of the call, or of this part of its command. One that allows speaks only of what is certain; one that
/// asks or forbids also of what may be meant.
fn fits(rule: &Rule, subject: &Subject<'_>, words: Option<&[String]>) -> bool {
    let allows = rule.verdict == Verdict::Allow;
    let command = rule.command.as_deref().is_none_or(|pattern| match words {
        Some(words) if allows => pattern::command(pattern, words),
        Some(words) => pattern::command_or_name(pattern, words),
        None => false,
    });
    let path = rule.path.as_deref().is_none_or(|pattern| fits_path(pattern, allows, subject, words));
    let host = rule.host.as_deref().is_none_or(|pattern| fits_host(pattern, allows, subject, words));
    command && path && host
}

fn fits_path(pattern: &str, allows: bool, subject: &Subject<'_>, words: Option<&[String]>) -> bool {
    let here = |path: &String| pattern::path(pattern, path);
    if allows {
        // What a command does with its words is not known.
        return words.is_none() && !subject.paths.is_empty() && subject.paths.iter().all(here);
    }
    let below = |path: &String| subject.goes_below() && pattern::path_below(pattern, path);
    let mut named = words.unwrap_or_default().iter().flat_map(|word| [word.as_str(), word.split('=').next_back().unwrap_or("")]);
    subject.paths.iter().any(|path| here(path) || below(path)) || named.any(|word| here(&subject.place(word)))
}

fn fits_host(pattern: &str, allows: bool, subject: &Subject<'_>, words: Option<&[String]>) -> bool {
    let here = |host: &Host| match host {
        Host::Named(host) => pattern::host(pattern, host),
        Host::Unclear => !allows,
    };
    if allows {
        return words.is_none() && !subject.hosts.is_empty() && subject.hosts.iter().all(here);
    }
    let mut named =
        words.unwrap_or_default().iter().filter(|word| word.contains("://")).filter_map(|word| subject::host_of(word));
    subject.hosts.iter().any(here) || named.any(|host| here(&host))
}
