//! Whether a call may run: allowed, asked about, or denied. A pure function of the policy and the call.

use serde::{Deserialize, Serialize};

use crate::tool::ToolSpec;

/// What a policy says to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    Allow,
    /// A human is asked and the run waits.
    Ask,
    Deny,
}

/// One line of a policy: the tool it is about (`*` stands for any run of characters) and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rule {
    pub tool: String,
    pub verdict: Verdict,
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

impl Default for Policy {
    fn default() -> Self {
        Self { rules: Vec::new(), otherwise: Verdict::Allow, answer_within_seconds: 24 * 60 * 60 }
    }
}

impl Policy {
    /// The verdict on a call of `tool`. A tool that Holt does not know is denied whatever the rules say.
    pub fn verdict(&self, name: &str, tool: Option<&ToolSpec>) -> Verdict {
        if tool.is_none() {
            return Verdict::Deny;
        }
        self.rules.iter().find(|rule| matches(&rule.tool, name)).map_or(self.otherwise, |rule| rule.verdict)
    }
}

/// Matches `*` as any run of characters; everything else stands for itself.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text
            .strip_prefix(head)
            .is_some_and(|tail| tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| matches(rest, &tail[at..]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool() -> ToolSpec {
        ToolSpec {
            name: "execute_command".into(),
            description: String::new(),
            parameters: json!({}),
            reads_only: false,
            parallel: false,
            screen: false,
            place: crate::tool::Place::Sandbox,
        }
    }

    #[test]
    fn the_first_matching_rule_decides() {
        let policy = Policy {
            rules: vec![
                Rule { tool: "read_*".into(), verdict: Verdict::Allow },
                Rule { tool: "*command*".into(), verdict: Verdict::Ask },
                Rule { tool: "execute_command".into(), verdict: Verdict::Allow },
            ],
            otherwise: Verdict::Deny,
            ..Policy::default()
        };
        for (name, verdict) in [
            ("read_file", Verdict::Allow),
            ("execute_command", Verdict::Ask),
            ("execute_command_async", Verdict::Ask),
            ("xread_file", Verdict::Deny),
            ("write_file", Verdict::Deny),
        ] {
            assert_eq!(policy.verdict(name, Some(&tool())), verdict, "{name}");
        }
    }

    #[test]
    fn an_unknown_tool_is_denied() {
        assert_eq!(Policy::default().verdict("format_disk", None), Verdict::Deny);
    }
}
