//! What the server says to a person when it is there. The sign-in link goes to a terminal and nowhere else.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use holt_client::Client;
use holt_core::sandbox::FindingState;
use holt_server::Bound;

use super::background;
use crate::config::{Config, Vnc};
use crate::terminal::clean;

/// What is said when everything is ready. Whoever hears it can do everything.
pub struct Greeting {
    addresses: String,
    data_dir: PathBuf,
    warnings: Vec<String>,
    /// Nothing when nobody sits there.
    text: Option<String>,
    background: bool,
}

impl Greeting {
    pub fn new(bound: &Bound, mut warnings: Vec<String>, config: &Config, background: bool, demo_only: bool) -> Self {
        warnings.extend(config.listen.warning(config.tls.is_on()));
        warnings.extend(config.vnc.as_ref().and_then(Vnc::warning));
        let addresses: Vec<_> = bound.addresses().iter().map(ToString::to_string).collect();
        let somebody = !background && has_a_terminal();
        let text = somebody.then(|| text(bound.url(), &bound.sign_in_link().url, demo_only, &warnings));
        Self { addresses: addresses.join(","), data_dir: config.data_dir.clone(), warnings, text, background }
    }

    /// To a program that started the server, or to a person, and to the log.
    pub fn say(&self) {
        for warning in &self.warnings {
            tracing::warn!("{warning}");
        }
        if self.background {
            return background::tell_ready();
        }
        tracing::info!(addresses = self.addresses, data_dir = %self.data_dir.display(), "listening");
        if let Some(text) = &self.text {
            to_the_terminal(text);
        }
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
        text.push_str("  Only the offline demo answers. For a real model, add a key on the page or with `holt models add`.\n\n");
    }
    for warning in warnings {
        text.push_str(&format!("  ! {warning}\n"));
    }
    text
}
