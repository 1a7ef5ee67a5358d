//! Programs that agents work with, and those that mend what is missing.

use std::collections::BTreeMap;

use holt_core::sandbox::{Finding, FindingState};

/// Whether a program can be found in the usual places.
pub fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path).any(|directory| {
        let file = directory.join(program);
        file.is_file() && rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok()
    })
}

/// What is said of one environment after another, said of those together of which the same is true.
pub fn together(findings: &[Finding]) -> Vec<Finding> {
    let mut said: Vec<Finding> = Vec::new();
    let mut named: BTreeMap<String, (usize, Vec<&str>)> = BTreeMap::new();
    for finding in findings {
        let Some((name, truth)) = of_environment(finding) else {
            said.push(finding.clone());
            continue;
        };
        let (place, names) = named.entry(truth.to_owned()).or_insert_with(|| {
            said.push(finding.clone());
            (said.len() - 1, Vec::new())
        });
        names.push(name);
        if names.len() > 1 {
            said[*place].text = format!("The environments {} {}", listed(names), plural(truth));
        }
    }
    for finding in said.iter_mut().filter(|finding| finding.state == FindingState::Weak && of_environments(finding)) {
        finding.hint.get_or_insert_with(|| "Sessions run without it; the agent is told.".into());
    }
    said
}

/// The environment, and what is said of it: ``The environment `python` lacks pip3.``
fn of_environment(finding: &Finding) -> Option<(&str, &str)> {
    finding.text.strip_prefix("The environment `")?.split_once("` ")
}

fn of_environments(finding: &Finding) -> bool {
    finding.name.starts_with("environment_")
}

fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

fn plural(truth: &str) -> String {
    match truth.split_once(' ') {
        Some(("has", rest)) => format!("have {}", rest.replace("its ", "their ")),
        Some(("lacks", rest)) => format!("lack {rest}"),
        _ => truth.to_owned(),
    }
}

/// The command as it is run: nothing that mends a machine goes without root, or may stop to ask.
pub fn as_root(fix: &str) -> String {
    let fix = fix.replace("apt install ", "apt-get install --yes ");
    if rustix::process::geteuid().is_root() || fix.starts_with("sudo ") { fix } else { format!("sudo {fix}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name() {
        assert!(is_here("sh"));
        assert!(!is_here("no-such-program-anywhere"));
    }

    #[test]
    fn environments_of_which_the_same_is_true_share_a_line() {
        let finding = |name: &str, state, text: &str| Finding {
            name: format!("environment_{name}"),
            state,
            text: format!("The environment `{name}` {text}"),
            hint: None,
            fix: None,
        };
        let found = together(&[
            finding("default", FindingState::Good, "has its programs."),
            finding("python", FindingState::Weak, "lacks pip3."),
            finding("node", FindingState::Good, "has its programs."),
            finding("rust", FindingState::Weak, "lacks cargo."),
            finding("data", FindingState::Weak, "lacks pip3."),
        ]);
        let texts: Vec<_> = found.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "The environments `default` and `node` have their programs.",
                "The environments `python` and `data` lack pip3.",
                "The environment `rust` lacks cargo."
            ]
        );
        assert!(found[1].hint.is_some() && found[0].hint.is_none());
    }
}
