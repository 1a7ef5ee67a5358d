//! Programs that agents work with. Each that is missing makes an environment poorer, and none makes Holt fail.

use holt_core::sandbox::{Finding, FindingState};
use holt_sandbox::environment::ENVIRONMENTS;

pub fn examine() -> Vec<Finding> {
    let mut findings = Vec::new();
    for environment in ENVIRONMENTS {
        let missing: Vec<_> = environment.programs.iter().filter(|(program, _)| !is_here(program)).collect();
        if missing.is_empty() {
            continue;
        }
        let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
        let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
        packages.sort_unstable();
        packages.dedup();
        findings.push(Finding {
            name: format!("environment_{}", environment.name),
            state: FindingState::Weak,
            text: format!("the environment `{}` lacks {}", environment.name, programs.join(", ")),
            hint: Some("Sessions run without it; the agent is told.".into()),
            fix: is_here("apt-get").then(|| format!("{}apt-get install -y {}", as_root(), packages.join(" "))),
        });
    }
    if findings.is_empty() {
        let text = "every environment has its programs".to_owned();
        findings.push(Finding { name: "environments".into(), state: FindingState::Good, text, hint: None, fix: None });
    }
    findings
}

fn as_root() -> &'static str {
    if rustix::process::geteuid().is_root() { "" } else { "sudo " }
}

/// Whether a program can be found in the usual places.
pub fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path).any(|directory| {
        let file = directory.join(program);
        file.is_file() && rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_by_name() {
        assert!(is_here("sh"));
        assert!(!is_here("no-such-program-anywhere"));
    }
}
