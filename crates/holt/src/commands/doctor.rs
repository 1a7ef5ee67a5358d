//! `holt doctor`: what this machine can and cannot do, by trying, with or without a server.

mod places;
pub mod programs;
mod sandboxes;

use std::process::Command;

use clap::Args;
use holt_core::sandbox::{Finding, FindingState};
use serde_json::json;

use crate::config::{Config, WorkingDirectory};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::terminal::clean;
pub use programs::is_here;
use programs::{as_root, together};

#[derive(Debug, Args)]
#[command(after_help = "Ends with 14 when no sandbox can be opened here, else with 0.

Examples:
  holt doctor
  holt doctor --fix          mends what it can, after asking about each command")]
pub struct Arguments {
    /// Run the commands that mend what is wrong
    #[arg(long)]
    fix: bool,
    /// Run them without a question
    #[arg(long, short, requires = "fix")]
    yes: bool,
}

pub async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let (config, _) = context.configuration(Vec::new(), WorkingDirectory::Read)?;
    let mut findings = examine(context, &config).await;
    if arguments.fix && mend(&findings, arguments.yes, context) {
        findings = examine(context, &config).await;
    }
    context.output.result(&json!({ "findings": findings }), || text(&findings))?;
    let bad = findings.iter().any(|finding| finding.state == FindingState::Bad);
    if bad { Err(Failure::silent(Exit::NoSandbox)) } else { Ok(()) }
}

async fn examine(context: &Context, config: &Config) -> Vec<Finding> {
    let bar = context.output.spinner("trying a sandbox");
    let mut findings = sandboxes::examine(context, config).await;
    bar.finish_and_clear();
    findings.extend(places::examine(config).await);
    findings.push(model(config));
    findings
}

fn model(config: &Config) -> Finding {
    let names: Vec<&str> = config.models.given.iter().map(|given| given.name.as_str()).collect();
    let (state, text, hint) = if names.is_empty() {
        (
            FindingState::Weak,
            "The configuration has no key for a model; without one that was added, only the offline demo answers.".to_owned(),
            Some("`holt models ls` shows what was added, and `holt models add` adds one.".to_owned()),
        )
    } else {
        (FindingState::Good, format!("The configuration has models of {}.", names.join(", ")), None)
    };
    Finding { name: "model".into(), state, text, hint, fix: None }
}

/// Runs the commands that the findings name. Says whether any ran.
fn mend(findings: &[Finding], yes: bool, context: &Context) -> bool {
    let mut ran = false;
    for finding in together(findings).iter().filter(|finding| finding.state != FindingState::Good) {
        let Some(fix) = finding.fix.as_deref().map(as_root) else { continue };
        context.output.note(&format!("{}\n  {fix}", finding.text));
        if yes || context.output.confirm("Run this?") {
            ran = true;
            match Command::new("sh").args(["-c", &fix]).stdout(std::io::stderr()).status() {
                Ok(status) if status.success() => {}
                Ok(status) => context.output.note(&format!("it ended with {status}")),
                Err(error) => context.output.note(&format!("it could not be run: {error}")),
            }
        }
    }
    ran
}

fn text(findings: &[Finding]) -> String {
    let findings = together(findings);
    let mut lines = String::new();
    for (place, finding) in findings.iter().enumerate() {
        let mark = match finding.state {
            FindingState::Good => "✓",
            FindingState::Weak => "!",
            FindingState::Bad => "✗",
        };
        lines.push_str(&format!("{mark} {}\n", clean(&finding.text)));
        // What several in a row have for advice is said once, after the last of them.
        let next = findings.get(place + 1);
        if finding.hint.is_some() && next.is_some_and(|next| (&next.hint, &next.fix) == (&finding.hint, &finding.fix)) {
            continue;
        }
        for advice in [finding.hint.clone(), finding.fix.as_deref().map(as_root)].into_iter().flatten() {
            lines.push_str(&format!("    {}\n", clean(&advice)));
        }
    }
    let bad = findings.iter().filter(|finding| finding.state == FindingState::Bad).count();
    let weak = findings.iter().filter(|finding| finding.state == FindingState::Weak).count();
    let verdict = match (bad, weak) {
        (0, 0) => "All is well.".to_owned(),
        (0, weak) => format!("Sessions can run; {} could be better (!).", things(weak)),
        (bad, _) => format!("Sessions cannot run: {} wrong. `holt doctor --fix` mends what it can.", things(bad)),
    };
    format!("{lines}\n{verdict}")
}

fn things(count: usize) -> String {
    if count == 1 { "one thing".into() } else { format!("{count} things") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts() {
        let finding =
            |state| Finding { name: "x".into(), state, text: "t\x1b".into(), hint: Some("h".into()), fix: Some("sudo f".into()) };
        assert_eq!(
            text(&[finding(FindingState::Weak)]),
            "! t␛\n    h\n    sudo f\n\nSessions can run; one thing could be better (!)."
        );
        assert!(text(&[finding(FindingState::Bad), finding(FindingState::Weak)]).ends_with("mends what it can."));
        let shared = text(&[finding(FindingState::Weak), finding(FindingState::Weak)]);
        assert!(shared.starts_with("! t␛\n! t␛\n    h\n    sudo f\n\n"), "{shared}");
        assert_eq!(text(&[]), "\nAll is well.");
    }
}
