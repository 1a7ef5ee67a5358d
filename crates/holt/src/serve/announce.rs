//! What the server says to a person when it is there. The sign-in link goes to a terminal and nowhere else.

use std::io::{self, IsTerminal, Write};

use holt_client::Client;
use holt_core::sandbox::FindingState;
use holt_server::Bound;

use crate::terminal::clean;

/// Says it, when somebody sits there.
pub fn say(bound: &Bound, demo_only: bool, warnings: &[String]) {
    if has_a_terminal() {
        to_the_terminal(&text(bound.url(), &bound.sign_in_link().url, demo_only, warnings));
    }
}

/// Says what this machine lacks, once that is known: trying it takes longer than starting.
pub async fn say_findings(client: Client) {
    let Ok(status) = client.status().await else { return };
    let lacking: Vec<_> = status.findings.iter().filter(|finding| finding.state != FindingState::Good).collect();
    for finding in &lacking {
        tracing::warn!(finding = finding.name, hint = finding.hint, "{}", finding.text);
    }
    let bad = lacking.iter().find(|finding| finding.state == FindingState::Bad);
    let line = match (bad, lacking.len()) {
        (Some(bad), _) => format!("  ✗ No session can run here: {}. `holt doctor` says how to mend it.\n\n", clean(&bad.text)),
        (None, 0) => return,
        (None, count) => format!("  ! This machine does with less than it could in {count} points: `holt doctor`.\n\n"),
    };
    to_the_terminal(&line);
}

fn has_a_terminal() -> bool {
    io::stdout().is_terminal() || io::stderr().is_terminal()
}

fn to_the_terminal(text: &str) {
    // A person who cannot be reached is no reason not to serve.
    let _ = if io::stdout().is_terminal() {
        io::stdout().lock().write_all(text.as_bytes())
    } else if io::stderr().is_terminal() {
        io::stderr().lock().write_all(text.as_bytes())
    } else {
        Ok(())
    };
}

fn text(url: &str, sign_in: &str, demo_only: bool, warnings: &[String]) -> String {
    let mut text = format!("\n  Holt {} is at {url}\n\n  Sign in:  {sign_in}\n", env!("CARGO_PKG_VERSION"));
    text.push_str("            (works once, for five minutes; `holt open` makes another)\n\n");
    if demo_only {
        text.push_str("  Only the offline demo answers. For a real model, set ANTHROPIC_API_KEY and start again.\n\n");
    }
    for warning in warnings {
        text.push_str(&format!("  ! {warning}\n"));
    }
    text
}
